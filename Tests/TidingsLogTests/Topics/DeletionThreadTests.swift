// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A topic that is deleted and made again under those who append to it, read it and follow it, with the log's own threads
/// and real files.
@Suite struct DeletionThreadTests {
    /// One loop's user of whatever topic has the name now: it appends, reads everything, and follows.
    private final class User: @unchecked Sendable {
        private let log: Log
        private let session: any LogSession
        private let loop: ThreadLoop
        private let name: TopicName
        private let isEnding: @Sendable () -> Bool
        private let ended: Doorbell
        private var buffer = AppendBuffer()
        private var open = 0
        private var followed: [PartitionID: Offset] = [:]
        private(set) var appended = 0
        private(set) var found = 0
        /// What nobody may be told or shown.
        private(set) var problems: [String] = []

        init(
            _ log: Log, _ loop: ThreadLoop, _ name: TopicName, _ ended: Doorbell,
            isEnding: @escaping @Sendable () -> Bool
        ) {
            self.log = log
            self.loop = loop
            self.name = name
            self.ended = ended
            self.isEnding = isEnding
            session = log.session(on: loop)
        }

        func begin() {
            _ = session.follow { [unowned self] round in
                for batch in round.batches {
                    if let end = followed[batch.partition], end != batch.baseOffset {
                        problems.append("a follower saw \(batch.baseOffset) after \(end)")
                    }
                    followed[batch.partition] = batch.lastOffset.next
                }
            }
            next()
        }

        private func next() {
            if isEnding() {
                if open == 0 { ended.ring() }
                return
            }
            guard let topic = log.topics[name] else { return loop.post { self.next() } }
            let partition = topic.partitions[0]
            buffer.removeAll()
            buffer.add(to: partition, at: WallTime(millis: 1)) { LogBench.body("of \(topic.id.number)", into: &$0) }
            do throws(LogError) {
                try session.append(&buffer) { [self] result in
                    open -= 1
                    check(result.map { _ in })
                    appended += 1
                    read(partition)
                }
                open += 1
            } catch {
                check(.failure(error))
                loop.post { self.next() }
            }
        }

        private func read(_ partition: PartitionID) {
            open += 1
            session.read(partition, from: .zero, maxBytes: 1 << 20) { [self] result in
                open -= 1
                check(result.map { _ in })
                for batch in (try? result.get()) ?? [] {
                    guard let records = try? batch.records() else { continue }
                    for record in records where record.value?.text != "of \(partition.topic.number)" {
                        problems.append("topic \(partition.topic.number) has '\(record.value?.text ?? "")'")
                    }
                    found += records.count
                }
                next()
            }
        }

        private func check(_ result: Result<Void, LogError>) {
            guard case .failure(let error) = result, error.code != .unknownTopic else { return }
            problems.append("\(error)")
        }
    }

    @Test func `nobody is told or shown anything but of the topic that was asked for`() throws {
        let folder = TemporaryFolder()
        var settings = LogSettings()
        // Everything is read from the files, which are written behind the answers.
        settings.recentBytes = 0
        let log = try Log.open(
            on: FileDisk(root: folder.path), settings: settings, time: SystemTime(), random: SystemRandom(),
            logger: Logger("log", to: nil), metrics: LogMetrics(Metrics()))
        log.start()
        let (admin, loops) = (ThreadLoop(), [ThreadLoop(), ThreadLoop()])
        let name = TopicName("orders")!
        let isEnding = Locked(false)
        let users = loops.map { loop in
            let ended = Doorbell()
            return (
                loop: loop, ended: ended,
                it: User(log, loop, name, ended) { isEnding.withLock { $0 } }
            )
        }
        for user in users { user.loop.post { user.it.begin() } }
        typealias Made = @Sendable (Result<TopicDescription, LogError>) -> Void
        typealias Gone = @Sendable (Result<Void, LogError>) -> Void
        for _ in 0..<40 {
            let topic = try admin.run { (answer: @escaping Made) in
                log.session(on: admin).createTopic(name, partitions: 1, then: answer)
            }.get()
            // Some records get in.
            let partition = topic.partitions[0]
            while log.bounds(of: partition)?.end ?? .zero < Offset(5) { log.committerBell.ring() }
            try admin.run { (answer: @escaping Gone) in log.session(on: admin).deleteTopic(topic.id, then: answer) }
                .get()
        }
        isEnding.withLock { $0 = true }
        for user in users { user.ended.wait() }
        #expect(log.refusal == nil && log.quarantines.isEmpty)
        log.stop()
        for loop in [admin] + loops { loop.end() }
        for user in users {
            #expect(user.it.problems.isEmpty, "\(user.it.problems.prefix(3))")
            #expect(user.it.appended > 40 && user.it.found > 40)
        }
    }
}
