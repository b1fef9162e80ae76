// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A JSON value as a tree: for resources, settings and answers, where comfort matters more than nanoseconds.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads one JSON text by the rules of ``JSONScanner``.
    /// - Throws: ``JSONError`` with the byte at which it stops being JSON.
    package static func parse(_ text: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
        var scanner = JSONScanner()
        scanner.begin(text)
        let value = try read(&scanner)
        try scanner.end()
        return value
    }

    /// Reads one JSON text.
    package static func parse(_ text: String) throws(JSONError) -> JSONValue {
        try parse([UInt8](text.utf8))
    }

    /// Reads one JSON text.
    package static func parse(_ text: [UInt8]) throws(JSONError) -> JSONValue {
        // `withUnsafeBytes` cannot pass a typed error through.
        let result: Result<JSONValue, JSONError> = text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return .success(try parse(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Reads the value that comes next in a scanner. Recursion is bounded by ``JSONScanner/maximumDepth``.
    package static func read(_ scanner: inout JSONScanner) throws(JSONError) -> JSONValue {
        switch try scanner.peek() {
        case .object:
            var object = JSONObject()
            try scanner.enterObject()
            while let name = try scanner.nextName() {
                let text = scanner.string(name)
                object.append(text, try read(&scanner))
            }
            return .object(object)
        case .array:
            var array: [JSONValue] = []
            try scanner.enterArray()
            while try scanner.nextElement() { array.append(try read(&scanner)) }
            return .array(array)
        case .null:
            _ = try scanner.value()
            return .null
        case .bool:
            let token = try scanner.value()
            return .bool(token.range.count == 4)
        case .number:
            let token = try scanner.value()
            return .number(JSONNumber(checked: String(decoding: scanner.bytes(token.range), as: UTF8.self)))
        case .string:
            let token = try scanner.value()
            return .string(scanner.string(token))
        }
    }

    /// The text of a string; nil for other kinds.
    package var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The truth of `true` or `false`; nil for other kinds.
    package var bool: Bool? { if case .bool(let truth) = self { truth } else { nil } }
    /// A number; nil for other kinds.
    package var number: JSONNumber? { if case .number(let number) = self { number } else { nil } }
    /// A whole number that fits; nil for other numbers and kinds.
    package var integer: Int64? { number?.integer }
    /// The elements of an array; nil for other kinds.
    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The members of an object; nil for other kinds.
    package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// Whether it is `null`.
    package var isNull: Bool { self == .null }

    /// The member of that name, if this is an object that has one.
    package subscript(name: String) -> JSONValue? { object?[name] }
    /// The element at that place, if this is an array that has one.
    package subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// The kind, as a refusal names it: `a string`, `null`, ….
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The value as compact JSON.
    package var text: String {
        var buffer = ByteBuffer()
        JSONWriter.write(into: &buffer) { $0.value(self) }
        return buffer.text()
    }
}

/// A number as its JSON text has it, so that none is rounded on its way through.
package struct JSONNumber: Sendable, Hashable {
    /// As written.
    package let text: String

    /// Takes a text that is a JSON number.
    package init(checked text: String) { self.text = text }
    /// A whole number.
    package init(_ value: Int64) { text = String(value) }

    /// Its value when written as a whole number (no exponent, no fraction but zeros) that fits 64 bits.
    package var integer: Int64? {
        if let value = Int64(text) { return value }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        return Int64(parts[0])
    }
    /// Its nearest binary value; nil when it is too large for one.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

/// An object's members in the order written; no name comes twice.
package struct JSONObject: Sendable, Hashable {
    /// One member.
    package struct Member: Sendable, Hashable {
        /// Its name.
        package let name: String
        /// Its value.
        package var value: JSONValue
    }

    /// The members in order.
    package private(set) var members: [Member] = []

    /// Makes an empty object.
    package init() {}

    /// Makes an object of members whose names differ.
    package init(_ members: [(String, JSONValue)]) {
        for (name, value) in members { self[name] = value }
    }

    /// Adds a member whose name is known to be new.
    mutating func append(_ name: String, _ value: JSONValue) { members.append(Member(name: name, value: value)) }

    /// The member of that name; setting nil removes it, setting a new one adds it at the end.
    package subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            if let index = members.firstIndex(where: { $0.name == name }) {
                if let newValue { members[index].value = newValue } else { members.remove(at: index) }
            } else if let newValue {
                members.append(Member(name: name, value: newValue))
            }
        }
    }

    /// Names in order.
    package var names: [String] { members.map(\.name) }
    /// Whether it has no members.
    package var isEmpty: Bool { members.isEmpty }
}

extension JSONScanner {
    /// The text of a string token of the present JSON text.
    package func string(_ token: JSONToken) -> String {
        let content = bytes(token.content)
        guard token.hasEscapes else { return String(decoding: content, as: UTF8.self) }
        var room = ByteBuffer(capacity: content.count)
        JSONText.unescape(content, into: &room)
        return room.text()
    }
}
