// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How a record is written on a line, or read from one: text with fields like `%k`, as kcat has them.
struct RecordFormat {
    /// A field of a record, by its letter.
    enum Field: Character, CaseIterable {
        case topic = "t"
        case partition = "p"
        case offset = "o"
        case key = "k"
        case value = "s"
        /// In bytes; -1 for none.
        case valueLength = "S"
        case keyLength = "K"
        case headers = "h"
        /// Milliseconds since 1970.
        case timestamp = "T"
    }

    enum Part: Equatable {
        case literal([UInt8])
        case field(Field)
    }

    /// What stands in the help.
    static let letters =
        "%t topic, %p partition, %o offset, %k key, %s value, %K and %S their lengths, %h headers, %T time"

    private(set) var parts: [Part] = []

    /// Reads a format; `\n`, `\t`, `\r`, `\\`, `\xHH` and `%%` stand for one byte each.
    init(_ text: String) throws(CommandFailure) {
        var literal: [UInt8] = []
        var rest = text[...]
        func wrong(_ what: String) -> CommandFailure {
            CommandFailure(.usage, "\(what) is no part of a format: \(Self.letters); \\n \\t \\r \\\\ \\xHH %%")
        }
        while let character = rest.popFirst() {
            switch character {
            case "%":
                guard let letter = rest.popFirst() else { throw wrong("% at the end") }
                if letter == "%" {
                    literal.append(UInt8(ascii: "%"))
                    continue
                }
                guard let field = Field(rawValue: letter) else { throw wrong("%\(letter)") }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                parts.append(.field(field))
            case "\\":
                guard let letter = rest.popFirst() else { throw wrong("\\ at the end") }
                switch letter {
                case "n": literal.append(0x0A)
                case "t": literal.append(0x09)
                case "r": literal.append(0x0D)
                case "\\": literal.append(UInt8(ascii: "\\"))
                case "x":
                    let digits = rest.prefix(2)
                    guard digits.count == 2, let byte = UInt8(digits, radix: 16) else { throw wrong("\\x\(digits)") }
                    literal.append(byte)
                    rest = rest.dropFirst(2)
                default: throw wrong("\\\(letter)")
                }
            default: literal += Array(String(character).utf8)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
    }

    // MARK: - Writing

    /// Appends a record as the API tells it.
    func write(_ record: JSONValue, topic: String, into line: inout ByteBuffer) {
        for part in parts {
            switch part {
            case .literal(let bytes): line.append(bytes)
            case .field(.topic): line.append(topic)
            case .field(.partition): line.append(record["partition"]?.cell ?? "")
            case .field(.offset): line.append(record["offset"]?.cell ?? "")
            case .field(.key): line.append(record.bytes("key") ?? [])
            case .field(.value): line.append(record.bytes("value") ?? [])
            case .field(.keyLength): line.append(decimal: Int64(record.bytes("key")?.count ?? -1))
            case .field(.valueLength): line.append(decimal: Int64(record.bytes("value")?.count ?? -1))
            case .field(.headers):
                for (place, header) in (record["headers"]?.array ?? []).enumerated() {
                    if place > 0 { line.append(",") }
                    line.append(header["name"]?.string ?? "")
                    line.append("=")
                    line.append(header.bytes("value") ?? [])
                }
            case .field(.timestamp):
                let time = record["timestamp"]?.string.flatMap { RFC3339.wallTime($0) }
                line.append(decimal: time?.millis ?? -1)
            }
        }
    }

    // MARK: - Reading

    /// Makes the format one of a whole line, which has no end of its own, and checks that it can be read.
    func forReading() throws(CommandFailure) -> RecordFormat {
        var format = self
        if case .literal(var last)? = parts.last, last.last == 0x0A {
            last.removeLast()
            format.parts.removeLast()
            if !last.isEmpty { format.parts.append(.literal(last)) }
        }
        var former: Part?
        for part in format.parts {
            if case .field(let field) = part {
                guard [.key, .value, .partition].contains(field) else {
                    throw CommandFailure(.usage, "%\(field.rawValue) cannot be read from a line: %k, %s and %p can")
                }
                if case .field? = former {
                    throw CommandFailure(.usage, "two fields need something between them to be told apart")
                }
            }
            former = part
        }
        return format
    }

    /// Takes a line apart; nil when it does not have this form.
    func read(_ line: ArraySlice<UInt8>) -> [Field: ArraySlice<UInt8>]? {
        var found: [Field: ArraySlice<UInt8>] = [:]
        var rest = line
        for (place, part) in parts.enumerated() {
            switch part {
            case .literal(let bytes):
                guard rest.starts(with: bytes) else { return nil }
                rest = rest.dropFirst(bytes.count)
            case .field(let field):
                guard place + 1 < parts.count, case .literal(let next) = parts[place + 1] else {
                    found[field] = rest
                    rest = []
                    continue
                }
                guard let end = rest.firstRange(of: next) else { return nil }
                found[field] = rest[..<end.lowerBound]
                rest = rest[end.lowerBound...]
            }
        }
        return rest.isEmpty ? found : nil
    }
}

extension JSONValue {
    /// The bytes of a member that is a text, or base64 under its name and `_base64`; nil for none.
    func bytes(_ name: String) -> [UInt8]? {
        if let text = self[name]?.string { return Array(text.utf8) }
        return self[name + "_base64"]?.string.flatMap { Base64.decode($0) }
    }
}
