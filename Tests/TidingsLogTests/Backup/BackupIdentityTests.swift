// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The only good backup is not replaced by that of another folder, and what a disk cannot read costs no more than itself.
@Suite struct BackupIdentityTests {
    private static let time = WallTime(millis: 1_700_000_000_000)
    private let backup = SimulatedDisk(seed: 2)

    private func filled(_ disk: SimulatedDisk, seed: UInt64, _ count: Int = 30) throws -> LogBench {
        // Other files come first, so that those of the log differ as those of two disks do.
        for number in 0..<seed { _ = try disk.open("file-\(number)", .create) }
        let bench = try LogBench(disk, seed: seed)
        let topic = try bench.topic("orders")
        try fill(bench, topic.partitions[0], 0..<count)
        return bench
    }

    private func fill(_ bench: LogBench, _ partition: PartitionID, _ numbers: Range<Int>) throws {
        for number in numbers { try bench.append([(partition, "\(number) " + String(repeating: "x", count: 300))]) }
        bench.log.checkpoint()
    }

    private func back(_ disk: SimulatedDisk, replaces: Bool = false) throws -> LogBackup.Summary {
        try LogBackup.back(up: disk, into: backup, at: Self.time, replaces: replaces)
    }

    @Test func `the backup of another folder stays, unless it is given up`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try filled(disk, seed: 1)
        _ = try back(disk)
        let before = backup.bytes(of: BackupManifest.path)
        for count in [0, 40] {
            let other = SimulatedDisk(seed: 3)
            let stranger = try filled(other, seed: 7, count)
            let error = #expect(throws: LogToolError.self) { try back(other) }
            #expect(error?.description.contains("--replace") == true)
            #expect(backup.bytes(of: BackupManifest.path) == before)
            stranger.drop()
        }
        // The folder itself goes on, and so does the backup.
        try fill(bench, bench.log.topics.all[0].partitions[0], 30..<35)
        #expect(try back(disk).number == 2)
        let other = SimulatedDisk(seed: 3)
        let stranger = try filled(other, seed: 7)
        let summary = try back(other, replaces: true)
        #expect(summary.copiedBytes == summary.byteCount, "nothing of the other folder is taken over")
        stranger.drop()
        #expect(throws: LogToolError.self) { try back(disk) }
    }

    @Test func `an older state of the folder does not replace a later one; restored, it goes on`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try filled(disk, seed: 1)
        let partition = bench.log.topics.all[0].partitions[0]
        let older = SimulatedDisk(seed: 4)
        _ = try LogBackup.back(up: disk, into: older, at: Self.time)
        try fill(bench, partition, 30..<40)
        _ = try back(disk)
        let restored = SimulatedDisk(seed: 5)
        _ = try LogBackup.restore(older, into: restored)
        #expect(throws: LogToolError.self) { try back(restored) }
        let latest = SimulatedDisk(seed: 6)
        _ = try LogBackup.restore(backup, into: latest)
        let again = try LogBench(latest, seed: 9)
        try fill(again, partition, 40..<42)
        #expect(try back(latest).number == 2)
        again.drop()
        #expect(try back(restored, replaces: true).number == 3)
        bench.drop()
    }

    @Test func `a folder whose metadata was rebuilt is the same one`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try filled(disk, seed: 1)
        bench.log.stop()
        _ = try back(disk)
        for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        _ = try LogRepair.run(
            on: disk, applying: true, settings: LogBench.smallSettings, time: ManualClock(),
            random: SeededRandom(seed: 3), logger: Logger("log", to: nil))
        #expect(try back(disk).number == 2)
    }

    @Test func `a sector that cannot be read costs what lies in it, and not what an earlier copy has`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try filled(disk, seed: 1, 40)
        let partition = bench.log.topics.all[0].partitions[0]
        let segments = disk.paths.filter { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") }
        #expect(segments.count > 1)
        let (first, last) = (segments[0], segments[segments.count - 1])
        disk.failReading(first, 4096..<4608)
        #expect(try back(disk).unreadable == [first])
        #expect(try back(disk).unreadable == [first], "it is told of until it is mended")
        #expect(try LogBackup.verify(backup) == [])
        func restored() throws -> [String] {
            let target = SimulatedDisk(seed: 8)
            _ = try LogBackup.restore(backup, into: target)
            let again = try LogBench(target)
            defer { again.drop() }
            return try again.all(partition).map(\.text)
        }
        let some = try restored().count
        #expect(some < 40 && some > 20)
        // What was copied before it went bad is taken from there.
        try fill(bench, partition, 40..<42)
        disk.failReading(last, 0..<512)
        #expect(try Set(back(disk).unreadable) == [first, last])
        #expect(try restored().count == some + 2)
        bench.drop()
    }

    @Test func `what a file system has at its root is in nobody's way`() throws {
        let disk = SimulatedDisk(seed: 1)
        let target = SimulatedDisk(seed: 3)
        for place in [disk, backup, target] { try place.createDirectory("lost+found") }
        let bench = try filled(disk, seed: 1)
        _ = try back(disk)
        #expect(!backup.paths.contains { $0.hasPrefix("files/") && $0.contains("lost+found") })
        _ = try LogBackup.restore(backup, into: target)
        #expect(try target.list("").contains("lost+found/"))
        let again = try LogBench(target)
        #expect(try again.all(bench.log.topics.all[0].partitions[0]).count == 30)
        again.drop()
        bench.drop()
    }
}
