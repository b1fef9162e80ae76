// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads big-endian numbers and bytes off the front of outside bytes; nil where they end.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var left: Int { bytes.count - position }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard left >= size else { return nil }
        defer { position += size }
        return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, left >= count else { return nil }
        defer { position += count }
        return bytes.part(position..<position + count)
    }

    /// A text with its length (16 bits) in front.
    mutating func text() -> String? {
        guard let count = number(UInt16.self), let bytes = take(Int(count)) else { return nil }
        return bytes.text
    }
}

extension ByteBuffer {
    /// Appends a text with its length (16 bits) in front; it has at most 65,535 bytes.
    mutating func append(counted text: String) {
        append(bigEndian: UInt16(text.utf8.count))
        append(text)
    }
}
