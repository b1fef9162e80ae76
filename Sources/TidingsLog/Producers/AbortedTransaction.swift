// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Entries of Kafka's `.txnindex`.
extension AbortedTransaction {
    static let byteCount = 34

    /// Appends the entry: version, producer, first and last offset, last stable offset.
    func append(to buffer: inout ByteBuffer) {
        buffer.append(bigEndian: 0 as Int16)
        buffer.append(bigEndian: producer)
        buffer.append(bigEndian: first.value)
        buffer.append(bigEndian: last.value)
        buffer.append(bigEndian: lastStable.value)
    }

    /// Reads an entry; nil for one that cannot be.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.number(Int16.self) == 0, let producer = reader.number(Int64.self), producer >= 0,
            let first = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
            let last = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
            let stable = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }), first < last
        else { return nil }
        self.init(producer: producer, first: first, last: last, lastStable: stable)
    }
}
