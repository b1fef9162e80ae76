// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore

extension LoopSession {
    func append(
        _ buffer: inout AppendBuffer, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) {
        let log = log
        var byteCount = 0
        var isInternal = true
        var isRelaxed = true
        var maxBatchBytes = log.settings.maxBatchBytes
        let maxBatchRecords = log.settings.maxBatchRecords
        // Out of the session while it is worked with.
        var targets: [Partition] = []
        swap(&targets, &self.targets)
        defer { swap(&targets, &self.targets) }
        targets.removeAll(keepingCapacity: true)
        for entry in buffer.entries {
            guard entry.body.count <= log.settings.maxRecordBytes else {
                throw LogError(
                    .recordTooLarge,
                    "a record of \(entry.body.count) bytes; storage.max_record_bytes is \(log.settings.maxRecordBytes)")
            }
            if let last = targets.last, last.id == entry.partition {
                targets.append(last)
            } else {
                guard let (partition, policy) = target(entry.partition) else { throw unknown(entry.partition) }
                targets.append(partition)
                byteCount += Staging.batchOverhead
                isInternal = isInternal && partition.isInternal
                isRelaxed = isRelaxed && policy.isRelaxed
                maxBatchBytes = min(maxBatchBytes, policy.maxBatchBytes ?? maxBatchBytes)
            }
            // The body begins with the length of its key: -1, as the format writes it, when there is none.
            if targets[targets.count - 1].needsKeys.load(ordering: .relaxed),
                buffer.bodies.bytes[entry.body.lowerBound] == 1
            {
                throw Log.noKey(targets[targets.count - 1].topic)
            }
            byteCount += RecordBatchBuilder.maximumByteCount(body: entry.body.count)
        }
        guard byteCount <= log.settings.maxWaitingBytes else {
            throw LogError(
                .recordTooLarge,
                "one append of \(byteCount) bytes; the limit maxWaitingBytes is \(log.settings.maxWaitingBytes)")
        }
        let bodies = buffer.bodies.bytes
        try stage(byteCount, isRelaxed: isRelaxed, internalOnly: isInternal, to: targets, then) { staging, group in
            for place in buffer.entries.indices
            where !targets[place].staged.takes(chosenAmong: buffer.entries[place].chosenAmong) {
                return Log.layoutChanges
            }
            for place in buffer.entries.indices {
                let entry = buffer.entries[place]
                buffer.entries[place].offset = staging.add(
                    bodies.part(entry.body), at: entry.timestamp, to: targets[place], in: group,
                    maxBatchBytes: maxBatchBytes, maxBatchRecords: maxBatchRecords)
            }
            return nil
        }
    }

    func append(
        batch: UnsafeRawBufferPointer, to id: PartitionID, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset { try append(batch, nil, to: id, then) }

    func append(
        batch: SharedBytes, to id: PartitionID, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset { try append(batch.buffer, batch, to: id, then) }

    /// - Parameter own: what the batch lies in, when it is the log's to keep.
    private func append(
        _ batch: UnsafeRawBufferPointer, _ own: SharedBytes?, to id: PartitionID,
        _ then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset {
        guard let (partition, policy) = target(id) else { throw unknown(id) }
        let header = try checked(batch, policy)
        if partition.needsKeys.load(ordering: .relaxed) { try Log.requireKeys(of: batch, partition.topic) }
        let settings = log.settings
        let now = loop.time.wall
        if let times = policy.times { try Log.requireTimes(of: batch, in: times, at: now, partition.topic) }
        let whole = WholeBatch(batch, own, recordCount: header.recordCount)
        if policy.stampsAppendTime { whole.bytes.patch { RecordBatchHeader.stamp($0, appendTime: now) } }
        var offset = Offset.zero
        try stage(
            batch.count + Staging.batchOverhead, isRelaxed: policy.isRelaxed, internalOnly: partition.isInternal,
            to: [partition], then
        ) { staging, group in
            let staged = partition.staged
            guard staged.takes(chosenAmong: 0) else { return Log.layoutChanges }
            #if TIDINGS_MUTATIONS
                let isRepeatStored = settings.mutation == .storesRepeats
            #else
                let isRepeatStored = false
            #endif
            switch staged.judge(header, at: now, settings) {
            case .refused(let refusal): return refusal.error(of: header.producerID)
            // What was stored before is in this round or an older one: it is answered with this one.
            case .duplicate(let known) where !isRepeatStored: offset = known.baseOffset
            case .fresh, .duplicate:
                offset = staging.add(whole, to: partition, in: group)
                staged.take(header, at: offset, now)
            }
            return nil
        }
        return offset
    }

    /// Checks a client's batch without decoding its records.
    private func checked(
        _ batch: UnsafeRawBufferPointer, _ policy: AppendPolicy
    ) throws(LogError) -> RecordBatchHeader {
        let limit = policy.maxBatchBytes ?? log.settings.maxBatchBytes
        guard batch.count <= min(limit, log.settings.maxWaitingBytes - Staging.batchOverhead) else {
            throw LogError(.recordTooLarge, "a batch of \(batch.count) bytes; max.message.bytes is \(limit)")
        }
        let header: RecordBatchHeader
        do throws(RecordError) {
            header = try RecordBatchHeader.check(batch)
        } catch {
            throw LogError(.corruptBatch, error.description)
        }
        guard !header.isControl, header.recordCount > 0 else {
            throw LogError(.corruptBatch, "a client's batch has records, and no marks of the server")
        }
        return header
    }
}
