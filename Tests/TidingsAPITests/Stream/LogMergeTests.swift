// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsAPI

/// A log in memory that random appends go into, and readers of its total order.
final class MergeHarness {
    let clock = ManualClock()
    let loop: SimulatedLoop
    let log: InMemoryEventLog
    let session: any LogSession
    private let random: SeededRandom
    private var buffer = AppendBuffer()

    init(seed: UInt64, recentBatchCount: Int = 3) {
        loop = SimulatedLoop(clock: clock)
        log = InMemoryEventLog(recentBatchCount: recentBatchCount)
        log.readDelay = .milliseconds(1)
        session = log.session(on: loop)
        random = SeededRandom(seed: seed)
        log.makeTopic(TopicName("__tidings.x")!, partitions: 1)
        log.makeTopic(TopicName("a")!, partitions: 3)
        log.makeTopic(TopicName("b")!, partitions: 2)
    }

    func append(rounds: Int) throws {
        for _ in 0..<rounds {
            buffer.removeAll()
            let partitions = log.topics.all.flatMap(\.partitions)
            for _ in 0...Int(random.next(below: 6)) {
                let partition = partitions[Int(random.next(below: UInt64(partitions.count)))]
                buffer.add(to: partition, at: clock.wall) { EventRecord.encodeBody(key: nil, value: nil, into: &$0) }
            }
            try session.append(&buffer) { _ in }
            if random.next(below: 2) == 0 { clock.runUntilIdle() }
        }
        clock.runUntilIdle()
    }

    /// Every place of the log in its order, internal topics apart.
    var all: [LogCursor] {
        var found: [LogCursor] = []
        for topic in log.topics.all where !topic.name.isInternal {
            for partition in topic.partitions {
                session.read(partition, from: .zero, maxBytes: 1 << 24) { result in
                    for batch in (try? result.get()) ?? [] {
                        for value in batch.baseOffset.value...batch.lastOffset.value {
                            found.append(LogCursor(round: batch.round, partition: partition, offset: Offset(value)))
                        }
                    }
                }
            }
        }
        clock.advance(by: .seconds(1))
        return found.sorted()
    }
}

/// Collects what a merge hands out.
final class MergeReader {
    let merge: LogMerge
    var seen: [LogCursor] = []
    var isOpen = true
    /// How many batches it takes before it needs to be told to go on.
    var patience = Int.max

    init(_ harness: MergeHarness) {
        merge = LogMerge(log: harness.log, session: harness.session, loop: harness.loop)
        merge.wantsMore = { [unowned self] in isOpen && patience > 0 }
        merge.take = { [unowned self] batch, from in
            patience -= 1
            for value in max(from, batch.baseOffset).value...batch.lastOffset.value {
                seen.append(LogCursor(round: batch.round, partition: batch.partition, offset: Offset(value)))
            }
        }
    }
}

@Suite struct LogMergeTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `all partitions come in the log's one order, history and tail alike`(_ seed: UInt64) throws {
        let harness = MergeHarness(seed: seed)
        try harness.append(rounds: 60)
        let reader = MergeReader(harness)
        reader.merge.start(.beginning)
        // More is appended while history is read, and a topic comes into being.
        for step in 0..<30 {
            try harness.append(rounds: 1)
            if step == 10 { harness.log.makeTopic(TopicName("c")!, partitions: 2) }
            harness.clock.advance(by: .milliseconds(1))
        }
        harness.clock.advance(by: .seconds(1))
        try harness.append(rounds: 30)
        harness.clock.advance(by: .seconds(1))
        #expect(reader.seen == harness.all)
        #expect(reader.seen.count > 200)
    }

    @Test(arguments: [11, 12] as [UInt64])
    func `a reader that comes back with any id gets exactly what it has not seen`(_ seed: UInt64) throws {
        let harness = MergeHarness(seed: seed)
        try harness.append(rounds: 25)
        let all = harness.all
        for (place, cursor) in all.enumerated() {
            let reader = MergeReader(harness)
            reader.merge.start(.after(try #require(LogCursor(cursor.description))))
            harness.clock.advance(by: .seconds(1))
            #expect(reader.seen == Array(all[(place + 1)...]), "after \(cursor)")
            reader.merge.stop()
        }
    }

    @Test func `a slow reader holds up nothing and loses nothing`() throws {
        let harness = MergeHarness(seed: 21)
        let slow = MergeReader(harness)
        let quick = MergeReader(harness)
        slow.merge.start(.now)
        quick.merge.start(.now)
        harness.clock.runUntilIdle()
        slow.patience = 2
        for _ in 0..<20 {
            try harness.append(rounds: 5)
            harness.clock.advance(by: .milliseconds(20))
        }
        #expect(quick.seen == harness.all)
        #expect(slow.seen.count < quick.seen.count / 4)
        for _ in 0..<400 {
            slow.patience = 3
            slow.merge.resume()
            harness.clock.advance(by: .milliseconds(20))
        }
        #expect(slow.seen == harness.all)
    }

    @Test func `records that are gone are passed over`() throws {
        let harness = MergeHarness(seed: 31)
        try harness.append(rounds: 40)
        let all = harness.all
        let partition = harness.log.topics[TopicName("a")!]!.partitions[0]
        harness.session.deleteRecords(partition, before: Offset(5)) { _ in }
        harness.clock.runUntilIdle()
        let reader = MergeReader(harness)
        reader.merge.start(.after(all[0]))
        harness.clock.advance(by: .seconds(1))
        let start = harness.log.bounds(of: partition)!.start
        #expect(reader.seen == all.dropFirst().filter { $0.partition != partition || $0.offset >= start })
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "a.1.1.1", "1.1.1.-1", "1.1.1.9223372036854775807", "1..1.1", "+1.1.1.1",
    ])
    func `what is no cursor is refused`(_ text: String) {
        #expect(LogCursor(text) == nil)
    }
}
