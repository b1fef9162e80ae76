// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A data folder on a simulated disk that a fuzz target changes, opens and reads: whatever is in it, the log opens or
/// refuses with an error, and every offset answers.
package struct FuzzFolder: Sendable {
    /// As a crash left it: some of it past a checkpoint, some only in rounds.
    package static let crashed = FuzzFolder(isClean: false)
    /// As a clean stop left it: only the partitions' files count.
    package static let clean = FuzzFolder(isClean: true)

    /// Its files.
    package let files: [(path: String, bytes: [UInt8])]
    private let directories: [String]

    private static var settings: LogSettings {
        var settings = LogSettings()
        settings.writeAheadBlockBytes = 64 << 10
        settings.writeAheadBytes = 256 << 10
        settings.checkpointBytes = 128 << 10
        settings.maxWaitingBytes = 16 << 10
        settings.maxRecordBytes = 8 << 10
        settings.maxBatchBytes = 8 << 10
        settings.segmentBytes = 4 << 10
        settings.indexIntervalBytes = 512
        settings.recentBytes = 0
        return settings
    }

    private static func open(_ disk: SimulatedDisk) throws -> Log {
        try Log.open(
            on: disk, settings: settings, time: ManualClock(), random: SeededRandom(seed: 7),
            logger: Logger("fuzz", to: nil), metrics: LogMetrics(Metrics()))
    }

    private init(isClean: Bool) {
        let disk = SimulatedDisk(seed: 1)
        guard let log = try? Self.open(disk) else { preconditionFailure("an empty folder opens") }
        let loop = SimulatedLoop(clock: ManualClock())
        let session = log.session(on: loop)
        var made: TopicDescription?
        session.createTopic(TopicName("orders")!, partitions: 2) { made = try? $0.get() }
        session.saveSnapshot("state", Array("what was".utf8)) { _ in }
        loop.runUntilIdle()
        guard let topic = made else { preconditionFailure("the topic is made") }
        for number in 0..<60 {
            var buffer = AppendBuffer()
            for partition in topic.partitions {
                buffer.add(to: partition, at: WallTime(millis: Int64(number))) { body in
                    let value = [UInt8](repeating: UInt8(number), count: 200)
                    value.withUnsafeBytes { EventRecord.encodeBody(key: nil, value: $0, into: &body) }
                }
            }
            try? session.append(&buffer) { _ in }
            _ = log.commitPending()
            loop.runUntilIdle()
            if number == 30 { _ = log.checkpoint() }
        }
        if isClean { log.stop() } else { log.abandon() }
        disk.killProcess()
        let paths = disk.paths
        files = paths.map { ($0, disk.bytes(of: $0) ?? []) }
        directories = Array(Set(paths.map { $0.split(separator: "/").dropLast().joined(separator: "/") })).sorted()
    }

    /// The files whose names end so.
    package func files(_ suffix: String) -> [(path: String, bytes: [UInt8])] {
        files.filter { $0.path.hasSuffix(suffix) }
    }

    /// A disk with it.
    package func copied() -> SimulatedDisk {
        let disk = SimulatedDisk(seed: 1)
        for directory in directories where !directory.isEmpty { try? disk.createDirectory(directory) }
        for (path, bytes) in files {
            _ = try? disk.open(path, .create)
            disk.replace(path, with: bytes)
        }
        return disk
    }

    /// Opens what lies on a disk, reads it every way there is, adds a record and ends.
    package static func read(_ disk: SimulatedDisk) {
        guard let log = try? open(disk) else { return }
        let loop = SimulatedLoop(clock: ManualClock())
        let session = log.session(on: loop)
        for topic in log.topics.all.prefix(8) {
            for partition in topic.partitions.prefix(4) {
                guard let bounds = log.bounds(of: partition) else { continue }
                read(partition, bounds, session, loop)
                for probe in [0, 17, 31, 45, 1 << 40] as [Int64] {
                    session.offset(in: partition, atRound: UInt64(probe)) { _ in }
                    session.offset(in: partition, atTime: WallTime(millis: probe)) { _ in }
                }
                loop.runUntilIdle()
                var buffer = AppendBuffer()
                buffer.add(to: partition, at: WallTime(millis: 99)) { body in
                    EventRecord.encodeBody(key: nil, value: nil, into: &body)
                }
                try? session.append(&buffer) { _ in }
            }
        }
        session.loadSnapshot("state") { _ in }
        _ = log.commitPending()
        loop.runUntilIdle()
        log.stop()
    }

    private static func read(
        _ partition: PartitionID, _ bounds: PartitionBounds, _ session: any LogSession, _ loop: SimulatedLoop
    ) {
        var offset = bounds.start
        for _ in 0..<300 where offset < bounds.end {
            var next: Offset?
            session.read(partition, from: offset, maxBytes: 4_096) { result in
                switch result {
                case .success(let batches):
                    for batch in batches { _ = try? batch.records().count }
                    next = batches.last?.lastOffset.next
                case .failure(let error): next = error.resume
                }
            }
            loop.runUntilIdle()
            offset = max(next ?? offset.next, offset.next)
        }
    }
}

/// What an input asks for: changes of bytes, each a place (16 bits of the length), a count and the bytes.
package struct FuzzChanges {
    private let input: UnsafeRawBufferPointer
    private var at = 0

    /// Reads an input.
    package init(_ input: UnsafeRawBufferPointer) { self.input = input }

    /// Whether there is more.
    package var hasMore: Bool { at + 4 < input.count }

    /// A number below `limit`.
    package mutating func choice(_ limit: Int) -> Int {
        guard at < input.count, limit > 0 else { return 0 }
        at += 1
        return Int(input[at - 1]) % limit
    }

    /// Does one change.
    package mutating func change(_ bytes: inout [UInt8]) {
        guard at + 3 < input.count else {
            at = input.count
            return
        }
        let place = (Int(input[at]) << 8 | Int(input[at + 1])) * max(bytes.count, 1) / 65_536
        let length = min(Int(input[at + 2]) % 32 + 1, input.count - at - 3)
        at += 3
        for index in 0..<length where place + index < bytes.count { bytes[place + index] = input[at + index] }
        at += length
    }

    /// All that is left.
    package mutating func rest() -> [UInt8] {
        defer { at = input.count }
        return [UInt8](UnsafeRawBufferPointer(rebasing: input[min(at, input.count)...]))
    }
}
