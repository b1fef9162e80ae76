// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What goes, when, and what stays although it is old.
@Suite struct RetentionTests {
    private static let day = Duration.seconds(86_400)

    /// 60 records of 300 bytes, one an hour.
    private static func fill(_ bench: LogBench, _ partition: PartitionID, count: Int = 60) throws {
        for number in 0..<count {
            try bench.append([(partition, "\(number) " + String(repeating: "x", count: 300))])
            bench.keepHouse(after: .seconds(3600))
        }
    }

    private static func bench(
        _ settings: [TopicSettingName: String], seed: UInt64 = 1
    ) throws -> (LogBench, SimulatedDisk, PartitionID) {
        let disk = SimulatedDisk(seed: seed)
        let bench = try LogBench(disk)
        return (bench, disk, try bench.topic("orders", settings).partitions[0])
    }

    @Test func `segments go by age, also of a topic to which nothing is written any more`() throws {
        let (bench, disk, partition) = try Self.bench([.retentionTime: "172800000"])
        bench.log.mayRetain(pins: nil)
        try Self.fill(bench, partition)
        let bounds = try #require(bench.log.bounds(of: partition))
        #expect(bounds.start == .zero, "the first segment has a record of 39 hours")
        bench.keepHouse(after: .seconds(12 * 3600))
        let start = try #require(bench.log.bounds(of: partition)?.start)
        #expect(start > .zero && start <= Offset(24))
        #expect(try bench.all(partition).first?.offset == start)
        #expect(throws: LogError.self) { try bench.read(partition, from: .zero) }
        // The segment that was written to is closed when its last record is old; nothing is left then.
        bench.keepHouse(after: Self.day)
        bench.keepHouse(after: Self.day * 2)
        #expect(bench.log.bounds(of: partition)?.start == Offset(60))
        #expect(bench.log.bounds(of: partition)?.byteCount == 0)
        #expect(!disk.paths.contains { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") })
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(bench.log.bounds(of: partition) == PartitionBounds(start: Offset(60), end: Offset(60), byteCount: 0))
        try bench.append([(partition, "again")])
        #expect(try bench.all(partition).map(\.text) == ["again"])
    }

    @Test func `a segment that cannot be read goes by the time of its file`() throws {
        let (bench, disk, partition) = try Self.bench([.retentionTime: "172800000"])
        try Self.fill(bench, partition)
        bench.log.stop()
        let first = "log/orders-0/00000000000000000000"
        try disk.remove(first + ".timeindex")
        disk.failReading(first + ".log", 0..<1 << 20)
        try bench.open()
        bench.log.mayRetain(pins: nil)
        bench.keepHouse(after: Self.day * 5)
        #expect(try #require(bench.log.bounds(of: partition)?.start) > .zero)
        #expect(disk.bytes(of: first + ".log") == nil)
    }

    @Test func `segments go by size, and a changed setting acts at the next look`() throws {
        let (bench, _, partition) = try Self.bench([.retentionTime: "-1"])
        try Self.fill(bench, partition)
        bench.log.mayRetain(pins: nil)
        bench.keepHouse()
        let before = try #require(bench.log.bounds(of: partition))
        #expect(before.start == .zero)
        var settings = TopicSettings()
        settings.retentionTime = nil
        settings.retentionBytes = 12_000
        bench.session.configureTopic(partition.topic, settings) { _ in }
        bench.keepHouse()
        let after = try #require(bench.log.bounds(of: partition))
        #expect(after.start > .zero)
        // Whole segments: what is left is the limit and less than one segment more.
        #expect(after.byteCount >= 12_000 && after.byteCount < 12_000 + 8 << 10)
    }

