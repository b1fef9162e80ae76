// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A topic that gets more partitions while loops append to it, with the log's own threads and real files.
@Suite struct GrowthThreadTests {
    private final class Ending: Sendable {
        let isSet = Atomic(false)
    }

    /// A publisher that keeps some appends under way, and chooses again what was chosen among too few.
    private final class Publisher: @unchecked Sendable {
        private let log: Log
        private let session: any LogSession
        private let loop: ThreadLoop
        private let topic: TopicID
        private let ending: Ending
        private let ended: Doorbell
        private var buffer = AppendBuffer()
        private var open = 0
        private var number = 0
        private(set) var refused = 0
        private(set) var failures = 0
        private(set) var acknowledged: [(partition: PartitionID, offset: Offset, among: Int32)] = []

        init(_ log: Log, _ loop: ThreadLoop, _ topic: TopicID, _ ending: Ending, _ ended: Doorbell) {
            self.log = log
            self.loop = loop
            self.topic = topic
            self.ending = ending
            self.ended = ended
            session = log.session(on: loop)
        }

        func begin() { for _ in 0..<4 { next() } }

        private func next() {
            if ending.isSet.load(ordering: .acquiring) {
                if open == 0 { ended.ring() }
                return
            }
            number += 1
            let count = log.topics[topic]!.partitionCount
            let partition = PartitionID(topic, Int32(number * 7 % Int(count)))
            buffer.removeAll()
            buffer.add(to: partition, among: count, at: WallTime(millis: 1)) { LogBench.body("x", into: &$0) }
            do throws(LogError) {
                try session.append(&buffer) { [self] result in
                    open -= 1
                    if case .failure = result { failures += 1 }
                    next()
                }
                open += 1
                acknowledged.append((partition, buffer.entries[0].offset, count))
            } catch {
                if error.code == .layoutChanged { refused += 1 } else { failures += 1 }
                loop.post { self.next() }
            }
        }
    }

    @Test func `records go on coming, each into the layout it was placed by`() throws {
        let folder = TemporaryFolder()
        let log = try Log.open(
            on: FileDisk(root: folder.path), time: SystemTime(), random: SystemRandom(),
            logger: Logger("log", to: nil), metrics: LogMetrics(Metrics()))
        log.start()
        let loops = [ThreadLoop(), ThreadLoop(), ThreadLoop()]
        typealias Answer = @Sendable (Result<TopicDescription, LogError>) -> Void
        let topic = try loops[0].run { (answer: @escaping Answer) in
            log.session(on: loops[0]).createTopic(TopicName("orders")!, partitions: 2, then: answer)
        }.get()
        let ending = Ending()
        let publishers = loops.dropFirst().map { loop in
            let ended = Doorbell()
            return (loop: loop, ended: ended, it: Publisher(log, loop, topic.id, ending, ended))
        }
        for publisher in publishers { publisher.loop.post { publisher.it.begin() } }
        var grown = topic
        for count in Int32(3)...12 {
            grown = try loops[0].run { (answer: @escaping Answer) in
                log.session(on: loops[0]).addPartitions(topic.id, upTo: count, then: answer)
            }.get()
            #expect(grown.partitionCount == count)
        }
        ending.isSet.store(true, ordering: .releasing)
        for publisher in publishers { publisher.ended.wait() }
        log.stop()
        for loop in loops { loop.end() }
        #expect(grown.formerLayouts.map(\.partitionCount) == Array(2...11))
        let counts = grown.formerLayouts.map(\.partitionCount) + [grown.partitionCount]
        for publisher in publishers {
            #expect(publisher.it.failures == 0)
            for record in publisher.it.acknowledged {
                let layout = grown.formerLayouts.firstIndex { $0.holds(record.offset, of: record.partition.index) }
                #expect(counts[layout ?? counts.count - 1] == record.among)
            }
        }
    }
}
