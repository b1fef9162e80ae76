// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a stored batch says of its producer, read off its bytes.
extension StoredBatch {
    /// Who numbers its records; negative for nobody.
    package var producerID: Int64 { bytes.count >= RecordBatchHeader.byteCount ? bytes.number(43) : -1 }

    /// Whether it holds a marker and no records of users.
    package var isControl: Bool { attributes & 32 != 0 }

    /// Whether it is part of a transaction.
    package var isTransactional: Bool { attributes & 16 != 0 }

    /// The end of a transaction that it holds; nil when it is none.
    package var marker: TransactionMarker? { isControl ? (try? TransactionMarker(reading: bytes)) ?? nil : nil }

    private var attributes: Int16 { bytes.count >= RecordBatchHeader.byteCount ? bytes.number(21) : 0 }
}
