// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How the records of a batch are compressed.
package enum RecordCodec: Int16, Sendable, CaseIterable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4

    /// Appends the compressed form of `bytes` as Kafka's clients write it; the bytes themselves for ``none``.
    /// - Returns: false, with nothing appended, when the library refuses.
    package func compress(_ bytes: UnsafeRawBufferPointer, into stream: inout ByteBuffer) -> Bool {
        switch self {
        case .none:
            stream.append(bytes)
            return true
        case .gzip: return Gzip.compress(bytes, into: &stream)
        case .snappy: return Snappy.compress(bytes, into: &stream)
        case .lz4: return LZ4.compress(bytes, into: &stream)
        case .zstd: return Zstd.compress(bytes, into: &stream)
        }
    }

    /// What a stream of this codec holds.
    /// - Parameter limit: the most that may come out. Memory stays below about three times of it, whatever the stream says.
    /// - Throws: ``RecordError``: `.badRecord` for what is no whole stream (or has more behind it), `.tooLarge` when more
    ///   than `limit` bytes come out.
    package func decompress(_ stream: UnsafeRawBufferPointer, limit: Int) throws(RecordError) -> SharedBytes {
        switch self {
        case .none:
            guard stream.count <= limit else { throw InflatedBytes.tooLarge(limit) }
            return SharedBytes(copying: stream)
        case .gzip: return try Gzip.decompress(stream, limit: limit)
        case .snappy: return try Snappy.decompress(stream, limit: limit)
        case .lz4: return try LZ4.decompress(stream, limit: limit)
        case .zstd: return try Zstd.decompress(stream, limit: limit)
        }
    }
}
