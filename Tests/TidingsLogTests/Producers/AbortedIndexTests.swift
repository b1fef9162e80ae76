// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// An index of aborted transactions that rots, or that the disk cannot read, is made again from the batches.
@Suite struct AbortedIndexTests {
    enum Damage: CaseIterable { case sector, bit, half }

    private let disk = SimulatedDisk(seed: 1)
    private let bench: LogBench
    private let partition: PartitionID
    private let aborted: [AbortedTransaction]

    /// Ten transactions in several segments, every second one aborted.
    init() throws {
        bench = try LogBench(disk)
        partition = try bench.topic("orders").partitions[0]
        for number in 0..<10 as Range<Int32> {
            try bench.append(
                LogBench.batch("txn", count: 2, producer: 7, sequence: number * 2, isTransactional: true), to: partition
            )
            try bench.end(7, commits: number % 2 == 0, in: [partition])
            for _ in 0..<(number < 9 ? 6 : 0) { try bench.append([(partition, String(repeating: "x", count: 500))]) }
        }
        aborted = try Self.aborted(partition, bench)
    }

    private static func aborted(_ partition: PartitionID, _ bench: LogBench) throws -> [AbortedTransaction] {
        let end = try #require(bench.log.bounds(of: partition)?.end)
        return try bench.log.abortedTransactions(in: partition, from: .zero, to: end).get()
    }

    private func indexes() -> [String] { disk.paths.filter { $0.hasSuffix(".txnindex") } }

    private func damage(_ path: String, _ damage: Damage) throws {
        let bytes = try #require(disk.bytes(of: path))
        switch damage {
        case .sector: disk.failReading(path, 0..<bytes.count)
        case .bit: disk.flipBit(of: path, at: 0)
        case .half: disk.replace(path, with: Array(bytes.dropLast()))
        }
    }

    private func repair(_ applying: Bool) throws -> [LogRepair.Step] {
        try LogRepair.run(
            on: disk, applying: applying, settings: LogBench.smallSettings, time: ManualClock(),
            random: SeededRandom(seed: 3), logger: Logger("log", to: nil))
    }

    @Test(arguments: Damage.allCases, [true, false])
    func `an opening makes it again`(_ kind: Damage, _ hasSnapshot: Bool) throws {
        #expect(aborted.count == 5)
        if hasSnapshot {
            bench.log.stop()
            try bench.open()
            try bench.append([(partition, "another")])
        } else {
            #expect(bench.log.checkpoint())
        }
        bench.drop()
        disk.killProcess()
        try damage(try #require(indexes().last), kind)
        try bench.open()
        #expect(try Self.aborted(partition, bench) == aborted)
    }

    @Test(arguments: Damage.allCases)
    func `a repair makes it again`(_ kind: Damage) throws {
        bench.log.stop()
        let path = try #require(indexes().first)
        try damage(path, kind)
        #expect(try repair(false).map(\.path) == [path])
        #expect(try repair(true).map(\.path) == [path])
        #expect(try repair(true).isEmpty)
        #expect(try LogInspector(disk: disk).verify() == [])
        try bench.open()
        #expect(try Self.aborted(partition, bench) == aborted)
    }

    @Test func `an index of which nothing is left takes the place of the old one`() throws {
        bench.log.stop()
        let folder = "log/orders-0"
        let context = FileContext(disk: disk, open: OpenFiles(on: disk, limit: 8), settings: bench.settings)
        let path = try #require(indexes().first)
        let base = try #require(SegmentNames.base(ofLog: path.dropFirst(folder.count + 1).dropLast(9) + ".log"))
        let rewriter = try SegmentRewriter(folder, at: base, context)
        for entry in aborted { rewriter.forget(transactionUpTo: entry.last) }
        try rewriter.skip(base, through: base, round: 1)
        try rewriter.addTransactions(of: base)
        try rewriter.finish(modified: bench.clock.wall)
        let swap = SegmentSwap(base: base, end: base.next)
        try swap.commit(folder, disk)
        try swap.finish(folder, disk)
        #expect(disk.bytes(of: path)?.isEmpty ?? true)
    }
}
