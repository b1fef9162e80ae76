// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What becomes of an event that `tidings listen` hands on.
enum EventHandler {
    /// A local endpoint: the event is posted as a structured CloudEvent; any 2xx means that it was handled.
    case url(any APIClient, target: String)
    /// A command, started once per event with the event on its standard input; exit code 0 means that it was handled.
    case command(EventCommand)

    /// Hands one event on.
    /// - Returns: nil when it was handled, else why not.
    /// - Throws: ``CommandFailure`` when trying again cannot help.
    func handle(_ event: ServerSentEvent) throws(CommandFailure) -> String? {
        switch self {
        case .url(let client, let target):
            var request = APIRequest("POST", [])
            request.path = target
            request.body = ("application/cloudevents+json", Array(event.data.utf8))
            do throws(CommandFailure) {
                let answer = try client.call(request)
                return answer.isSuccess ? nil : "\(client.server) answered with status \(answer.status)"
            } catch {
                return error.message
            }
        case .command(let process):
            switch try process.run(input: Array((event.data + "\n").utf8), variables: Self.variables(event)) {
            case .exit(0): return nil
            case .exit(let code): return "\"\(process.words[0])\" ended with exit code \(code)"
            case .signal(let signal): return "\"\(process.words[0])\" was ended by signal \(signal)"
            }
        }
    }

    /// What the command finds in its environment.
    static func variables(_ event: ServerSentEvent) -> [String: String] {
        let value = try? JSONValue.parse(event.data)
        var variables: [String: String] = [:]
        let names = [
            ("TIDINGS_TYPE", "type"), ("TIDINGS_ENTITY", "subject"), ("TIDINGS_ID", "id"), ("TIDINGS_SOURCE", "source"),
            ("TIDINGS_TIME", "time"),
        ]
        for (variable, name) in names {
            // A zero byte would end the variable; such an event's attribute is left out.
            if let text = value?[name]?.string, !text.utf8.contains(0) { variables[variable] = text }
        }
        return variables
    }
}
