// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What `tidings log verify` finds, and what it does not take for damage.
@Suite struct VerifyTests {
    private let disk = SimulatedDisk(seed: 1)
    private let bench: LogBench
    private let topic: TopicDescription
    private static let first = "log/orders-0/00000000000000000000"

    /// Sixty batches of five records in many segments, stopped cleanly.
    init() throws {
        bench = try LogBench(disk)
        topic = try bench.topic("orders")
        for number in 0..<60 {
            bench.clock.advance(by: .seconds(1))
            try bench.append(
                (0..<5).map { (topic.partitions[0], "event \(number).\($0) \(String(repeating: "x", count: 90))") })
        }
    }

    private func inspect() throws -> [LogInspector.Finding] { try LogInspector(disk: disk).verify() }

    /// The batches of the first segment.
    private func firstBatches() throws -> [[UInt8]] {
        let partition = try LogInspector(disk: disk).partitions()[0]
        var found: [[UInt8]] = []
        try LogInspector(disk: disk).batches(of: partition) { batch in
            guard batch.segment == .zero else { return false }
            found.append(Array(batch.stored.bytes))
            return true
        }
        return found
    }

    @Test func `records that compaction left out are no damage; offsets that are missing are`() throws {
        bench.log.stop()
        #expect(try inspect() == [])
        let batches = try firstBatches()
        try #require(batches.count > 5)
        // One batch is a header only, one keeps some of its records; the segment's indexes go with the old places.
        var rebuilder = BatchRebuilder()
        var segment = batches
        for (place, kept) in [(1, false), (3, true)] {
            let outcome = try batches[place].withUnsafeBytes { bytes in
                try rebuilder.rebuild(bytes) { kept && $0.offset.value % 2 == 0 }
            }
            switch outcome {
            case .rebuilt(let bytes), .emptied(let bytes): segment[place] = Array(bytes)
            case .unchanged: Issue.record("unchanged")
            }
        }
        for index in [".index", ".rounds", ".timeindex"] { disk.replace(Self.first + index, with: []) }
        disk.replace(Self.first + ".log", with: Array(segment.joined()))
        #expect(try inspect() == [])
        // Under the name that a segment written anew has before it takes the place of the old one.
        let next = try LogInspector(disk: disk).partitions()[0].segments[1]
        let swap = Self.first + ".log.swap-" + SegmentNames.digits(next)
        try disk.rename(Self.first + ".log", to: swap)
        #expect(try inspect().map(\.path) == [swap])
        try disk.rename(swap, to: Self.first + ".log")
        disk.replace(Self.first + ".log", with: Array((segment[..<2] + segment[3...]).joined()))
        let missing = try inspect()
        #expect(
            missing.map(\.severity) == [.damage] && missing[0].description.contains("10 to 14 are missing"),
            "\(missing)")
    }

    @Test func `every index entry is held against the batches`() throws {
        bench.log.stop()
        for (suffix, size) in [(".index", 8), (".rounds", 20), (".timeindex", 12)] {
            let bytes = try #require(disk.bytes(of: Self.first + suffix))
            try #require(bytes.count >= size)
            for at in 0..<bytes.count {
                disk.flipBit(of: Self.first + suffix, at: Int64(at), bit: 3)
                let findings = try inspect()
                #expect(!findings.isEmpty && findings.allSatisfy { $0.severity == .notice }, "\(suffix) \(at)")
                disk.flipBit(of: Self.first + suffix, at: Int64(at), bit: 3)
            }
            disk.replace(Self.first + suffix, with: Array(bytes.dropLast()))
            #expect(try inspect().map(\.severity) == [.notice])
            disk.replace(Self.first + suffix, with: bytes)
        }
        #expect(try inspect() == [])
    }

    @Test(arguments: [true, false])
    func `entries behind what was read of the last segment are judged in a folder that nobody uses`(
        _ isStopped: Bool
    ) throws {
        bench.log.checkpoint()
        if isStopped { bench.log.stop() } else { bench.drop() }
        disk.killProcess()
        let path = try #require(disk.paths.last { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") })
        disk.replace(path, with: Array(try #require(disk.bytes(of: path)).dropLast(10)))
        #expect(try inspect().contains { $0.path.hasSuffix(".rounds") } == isStopped)
    }

    @Test(arguments: [true, false])
    func `entries of the time index that are not later than the one before are told apart`(_ isTwice: Bool) throws {
        bench.log.stop()
        let path = Self.first + ".timeindex"
        let bytes = try #require(disk.bytes(of: path))
        let (one, two) = (Array(bytes[0..<12]), Array(bytes[12..<24]))
        disk.replace(path, with: isTwice ? one + one : two + one)
        let finding = try #require(try inspect().first)
        #expect(finding.severity == .notice && finding.position == 12)
        #expect(finding.description.contains(isTwice ? "the same time as" : "an earlier time than"), "\(finding)")
    }

    @Test func `a segment that is gone is damage, and one that retention removed meanwhile is not`() throws {
        bench.log.checkpoint()
        let before = try LogInspector(disk: disk)
        let segments = try before.partitions()[0].segments
        bench.session.deleteRecords(topic.partitions[0], before: segments[2]) { _ in }
        bench.loop.runUntilIdle()
        bench.log.checkpoint()
        #expect(try LogInspector(disk: disk).partitions()[0].segments.first == segments[2])
        #expect(try before.verify() == [])
        try disk.remove("log/orders-0/\(SegmentNames.digits(segments[3])).log")
        #expect(try inspect().contains { $0.severity == .damage && $0.description.contains("are missing") })
    }

    @Test func `what only the write-ahead log has is shown behind what the files have`() throws {
        bench.drop()
        disk.crash()
        let inspector = try LogInspector(disk: disk)
        var offsets: [Int64] = []
        var paths: Set<String> = []
        for partition in try inspector.partitions() {
            try inspector.batches(of: partition) { batch in
                offsets += try batch.stored.records().map(\.offset.value)
                paths.insert(batch.path)
                return true
            }
        }
        #expect(offsets == Array(0..<300))
        #expect(paths.contains { $0.hasPrefix(WriteAheadLog.folder) })
        #expect(try inspector.verify().allSatisfy { $0.severity == .notice })
    }

    @Test func `a producer's batch that is there twice is found`() throws {
        bench.log.stop()
        var batches = try firstBatches()
        for place in 0..<batches.count {
            batches[place].withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: Int64(9).bigEndian, toByteOffset: 43, as: Int64.self)
                bytes.storeBytes(of: Int16(0).bigEndian, toByteOffset: 51, as: Int16.self)
                bytes.storeBytes(of: Int32(place == 3 ? 10 : place * 5).bigEndian, toByteOffset: 53, as: Int32.self)
                let sum = CRC32C.checksum(UnsafeRawBufferPointer(bytes).part(21..<bytes.count))
                bytes.storeBytes(of: sum.bigEndian, toByteOffset: 17, as: UInt32.self)
            }
        }
        disk.replace(Self.first + ".log", with: Array(batches.joined()))
        let findings = try inspect()
        #expect(findings.count == 2, "\(findings)")
        #expect(findings.first?.description.contains("sequence 10 after 14") == true, "\(findings)")
    }

    @Test func `aborted transactions and what is known of producers are held against the batches`() throws {
        let partition = topic.partitions[0]
        for number in 0..<4 as Range<Int32> {
            try bench.append(
                LogBench.batch("txn", count: 2, producer: 7, sequence: number * 2, isTransactional: true), to: partition
            )
            try bench.end(7, commits: number % 2 == 0, in: [partition])
        }
        try bench.append(LogBench.batch("single", producer: 8, sequence: 0), to: partition)
        bench.log.stop()
        #expect(try inspect() == [])
        let index = try #require(disk.paths.first { $0.hasSuffix(".txnindex") })
        let entries = try #require(disk.bytes(of: index))
        try #require(entries.count == 2 * AbortedTransaction.byteCount)
        for change in [
            Array(entries[..<AbortedTransaction.byteCount]), Array(entries.dropLast()),
            // Another first offset.
            entries[..<17] + [entries[17] ^ 1] + entries[18...],
        ] {
            disk.replace(index, with: change)
            let findings = try inspect()
            #expect(
                !findings.isEmpty && findings.allSatisfy { $0.severity == .damage && $0.path == index }, "\(findings)")
        }
        disk.replace(index, with: entries)
        let path = try #require(disk.paths.first { $0.hasSuffix(".snapshot") })
        let snapshot = try #require(disk.bytes(of: path))
        disk.flipBit(of: path, at: 40)
        #expect(try inspect().map(\.severity) == [.notice])
        // A whole one that speaks of other batches.
        let known = try #require(snapshot.withUnsafeBytes { ProducerSnapshot(decoding: $0) })
        var table = ProducerTable()
        for (producer, entry) in known.table.entries {
            var entry = entry
            if producer == 8 { entry.batches.removeAll() }
            table.restore(producer, entry)
        }
        disk.replace(path, with: ProducerSnapshot(offset: known.offset, table: table).encoded())
        let findings = try inspect()
        #expect(findings.map(\.severity) == [.damage] && findings[0].description.contains("producer 8"), "\(findings)")
    }
}
