// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension RecordBatchHeader {
    /// The most offsets that one batch stands for.
    package static let longestGap = Int64(Int32.max)

    /// Appends a batch without records, which stands for offsets whose records are gone: so that a file whose records
    /// were thinned out has no hole, and a real hole is seen. Readers of Kafka's format pass over it.
    package static func appendGap(to buffer: inout ByteBuffer, from first: Offset, through last: Offset) {
        precondition(last >= first && last - first < longestGap, "a gap has 1 to \(longestGap) offsets")
        var header = RecordBatchHeader(baseOffset: first, leaderEpoch: 0, timestamp: -1)
        header.lastOffsetDelta = Int32(last - first)
        header.recordCount = 0
        buffer.append(room: byteCount) { room in
            header.write(to: UnsafeMutableRawBufferPointer(rebasing: room.prefix(byteCount)))
            return byteCount
        }
    }
}
