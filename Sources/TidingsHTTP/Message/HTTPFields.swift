// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A block of header fields that this program sends or kept from an answer, in wire form (`name: value` CR LF).
///
/// Nothing that could end a line is let in: a field whose name is not a token or whose value has a control byte
/// is refused by ``add(_:_:)-(String,_)``, so a block is always safe to send. Names compare without case.
package struct HTTPFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// The fields as they go on the wire, each ended by CR LF; without the empty line.
    package private(set) var wire: [UInt8] = []

    /// Creates an empty block.
    package init() {}

    /// Creates a block from names and values of this program's own making; traps when one is not allowed.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements {
            let added = add(name, value)
            precondition(added, "not a header field: \(name)")
        }
    }

    /// Whether there is no field.
    package var isEmpty: Bool { wire.isEmpty }

    /// Appends a field; false, and nothing changes, when name or value may not stand in a header.
    @discardableResult
    package mutating func add(_ name: String, _ value: String) -> Bool {
        var name = name
        var value = value
        return name.withUTF8 { name in
            value.withUTF8 { value in add(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value)) }
        }
    }

    /// Appends a field given as bytes; false, and nothing changes, when name or value may not stand in a header.
    @discardableResult
    package mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
        let table = HTTPBytes.table
        guard !name.isEmpty, HTTPBytes.all(name, in: HTTPBytes.token, table: table),
            HTTPBytes.all(value, in: HTTPBytes.fieldValue, table: table)
        else { return false }
        let value = value.trimmed()
        wire.reserveCapacity(wire.count + name.count + value.count + 4)
        wire.append(contentsOf: name)
        wire.append(58)
        wire.append(32)
        wire.append(contentsOf: value)
        wire.append(13)
        wire.append(10)
        return true
    }

    /// Replaces every field of that name by one; false, and nothing changes, when it may not stand in a header.
    @discardableResult
    package mutating func set(_ name: String, _ value: String) -> Bool {
        var rest = HTTPFields()
        for field in all where field.name.lowercased() != name.lowercased() { rest.add(field.name, field.value) }
        guard rest.add(name, value) else { return false }
        self = rest
        return true
    }

    /// The first value of that name.
    package subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return all.first { $0.name.lowercased() == wanted }?.value
    }

    /// Every field in order, names as sent; bad UTF-8 becomes U+FFFD.
    package var all: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        wire.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                guard let end = bytes[start...].firstIndex(of: 13),
                    let colon = bytes[start..<end].firstIndex(of: 58), colon + 2 <= end
                else { break }
                found.append(
                    (
                        String(decoding: bytes[start..<colon], as: UTF8.self),
                        String(decoding: bytes[(colon + 2)..<end], as: UTF8.self)
                    ))
                start = end + 2
            }
        }
        return found
    }

    /// Copies the fields that `parser` just read; they were checked then.
    init(_ parser: borrowing HTTPParser, at base: UnsafeRawPointer) {
        var count = 0
        for place in 0..<parser.fieldCount {
            count += parser.fields[place].name.count + parser.fields[place].value.count + 4
        }
        wire = [UInt8](unsafeUninitializedCapacity: count) { room, used in
            func append(_ bytes: UnsafeRawBufferPointer, _ first: UInt8, _ second: UInt8) {
                if let from = bytes.baseAddress, let to = room.baseAddress {
                    UnsafeMutableRawPointer(to + used).copyMemory(from: from, byteCount: bytes.count)
                }
                room[used + bytes.count] = first
                room[used + bytes.count + 1] = second
                used += bytes.count + 2
            }
            for place in 0..<parser.fieldCount {
                append(base.bytes(parser.fields[place].name), 58, 32)
                append(base.bytes(parser.fields[place].value), 13, 10)
            }
        }
    }
}
