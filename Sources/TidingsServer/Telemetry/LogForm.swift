// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How a line of the log is written. Secrets are masked: the values of fields whose name says that they hold one, and
/// webhook secrets wherever they stand. Control characters never reach a terminal.
package enum LogForm: Sendable, Hashable {
    /// One line for people: time, level, subsystem, sentence, `name=value`.
    case text(colours: Bool)
    /// One JSON object per line: `time`, `level`, `subsystem`, `message`, and the fields.
    case json

    /// A line, with its newline.
    func line(
        _ time: WallTime, _ level: LogLevel, _ subsystem: String, _ message: String,
        _ fields: [(name: String, value: String)]
    ) -> [UInt8] {
        var buffer = ByteBuffer(capacity: 256)
        switch self {
        case .text(let colours):
            // The date is left out: a person reads lines of today, and machines get JSON.
            buffer.append(String(RFC3339.format(time).dropFirst(11)))
            buffer.append(" ")
            let word = String(describing: level)
            buffer.append(colours ? "\u{1B}[\(Self.colour(level))m\(word)\u{1B}[0m" : word)
            buffer.append(String(repeating: " ", count: max(8 - word.count, 1)))
            buffer.append(subsystem)
            buffer.append(String(repeating: " ", count: max(10 - subsystem.count, 1)))
            buffer.append(Self.printable(Self.masked(message)))
            for (name, value) in fields {
                buffer.append("  ")
                buffer.append(colours ? "\u{1B}[2m\(name)=\u{1B}[0m" : name + "=")
                buffer.append(Self.quoted(Self.shown(value, of: name)))
            }
        case .json:
            JSONWriter.write(into: &buffer) { json in
                json.object { json in
                    json.member("time", RFC3339.format(time))
                    json.member("level", String(describing: level))
                    json.member("subsystem", subsystem)
                    json.member("message", Self.masked(message))
                    for (name, value) in fields where !Self.ownNames.contains(name) {
                        json.key(name)
                        json.string(Self.shown(value, of: name))
                    }
                }
            }
        }
        buffer.append(UInt8(ascii: "\n"))
        return buffer.array()
    }

    private static let ownNames: Set<String> = ["time", "level", "subsystem", "message"]

    private static func colour(_ level: LogLevel) -> String {
        switch level {
        case .debug: "2"
        case .info: "32"
        case .notice: "36"
        case .warning: "33"
        case .error: "31"
        }
    }

    private static let secretNames = [
        "secret", "password", "token", "bearer", "authorization", "cookie", "signature", "api_key", "apikey",
    ]

    private static func shown(_ value: String, of name: String) -> String {
        let lowered = name.lowercased()
        if !value.isEmpty, secretNames.contains(where: { lowered.contains($0) }) { return "…" }
        return masked(value)
    }

    /// The text with what follows `whsec_`, `Bearer ` and `Basic ` hidden.
    static func masked(_ text: String) -> String {
        guard text.contains("whsec_") || text.contains("Bearer ") || text.contains("Basic ") else { return text }
        var shown = ""
        var rest = Substring(text)
        while !rest.isEmpty {
            let marks = ["whsec_", "Bearer ", "Basic "]
            if let mark = marks.first(where: { rest.hasPrefix($0) }) {
                shown += mark + "…"
                rest = rest.dropFirst(mark.count).drop { !$0.isWhitespace && $0 != "\"" && $0 != "," }
            } else {
                shown.append(rest.removeFirst())
            }
        }
        return shown
    }

    private static func quoted(_ value: String) -> String {
        let printable = printable(value)
        let isPlain = !printable.isEmpty && !printable.contains { $0 == " " || $0 == "\"" || $0 == "=" }
        if isPlain { return printable }
        var quoted = "\""
        for character in printable {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }

    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            case "\t": shown += "\\t"
            default: shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
            }
        }
        return shown
    }
}
