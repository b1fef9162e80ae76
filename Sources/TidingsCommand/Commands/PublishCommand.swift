// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings publish`.
enum PublishCommand {
    static let command = Command(
        "publish", "Publishes one event, a file, a folder, or events from standard input.",
        details: """
            One event by flags: its type (--type, or the only argument when another flag says more of the event), and
            what else it has. Files: one event per line (.ndjson, .jsonl, standard input), or one event or an array of
            events (.json); in the plain form or as CloudEvents. A folder: all such files in it.
            With --type and files, each file is the data of one event of that type.
            """,
        arguments: [
            CommandArgument(
                "PATH", help: "files or folders; - is standard input; or an event's type", optional: true,
                repeated: true)
        ],
        options: ClientOptions.all + [
            CommandOption("type", "TYPE", letter: "t", help: "the event's type"),
            CommandOption("entity", "ENTITY", letter: "e", help: "what the event is about"),
            CommandOption(
                "data", "JSON", letter: "d",
                help: "the event's data; other text becomes a string, unless it begins with { or ["),
            CommandOption("source", "SOURCE", help: "who says it; default: the owner's source"),
            CommandOption("id", "ID", help: "the event's id; default: one made by the server"),
            CommandOption("time", "TIME", help: "when it happened, as in 2026-11-24T15:06:21Z"),
            CommandOption("extension", "NAME=VALUE", letter: "x", repeated: true, help: "an extension attribute"),
        ],
        examples: [
            "tidings publish order.created --entity o-17 --data '{\"total\": 42}'",
            "tidings publish events/", "jq -c .[] orders.json | tidings publish -",
        ], run: run)

    @Sendable private static func run(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let single = ["entity", "data", "source", "id", "time", "extension"].first { invocation.has($0) }
        var paths = invocation.arguments
        var type = invocation.value("type")
        if type == nil, let single {
            guard paths.count == 1 else { throw CommandFailure(.usage, "--\(single) needs a type: --type TYPE") }
            type = paths.removeFirst()
        }
        guard let type else {
            if paths.isEmpty {
                throw CommandFailure(
                    .usage, "there is nothing to publish: give --type, a file, a folder, or - for standard input",
                    hint: "tidings publish --help")
            }
            if paths.count == 1, !InputFile.exists(paths[0]) {
                throw CommandFailure(
                    .notFound, "there is no file or folder \"\(paths[0])\"",
                    hint: "tidings publish --type TYPE, if an event of that type is meant")
            }
            return try publish(invocation, paths, EventLines(envelope: nil))
        }
        let attributes = try attributes(type, invocation)
        if paths.isEmpty { return try publishOne(invocation, attributes) }
        if invocation.has("data") || invocation.has("id") {
            throw CommandFailure(.usage, "with files, the data comes from them and every event has an id of its own")
        }
        return try publish(
            invocation, paths,
            EventLines { data in Array((head(attributes) + ",\"data\":").utf8) + data + Array("}".utf8) })
    }

    private static func publish(
        _ invocation: Invocation, _ paths: [String], _ lines: EventLines
    ) throws(CommandFailure) -> ExitCode {
        var publisher = Publisher(
            try invocation.client(), invocation.terminal, printsResults: invocation.has("json"))
        try lines.read(paths) { line throws(CommandFailure) in try publisher.add(line) }
        try publisher.send()
        return publisher.end()
    }

    private static func publishOne(
        _ invocation: Invocation, _ attributes: JSONObject
    ) throws(CommandFailure) -> ExitCode {
        var event = attributes
        if let text = invocation.value("data") { event["data"] = try invocation.data(text) }
        let request = APIRequest("POST", ["v1", "events"], json: .object(event))
        let stored = try invocation.client().expect(request).json()
        if invocation.has("json") {
            invocation.terminal.print(stored.text)
        } else {
            let place = "\(stored.at("topic")?.cell ?? "")/\(stored.at("partition")?.cell ?? "")"
            invocation.terminal.print(
                "\(stored.at("type")?.cell ?? "") \(stored.at("id")?.cell ?? "") is stored in \(place) at "
                    + "\(stored.at("offset")?.cell ?? "")")
        }
        return .ok
    }

    private static func attributes(
        _ type: String, _ invocation: Invocation
    ) throws(CommandFailure) -> JSONObject {
        var event = JSONObject([("event_type", .string(type))])
        let names = [("entity", "entity_id"), ("source", "source"), ("id", "event_id"), ("time", "time")]
        for (flag, name) in names { if let value = invocation.value(flag) { event[name] = .string(value) } }
        for pair in invocation.all("extension") {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw CommandFailure(.usage, "--extension is NAME=VALUE, not \"\(pair)\"")
            }
            event[String(pair[..<equals])] = .string(String(pair[pair.index(after: equals)...]))
        }
        return event
    }

    /// The attributes as JSON, still open at its end.
    private static func head(_ attributes: JSONObject) -> String {
        String(JSONValue.object(attributes).text.dropLast())
    }
}

extension Invocation {
    /// The JSON of a flag; other text becomes a string. What looks like an object or an array must be one: a slip of the
    /// shell's quotes would be stored for good.
    func data(_ text: String) throws(CommandFailure) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(text)
        } catch {
            if let first = text.first(where: { !$0.isWhitespace }), first == "{" || first == "[" {
                throw CommandFailure(.usage, "--data is not JSON: \(error.description)")
            }
            return .string(text)
        }
    }
}
