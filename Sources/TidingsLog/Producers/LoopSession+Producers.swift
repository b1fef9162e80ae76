// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Producers that number their records, and transactions.
extension LoopSession {
    func allocateProducerID(then: @escaping (Result<Int64, LogError>) -> Void) {
        let log = log
        chore(then) { log.allocateProducerID() }
    }

    func append(
        _ end: TransactionEnd, to partitions: [PartitionID],
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) {
        guard end.producer >= 0, end.epoch >= 0 else {
            throw LogError(.invalidTransaction, "a transaction of producer \(end.producer), epoch \(end.epoch)")
        }
        var targets: [Partition] = []
        for id in partitions {
            guard let partition = partition(id) else { throw unknown(id) }
            targets.append(partition)
        }
        let batch = end.batch(at: loop.time.wall)
        let now = loop.time.wall
        let isRelaxed = partitions.allSatisfy { target($0)?.policy.isRelaxed ?? false }
        // Who frees the disk or ends a transaction must not wait for room: a marker is as small as our own records.
        try stage(
            targets.count * 256, isRelaxed: isRelaxed, internalOnly: true, to: targets, then
        ) { staging, group in
            for partition in targets {
                guard partition.staged.takes(chosenAmong: 0) else { return Log.layoutChanges }
                let placed = ProducerMarker(end, at: partition.staged.nextOffset)
                if let refusal = partition.staged.producers.refusal(of: placed, isNewEpoch: end.beginsEpoch) {
                    return refusal.error(of: end.producer)
                }
            }
            for partition in targets {
                let marker = batch.withUnsafeBytes { WholeBatch($0, nil, recordCount: 1) }
                let offset = staging.add(marker, to: partition, in: group)
                partition.staged.producers.take(ProducerMarker(end, at: offset), at: now)
            }
            return nil
        }
    }

    func abortedTransactions(
        in id: PartitionID, from start: Offset, to end: Offset,
        then: @escaping (Result<[AbortedTransaction], LogError>) -> Void
    ) {
        guard let partition = partition(id) else {
            let error = unknown(id)
            return loop.post { [then = Carried(then)] in then.value(.failure(error)) }
        }
        let known = partition.tail.withLock { tail in
            start >= tail.aborted.from ? tail.aborted.found(from: start, to: end) : nil
        }
        if let known { return loop.post { [then = Carried(then)] in then.value(.success(known)) } }
        let log = log
        read(then) { log.abortedTransactions(in: partition, from: start, to: end) }
    }

    /// A callback that is made and run on the loop.
    private struct Carried<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}

extension TransactionEnd {
    /// The batch of its marker, not placed yet.
    func batch(at time: WallTime) -> [UInt8] {
        var buffer = ByteBuffer(capacity: TransactionMarker.byteCount)
        TransactionMarker(
            isCommit: isCommit, producerID: producer, producerEpoch: epoch, coordinatorEpoch: coordinatorEpoch
        ).append(to: &buffer, at: .zero, timestamp: time)
        return buffer.array()
    }
}

extension ProducerMarker {
    init(_ end: TransactionEnd, at offset: Offset) {
        self.init(
            producer: end.producer, epoch: end.epoch, isCommit: end.isCommit,
            coordinatorEpoch: end.coordinatorEpoch, offset: offset)
    }
}
