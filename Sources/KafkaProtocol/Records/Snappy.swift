// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSnappy
import TidingsCore

/// Snappy in both forms that clients write: Java's frame of blocks (xerial's), and librdkafka's one bare block.
enum Snappy {
    /// What the frame begins with: its name, its version, and the oldest version that can read it.
    private static let frameStart: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    /// How much goes into one block of a frame, as Java's clients have it.
    private static let blockByteCount = 32 * 1_024
    /// A block's largest element of 3 bytes yields 64: none can hold more than this many times itself.
    private static let largestRatio = 22

    /// Appends a frame of blocks, which every client reads.
    static func compress(_ bytes: UnsafeRawBufferPointer, into stream: inout ByteBuffer) -> Bool {
        let start = stream.count
        stream.append(frameStart)
        var at = 0
        while at < bytes.count {
            let block = bytes.part(at..<min(at + blockByteCount, bytes.count))
            var isDone = false
            stream.append(room: 4 + snappy_max_compressed_length(block.count)) { room in
                var count = room.count - 4
                isDone =
                    snappy_compress(
                        block.baseAddress?.assumingMemoryBound(to: CChar.self), block.count,
                        (room.baseAddress! + 4).assumingMemoryBound(to: CChar.self), &count) == SNAPPY_OK
                room.storeBytes(of: Int32(truncatingIfNeeded: count).bigEndian, as: Int32.self)
                return isDone ? 4 + count : 0
            }
            guard isDone else {
                stream.truncate(to: start)
                return false
            }
            at += block.count
        }
        return true
    }

    static func decompress(_ stream: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> SharedBytes {
        guard stream.count >= 8, stream.part(0..<8).elementsEqual(frameStart.prefix(8)) else {
            let count = try byteCount(of: stream, limit: limit)
            return try SharedBytes(capacity: count) { room throws(RecordError) in try fill(room, from: stream) }
        }
        guard stream.count >= frameStart.count else { throw endsEarly }
        let oldest: Int32 = stream.number(12)
        guard oldest <= 1 else {
            throw RecordError(.badRecord, "a snappy frame asks for version \(oldest) of its format; 1 is read")
        }
        var output = InflatedBytes(expecting: stream.count * 4, limit: limit)
        var at = frameStart.count
        while at < stream.count {
            guard stream.count - at >= 4 else { throw endsEarly }
            let length = Int(stream.number(at, Int32.self))
            guard length >= 0, length <= stream.count - at - 4 else { throw endsEarly }
            let block = stream.part(at + 4..<at + 4 + length)
            try output.append(exactly: try byteCount(of: block, limit: limit)) { room throws(RecordError) in
                try fill(room, from: block)
            }
            at += 4 + length
        }
        return output.shared()
    }

    /// How much a block says it holds, if a block of its length can.
    private static func byteCount(of block: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> Int {
        var count = 0
        guard
            snappy_uncompressed_length(block.baseAddress?.assumingMemoryBound(to: CChar.self), block.count, &count)
                == SNAPPY_OK, count / largestRatio <= block.count
        else { throw RecordError(.badRecord, "a snappy block has no length that can be") }
        guard count <= limit else { throw InflatedBytes.tooLarge(limit) }
        return count
    }

    private static func fill(
        _ room: UnsafeMutableRawBufferPointer, from block: UnsafeRawBufferPointer
    ) throws(RecordError) -> Int {
        var count = room.count
        guard
            snappy_uncompress(
                block.baseAddress?.assumingMemoryBound(to: CChar.self), block.count,
                room.baseAddress?.assumingMemoryBound(to: CChar.self), &count) == SNAPPY_OK
        else { throw RecordError(.badRecord, "a snappy block is damaged") }
        return count
    }

    private static let endsEarly = RecordError(.badRecord, "a snappy frame ends too early")
}
