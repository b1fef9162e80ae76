// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Why the log refused a batch, as its client is told: with the records that are to blame, where single ones are.
///
/// The log says no to a whole batch; only then is it looked at again.
struct ProduceRefusal {
    /// The records of a batch that are named at most.
    static let namedRecords = 1_000

    let code: ErrorCode
    let sentence: String
    private(set) var records: [ProduceResponse.BatchIndexAndErrorMessage] = []

    init(of batch: UnsafeRawBufferPointer, _ error: LogError, _ topic: TopicSettings, at now: WallTime) {
        sentence = error.description
        switch error.code {
        case .corruptBatch:
            // A client sends again what came broken; what it made wrong it must not.
            code = Self.isIntact(batch) ? .invalidRecord : .corruptMessage
        case .invalidSetting where topic.cleanup.contains(.compact):
            code = .invalidRecord
            name(in: batch, as: "a record without a key, in a topic that is compacted by key") { $0.key == nil }
        case .invalidTimestamp:
            code = .invalidTimestamp
            guard let window = TimeWindow(topic) else { return }
            name(in: batch, as: "a time further from the server's clock than the topic takes") {
                !window.takes($0.timestamp, at: now)
            }
        default: code = ErrorCode(error)
        }
    }

    private mutating func name(
        in batch: UnsafeRawBufferPointer, as sentence: String, _ isToBlame: (RecordView) -> Bool
    ) {
        guard let decoded = try? DecodedBatch(batch) else { return }
        for (index, record) in decoded.records(in: batch).enumerated() where isToBlame(record) {
            guard records.count < Self.namedRecords else { return }
            records.append(.init(batchIndex: Int32(clamping: index), batchIndexErrorMessage: sentence))
        }
    }

    /// Whether the bytes are those that were sent.
    private static func isIntact(_ batch: UnsafeRawBufferPointer) -> Bool {
        guard batch.count >= RecordBatchHeader.byteCount else { return false }
        return CRC32C.checksum(batch.part(21..<batch.count)) == batch.number(17, UInt32.self)
    }
}
