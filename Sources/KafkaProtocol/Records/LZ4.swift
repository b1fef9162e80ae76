// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CLZ4
import TidingsCore

/// LZ4 frames as Kafka's clients write them: independent blocks of 64 KiB, no content checksum.
enum LZ4 {
    /// Appends one frame of `bytes`.
    /// - Returns: false, with nothing appended, when the library refuses.
    static func compress(_ bytes: UnsafeRawBufferPointer, into frame: inout ByteBuffer) -> Bool {
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
    static func decompress(_ frame: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> SharedBytes {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0, let context else {
            throw RecordError(.badRecord, "no memory to decompress lz4")
        }
        defer { LZ4F_freeDecompressionContext(context) }
        var output = InflatedBytes(expecting: frame.count * 4, limit: limit)
        var consumed = 0
        while true {
            var hint = 0
            var used = 0
            let had = output.count
            try output.append { room throws(RecordError) in
                used = frame.count - consumed
                var produced = room.count
                hint = LZ4F_decompress(
                    context, room.baseAddress, &produced, frame.baseAddress.map { $0 + consumed }, &used, nil)
                if LZ4F_isError(hint) != 0 {
                    throw RecordError(.badRecord, "lz4: \(String(cString: LZ4F_getErrorName(hint)))")
                }
                return produced
            }
            consumed += used
            if hint == 0 { break }
            if used == 0, output.count == had { throw RecordError(.badRecord, "an lz4 frame ends too early") }
        }
        guard consumed == frame.count else { throw RecordError(.badRecord, "bytes follow an lz4 frame") }
        return output.shared()
    }
}
