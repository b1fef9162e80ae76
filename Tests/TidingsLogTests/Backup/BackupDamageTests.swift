// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A backup that rots is noticed and mended while the data is still there, and a restore is done as a whole or not at all.
@Suite struct BackupDamageTests {
    private static let time = WallTime(millis: 1_700_000_000_000)
    private let disk = SimulatedDisk(seed: 1)
    private let backup = SimulatedDisk(seed: 2)
    private let bench: LogBench
    private let topic: TopicDescription

    /// A backup of fifty records in several segments, of a log that runs.
    init() throws {
        bench = try LogBench(disk)
        topic = try bench.topic("orders")
        for number in 0..<50 {
            try bench.append([(topic.partitions[0], "\(number) " + String(repeating: "x", count: 300))])
        }
        bench.log.checkpoint()
        _ = try LogBackup.back(up: disk, into: backup, at: Self.time)
    }

    private var copies: [String] { backup.paths.filter { $0.hasPrefix("files/") } }

    private func count(in disk: SimulatedDisk) throws -> Int {
        let bench = try LogBench(disk)
        defer { bench.log.stop() }
        return try bench.all(topic.partitions[0]).count
    }

    @Test func `a copy that rotted is named by a verify, and taken again by a backup that checks`() throws {
        #expect(LogBackup.isBackup(backup) && !LogBackup.isBackup(disk))
        #expect(try LogBackup.verify(backup) == [])
        for path in copies where !(backup.bytes(of: path) ?? []).isEmpty {
            backup.flipBit(of: path, at: 0)
            #expect(try LogBackup.verify(backup).map(\.path) == [path])
            backup.flipBit(of: path, at: 0)
            let bytes = try #require(backup.bytes(of: path))
            backup.replace(path, with: bytes + [0])
            #expect(try LogBackup.verify(backup).map(\.path) == [path])
            backup.replace(path, with: bytes)
        }
        let segment = try #require(copies.first { $0.hasSuffix(".log") })
        let place = String(segment.dropFirst("files/1/".count))
        backup.flipBit(of: segment, at: 500)
        #expect(try LogBackup.back(up: disk, into: backup, at: Self.time).damaged.isEmpty, "its length is as it was")
        #expect(try LogBackup.verify(backup).count == 1)
        #expect(try LogBackup.back(up: disk, into: backup, at: Self.time, checks: true).damaged == [place])
        #expect(try LogBackup.verify(backup) == [])
        let again = try #require(copies.first { $0.hasSuffix(place) })
        backup.replace(again, with: Array(try #require(backup.bytes(of: again)).dropLast()))
        #expect(try LogBackup.back(up: disk, into: backup, at: Self.time).damaged == [place])
        try backup.remove(try #require(copies.first { $0.hasSuffix(place) }))
        #expect(try LogBackup.back(up: disk, into: backup, at: Self.time).damaged == [place])
        #expect(try LogBackup.verify(backup) == [])
        let target = SimulatedDisk(seed: 3)
        #expect(try LogBackup.restore(backup, into: target).damaged.isEmpty)
        #expect(try count(in: target) == 50)
        try backup.remove(BackupManifest.path)
        #expect(throws: LogToolError.self) { try LogBackup.verify(backup) }
    }

    @Test func `of a restore that fails nothing stays, and the next one may allow the damage`() throws {
        let segment = try #require(copies.first { $0.hasSuffix(".log") })
        backup.flipBit(of: segment, at: 500)
        let target = SimulatedDisk(seed: 3)
        let error = #expect(throws: LogToolError.self) { try LogBackup.restore(backup, into: target) }
        #expect(error?.description.contains(segment) == true)
        #expect(target.paths == ["LOCK"])
        #expect(try LogBackup.restore(backup, into: target, allowsDamage: true).damaged.count == 1)
        #expect(throws: LogToolError.self) { try LogBackup.restore(backup, into: target, allowsDamage: true) }
        #expect(try count(in: target) == 49)
    }

    @Test func `a backup whose manifest rotted is given up only when that is said`() throws {
        backup.flipBit(of: BackupManifest.path, at: 5)
        let before = copies
        let error = #expect(throws: LogToolError.self) { try LogBackup.back(up: disk, into: backup, at: Self.time) }
        #expect(error?.description.contains("--replace") == true && copies == before)
        #expect(try LogBackup.back(up: disk, into: backup, at: Self.time, replaces: true).number == 2)
        #expect(try LogBackup.verify(backup) == [])
        let target = SimulatedDisk(seed: 3)
        _ = try LogBackup.restore(backup, into: target)
        #expect(try count(in: target) == 50)
    }

    @Test func `of rounds that rotted in the backup, what the files have is kept`() throws {
        for number in 50..<55 { try bench.append([(topic.partitions[0], "\(number)")]) }
        _ = try LogBackup.back(up: disk, into: backup, at: Self.time)
        let block = try #require(copies.first { $0.hasSuffix(".wal") })
        let size = try #require(backup.bytes(of: block)).count
        backup.flipBit(of: block, at: Int64(size - RoundHeader.alignment + 90))
        let target = SimulatedDisk(seed: 3)
        #expect(try LogBackup.restore(backup, into: target, allowsDamage: true).damaged.count == 1)
        #expect(try count(in: target) == 55)
    }

    @Test(arguments: [true, false])
    func `a restore that was broken off at any step is no data folder, and is done again`(_ kills: Bool) throws {
        let whole = SimulatedDisk(seed: 3)
        _ = try LogBackup.restore(backup, into: whole)
        for step in 0..<whole.operationCount {
            let target = SimulatedDisk(seed: UInt64(step))
            target.fail(operation: step, .freeze)
            _ = try? LogBackup.restore(backup, into: target)
            if kills { target.killProcess() } else { target.crash() }
            if try target.has("format", in: "") {
                #expect(try count(in: target) == 50, "at step \(step)")
                continue
            }
            if try target.has(LogBackup.marker, in: "") {
                #expect(throws: LogError.self) { try LogBench(target) }
                #expect(throws: LogToolError.self) {
                    try LogRepair.run(
                        on: target, applying: true, time: ManualClock(), random: SeededRandom(seed: 1),
                        logger: Logger("log", to: nil))
                }
            }
            // One that finds the rest of another, and is broken off itself, is done again too.
            target.fail(operation: target.operationCount + step / 2, .freeze)
            _ = try? LogBackup.restore(backup, into: target)
            if kills { target.killProcess() } else { target.crash() }
            if try !target.has("format", in: "") { _ = try LogBackup.restore(backup, into: target) }
            #expect(try count(in: target) == 50, "at step \(step)")
        }
    }

    @Test(arguments: [true, false])
    func `a folder without metadata or a partition is not backed up, and a repair is named`(_ losesMetadata: Bool)
        throws
    {
        bench.log.stop()
        if losesMetadata {
            for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        } else {
            try disk.rename("log/orders-0", to: "log/gone")
        }
        let error = #expect(throws: LogToolError.self) { try LogBackup.back(up: disk, into: backup, at: Self.time) }
        #expect(error?.description.contains("log repair") == true, "\(error?.description ?? "")")
        #expect(try LogBackup.verify(backup) == [], "the one before it stands")
    }
}
