// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What comes out of a compressed stream, never more than a limit: memory grows with what really came out, not with what
/// the stream says of itself.
struct InflatedBytes: ~Copyable {
    private var buffer: ByteBuffer
    let limit: Int

    /// - Parameter expected: how much is likely to come out; only a hint.
    init(expecting expected: Int, limit: Int) {
        self.limit = max(limit, 0)
        buffer = ByteBuffer(capacity: min(max(expected, 4_096), self.limit) + 1)
    }

    /// How many bytes came out.
    var count: Int { buffer.count }

    /// Lets `fill` write more and say how much.
    /// - Throws: `.tooLarge` when more than the limit came out, and what `fill` throws.
    mutating func append(
        _ fill: (UnsafeMutableRawBufferPointer) throws(RecordError) -> Int
    ) throws(RecordError) {
        // One byte more than allowed: a stream that ends at the limit is told from one that goes on.
        let most = limit - buffer.count + 1
        let wanted = buffer.capacity - buffer.count >= 1_024 ? 1_024 : max(64 * 1_024, buffer.count)
        try buffer.append(room: min(wanted, most)) { room throws(RecordError) in
            try fill(UnsafeMutableRawBufferPointer(rebasing: room.prefix(most)))
        }
        guard buffer.count <= limit else { throw Self.tooLarge(limit) }
    }

    /// Lets `fill` write as many bytes as it says it will.
    /// - Throws: `.tooLarge` at once when they do not fit, and what `fill` throws.
    mutating func append(
        exactly count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(RecordError) -> Int
    ) throws(RecordError) {
        guard count <= limit - buffer.count else { throw Self.tooLarge(limit) }
        try buffer.append(room: count) { room throws(RecordError) in
            try fill(UnsafeMutableRawBufferPointer(rebasing: room.prefix(count)))
        }
    }

    /// A copy of exactly what came out.
    consuming func shared() -> SharedBytes { SharedBytes(copying: buffer.bytes) }

    static func tooLarge(_ limit: Int) -> RecordError {
        RecordError(.tooLarge, "a batch decompresses to more than \(limit) bytes")
    }
}
