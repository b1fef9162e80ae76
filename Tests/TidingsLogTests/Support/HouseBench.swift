// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Answers which offsets are pinned, as a test sets them.
final class TestPins: RetentionPins {
    let offsets = Locked<[PartitionID: [Offset]]>([:])
    let asked = Locked<[Offset]>([])

    func pins(in partition: PartitionID, below limit: Offset, then: @escaping @Sendable ([Offset]) -> Void) {
        asked.withLock { $0.append(limit) }
        then(offsets.withLock { $0[partition] ?? [] }.filter { $0 < limit })
    }
}

extension LogBench {
    func topic(_ name: String, partitions: Int32 = 1, _ settings: [TopicSettingName: String]) throws -> TopicDescription
    {
        var values = TopicSettings()
        for (name, text) in settings { try values.set(name, to: text) }
        var answer: Result<TopicDescription, LogError>?
        session.createTopic(TopicName(name)!, partitions: partitions, settings: values) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }

    /// Appends records with keys and commits them in one round; a nil text is a tombstone.
    @discardableResult
    func put(_ partition: PartitionID, _ records: [(key: String?, text: String?)]) throws -> [Offset] {
        buffer.removeAll()
        for record in records {
            buffer.add(to: partition, at: clock.wall) { body in
                func field(_ text: String?) {
                    body.append(varint: Int64(text?.utf8.count ?? -1))
                    if let text { body.append(text) }
                }
                field(record.key)
                field(record.text)
                body.append(varint: 0)
            }
        }
        try session.append(&buffer) { _ in }
        let offsets = buffer.entries.map(\.offset)
        log.commitPending()
        loop.runUntilIdle()
        return offsets
    }

    /// Every record from the start: offset, key, text (nil for a tombstone), round, and time.
    func records(
        _ partition: PartitionID, maxBytes: Int = 3000
    ) throws -> [(offset: Offset, key: String?, text: String?, round: UInt64)] {
        guard let bounds = log.bounds(of: partition) else { return [] }
        var found: [(Offset, String?, String?, UInt64)] = []
        var next = bounds.start
        while next < bounds.end {
            let batches = try read(partition, from: next, maxBytes: maxBytes)
            if batches.isEmpty { break }
            for batch in batches {
                for record in try batch.records() where record.offset >= next {
                    found.append((record.offset, record.key?.text, record.value?.text, batch.round))
                }
                next = batch.lastOffset.next
            }
        }
        return found
    }

    /// Lets time pass and looks after the log as often as its answers need.
    func keepHouse(after delay: Duration = .zero) {
        clock.advance(by: delay)
        for _ in 0..<3 {
            log.keepHouse()
            loop.runUntilIdle()
        }
    }
}
