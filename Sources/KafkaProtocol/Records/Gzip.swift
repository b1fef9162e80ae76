// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CZlib
import TidingsCore

/// Gzip streams (RFC 1952), by zlib.
enum Gzip {
    /// The largest window, and gzip's wrapping instead of zlib's.
    private static let windowBits: Int32 = 15 + 16

    static func compress(_ bytes: UnsafeRawBufferPointer, into stream: inout ByteBuffer) -> Bool {
        guard bytes.count <= Int(UInt32.max) else { return false }
        var state = z_stream()
        guard
            deflateInit2_(
                &state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return false }
        defer { deflateEnd(&state) }
        var isDone = false
        stream.append(room: Int(deflateBound(&state, UInt(bytes.count)))) { room in
            state.next_in = pointer(to: bytes)
            state.avail_in = UInt32(bytes.count)
            state.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            state.avail_out = UInt32(clamping: room.count)
            isDone = deflate(&state, Z_FINISH) == Z_STREAM_END
            return isDone ? Int(state.total_out) : 0
        }
        return isDone
    }

    static func decompress(_ stream: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> SharedBytes {
        guard stream.count <= Int(UInt32.max) else { throw RecordError(.badRecord, "a gzip stream of more than 4 GiB") }
        var state = z_stream()
        guard inflateInit2_(&state, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw RecordError(.badRecord, "no memory to decompress gzip")
        }
        defer { inflateEnd(&state) }
        state.next_in = pointer(to: stream)
        state.avail_in = UInt32(stream.count)
        var output = InflatedBytes(expecting: stream.count * 4, limit: limit)
        while true {
            var status = Z_OK
            try output.append { room throws(RecordError) in
                state.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                state.avail_out = UInt32(clamping: room.count)
                status = inflate(&state, Z_NO_FLUSH)
                return min(room.count, Int(UInt32.max)) - Int(state.avail_out)
            }
            switch status {
            case Z_STREAM_END:
                if state.avail_in == 0 { return output.shared() }
                // RFC 1952: a stream is a series of members.
                guard inflateReset(&state) == Z_OK else { throw RecordError(.badRecord, "gzip cannot go on") }
            case Z_OK: continue
            case Z_BUF_ERROR: throw RecordError(.badRecord, "a gzip stream ends too early")
            default:
                let reason = state.msg.map { String(cString: $0) } ?? "error \(status)"
                throw RecordError(.badRecord, "gzip: \(reason)")
            }
        }
    }

    /// zlib reads through it only, but its declarations do not say so.
    private static func pointer(to bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt8.self)
    }
}
