// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Folders that lack rounds, newer metadata, or files: what is left is kept, what is lost is told, the rest is served.
@Suite struct MissingPartsTests {
    private static func text(_ number: Int) -> String { "event \(number) " + String(repeating: "x", count: 600) }

    private let disk = SimulatedDisk(seed: 1)

    /// Five records per partition that a checkpoint covers, and twenty that rounds alone do: more than a segment has.
    private func filled() throws -> (LogBench, [PartitionID]) {
        var settings = LogBench.smallSettings
        settings.recentBytes = 0
        settings.writeAheadBytes = 1 << 20
        let bench = try LogBench(disk, settings: settings)
        let partitions = try bench.topic("orders", partitions: 2).partitions
        try add(5, from: 0, to: partitions, bench)
        #expect(bench.log.checkpoint())
        try add(20, from: 5, to: partitions, bench)
        return (bench, partitions)
    }

    private func add(_ count: Int, from first: Int, to partitions: [PartitionID], _ bench: LogBench) throws {
        for number in first..<first + count { try bench.append(partitions.map { ($0, Self.text(number)) }) }
    }

    private func expect(_ offsets: some Sequence<Int>, in partition: PartitionID, _ bench: LogBench) throws {
        let found = try bench.all(partition)
        #expect(found.map(\.offset.value) == offsets.map { Int64($0) })
        #expect(found.allSatisfy { $0.text == Self.text(Int($0.offset.value)) })
    }

