// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What an idempotent client sends, step by step.
extension LogBench {
    /// A client's batch: `count` records whose texts begin with `text`.
    static func batch(
        _ text: String, count: Int = 1, producer: Int64, epoch: Int16 = 0, sequence: Int32,
        isTransactional: Bool = false, at time: WallTime = WallTime(millis: 1_000)
    ) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for number in 0..<count {
            var body = ByteBuffer()
            LogBench.body("\(text) \(number)", into: &body)
            builder.add(body: body.bytes, timestamp: time)
        }
        return ClientBatch.of(
            builder.seal(baseOffset: .zero, compresses: false), producer: producer, epoch: epoch, sequence: sequence,
            isTransactional: isTransactional)
    }

    /// Stages a batch; its offset.
    func stage(
        _ batch: [UInt8], to partition: PartitionID, then: @escaping (Result<UInt64, LogError>) -> Void = { _ in }
    ) throws(LogError) -> Offset {
        let result = batch.withUnsafeBytes { bytes in
            Result { () throws(LogError) in try session.append(batch: bytes, to: partition, then: then) }
        }
        return try result.get()
    }

    /// Stages and commits a batch; its offset.
    @discardableResult
    func append(_ batch: [UInt8], to partition: PartitionID) throws -> Offset {
        var answer: Result<UInt64, LogError>?
        let offset = try stage(batch, to: partition) { answer = $0 }
        log.commitPending()
        loop.runUntilIdle()
        _ = try answer!.get()
        return offset
    }

    func end(_ producer: Int64, commits: Bool, epoch: Int16 = 0, in partitions: [PartitionID]) throws {
        var answer: Result<UInt64, LogError>?
        try session.append(TransactionEnd(producer: producer, epoch: epoch, isCommit: commits), to: partitions) {
            answer = $0
        }
        log.commitPending()
        loop.runUntilIdle()
        _ = try answer!.get()
    }

    func aborted(_ partition: PartitionID, _ range: Range<Int64>) throws -> [AbortedTransaction] {
        var answer: Result<[AbortedTransaction], LogError>?
        session.abortedTransactions(
            in: partition, from: Offset(range.lowerBound), to: Offset(range.upperBound)
        ) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }

    func grow(_ topic: TopicID, upTo count: Int32) throws -> TopicDescription {
        var answer: Result<TopicDescription, LogError>?
        session.addPartitions(topic, upTo: count) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }
}
