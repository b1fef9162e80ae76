// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A backup is the folder as it was at one moment, whatever a server does meanwhile; a restore gives that back or says why not.
@Suite struct BackupTests {
    private static let time = WallTime(millis: 1_700_000_000_000)

    private func records(_ bench: LogBench, _ topic: TopicDescription) throws -> [[String]] {
        try topic.partitions.map { try bench.all($0).map(\.text) }
    }

    /// What a log finds in a restored copy of a backup.
    private func restored(_ backup: any Disk) throws -> LogBench {
        let disk = SimulatedDisk(seed: 9)
        _ = try LogBackup.restore(backup, into: disk)
        return try LogBench(disk)
    }

    private func fill(_ bench: LogBench, _ topic: TopicDescription, _ numbers: Range<Int>) throws {
        for number in numbers {
            try bench.append(topic.partitions.map { ($0, "\(number) " + String(repeating: "x", count: 150)) })
        }
    }

    @Test(arguments: [true, false])
    func `a backup of a running or a stopped log is restored whole, and only what changed is copied again`(
        _ isRunning: Bool
    ) throws {
        let disk = SimulatedDisk(seed: 1)
        let backup = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 3)
        try fill(bench, topic, 0..<120)
        bench.log.checkpoint()
        try fill(bench, topic, 120..<140)
        let round = bench.log.lastRound
        if !isRunning { bench.log.stop() }
        let first = try LogBackup.back(up: disk, into: backup, at: Self.time)
        #expect(first.number == 1 && first.lastRound == round)
        let texts = (0..<140).map { "\($0) " + String(repeating: "x", count: 150) }
        #expect(try records(restored(backup), topic) == [texts, texts, texts])
        if !isRunning { try bench.open() }
        try fill(bench, topic, 140..<150)
        let second = try LogBackup.back(up: disk, into: backup, at: Self.time)
        #expect(second.number == 2 && second.lastRound > round)
        #expect(second.copiedBytes < second.byteCount / 2, "closed segments are there already")
        let more = (0..<150).map { "\($0) " + String(repeating: "x", count: 150) }
        #expect(try records(restored(backup), topic) == [more, more, more])
        #expect(!backup.paths.contains { $0.hasPrefix("files/1/log/meta") }, "what no manifest names has gone")
    }

    @Test func `rounds that go on in another block while blocks are read are no damage`() throws {
        for before in stride(from: 19, to: 29, by: 3) {
            for place in 3..<9 {
                let disk = SimulatedDisk(seed: 1)
                let bench = try LogBench(disk)
                let topic = try bench.topic("orders")
                try fill(bench, topic, 0..<18)
                bench.log.checkpoint()
                try fill(bench, topic, 18..<before)
                let watched = WatchedDisk(disk)
                watched.before = { [self] number in
                    if number == place { try fill(bench, topic, before..<before + 8) }
                }
                let backup = SimulatedDisk(seed: 2)
                _ = try LogBackup.back(up: watched, into: backup, at: Self.time)
                let found = try restored(backup)
                #expect(found.log.recovery.damagedRounds == 0, "\(before) rounds, at operation \(place)")
                #expect(found.log.quarantines.isEmpty, "\(before) rounds, at operation \(place)")
                #expect(try found.all(topic.partitions[0]).count >= before)
                found.drop()
                bench.drop()
            }
        }
    }

    @Test func `whatever happens between two looks, a backup is of one moment`() throws {
        for place in stride(from: 0, to: 90, by: 4) {
            let disk = SimulatedDisk(seed: 1)
            let bench = try LogBench(disk)
            let topic = try bench.topic("orders", partitions: 2)
            let other = try bench.topic("others", partitions: 1)
            try fill(bench, topic, 0..<80)
            try fill(bench, other, 0..<30)
            bench.log.checkpoint()
            try fill(bench, topic, 80..<84)
            let watched = WatchedDisk(disk)
            var appended = 84
            watched.before = { [self] number in
                guard number == place || number == place + 3 else { return }
                try fill(bench, topic, appended..<appended + 30)
                appended += 30
                bench.log.checkpoint()
                if number == place {
                    bench.session.deleteTopic(other.id) { _ in }
                } else {
                    bench.session.deleteRecords(topic.partitions[0], before: Offset(40)) { _ in }
                }
                bench.loop.runUntilIdle()
            }
            let backup = SimulatedDisk(seed: 2)
            _ = try LogBackup.back(up: watched, into: backup, at: Self.time)
            let found = try restored(backup)
            #expect(found.log.quarantines.isEmpty, "at operation \(place)")
            let bounds = topic.partitions.map { found.log.bounds(of: $0)! }
            #expect(bounds[0].end == bounds[1].end, "rounds are whole; at operation \(place)")
            #expect(bounds[0].end.value >= 84 && bounds[0].end.value <= Int64(appended))
            for (partition, bound) in zip(topic.partitions, bounds) {
                let texts = (bound.start.value..<bound.end.value).map { "\($0) " + String(repeating: "x", count: 150) }
                #expect(try found.all(partition).map(\.text) == texts, "at operation \(place)")
            }
            if found.log.topics.all.count == 2 { #expect(try found.all(other.partitions[0]).count == 30) }
            found.drop()
            bench.drop()
        }
    }

    @Test func `a backup that breaks off leaves the one before it`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 2)
        try fill(bench, topic, 0..<50)
        let backup = SimulatedDisk(seed: 2)
        _ = try LogBackup.back(up: disk, into: backup, at: Self.time)
        let operations = backup.operationCount
        try fill(bench, topic, 50..<80)
        for step in stride(from: 0, to: operations, by: 3) {
            backup.fail(operation: backup.operationCount + step, .freeze)
            let summary = try? LogBackup.back(up: disk, into: backup, at: Self.time)
            backup.crash()
            let texts = try records(restored(backup), topic)
            #expect(texts[0].count == 80 || summary == nil && texts[0].count == 50, "at operation \(step)")
            #expect(texts[0] == texts[1])
        }
    }

    @Test func `a restore takes an empty folder only, and names the file that rotted`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 1)
        try fill(bench, topic, 0..<50)
        bench.log.stop()
        let backup = SimulatedDisk(seed: 2)
        _ = try LogBackup.back(up: disk, into: backup, at: Self.time)
        #expect(throws: LogToolError.self) { try LogBackup.restore(backup, into: disk) }
        #expect(throws: LogToolError.self) { try LogBackup.back(up: disk, into: disk, at: Self.time) }
        #expect(throws: LogToolError.self) { try LogBackup.restore(disk, into: SimulatedDisk(seed: 3)) }
        let segment = try #require(backup.paths.first { $0.hasSuffix(".log") })
        backup.flipBit(of: segment, at: 500)
        let error = #expect(throws: LogToolError.self) { try LogBackup.restore(backup, into: SimulatedDisk(seed: 3)) }
        #expect(error?.description.contains(segment) == true)
        let target = SimulatedDisk(seed: 3)
        #expect(try LogBackup.restore(backup, into: target, allowsDamage: true).damaged.count == 1)
        #expect(try LogBench(target).all(topic.partitions[0]).count == 49)
        let manifest = try #require(backup.bytes(of: BackupManifest.path))
        for place in stride(from: 0, to: manifest.count, by: 7) {
            backup.flipBit(of: BackupManifest.path, at: Int64(place), bit: place % 8)
            #expect(throws: LogToolError.self) { try LogBackup.restore(backup, into: SimulatedDisk(seed: 3)) }
            backup.replace(BackupManifest.path, with: manifest)
        }
    }
}
