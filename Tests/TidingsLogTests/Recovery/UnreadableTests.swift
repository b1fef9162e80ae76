// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Sectors that a disk cannot give any more: what lay there is set aside or made up for, and the rest is served.
@Suite struct UnreadableTests {
    private static let block = "log/wal/00000001.wal"
    private static let file = "log/orders-0/00000000000000000000.log"

    private static func text(_ number: Int) -> String { "event \(number) " + String(repeating: "x", count: 200) }

    private func filled(_ disk: SimulatedDisk) throws -> (LogBench, PartitionID) {
        var settings = LogBench.smallSettings
        settings.recentBytes = 0
        let bench = try LogBench(disk, settings: settings)
        let partition = try bench.topic("orders").partitions[0]
        for number in 0..<5 { try bench.append([(partition, Self.text(number))]) }
        return (bench, partition)
    }

    /// The page of the write-ahead log that cannot be read, and what comes of it: rounds 1 to 5 lie in pages 0 to 4.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let page: Int
        /// Whether a checkpoint has all rounds; whether the partition's file has anything behind it.
        var isCovered = false
        var isFiled = true
        let damagedRounds: Int
        let offsets: [Int64]
    }

    static let cases = [
        Case(
            testDescription: "covered by a checkpoint", page: 2, isCovered: true, damagedRounds: 0,
            offsets: [0, 1, 2, 3, 4]),
        Case(testDescription: "in the middle, and in the file", page: 2, damagedRounds: 1, offsets: [0, 1, 2, 3, 4]),
        Case(
            testDescription: "in the middle, and lost", page: 2, isFiled: false, damagedRounds: 1,
            offsets: [0, 1, 3, 4]),
        Case(testDescription: "the last one, and in the file", page: 4, damagedRounds: 1, offsets: [0, 1, 2, 3, 4]),
        Case(
            testDescription: "the last one, and lost", page: 4, isFiled: false, damagedRounds: 1, offsets: [0, 1, 2, 3]),
        Case(
            testDescription: "behind the page after the last one", page: 6, damagedRounds: 0, offsets: [0, 1, 2, 3, 4]),
    ]

    @Test(arguments: cases) func `a page of the write-ahead log does not keep the folder closed`(_ test: Case) throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, partition) = try filled(disk)
        let lastRound = bench.log.lastRound
        if test.isCovered { #expect(bench.log.checkpoint()) }
        bench.drop()
        disk.killProcess()
        if !test.isFiled { disk.replace(Self.file, with: []) }
        let bytes = disk.bytes(of: Self.block)!
        if bytes.count < 8 * 4096 {
            disk.replace(Self.block, with: bytes + [UInt8](repeating: 0, count: 8 * 4096 - bytes.count))
        }
        disk.failReading(Self.block, test.page * 4096 + 100..<test.page * 4096 + 612)
        try bench.open()
        #expect(bench.log.recovery.damagedRounds == test.damagedRounds)
        let found = try bench.all(partition)
        #expect(found.map(\.offset.value) == test.offsets)
        #expect(found.map(\.text) == test.offsets.map { Self.text(Int($0)) })
        #expect(bench.log.quarantines.isEmpty == (test.damagedRounds == 0), "what may be lost is told")
        for quarantine in bench.log.quarantines where !quarantine.copy.isEmpty {
            #expect(disk.bytes(of: quarantine.copy)?.isEmpty == false)
        }
        let next = try bench.append([(partition, "next")])
        #expect(next.round > lastRound, "no number is given again that may have been told")
        #expect(try bench.all(partition).last?.text == "next")
    }

    @Test func `a part of the last round that cannot be read is not taken for a torn end`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, partition) = try filled(disk)
        var other: TopicDescription?
        bench.session.createTopic(TopicName("other")!, partitions: 1) { other = try? $0.get() }
        bench.loop.runUntilIdle()
        let second = try #require(other).partitions[0]
        // Not compressible: the second batch lies in pages of its own.
        let random = SeededRandom(seed: 3)
        let large = String(decoding: (0..<9_000).map { _ in UInt8(97 + random.next() % 26) }, as: UTF8.self)
        try bench.append([(partition, "small"), (second, large)])
        bench.drop()
        disk.killProcess()
        for path in disk.paths where path.hasSuffix(".log") { disk.replace(path, with: []) }
        disk.failReading(Self.block, 7 * 4096..<7 * 4096 + 512)
        try bench.open()
        #expect(try bench.all(partition).map(\.text).last == "small")
        #expect(bench.log.bounds(of: second)?.end == Offset(1), "its offset is not given again")
        #expect(bench.log.quarantines.contains { $0.partition == second && $0.offsets == .zero..<Offset(1) })
        #expect(bench.log.recovery.cutBytes == 0)
    }

    @Test func `a block that cannot be read at all keeps the folder closed, and as it is`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, _) = try filled(disk)
        bench.drop()
        disk.killProcess()
        disk.failReading(Self.block, 0..<1 << 20)
        let before = disk.paths
        #expect(throws: LogError.self) { try bench.open() }
        #expect(disk.paths == before)
    }

    @Test(arguments: ["log/meta/a", "log/meta/b"])
    func `a slot of the metadata that cannot be read costs nothing`(_ slot: String) throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, partition) = try filled(disk)
        bench.log.stop()
        disk.failReading(slot, 0..<8)
        try bench.open()
        #expect(try bench.all(partition).count == 5)
        #expect(try bench.append([(partition, "next")]).offsets == [Offset(5)])
    }

    @Test func `a sector of a partition's file is set aside, and the rest is served`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, partition) = try filled(disk)
        for number in 5..<30 { try bench.append([(partition, Self.text(number))]) }
        bench.log.stop()
        try bench.open()
        disk.failReading(Self.file, 4096..<4608)
        let found = try bench.all(partition)
        #expect(found.count < 30 && found.count > 10)
        #expect(found.map(\.text) == found.map { Self.text(Int($0.offset.value)) })
        #expect(found.last?.offset == Offset(29))
        let known = bench.log.quarantines
        #expect(!known.isEmpty)
        // Nothing else changes, and it is remembered.
        #expect(bench.log.checkpoint())
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(bench.log.quarantines == known)
    }

    @Test func `what lies behind the first batch that cannot be read is kept before it is cut`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, partition) = try filled(disk)
        let sizes = try bench.read(partition, from: .zero).map(\.bytes.count)
        bench.drop()
        disk.killProcess()
        let whole = try #require(disk.bytes(of: Self.file))
        // The write-ahead log has lost rounds 2 to 4, the file its second batch: its third and fourth are all there is.
        for page in 1...3 { disk.flipBit(of: Self.block, at: Int64(page * 4096 + 30)) }
        disk.flipBit(of: Self.file, at: Int64(sizes[0] + 70))
        try bench.open()
        let copy = bench.log.quarantines.first { $0.copy.hasSuffix(".tail") }?.copy
        let kept = try #require(copy.flatMap { disk.bytes(of: $0) })
        #expect(kept.count == whole.count - sizes[0])
        #expect(kept.suffix(whole.count - sizes[0] - sizes[1]) == whole.dropFirst(sizes[0] + sizes[1]))
    }

    @Test func `numbers that no log reaches are damage`() {
        for (number, lastSynced) in [(UInt64.max, 1), (1 << 62, 0), (3, UInt64.max)] as [(UInt64, UInt64)] {
            var writer = RoundWriter()
            writer.begin(entryCount: 0)
            writer.finish(
                life: LogLife(generation: 1, nonce: 1), number: number, lastSynced: lastSynced,
                time: WallTime(millis: 1))
            #expect(RoundHeader(writer.pieces[0]) == nil)
        }
    }

    @Test func `as many rounds may have been told as the blocks that are found can hold`() {
        var settings = LogBench.smallSettings
        let set = WriteAheadLog.mostRounds([], settings)
        #expect(set == UInt64(3 * WriteAheadLog.blockBytes(settings) / 4096))
        settings.writeAheadBytes = 1
        #expect(WriteAheadLog.mostRounds([32 << 10, 1 << 20, 0], settings) == UInt64(3 << 20) / 4096)
    }
}
