// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The commands of one kind of resource: list, get, put, change, delete.
enum ResourceCommand {
    static func command(_ kind: ResourceKind) -> Command {
        let name = CommandArgument("NAME", help: "its name")
        let file = CommandOption("file", "FILE", letter: "f", help: "reads it from a file in JSON; - is standard input")
        var commands = [
            Command(
                "list", "Lists them.", options: ClientOptions.all, examples: ["tidings \(kind.plural)"]
            ) { invocation throws(CommandFailure) in
                let items = try invocation.client().items(APIRequest(["v1", kind.plural]))
                invocation.terminal.print(
                    items, asJSON: invocation.has("json"), columns: kind.columns, nothing: "There are none.")
                return .ok
            },
            Command(
                "get", "Shows one.", arguments: [name], options: ClientOptions.all,
                examples: ["tidings \(kind.plural) get orders"]
            ) { invocation throws(CommandFailure) in
                let found = try invocation.client().expect(APIRequest(path(kind, invocation)))
                invocation.terminal.print(try found.json(), asJSON: invocation.has("json"))
                return .ok
            },
            Command(
                "put", "Writes one whole, from a file or flags.", arguments: [name],
                options: ClientOptions.all + [file] + kind.fields.map(\.option),
                examples: [
                    "tidings \(kind.plural) put NAME \(kind.example)",
                    "tidings \(kind.plural) put NAME --file one.json",
                ]
            ) { invocation throws(CommandFailure) in
                let base = try invocation.value("file").map { path throws(CommandFailure) in try read(path) }
                let whole = try apply(kind.fields, invocation, to: base ?? .object(JSONObject()))
                return try put(kind, invocation, whole, headers: [])
            },
            Command(
                "change", "Changes single members of one.", arguments: [name],
                options: ClientOptions.all + kind.fields.map(\.option),
                examples: ["tidings \(kind.plural) change NAME \(kind.example)"]
            ) { invocation throws(CommandFailure) in
                let found = try invocation.client().expect(APIRequest(path(kind, invocation)))
                let whole = try apply(kind.fields, invocation, to: try found.json())
                return try put(kind, invocation, whole, headers: found.etag.map { [("if-match", $0)] } ?? [])
            },
            Command(
                "delete", "Removes one.", arguments: [name], options: [ClientOptions.server, ClientOptions.yes],
                examples: ["tidings \(kind.plural) delete NAME --yes"]
            ) { invocation throws(CommandFailure) in
                let shown = invocation.argument(0) ?? ""
                try invocation.confirm("Remove the \(kind.singular) \"\(shown)\" (\(kind.loses))?")
                _ = try invocation.client().expect(APIRequest("DELETE", path(kind, invocation)))
                invocation.terminal.say("removed \(shown)")
                return .ok
            },
        ]
        if kind.plural == "subscriptions" { commands += actions + [PlaceCommands.seek] }
        return Command(kind.plural, kind.summary, commands)
    }

    private static let actions: [Command] = [
        ("pause", "Stops deliveries until resumed; events go on being stored."), ("resume", "Goes on after a pause."),
        ("test", "Sends one marked event and shows what the endpoint answered."),
    ].map { action, summary in
        Command(
            action, summary, arguments: [CommandArgument("NAME", help: "the subscription")],
            options: ClientOptions.all, examples: ["tidings subscriptions \(action) email"]
        ) { invocation throws(CommandFailure) in
            let path = ["v1", "subscriptions", invocation.argument(0) ?? "", action]
            let answer = try invocation.client().expect(APIRequest("POST", path))
            if answer.body.isEmpty {
                invocation.terminal.say("done")
            } else {
                invocation.terminal.print(try answer.json(), asJSON: invocation.has("json"))
            }
            return .ok
        }
    }

    private static func path(_ kind: ResourceKind, _ invocation: Invocation) -> [String] {
        ["v1", kind.plural, invocation.argument(0) ?? ""]
    }

    private static func put(
        _ kind: ResourceKind, _ invocation: Invocation, _ whole: JSONValue, headers: [(name: String, value: String)]
    ) throws(CommandFailure) -> ExitCode {
        var request = APIRequest("PUT", path(kind, invocation), json: whole)
        request.headers = headers
        let answer = try invocation.client().expect(request)
        invocation.terminal.print(try answer.json(), asJSON: invocation.has("json"))
        invocation.terminal.say(answer.status == 201 ? "created" : "written")
        return .ok
    }

    /// Reads a resource from a file.
    static func read(_ path: String) throws(CommandFailure) -> JSONValue {
        let text = try InputFile.readWhole(path, limit: 16 << 20)
        do throws(JSONError) {
            return try JSONValue.parse(text)
        } catch {
            throw CommandFailure(.usage, "\(path) is not JSON: \(error.description)")
        }
    }

    /// The resource with what the flags say written into it.
    static func apply(
        _ fields: [ResourceKind.Field], _ invocation: Invocation, to base: JSONValue
    ) throws(CommandFailure) -> JSONValue {
        guard var object = base.object else { throw CommandFailure(.usage, "a resource is a JSON object") }
        for field in fields {
            let given = invocation.all(field.flag)
            guard let last = given.last else { continue }
            let value: JSONValue
            switch field.shape {
            case .text: value = .string(last)
            case .texts: value = .array(given.map { .string($0) })
            case .truth: value = .bool(true)
            case .number:
                guard let number = Int64(last) else {
                    throw CommandFailure(.usage, "--\(field.flag) is a whole number, not \"\(last)\"")
                }
                value = .number(JSONNumber(number))
            case .pairs:
                var pairs = JSONObject()
                for pair in given {
                    guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                        throw CommandFailure(.usage, "--\(field.flag) is NAME=VALUE, not \"\(pair)\"")
                    }
                    pairs[String(pair[..<equals])] = .string(String(pair[pair.index(after: equals)...]))
                }
                value = .object(pairs)
            case .json:
                do throws(JSONError) {
                    value = try JSONValue.parse(last)
                } catch {
                    throw CommandFailure(.usage, "--\(field.flag) is not JSON: \(error.description)")
                }
            }
            object = set(value, at: field.path.split(separator: ".").map(String.init)[...], in: object)
        }
        return .object(object)
    }

    private static func set(_ value: JSONValue, at path: ArraySlice<String>, in object: JSONObject) -> JSONObject {
        guard let name = path.first else { return object }
        var object = object
        if path.count == 1 {
            object[name] = value
        } else {
            object[name] = .object(set(value, at: path.dropFirst(), in: object[name]?.object ?? JSONObject()))
        }
        return object
    }
}
