// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// JSON over several lines, for people to read.
enum JSONForPeople {
    /// The value with two spaces per level; short arrays of plain values stay on one line.
    static func text(_ value: JSONValue, indent: String = "") -> String {
        let deeper = indent + "  "
        switch value {
        case .object(let object) where !object.isEmpty:
            let members = object.members.map { member in
                "\(deeper)\(JSONValue.string(member.name).text): \(text(member.value, indent: deeper))"
            }
            return "{\n\(members.joined(separator: ",\n"))\n\(indent)}"
        case .array(let elements) where elements.contains { $0.object != nil || $0.array != nil }:
            let lines = elements.map { deeper + text($0, indent: deeper) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
        case .array(let elements):
            return "[\(elements.map(\.text).joined(separator: ", "))]"
        default:
            return value.text
        }
    }
}

extension JSONValue {
    /// The value at a path of member names joined by dots.
    func at(_ path: String) -> JSONValue? {
        var value = self
        for name in path.split(separator: ".") {
            guard let next = value[String(name)] else { return nil }
            value = next
        }
        return value
    }

    /// The value as a table's cell shows it.
    var cell: String {
        switch self {
        case .null: ""
        case .bool(let truth): truth ? "yes" : "no"
        case .number(let number): number.text
        case .string(let text): text
        case .array(let elements): elements.map(\.cell).joined(separator: ", ")
        case .object: text
        }
    }
}

extension Terminal {
    /// Prints a list: a table for people, or the items as one JSON object.
    func print(_ items: [JSONValue], asJSON: Bool, columns: [ListColumn], nothing: String) {
        if asJSON {
            print(JSONValue.object(JSONObject([("items", .array(items))])).text)
            return
        }
        if items.isEmpty { return say(nothing) }
        var table = Table(columns.map { $0.isNumber ? .number($0.title) : .text($0.title) })
        for item in items { table.add(columns.map { $0.read(item) }) }
        print(table)
    }

    /// Prints one resource.
    func print(_ value: JSONValue, asJSON: Bool) { print(asJSON ? value.text : JSONForPeople.text(value)) }
}

/// One column of a list of JSON objects.
struct ListColumn: Sendable {
    let title: String
    let isNumber: Bool
    let read: @Sendable (JSONValue) -> String

    /// A column of the member at `path`; empty where there is none.
    static func text(_ title: String, _ path: String) -> ListColumn {
        ListColumn(title: title, isNumber: false) { $0.at(path)?.cell ?? "" }
    }

    /// A column of numbers.
    static func number(_ title: String, _ path: String) -> ListColumn {
        ListColumn(title: title, isNumber: true) { $0.at(path)?.cell ?? "" }
    }
}