    private var blocks: [String] { disk.paths.filter { $0.hasSuffix(".wal") } }
    private var segments: [String] { disk.paths.filter { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") } }

    enum Loss: CaseIterable { case firstBlocks, allBlocks, end, endOfZeros }

    private func lose(_ loss: Loss) throws {
        // Five rounds of a page or more each come before the ones that count.
        let covered = 5 * 4096
        switch loss {
        case .firstBlocks: try disk.remove(blocks[0])
        case .allBlocks: for path in blocks { try disk.remove(path) }
        case .end, .endOfZeros:
            for path in blocks.dropFirst() { try disk.remove(path) }
            let bytes = disk.bytes(of: blocks[0])!
            let zeros = loss == .end ? [] : [UInt8](repeating: 0, count: bytes.count - covered)
            disk.replace(blocks[0], with: Array(bytes.prefix(covered)) + zeros)
        }
    }

    @Test(arguments: Loss.allCases)
    func `records that were filed outlive their rounds`(_ loss: Loss) throws {
        let (bench, partitions) = try filled()
        let lastRound = bench.log.lastRound
        #expect(segments.count > 2 && blocks.count > 2)
        bench.drop()
        disk.killProcess()
        try lose(loss)
        let told = try LogInspector(disk: disk).verify().filter { $0.severity == .damage }
        #expect(!told.isEmpty && told.allSatisfy { $0.path == WriteAheadLog.folder }, "\(told)")
        try bench.open()
        for partition in partitions { try expect(0..<25, in: partition, bench) }
        #expect(bench.log.quarantines.allSatisfy { $0.partition == nil } && !bench.log.quarantines.isEmpty)
        #expect(bench.log.recovery.damagedRounds == (loss == .firstBlocks ? bench.log.recovery.damagedRounds : 20))
        #expect(bench.log.recovery.damagedRounds > 0)
        #expect(try bench.append([(partitions[0], Self.text(25))]).round > lastRound)
        bench.drop()
        disk.crash()
        try bench.open()
        try expect(0..<26, in: partitions[0], bench)
        try expect(0..<25, in: partitions[1], bench)
    }

    @Test func `what is missing among filed records is told, and what cannot follow is kept`() throws {
        let (bench, partitions) = try filled()
        try add(20, from: 25, to: partitions, bench)
        bench.drop()
        disk.killProcess()
        try lose(.allBlocks)
        let (whole, lost) = (segments, segments[1])
        try disk.remove(lost)
        let last = whole.last!
        let size = disk.bytes(of: last)!.count
        disk.flipBit(of: last, at: Int64(size - 10))
        try bench.open()
        func base(_ path: String) -> Int { Int(path.dropFirst(13).dropLast(4))! }
        let found = try bench.all(partitions[0]).map { Int($0.offset.value) }
        #expect(found.starts(with: Array(0..<base(lost)) + [base(whole[2])]))
        let gap = bench.log.quarantines.first { $0.partition == partitions[0] }
        #expect(gap?.offsets == Offset(Int64(base(lost)))..<Offset(Int64(base(whole[2]))))
        #expect(bench.log.quarantines.contains { $0.copy.hasSuffix(".tail") && disk.bytes(of: $0.copy) != nil })
        try expect(0..<45, in: partitions[1], bench)
    }

    @Test func `what was filed of relaxed rounds is kept, and proves nothing`() throws {
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders", partitions: 1, [.durability: "os"]).partitions[0]
        try add(3, from: 0, to: [partition], bench)
        bench.drop()
        disk.killProcess()
        try lose(.allBlocks)
        try bench.open()
        try expect(0..<3, in: partition, bench)
        #expect(bench.log.quarantines.isEmpty && bench.log.recovery.damagedRounds == 0)
    }

    @Test(arguments: [true, false], [true, false])
    func `metadata that is older than the records loses nothing`(_ isPutBack: Bool, _ isStopped: Bool) throws {
        let (bench, partitions) = try filled()
        bench.log.stop()
        let old = disk.bytes(of: "log/meta/a")!
        try bench.open()
        try add(30, from: 25, to: partitions, bench)
        #expect(bench.log.checkpoint())
        try add(5, from: 55, to: partitions, bench)
        let lastRound = bench.log.lastRound
        if isStopped { bench.log.stop() } else { bench.drop() }
        disk.killProcess()
        disk.replace("log/meta/a", with: old)
        disk.replace("log/meta/b", with: isPutBack ? old : [1, 2, 3])
        let told = try LogInspector(disk: disk).verify()
        #expect(told.contains { $0.description.contains("older than the records") })
        #expect(told.allSatisfy { $0.severity == .notice }, "\(told)")
        try bench.open()
        #expect(bench.log.recovery.hadOldMetadata && !bench.log.recovery.wasClean)
        for partition in partitions { try expect(0..<60, in: partition, bench) }
        #expect(bench.log.quarantines.allSatisfy { $0.partition == nil })
        #expect(try bench.append([(partitions[0], Self.text(60))]).round > lastRound)
        bench.log.stop()
        try bench.open()
        #expect(bench.log.recovery.wasClean)
        try expect(0..<61, in: partitions[0], bench)
    }

    @Test func `rounds of topics that the metadata does not know are kept, and told`() throws {
        let (bench, partitions) = try filled()
        #expect(bench.log.checkpoint())
        let old = disk.bytes(of: "log/meta/a")!
        let late = try bench.topic("late")
        try add(3, from: 0, to: late.partitions, bench)
        try add(3, from: 25, to: partitions, bench)
        bench.drop()
        disk.killProcess()
        for slot in MetadataStore.slots { disk.replace(slot, with: old) }
        try bench.open()
        for partition in partitions { try expect(0..<28, in: partition, bench) }
        let told = try #require(bench.log.quarantines.first { $0.name == "write-ahead log" })
        #expect(told.reason.hasSuffix(": \(late.id.number)-0"), "\(told.reason)")
        #expect(disk.bytes(of: told.copy)?.isEmpty == false)
        #expect(bench.log.quarantines.contains { $0.name == "late-0" })
        #expect(try bench.topic("new").id > late.id)
    }

    @Test func `rounds of a topic that was deleted are nobody's`() throws {
        let (bench, partitions) = try filled()
        let late = try bench.topic("late")
        try add(3, from: 0, to: late.partitions, bench)
        bench.session.deleteTopic(late.id) { _ in }
        bench.loop.runUntilIdle()
        bench.drop()
        disk.killProcess()
        try bench.open()
        for partition in partitions { try expect(0..<25, in: partition, bench) }
        #expect(bench.log.quarantines.isEmpty)
    }

    struct Gone: Sendable, CustomTestStringConvertible {
        let what: String
        let isStopped: Bool
        var testDescription: String { what + (isStopped ? ", stopped" : ", killed") }

        static let all = [".rounds", ".index", ".timeindex", ".log", "half of .log", ""].flatMap { what in
            [true, false].map { Gone(what: what, isStopped: $0) }
        }
    }

    @Test(arguments: Gone.all)
    func `a file or folder that is gone costs what it held, and nothing else`(_ gone: Gone) throws {
        let (bench, partitions) = try filled()
        bench.settings.segmentBytes = 64 << 10
        bench.log.stop()
        try bench.open()
        try add(20, from: 25, to: partitions, bench)
        #expect(bench.log.checkpoint())
        let records = bench.log.control.withLock { $0.metadata.topics[0].partitions[0] }
        if gone.isStopped { bench.log.stop() } else { bench.drop() }
        disk.killProcess()
        let active = "log/orders-0/" + SegmentNames.digits(records.activeBase)
        var lostFrom = 45
        switch gone.what {
        case "":
            for path in disk.paths where path.hasPrefix("log/orders-0/") { try disk.remove(path) }
            try disk.remove("log/orders-0")
            lostFrom = 0
        case "half of .log":
            let bytes = disk.bytes(of: active + ".log")!
            disk.replace(active + ".log", with: Array(bytes.prefix(bytes.count / 2)))
            lostFrom = -1
        default:
            try disk.remove(active + gone.what)
            if gone.what == ".log" { lostFrom = Int(records.activeBase.value) }
        }
        let told = try LogInspector(disk: disk).verify().filter { $0.severity == .damage }
        #expect(told.isEmpty == (lostFrom == 45), "\(told)")
        try bench.open()
        let mine = bench.log.quarantines.filter { $0.partition != nil }
        if lostFrom < 0 { lostFrom = Int(mine.first?.offsets.lowerBound.value ?? 0) }
        #expect(
            mine.map { "\($0.partition!.index): \($0.offsets)" }
                == (lostFrom < 45 ? ["0: \(Offset(Int64(lostFrom))..<Offset(45))"] : []))
        try expect(0..<45, in: partitions[1], bench)
        try expect(0..<lostFrom, in: partitions[0], bench)
        if lostFrom > 0 { #expect(try bench.offset(in: partitions[0], atRound: 1) == .zero) }
        try add(5, from: 45, to: partitions, bench)
        #expect(bench.log.checkpoint() && !bench.log.isOffline)
        for _ in 0..<2 {
            bench.log.stop()
            try bench.open()
            #expect(bench.log.recovery.wasClean)
            try expect(Array(0..<lostFrom) + Array(45..<50), in: partitions[0], bench)
            try expect(0..<50, in: partitions[1], bench)
        }
        #expect(bench.log.quarantines.filter { $0.partition != nil } == mine)
    }
}
