// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Topics whose records are acknowledged before they are synced, over the loss of power.
@Suite struct RelaxedTests {
    @Test(arguments: [true, false])
    func `what was filed outlives its rounds as far as it goes, and what is behind a gap does not come back`(
        _ hasGap: Bool
    ) throws {
        let disk = SimulatedDisk(seed: 1)
        var settings = LogBench.smallSettings
        settings.segmentBytes = 2 << 10
        settings.writeAheadBytes = 1 << 20
        let bench = try LogBench(disk, settings: settings)
        let partition = try bench.topic("orders", partitions: 1, [.durability: "os"]).partitions[0]
        for number in 0..<30 { try bench.append([(partition, "old \(number) " + String(repeating: "x", count: 200))]) }
        let folder = "log/orders-0/"
        let filed = disk.paths.filter { $0.hasPrefix(folder) }.map { ($0, disk.bytes(of: $0)!) }
        #expect(filed.count { $0.0.hasSuffix(".log") } > 2)
        bench.drop()
        disk.killProcess()
        // The partition's files got to the disk, and the rounds did not.
        for path in disk.paths where path.hasSuffix(".wal") {
            disk.replace(path, with: [UInt8](repeating: 0, count: disk.bytes(of: path)!.count))
        }
        for (path, bytes) in filed { disk.replace(path, with: bytes) }
        let second = filed.map(\.0).filter { $0.hasSuffix(".log") }.sorted()[1]
        if hasGap { try disk.remove(second) }
        try bench.open()
        let kept = hasGap ? try #require(Int(second.dropFirst(folder.count).dropLast(4))) : 30
        #expect(bench.log.bounds(of: partition)?.end == Offset(Int64(kept)))
        for number in kept..<kept + 40 {
            try bench.append([(partition, "new \(number) " + String(repeating: "y", count: 90))])
        }
        for _ in 0..<2 {
            bench.log.stop()
            try bench.open()
            let found = try bench.all(partition)
            #expect(found.count == kept + 40)
            #expect(found.allSatisfy { $0.text.hasPrefix("\($0.offset.value < kept ? "old" : "new") \($0.offset) ") })
            #expect(bench.log.quarantines.isEmpty && bench.log.recovery.damagedRounds == 0)
        }
    }

    @Test func `a segment that lost its index of rounds is not passed over by who reads on from a round`() throws {
        let disk = SimulatedDisk(seed: 1)
        var settings = LogBench.smallSettings
        settings.segmentBytes = 1 << 10
        settings.recentBytes = 0
        let bench = try LogBench(disk, settings: settings)
        let partition = try bench.topic("orders").partitions[0]
        let rounds = try (0..<20).map { number in
            try bench.append([(partition, "\(number) " + String(repeating: "x", count: 200))]).round
        }
        bench.log.stop()
        let lost = disk.paths.filter { $0.hasSuffix(".rounds") }.dropFirst().prefix(2)
        #expect(lost.count == 2)
        for path in lost { try disk.remove(path) }
        try bench.open()
        for (offset, round) in rounds.enumerated() {
            let found = try bench.offset(in: partition, atRound: round)
            #expect(found <= Offset(Int64(offset)), "round \(round) is not found behind its record")
        }
        let all = try bench.all(partition)
        #expect(all.count == 20 && all.map(\.round) == all.map(\.round).sorted())
        for (record, round) in zip(all, rounds) { #expect(record.round >= round) }
        #expect(lost.allSatisfy { disk.bytes(of: $0)?.isEmpty == false }, "they are made again")
    }

    @Test func `files that were written to stay open until they are synced`() throws {
        let disk = SimulatedDisk(seed: 1)
        let files = OpenFiles(on: disk, limit: 8)
        for number in 0..<20 { try files.file("f\(number)", .create).write([1], at: 0) }
        #expect(files.count == 20)
        for number in 0..<15 { try files.sync("f\(number)") }
        _ = try files.file("g", .create)
        #expect(files.count == 7)
        // Far too many at once: they are synced before they go, and a sync that fails is told.
        for number in 20..<60 { try files.file("f\(number)", .create).write([1], at: 0) }
        #expect(files.count <= 32)
        disk.fail(operation: disk.operationCount + 30, .always(.noSpace))
        let error = #expect(throws: DiskError.self) {
            for number in 60..<90 { _ = try files.file("f\(number % 60)", .write) }
            for number in 0..<60 { try files.file("f\(number)", .write).sync() }
        }
        #expect(error?.code == .failed, "whatever its reason")
    }

    @Test func `a sync that failed to make room for another file is no success for the checkpoint behind it`() throws {
        let disk = SimulatedDisk(seed: 1)
        let files = OpenFiles(on: disk, limit: 8)
        for number in 0..<32 { try files.file("f\(number)", .create).write([1], at: 0) }
        // One is too many: others are synced to make room for it.
        disk.fail(operation: disk.operationCount + 1, .once(.failed))
        #expect(throws: DiskError.self) { try files.file("last", .create) }
        for number in 0..<32 {
            #expect(throws: DiskError.self) { try files.sync("f\(number)") }
        }
    }

    @Test func `only file systems that are known to are trusted to sync with a write`() {
        #expect(FileSystems.syncsWithWrite(type: 0xEF53) && FileSystems.syncsWithWrite(type: 0x5846_5342))
        // NFS, btrfs, overlay, FUSE, 9p, and none that could be told.
        for type in [0x6969, 0x9123_683E, 0x794C_7630, 0x6573_5546, 0x0102_1997, 0] as [UInt32] {
            #expect(!FileSystems.syncsWithWrite(type: type))
        }
        #expect(DiskError(failedSync: 28, "syncing", "f").code == .failed)
    }
}
