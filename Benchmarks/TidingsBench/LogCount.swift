// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsLog

/// Does one thing of the write path so many times on one thread, for a tool that counts instructions and allocations.
enum LogCount {
    /// A loop that runs what was posted when it is told to.
    private final class StepLoop: Loop, @unchecked Sendable {
        private var posted: [@Sendable () -> Void] = []
        let time: any TimeSource = SystemTime()
        var isCurrent: Bool { true }

        func post(_ work: @escaping @Sendable () -> Void) { posted.append(work) }
        func schedule(after delay: Duration, _ work: @escaping () -> Void) -> LoopTimer { LoopTimer(0) }
        func cancel(_ timer: LoopTimer) {}

        func run() {
            let batch = posted
            posted.removeAll(keepingCapacity: true)
            for work in batch { work() }
        }
    }

    static func run(_ what: String, _ count: Int, folder: String) throws {
        let path = folder + "/log-count"
        LogDriver.remove(path)
        var settings = LogSettings()
        // As at the end of a long run: the oldest round leaves the memory for each that comes.
        settings.recentBytes = 1 << 20
        let log = try Log.open(
            on: try FileDisk(root: path), settings: settings, time: SystemTime(), random: SystemRandom(),
            logger: Logger("bench", to: nil), metrics: LogMetrics(Metrics()))
        let loop = StepLoop()
        let session = log.session(on: loop)
        var partitions: [PartitionID] = []
        session.createTopic(TopicName("bench")!, partitions: 100) { partitions = (try? $0.get().partitions) ?? [] }
        loop.run()
        let batch = LogDriver.batch(bytes: 16 << 10, event: 100)
        let value = [UInt8](repeating: 0x78, count: 150)
        var buffer = AppendBuffer()
        for _ in 0..<count {
            if what == "batch" {
                batch.withUnsafeBytes { _ = try? session.append(batch: $0, to: partitions[0]) { _ in } }
            } else {
                buffer.removeAll()
                for partition in what == "records" ? partitions : [partitions[0]] {
                    buffer.add(to: partition, at: WallTime(millis: 1_700_000_000_000)) { body in
                        value.withUnsafeBytes { EventRecord.encodeBody(key: nil, value: $0, into: &body) }
                    }
                }
                try session.append(&buffer) { _ in }
            }
            log.commitPending()
            loop.run()
        }
        log.abandon()
        LogDriver.remove(path)
    }
}