    @Test func `what is pinned stays, exactly, and goes when nobody needs it any more`() throws {
        let (bench, disk, partition) = try Self.bench([.retentionTime: "86400000"])
        try Self.fill(bench, partition)
        let before = try bench.all(partition)
        let pins = TestPins()
        let wanted = [Offset(3), Offset(4), Offset(17)]
        pins.offsets.withLock { $0[partition] = wanted + [Offset(58)] }
        bench.log.mayRetain(pins: pins)
        bench.keepHouse()
        let limit = try #require(pins.asked.withLock { $0.first })
        #expect(limit > Offset(17))
        func check() throws {
            let expected = before.filter { wanted.contains($0.offset) || $0.offset >= limit }
            let found = try bench.all(partition)
            #expect(found.map(\.offset) == expected.map(\.offset))
            #expect(found.map(\.text) == expected.map(\.text))
            #expect(found.map(\.round) == expected.map(\.round))
            #expect(bench.log.quarantines.isEmpty)
            #expect(bench.log.bounds(of: partition)?.start == Offset(3))
            // A cursor by rounds finds its place.
            for record in before where record.offset >= Offset(3) {
                let next = expected.first { $0.round >= record.round }?.offset ?? Offset(60)
                let found = try bench.offset(in: partition, atRound: record.round)
                #expect(found <= next)
                #expect(!expected.contains { $0.offset >= found && $0.round < record.round })
            }
        }
        try check()
        let operations = disk.operationCount
        bench.keepHouse()
        #expect(disk.operationCount == operations, "nothing is written again while nothing changes")
        bench.drop()
        disk.crash()
        try bench.open()
        try check()
        pins.offsets.withLock { $0[partition] = [] }
        bench.log.mayRetain(pins: pins)
        bench.keepHouse()
        #expect(bench.log.bounds(of: partition)?.start == pins.asked.withLock { $0.last })
    }

    @Test(arguments: [3_600, -3_600, 400 * 86_400] as [Int64], [false, true])
    func `a clock that jumps deletes nothing early`(_ seconds: Int64, reopens: Bool) throws {
        let (bench, _, partition) = try Self.bench([.retentionTime: "259200000"])
        try Self.fill(bench, partition)
        bench.log.mayRetain(pins: nil)
        bench.keepHouse()
        #expect(bench.log.bounds(of: partition)?.start == .zero)
        bench.clock.jumpWall(by: .seconds(seconds))
        if reopens {
            bench.log.stop()
            try bench.open()
            bench.log.mayRetain(pins: nil)
        }
        for _ in 0..<2 { bench.keepHouse(after: .seconds(3600)) }
        try Self.fill(bench, partition, count: 3)
        bench.clock.jumpWall(by: .seconds(-seconds))
        // The oldest records are 65 hours old now, and 72 are allowed.
        bench.keepHouse()
        #expect(bench.log.bounds(of: partition)?.start == .zero)
        bench.keepHouse(after: .seconds(4 * 3600))
        #expect(bench.log.bounds(of: partition)?.start == .zero)
        bench.keepHouse(after: .seconds(60 * 3600))
        #expect(bench.log.bounds(of: partition)!.start > .zero)
    }

    /// The clock was behind, or the server did not run for long: either way what is written before the clock is confirmed
    /// is as old as it is afterwards, and no older.
    @Test(arguments: [false, true])
    func `what comes in before a clock is confirmed is not old afterwards`(killed: Bool) throws {
        let (bench, disk, partition) = try Self.bench([.retentionTime: "86400000"])
        bench.log.mayRetain(pins: nil)
        try bench.append([(partition, "old")])
        bench.keepHouse(after: .seconds(60))
        bench.log.stop()
        bench.clock.jumpWall(by: Self.day * 30)
        try bench.open()
        bench.log.mayRetain(pins: nil)
        for number in 0..<120 {
            try bench.append([(partition, "\(number) " + String(repeating: "x", count: 300))])
            bench.log.checkpoint()
            bench.keepHouse(after: .seconds(120))
            if killed, number == 60 {
                bench.drop()
                disk.crash()
                try bench.open()
                bench.log.mayRetain(pins: nil)
            }
        }
        // Six hours after the last start the clock is believed.
        for _ in 0..<200 { bench.keepHouse(after: .seconds(120)) }
        #expect(try bench.all(partition).filter { $0.text != "old" }.count == 120)
        #expect(bench.log.bounds(of: partition)?.start ?? .zero <= Offset(1))
        for _ in 0..<20 { bench.keepHouse(after: .seconds(7200)) }
        #expect(bench.log.bounds(of: partition)?.start == Offset(121), "a day later they are old")
    }

