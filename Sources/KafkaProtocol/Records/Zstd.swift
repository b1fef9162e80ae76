// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CZstd
import TidingsCore

/// Zstandard frames, often without a content size.
enum Zstd {
    /// The largest window that is accepted (128 MiB, what level 22 uses at most): memory a frame can ask for before
    /// anything came out.
    private static let windowLog: Int32 = 27

    static func compress(_ bytes: UnsafeRawBufferPointer, into stream: inout ByteBuffer) -> Bool {
        var isDone = false
        stream.append(room: ZSTD_compressBound(bytes.count)) { room in
            let count = ZSTD_compress(
                room.baseAddress, room.count, bytes.baseAddress, bytes.count, ZSTD_defaultCLevel())
            isDone = ZSTD_isError(count) == 0
            return isDone ? count : 0
        }
        return isDone
    }

    static func decompress(_ stream: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> SharedBytes {
        guard let context = ZSTD_createDCtx() else { throw RecordError(.badRecord, "no memory to decompress zstd") }
        defer { ZSTD_freeDCtx(context) }
        _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
        // The size a frame claims is believed as far as a stream of this length can be worth it.
        let claimed = ZSTD_getFrameContentSize(stream.baseAddress, stream.count)
        let expected = claimed < UInt64(limit) ? min(Int(claimed), stream.count * 64) : stream.count * 4
        var output = InflatedBytes(expecting: expected, limit: limit)
        var input = ZSTD_inBuffer(src: stream.baseAddress, size: stream.count, pos: 0)
        while true {
            var status = 0
            let (before, had) = (input.pos, output.count)
            try output.append { room throws(RecordError) in
                var space = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                status = ZSTD_decompressStream(context, &space, &input)
                if ZSTD_isError(status) != 0 {
                    throw RecordError(.badRecord, "zstd: \(String(cString: ZSTD_getErrorName(status)))")
                }
                return space.pos
            }
            if input.pos == input.size {
                if status == 0 { return output.shared() }
                // Nothing left to read, and nothing more to come out of what was read.
                if input.pos == before, output.count == had {
                    throw RecordError(.badRecord, "a zstd stream ends too early")
                }
            }
        }
    }
}
