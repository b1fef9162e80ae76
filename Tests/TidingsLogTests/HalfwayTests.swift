// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What fails half-way is done again, undone, or stays so until the folder is reopened.
@Suite struct HalfwayTests {
    @Test func `a full disk that gets room does not bring back a log that is offline`() throws {
        let disk = SimulatedDisk(seed: 2, capacity: 1 << 30)
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders").partitions[0]
        try bench.append([(partition, "first")])
        _ = try bench.log.writeAhead.prepareBlock()
        // The block is there, so the round is written; the partition's file finds no room.
        disk.setCapacity((1 << 30) - (try disk.freeBytes()))
        var isDone = false
        while !isDone {
            _ = try? bench.append([(partition, String(repeating: "z", count: 700))])
            isDone = bench.log.refusal != nil
        }
        #expect(!bench.log.isCaughtUp)
        bench.log.goOffline("a sync failed")
        #expect(!bench.log.catchUp())
        disk.setCapacity(.max)
        bench.log.probeDisk()
        bench.log.commitPending()
        #expect(bench.log.isOffline)
        #expect(bench.log.refusal?.code == .offline)
    }

    @Test func `a round that finds no room in a block that was written before is refused, and comes later`() throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders").partitions[0]
        _ = try bench.log.writeAhead.prepareBlock()
        try bench.append([(partition, "first")])
        disk.fail(operation: disk.operationCount, .once(.noSpace))
        let error = #expect(throws: LogError.self) { try bench.append([(partition, "refused")]) }
        #expect(error?.code == .diskFull)
        #expect(!bench.log.isOffline)
        bench.log.probeDisk()
        bench.log.commitPending()
        try bench.append([(partition, "second")])
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(try bench.all(partition).map(\.text) == ["first", "second"])
        #expect(bench.log.quarantines.isEmpty)
    }

    @Test(arguments: [0, 1])
    func `a block that could not be made is given to no round`(_ step: Int) throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders").partitions[0]
        disk.fail(operation: disk.operationCount + step, .once(step == 0 ? .noHandles : .failed))
        #expect(throws: DiskError.self) { try bench.log.writeAhead.prepareBlock() }
        try bench.append([(partition, "first")])
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(try bench.all(partition).map(\.text) == ["first"])
    }

    @Test func `a batch is written once although the note of an aborted transaction finds no room`() throws {
        var isReached = false
        for operation in 0..<12 {
            let disk = SimulatedDisk(seed: 2)
            var settings = LogBench.smallSettings
            settings.recentBytes = 0
            let bench = try LogBench(disk, settings: settings)
            let partition = try bench.topic("orders").partitions[0]
            try bench.append(LogBench.batch("kept", producer: 1, sequence: 0), to: partition)
            _ = try bench.stage(
                LogBench.batch("lost", count: 3, producer: 2, sequence: 0, isTransactional: true), to: partition)
            disk.fail(operation: disk.operationCount + operation, .once(.noSpace))
            do { try bench.end(2, commits: false, in: [partition]) } catch { continue }
            if !bench.log.isCaughtUp { isReached = true }
            disk.heal()
            bench.log.probeDisk()
            bench.log.commitPending()
            try bench.append(LogBench.batch("later", producer: 1, sequence: 1), to: partition)
            #expect(bench.log.isCaughtUp)
            let offsets = try bench.all(partition).map(\.offset.value)
            #expect(Set(offsets).isSuperset(of: [0, 5]) && offsets == offsets.sorted(), "operation \(operation)")
            #expect(bench.log.quarantines.isEmpty, "operation \(operation)")
            bench.log.stop()
            #expect(
                try LogInspector(disk: disk).verify().filter { $0.severity == .damage } == [], "operation \(operation)")
        }
        #expect(isReached)
    }

    @Test func `a swap that fails half-way is finished with all of its files`() throws {
        func script(_ disk: SimulatedDisk) throws -> (LogBench, PartitionID) {
            let bench = try LogBench(disk)
            let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
            for round in 0..<70 {
                try bench.put(partition, [("key-\(round % 7)", "\(round) " + String(repeating: "x", count: 200))])
                bench.clock.advance(by: .seconds(1))
            }
            bench.log.checkpoint()
            return (bench, partition)
        }
        let plain = SimulatedDisk(seed: 3)
        let (bench, partition) = try script(plain)
        let rounds = try Dictionary(uniqueKeysWithValues: bench.records(partition).map { ($0.offset, $0.round) })
        let begin = plain.operationCount
        bench.keepHouse()
        #expect(try bench.records(partition).count < 60)
        for operation in begin..<plain.operationCount {
            let disk = SimulatedDisk(seed: 3)
            let (bench, partition) = try script(disk)
            disk.fail(operation: operation, .once(.failed))
            bench.keepHouse()
            bench.drop()
            disk.killProcess()
            try bench.open()
            for record in try bench.records(partition) {
                #expect(record.round == rounds[record.offset], "operation \(operation), offset \(record.offset)")
            }
            bench.log.stop()
            #expect(
                try LogInspector(disk: disk).verify().filter { $0.severity == .damage } == [], "operation \(operation)")
        }
    }

    @Test func `partitions that are added have their topic's settings`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 2))
        let topic = try bench.topic("state", [.cleanup: "compact", .segmentBytes: "20000"])
        let grown = try bench.grow(topic.id, upTo: 2)
        let error = #expect(throws: LogError.self) { try bench.put(grown.partitions[1], [(nil, "no key")]) }
        #expect(error != nil)
        #expect(bench.log.allPartitions.map { $0.files.withLock { $0.segmentBytes } } == [20_000, 20_000])
    }

    @Test func `an old layout ends where a power loss leaves it, in a relaxed topic too`() throws {
        for seed in 0..<8 as Range<UInt64> {
            let disk = SimulatedDisk(seed: seed)
            let bench = try LogBench(disk)
            let topic = try bench.topic("orders", [.durability: "os"])
            for number in 0..<4 { try bench.append([(topic.partitions[0], "event \(number)")]) }
            let grown = try bench.grow(topic.id, upTo: 2)
            bench.drop()
            disk.crash()
            try bench.open()
            #expect(bench.log.bounds(of: topic.partitions[0])?.end == grown.formerLayouts[0].ends[0], "seed \(seed)")
        }
    }

    @Test func `rounds that are being synced are not called synced by a checkpoint`() throws {
        let rounds = RelaxedRounds()
        let disk = SimulatedDisk(seed: 1)
        let file = try disk.open("block", .create)
        let seen = Locked<UInt64>(0)
        let checkpointed = FileSyncedTogether(file) {
            rounds.release(through: 2)
            seen.withLock { $0 = rounds.first }
        }
        rounds.note(3, block: 1, checkpointed, since: nil)
        try rounds.sync()
        #expect(seen.withLock { $0 } == 3)
        #expect(rounds.first == .max)
    }
}

/// A file at whose sync something else happens.
private final class FileSyncedTogether: DiskFile {
    private let file: any DiskFile
    private let meanwhile: @Sendable () -> Void

    init(_ file: any DiskFile, _ meanwhile: @escaping @Sendable () -> Void) {
        self.file = file
        self.meanwhile = meanwhile
    }

    func sync() throws(DiskError) {
        meanwhile()
        try file.sync()
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(DiskError) {
        try file.write(bytes, at: position)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(DiskError) -> Int {
        try file.read(into: buffer, at: position)
    }

    func startWriteBack(from position: Int64, count: Int64) {}
    func truncate(to count: Int64) throws(DiskError) { try file.truncate(to: count) }
    func size() throws(DiskError) -> Int64 { try file.size() }
    func stamp() throws(DiskError) -> FileStamp { try file.stamp() }
    func modified() throws(DiskError) -> WallTime { try file.modified() }
    func setModified(_ time: WallTime) throws(DiskError) { try file.setModified(time) }
}
