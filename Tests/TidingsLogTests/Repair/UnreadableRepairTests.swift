// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A sector that the disk cannot read costs the records that lie in it: the tools tell of them, and go on.
@Suite struct UnreadableRepairTests {
    private static let segment = "log/orders-0/00000000000000000000.log"
    private let disk = SimulatedDisk(seed: 1)
    private let topic: TopicDescription

    init() throws {
        let bench = try LogBench(disk)
        topic = try bench.topic("orders", partitions: 2)
        for number in 0..<60 {
            try bench.append(topic.partitions.map { ($0, "event \(number) " + String(repeating: "x", count: 200)) })
        }
        bench.log.stop()
    }

    private func repair(_ applying: Bool) throws -> [LogRepair.Step] {
        try LogRepair.run(
            on: disk, applying: applying, settings: LogBench.smallSettings, time: ManualClock(),
            random: SeededRandom(seed: 3), logger: Logger("log", to: nil))
    }

    private func offsets() throws -> [[Int64]] {
        let bench = try LogBench(disk)
        defer { bench.log.stop() }
        return try topic.partitions.map { try bench.all($0).map(\.offset.value) }
    }

    @Test(arguments: [4096..<4608, 0..<512, 0..<1 << 20])
    func `a segment is judged and repaired past what cannot be read`(_ range: Range<Int>) throws {
        let size = try #require(disk.bytes(of: Self.segment)).count
        disk.failReading(Self.segment, range)
        let damage = try LogInspector(disk: disk).verify().filter { $0.severity == .damage }
        #expect(damage.contains { $0.path == Self.segment && $0.description.contains("read") }, "\(damage)")
        #expect(damage.allSatisfy { $0.path == Self.segment || $0.path.hasPrefix("log/orders-0") }, "\(damage)")
        #expect(try repair(false).map(\.path) == [Self.segment])
        #expect(try repair(true).map(\.path) == [Self.segment])
        #expect(try repair(true).isEmpty)
        let read = try offsets()
        #expect(read[1] == Array(0..<60))
        #expect(read[0].contains(59) && (read[0].count > 35) == (range.count == 512) || range.count > 512)
        // What could be read of it is kept, or the file itself.
        let kept = disk.paths.filter { $0.hasPrefix("log/quarantine/orders-0-") }
        #expect(kept.count == 1 && !kept[0].hasSuffix(".new"))
        #expect(range.count == 512 || disk.bytes(of: kept[0])?.count == size)
    }

    @Test(arguments: [4096..<4608, 0..<1 << 20])
    func `a block of the write-ahead log that cannot be read ends no verify`(_ range: Range<Int>) throws {
        let block = try #require(disk.paths.first { $0.hasPrefix(WriteAheadLog.folder + "/") })
        disk.failReading(block, range)
        #expect(try LogInspector(disk: disk).verify().filter { $0.path == block }.map(\.severity) == [.notice])
    }

    @Test func `a copy never takes the place of another one`() throws {
        disk.flipBit(of: Self.segment, at: 400)
        let whole = try #require(disk.bytes(of: Self.segment))
        let plan = try repair(true)
        #expect(plan.count == 1)
        let first = try #require(disk.paths.first { $0.hasPrefix("log/quarantine/orders-0-") })
        let bytes = disk.bytes(of: first)
        // The same place rots again, in a folder that was restored beneath the quarantine.
        disk.replace(Self.segment, with: whole)
        #expect(try repair(true).count == 1)
        #expect(disk.bytes(of: first) == bytes)
        #expect(disk.paths.filter { $0.hasPrefix("log/quarantine/orders-0-") }.count == 2)
    }

    @Test func `a repair of rebuilt metadata ends, whatever the indexes lack`() throws {
        for path in disk.paths where path.hasSuffix(".rounds") { disk.replace(path, with: []) }
        for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        #expect(try !repair(true).isEmpty)
        #expect(try repair(true).isEmpty)
        #expect(try offsets() == [Array(0..<60), Array(0..<60)])
    }

    @Test func `a topic with a long name is repaired`() throws {
        let bench = try LogBench(disk)
        let long = try bench.topic(String(repeating: "n", count: 249))
        try bench.append([(long.partitions[0], "one")])
        try bench.append([(long.partitions[0], "two")])
        bench.log.stop()
        let path = try #require(disk.paths.first { $0.hasPrefix("log/nnn") && $0.hasSuffix(".log") })
        disk.flipBit(of: path, at: 80)
        #expect(try repair(true).count == 1)
        let kept = try #require(disk.paths.first { $0.hasPrefix("log/quarantine/nnn") })
        #expect(kept.utf8.count - "log/quarantine/".utf8.count <= 255)
        #expect(try repair(true).isEmpty)
    }
}
