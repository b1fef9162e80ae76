// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CLZ4
import TidingsCore

/// LZ4 frames as Kafka's clients write them: independent blocks of 64 KiB, no content checksum.
package enum LZ4 {
    /// Appends one frame of `bytes`.
    /// - Returns: false, with nothing appended, when the library refuses.
    package static func compress(_ bytes: UnsafeRawBufferPointer, into frame: inout ByteBuffer) -> Bool {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        var isDone = true
        frame.append(room: LZ4F_compressFrameBound(bytes.count, &preferences)) { room in
            let count = LZ4F_compressFrame(room.baseAddress, room.count, bytes.baseAddress, bytes.count, &preferences)
            isDone = LZ4F_isError(count) == 0
            return isDone ? count : 0
        }
        return isDone
    }

    /// What a frame holds.
    /// - Throws: ``RecordError``: `.badRecord` for what is no whole frame (or has more behind it), `.tooLarge` when more
    ///   than `limit` bytes come out.
    package static func decompress(_ frame: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> SharedBytes {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0, let context else {
            throw RecordError(.badRecord, "no memory to decompress lz4")
        }
        defer { LZ4F_freeDecompressionContext(context) }
        // A small beginning: what a frame says of its size is only a claim.
        var output = ByteBuffer(capacity: min(max(frame.count * 4, 4_096), max(limit, 16)))
        var consumed = 0
        while true {
            var hint = 0
            var used = 0
            let room = max(64 * 1_024, output.capacity - output.count)
            output.append(room: room) { space in
                var produced = space.count
                used = frame.count - consumed
                hint = LZ4F_decompress(
                    context, space.baseAddress, &produced, frame.baseAddress.map { $0 + consumed }, &used, nil)
                return LZ4F_isError(hint) == 0 ? produced : 0
            }
            if LZ4F_isError(hint) != 0 {
                throw RecordError(.badRecord, "lz4: \(String(cString: LZ4F_getErrorName(hint)))")
            }
            consumed += used
            if output.count > limit {
                throw RecordError(.tooLarge, "a batch decompresses to more than \(limit) bytes")
            }
            if hint == 0 { break }
            if used == 0, consumed == frame.count { throw RecordError(.badRecord, "an lz4 frame ends too early") }
        }
        guard consumed == frame.count else { throw RecordError(.badRecord, "bytes follow an lz4 frame") }
        return SharedBytes(copying: output.bytes)
    }
}
