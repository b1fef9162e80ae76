// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bytes that grow at the end and are used up at the front; kept and reused, so that a hot path allocates nothing. What a
/// hot path calls is inlined into other modules.
///
/// - Concurrency: one owner at a time, as for any value that cannot be copied.
public struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    /// How many bytes fit before the next growth.
    public internal(set) var capacity: Int
    @usableFromInline var start = 0
    @usableFromInline var end = 0

    /// Makes an empty buffer with room for `capacity` bytes.
    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// How many bytes are in it.
    @inlinable
    public var count: Int { end - start }
    /// Whether nothing is in it.
    @inlinable
    public var isEmpty: Bool { start == end }
    /// The bytes in it; valid until the next change.
    @inlinable
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }
    /// The bytes in it, to patch in place; valid until the next change.
    public var mutableBytes: UnsafeMutableRawBufferPointer {
        mutating get { UnsafeMutableRawBufferPointer(start: base + start, count: end - start) }
    }

    /// Makes sure that `extra` more bytes fit.
    @inlinable @inline(__always)
    public mutating func reserve(_ extra: Int) {
        if capacity - end < extra { makeRoom(extra) }
    }

    @inline(never) @usableFromInline
    mutating func makeRoom(_ extra: Int) {
        let used = end - start
        if start > 0, capacity - used >= extra, start >= capacity / 2 {
            base.copyMemory(from: base + start, byteCount: used)
        } else {
            let grown = max(capacity * 2, used + extra)
            let room = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
            room.copyMemory(from: base + start, byteCount: used)
            base.deallocate()
            base = room
            capacity = grown
        }
        start = 0
        end = used
    }

    /// Appends one byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        if end == capacity { reserve(1) }
        base.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    /// Appends bytes.
    @inlinable
    public mutating func append(_ more: UnsafeRawBufferPointer) {
        guard let from = more.baseAddress, more.count > 0 else { return }
        reserve(more.count)
        memcpy(base + end, from, more.count)
        end += more.count
    }

    /// Appends the bytes of an array.
    public mutating func append(_ more: [UInt8]) { more.withUnsafeBytes { append($0) } }

    /// Appends the characters of a literal.
    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a text as UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends an integer, big-endian.
    @inlinable
    public mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
        let size = MemoryLayout<Number>.size
        reserve(size)
        base.storeBytes(of: number.bigEndian, toByteOffset: end, as: Number.self)
        end += size
    }

    /// Appends an integer in decimal.
    public mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }

    /// Appends a natural number in decimal.
    public mutating func append(decimal number: UInt64) {
        reserve(20)
        var rest = number
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = number
        for place in stride(from: digits - 1, through: 0, by: -1) {
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) + 48, toByteOffset: end + place, as: UInt8.self)
            rest /= 10
        }
        end += digits
    }

    /// Appends a signed number as the record format's zigzag varint.
    @inlinable
    public mutating func append(varint number: Int64) {
        var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
        reserve(10)
        while rest >= 0x80 {
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: end, as: UInt8.self)
            end += 1
            rest >>= 7
        }
        base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: end, as: UInt8.self)
        end += 1
    }

    /// Lets `fill` write into at least `room` free bytes and say how many it used.
    @inlinable
    public mutating func append<Failure>(
        room: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(room)
        let used = try fill(UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end))
        precondition((0...capacity - end).contains(used), "used \(used) of \(capacity - end) bytes")
        end += used
    }

    /// Forgets the first `count` bytes.
    public mutating func removeFirst(_ count: Int) {
        precondition((0...(end - start)).contains(count), "removing \(count) of \(end - start) bytes")
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Keeps the first `count` bytes only.
    public mutating func truncate(to count: Int) {
        precondition((0...(end - start)).contains(count), "keeping \(count) of \(end - start) bytes")
        end = start + count
    }

    /// Forgets everything; keeps the memory unless it is more than `limit`.
    public mutating func removeAll(keepingAtMost limit: Int = 1 << 20) {
        start = 0
        end = 0
        if capacity > limit {
            base.deallocate()
            capacity = max(limit, 16)
            base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        }
    }

    /// A copy of what is in it.
    public func array() -> [UInt8] { [UInt8](bytes) }

    /// What is in it, read as UTF-8; bad bytes become U+FFFD.
    public func text() -> String { String(decoding: bytes, as: UTF8.self) }
}
