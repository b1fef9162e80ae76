// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The log with its own threads, several loops and real files.
@Suite struct ThreadTests {
    /// One loop's callers: so many appends under way at a time, each answer begins the next one.
    final class Callers: @unchecked Sendable {
        let session: any LogSession
        let partitions: [PartitionID]
        let name: String
        private var left: Int
        private var open = 0
        private var buffer = AppendBuffer()
        private let size: Int
        private let done: @Sendable () -> Void
        /// What was acknowledged, in the order of the answers; on the loop.
        private(set) var acknowledged: [(partition: PartitionID, offset: Offset, text: String)] = []
        private(set) var failures = 0
        private var sent = 0

        init(
            _ session: any LogSession, _ partitions: [PartitionID], name: String, count: Int, size: Int,
            done: @escaping @Sendable () -> Void
        ) {
            self.session = session
            self.partitions = partitions
            self.name = name
            self.size = size
            self.done = done
            left = count
        }

        func begin(_ atOnce: Int) { for _ in 0..<atOnce { next() } }

        private func next() {
            guard left > 0 else {
                if open == 0 { done() }
                return
            }
            left -= 1
            sent += 1
            let partition = partitions[sent % partitions.count]
            let text = "\(name) \(sent) " + String(repeating: "x", count: size)
            buffer.removeAll()
            buffer.add(to: partition, at: WallTime(millis: 1)) { LogBench.body(text, into: &$0) }
            open += 1
            do {
                try session.append(&buffer) { [self] result in
                    open -= 1
                    if case .success = result {} else { failures += 1 }
                    next()
                }
                acknowledged.append((partition, buffer.entries[0].offset, text))
            } catch {
                open -= 1
                failures += 1
            }
        }
    }

    private func open(_ folder: TemporaryFolder, _ settings: LogSettings = LogSettings()) throws -> Log {
        try Log.open(
            on: FileDisk(root: folder.path), settings: settings, time: SystemTime(), random: SystemRandom(),
            logger: Logger("log", to: nil), metrics: LogMetrics(Metrics()))
    }

    private func topic(_ log: Log, _ loop: ThreadLoop, partitions: Int32) throws -> TopicDescription {
        try loop.run { (answer: @escaping @Sendable (Result<TopicDescription, LogError>) -> Void) in
            log.session(on: loop).createTopic(TopicName("orders")!, partitions: partitions, then: answer)
        }.get()
    }

    @Test(.timeLimit(.minutes(1))) func `the state follows a disk that others fill and free, while nothing is written`()
        throws
    {
        let disk = SimulatedDisk(seed: 1, capacity: 1 << 30)
        var settings = LogBench.smallSettings
        settings.diskReserveBytes = 2 << 20
        settings.diskProbeInterval = .milliseconds(1)
        let log = try Log.open(
            on: disk, settings: settings, time: SystemTime(), random: SystemRandom(),
            logger: Logger("log", to: nil), metrics: LogMetrics(Metrics()))
        log.start()
        defer { log.stop() }
        for _ in 0..<3 {
            disk.setCapacity(1 << 20)
            while log.refusal?.code != .diskFull { sched_yield() }
            disk.setCapacity(1 << 30)
            while log.refusal != nil { sched_yield() }
        }
    }

    @Test func `callers on several loops share rounds; followers see every record once, in order`() throws {
        let folder = TemporaryFolder()
        var settings = LogSettings()
        settings.writeAheadBlockBytes = 256 << 10
        settings.writeAheadBytes = 1 << 20
        settings.maxWaitingBytes = 128 << 10
        settings.checkpointBytes = 256 << 10
        settings.segmentBytes = 64 << 10
        settings.recentBytes = 64 << 10
        settings.maxOpenFiles = 8
        let log = try open(folder, settings)
        log.start()
        let loops = [ThreadLoop(), ThreadLoop()]
        let topic = try topic(log, loops[0], partitions: 4)
        let ended = Doorbell()
        let endedCount = Atomic(0)
        let followed = Locked<[PartitionID: [Offset]]>([:])
        let rounds = Locked<[UInt64]>([])
        let watcher = loops[1].run { (answer: @escaping @Sendable (Bool) -> Void) in
            let session = log.session(on: loops[1])
            _ = session.follow { round in
                rounds.withLock { $0.append(round.number) }
                followed.withLock { followed in
                    for batch in round.batches {
                        followed[batch.partition, default: []].append(
                            contentsOf: (batch.baseOffset.value...batch.lastOffset.value).map { Offset($0) })
                    }
                }
            }
            answer(true)
        }
        #expect(watcher)
        var callers: [Callers] = []
        for (number, loop) in loops.enumerated() {
            let caller = Callers(
                log.session(on: loop), topic.partitions, name: "loop \(number)", count: 2000, size: 300
            ) {
                if endedCount.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == 2 { ended.ring() }
            }
            callers.append(caller)
            loop.post { caller.begin(8) }
        }
        ended.wait()
        log.stop()
        for loop in loops { loop.end() }
        let numbers = rounds.withLock { $0 }
        #expect(numbers == Array(1...UInt64(numbers.count)))
        var expected: [PartitionID: [Offset: String]] = [:]
        for caller in callers {
            #expect(caller.failures == 0)
            for record in caller.acknowledged {
                #expect(expected[record.partition]?[record.offset] == nil)
                expected[record.partition, default: [:]][record.offset] = record.text
            }
        }
        let bench = try LogBench(FileDisk(root: folder.path), settings: settings)
        for partition in topic.partitions {
            #expect(followed.withLock { $0[partition] } == (0..<1000).map { Offset($0) })
            let all = try bench.all(partition, maxBytes: 100_000)
            #expect(all.count == 1000)
            #expect(all.allSatisfy { expected[partition]?[$0.offset] == $0.text })
        }
        #expect(bench.log.quarantines.isEmpty)
    }
}
