// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Synchronization
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A log without threads on a disk, driven step by step by a test.
final class LogBench {
    let disk: any Disk
    let clock = ManualClock()
    let loop: SimulatedLoop
    let random: SeededRandom
    var settings: LogSettings
    private(set) var log: Log!
    private(set) var registry = Metrics()
    private(set) var session: (any LogSession)!
    var buffer = AppendBuffer()

    /// Small blocks and segments, so that everything happens soon.
    static var smallSettings: LogSettings {
        var settings = LogSettings()
        settings.writeAheadBlockBytes = 32 << 10
        settings.writeAheadBytes = 128 << 10
        settings.maxWaitingBytes = 24 << 10
        settings.segmentBytes = 8 << 10
        settings.maxBatchBytes = 4 << 10
        settings.indexIntervalBytes = 512
        settings.recentBytes = 4 << 10
        settings.diskReserveBytes = 0
        return settings
    }

    init(_ disk: any Disk, settings: LogSettings = LogBench.smallSettings, seed: UInt64 = 1) throws {
        self.disk = disk
        self.settings = settings
        loop = SimulatedLoop(clock: clock)
        random = SeededRandom(seed: seed)
        (disk as? SimulatedDisk)?.setClock(clock)
        try open()
    }

    func open() throws {
        session = nil
        log = nil
        registry = Metrics()
        log = try Log.open(
            on: disk, settings: settings, time: clock, random: random, logger: Logger("log", to: nil),
            metrics: LogMetrics(registry))
        session = log.session(on: loop)
    }

    /// Drops the log without a stop, as a crash of the process does.
    func drop() {
        log?.abandon()
        session = nil
        log = nil
    }

    func topic(_ name: String, partitions: Int32 = 1) throws -> TopicDescription {
        var answer: Result<TopicDescription, LogError>?
        session.createTopic(TopicName(name)!, partitions: partitions) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }

    /// Stages one append of one record per text.
    func stage(
        _ texts: [(PartitionID, String)], key: (String) -> String? = { _ in nil },
        then: @escaping (Result<UInt64, LogError>) -> Void = { _ in }
    ) throws -> [Offset] {
        buffer.removeAll()
        for (partition, text) in texts {
            buffer.add(to: partition, at: clock.wall) { LogBench.body(text, key: key(text), into: &$0) }
        }
        try session.append(&buffer, then: then)
        return buffer.entries.map(\.offset)
    }

    /// Stages one append of one record per text, or one batch of a client's for the partition of the first.
    func stage(
        _ texts: [(PartitionID, String)], asWhole: Bool, key: (String) -> String? = { _ in nil },
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws {
        guard asWhole, let partition = texts.first?.0 else { return _ = try stage(texts, key: key, then: then) }
        var builder = RecordBatchBuilder()
        for (_, text) in texts {
            var body = ByteBuffer()
            LogBench.body(text, key: key(text), into: &body)
            builder.add(body: body.bytes, timestamp: clock.wall)
        }
        _ = try session.append(batch: builder.seal(baseOffset: .zero), to: partition, then: then)
    }

    /// Appends and commits; the round.
    @discardableResult
    func append(_ texts: [(PartitionID, String)]) throws -> (offsets: [Offset], round: UInt64) {
        var answer: Result<UInt64, LogError>?
        let offsets = try stage(texts, then: { answer = $0 })
        log.commitPending()
        loop.runUntilIdle()
        return (offsets, try answer!.get())
    }

    /// A record body without headers whose value is a text.
    static func body(_ text: String, key: String? = nil, into buffer: inout ByteBuffer) {
        buffer.append(varint: Int64(key?.utf8.count ?? -1))
        if let key { buffer.append(key) }
        buffer.append(varint: Int64(text.utf8.count))
        buffer.append(text)
        buffer.append(varint: 0)
    }

    func read(_ partition: PartitionID, from offset: Offset, maxBytes: Int = 1 << 20) throws -> [StoredBatch] {
        var answer: Result<[StoredBatch], LogError>?
        session.read(partition, from: offset, maxBytes: maxBytes) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }

    /// All records of a partition from its start, past what is quarantined: offset and text.
    func all(_ partition: PartitionID, maxBytes: Int = 3000) throws -> [(offset: Offset, text: String, round: UInt64)] {
        guard let bounds = log.bounds(of: partition) else { return [] }
        var found: [(Offset, String, UInt64)] = []
        var next = bounds.start
        while next < bounds.end {
            do {
                let batches = try read(partition, from: next, maxBytes: maxBytes)
                if batches.isEmpty { break }
                for batch in batches {
                    for record in try batch.records() where record.offset >= next {
                        found.append((record.offset, record.value?.text ?? "", batch.round))
                    }
                    next = batch.lastOffset.next
                }
            } catch let error as LogError where error.code == .quarantined {
                guard let resume = error.resume, resume > next else { throw error }
                next = resume
            }
        }
        return found
    }

    /// The value of a metric without labels, as it is shown.
    func metric(_ name: String) -> String? {
        var text = ByteBuffer()
        registry.expose(into: &text)
        let lines = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
    }

    func offset(in partition: PartitionID, atRound round: UInt64) throws -> Offset {
        var answer: Result<Offset, LogError>?
        session.offset(in: partition, atRound: round) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }

    func offset(in partition: PartitionID, atTime time: WallTime) throws -> TimedOffset {
        var answer: Result<TimedOffset, LogError>?
        session.offset(in: partition, atTime: time) { answer = $0 }
        loop.runUntilIdle()
        return try answer!.get()
    }
}