    @Test func `a jump is believed when it has stayed`() {
        var clock = RetentionClock(
            wall: WallTime(millis: 1_000_000), now: MonotonicTime(nanos: 0), believed: nil,
            confirmation: .seconds(3600))
        func look(_ wall: Int64, _ seconds: Int64) -> Int64 {
            clock.look(wall: WallTime(millis: wall), now: MonotonicTime(nanos: seconds * 1_000_000_000)).judging.millis
        }
        #expect(look(1_060_000, 60) == 1_060_000)
        #expect(look(901_120_000, 120) == 1_120_000)
        #expect(look(902_920_000, 1920) == 2_920_000)
        #expect(look(2_980_000, 1980) == 2_980_000, "it was only for a while")
        #expect(look(903_040_000, 2040) == 3_040_000)
        #expect(look(906_640_000, 5640) == 906_640_000)
        #expect(look(900_000_000, 5700) == 900_000_000, "a clock that is behind is followed at once")
    }

    @Test func `records of Kafka clients with times of their own go by when they were stored`() throws {
        let (bench, _, partition) = try Self.bench([.retentionTime: "172800000"])
        bench.log.mayRetain(pins: nil)
        for number in 0..<60 {
            bench.buffer.removeAll()
            let day: Int64 = 86_400_000
            let millis = bench.clock.wall.millis + (number % 2 == 0 ? -1000 * day : 1000 * day)
            bench.buffer.add(to: partition, at: WallTime(millis: millis)) {
                LogBench.body(String(repeating: "x", count: 300), into: &$0)
            }
            try bench.session.append(&bench.buffer) { _ in }
            bench.log.commitPending()
            bench.keepHouse(after: .seconds(600))
        }
        #expect(bench.log.bounds(of: partition)?.start == .zero)
        bench.keepHouse(after: .seconds(50 * 3600))
        bench.keepHouse()
        #expect(bench.log.bounds(of: partition)!.start > .zero)
    }

    @Test func `what a crash interrupts is as before or as after, at every step`() throws {
        let wanted: Set<Int64> = [3, 4, 30]
        func script(_ bench: LogBench) throws -> PartitionID {
            let partition = try bench.topic("orders", [.retentionTime: "86400000"]).partitions[0]
            for number in 0..<60 {
                try bench.append([(partition, "\(number) " + String(repeating: "x", count: 300))])
                bench.clock.advance(by: .seconds(3600))
            }
            let pins = TestPins()
            pins.offsets.withLock { $0[partition] = wanted.sorted().map { Offset($0) } }
            bench.log.mayRetain(pins: pins)
            return partition
        }
        let plain = SimulatedDisk(seed: 6)
        let bench = try LogBench(plain)
        let partition = try script(bench)
        let all = try bench.all(partition)
        let from = plain.operationCount
        bench.keepHouse()
        bench.keepHouse(after: .seconds(86_400))
        let last = try bench.all(partition).map(\.offset.value)
        #expect(last.count < 40 && wanted.isSubset(of: last))
        for operation in from..<plain.operationCount {
            let disk = SimulatedDisk(seed: 6)
            let bench = try LogBench(disk)
            _ = try script(bench)
            disk.fail(operation: operation, .freeze)
            bench.keepHouse()
            bench.keepHouse(after: .seconds(86_400))
            bench.drop()
            disk.crash()
            try bench.open()
            let found = try bench.all(partition)
            let start = bench.log.bounds(of: partition)!.start.value
            #expect(start == 0 || start == 3, "operation \(operation)")
            #expect(Set(found.map(\.offset.value)).isSuperset(of: last), "operation \(operation)")
            #expect(found.allSatisfy { $0.text == all[Int($0.offset.value)].text }, "operation \(operation)")
            #expect(found.allSatisfy { $0.round == all[Int($0.offset.value)].round }, "operation \(operation)")
            #expect(bench.log.quarantines.isEmpty, "operation \(operation)")
        }
    }

    @Test func `rot in a segment that nobody reads is found`() throws {
        let (bench, disk, partition) = try Self.bench([.retentionTime: "-1"])
        try Self.fill(bench, partition)
        bench.log.checkpoint()
        disk.flipBit(of: "log/orders-0/00000000000000000000.log", at: 200)
        bench.keepHouse()
        #expect(bench.log.quarantines.isEmpty)
        bench.keepHouse(after: Self.day * 8)
        #expect(bench.log.quarantines.map(\.partition) == [partition])
    }
}
