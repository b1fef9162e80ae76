// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsLog
import TidingsTesting

/// Rounds, metadata, segments and indexes: a folder left by a crash, changed as the input says, is opened and read.
/// Whatever is in it, the log opens or refuses with an error, and every offset answers.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let disk = Folder.left.copied(seed: 1)
    var at = 0
    // Each change: which file, where (16 bits of the file's length), how many bytes, the bytes.
    while at + 4 < input.count {
        let (path, whole) = Folder.left.files[Int(input[at]) % Folder.left.files.count]
        var bytes = disk.bytes(of: path) ?? whole
        let place = (Int(input[at + 1]) << 8 | Int(input[at + 2])) * max(bytes.count, 1) / 65_536
        let length = min(Int(input[at + 3]) % 32 + 1, input.count - at - 4)
        at += 4
        for index in 0..<length where place + index < bytes.count { bytes[place + index] = input[at + index] }
        at += length
        disk.replace(path, with: bytes)
    }
    Folder.read(disk)
    return 0
}

/// A folder as a crash left it: some of it past a checkpoint, some only in rounds.
private struct Folder {
    let files: [(path: String, bytes: [UInt8])]
    private let directories: [String]

    static let left = Folder()

    static var settings: LogSettings {
        var settings = LogSettings()
        settings.writeAheadBlockBytes = 64 << 10
        settings.writeAheadBytes = 256 << 10
        settings.checkpointBytes = 128 << 10
        settings.maxWaitingBytes = 16 << 10
        settings.maxRecordBytes = 8 << 10
        settings.maxBatchBytes = 8 << 10
        settings.segmentBytes = 4 << 10
        return settings
    }

    static func open(_ disk: SimulatedDisk) throws -> Log {
        try Log.open(
            on: disk, settings: settings, time: ManualClock(), random: SeededRandom(seed: 7),
            logger: Logger("fuzz", to: nil),
            metrics: LogMetrics(Metrics()))
    }

    private init() {
        let disk = SimulatedDisk(seed: 1)
        guard let log = try? Self.open(disk) else { preconditionFailure("an empty folder opens") }
        let clock = ManualClock()
        let loop = SimulatedLoop(clock: clock)
        let session = log.session(on: loop)
        var made: TopicDescription?
        session.createTopic(TopicName("orders")!, partitions: 2) { made = try? $0.get() }
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
        log.abandon()
        disk.killProcess()
        let paths = disk.paths
        files = paths.map { ($0, disk.bytes(of: $0) ?? []) }
        directories = Array(Set(paths.map { $0.split(separator: "/").dropLast().joined(separator: "/") })).sorted()
    }

    func copied(seed: UInt64) -> SimulatedDisk {
        let disk = SimulatedDisk(seed: seed)
        for directory in directories where !directory.isEmpty { try? disk.createDirectory(directory) }
        for (path, bytes) in files {
            _ = try? disk.open(path, .create)
            disk.replace(path, with: bytes)
        }
        return disk
    }

    static func read(_ disk: SimulatedDisk) {
        guard let log = try? open(disk) else { return }
        let loop = SimulatedLoop(clock: ManualClock())
        let session = log.session(on: loop)
        for topic in log.topics.all {
            for partition in topic.partitions {
                guard let bounds = log.bounds(of: partition) else { continue }
                var offset = bounds.start
                for _ in 0..<1_000 where offset < bounds.end {
                    var next: Offset?
                    session.read(partition, from: offset, maxBytes: 4_096) { result in
                        if case .success(let batches) = result {
                            for batch in batches { _ = try? batch.records().count }
                            next = batches.last?.lastOffset.next
                        }
                    }
                    loop.runUntilIdle()
                    offset = next ?? offset.next
                }
            }
        }
        log.stop()
    }
}
