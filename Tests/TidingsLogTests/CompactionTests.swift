// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Of each key the last record stays.
@Suite struct CompactionTests {
    /// What happens to a log between two looks.
    private enum Between: CaseIterable { case nothing, stop, crash, lostHorizons }

    private static func fill(
        _ bench: LogBench, _ partition: PartitionID, rounds: Int = 80, keys: Int = 7, seed: UInt64 = 4
    ) throws -> [(key: String, text: String?)] {
        let random = SeededRandom(seed: seed)
        var all: [(key: String, text: String?)] = []
        for round in 0..<rounds {
            var records: [(key: String?, text: String?)] = []
            for place in 0...Int(random.next() % 4) {
                let key = "key-\(random.next() % UInt64(keys))"
                let text = random.next() % 10 == 0 ? nil : "\(round)-\(place) " + String(repeating: "x", count: 90)
                records.append((key, text))
                all.append((key, text))
            }
            try bench.put(partition, records)
            bench.clock.advance(by: .seconds(1))
        }
        return all
    }

    /// What must be there: the last record of each key among those below `limit`, and everything from there on.
    private static func expected(_ all: [(key: String, text: String?)], below limit: Int) -> [Int] {
        var last: [String: Int] = [:]
        for (offset, record) in all.enumerated().prefix(limit) { last[record.key] = offset }
        return all.indices.filter { $0 >= limit || last[all[$0].key] == $0 }
    }

    @Test(arguments: [16 << 20, 24 * 64])
    func `of each key the last record stays, whatever the memory`(_ memory: Int) throws {
        let disk = SimulatedDisk(seed: 2)
        var settings = LogBench.smallSettings
        settings.compactionMapBytes = memory
        // What is in memory too is dropped there as well.
        settings.recentBytes = memory
        let bench = try LogBench(disk, settings: settings)
        let keys = memory < 1 << 20 ? 90 : 7
        let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
        let all = try Self.fill(bench, partition, rounds: 200, keys: keys)
        let before = try bench.records(partition)
        bench.keepHouse()
        let base = bench.log.allPartitions[0].files.withLock { Int($0.active.base.value) }
        #expect(base > 100)
        func check() throws {
            let found = try bench.records(partition)
            let wanted = Self.expected(all, below: base)
            #expect(found.map { Int($0.offset.value) } == wanted)
            #expect(found.map(\.text) == wanted.map { all[$0].text })
            #expect(found.map(\.round) == wanted.map { before[$0].round })
            #expect(bench.log.quarantines.isEmpty)
            let files = disk.paths.filter { $0.hasPrefix("log/state-0/") }
            let bytes = files.filter { $0.hasSuffix(".log") }.reduce(0) { $0 + disk.bytes(of: $1)!.count }
            #expect(bench.log.bounds(of: partition)?.byteCount == Int64(bytes))
            #expect(!files.contains { $0.contains("cleaned") || $0.contains("swap") })
        }
        try check()
        let operations = disk.operationCount
        bench.keepHouse()
        #expect(disk.operationCount <= operations + 8, "nothing is compacted twice")
        bench.drop()
        disk.crash()
        try bench.open()
        try check()
        let inspector = try LogInspector(disk: disk)
        bench.log.stop()
        #expect(try inspector.verify().filter { $0.severity == .damage } == [])
        // Every time finds its record, through the indexes made by the compaction.
        try bench.open()
        for place in Self.expected(all, below: base) {
            let batch = try #require(try bench.read(partition, from: Offset(Int64(place)), maxBytes: 1).first)
            let record = try #require(try batch.records().first { $0.offset.value == Int64(place) })
            let found = try bench.offset(in: partition, atTime: record.timestamp)
            #expect(found.timestamp == record.timestamp)
            #expect(found.offset <= record.offset)
        }
    }

    @Test func `a compacted log has no crumbs`() throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
        // Of each full segment a few bytes stay, but for one in the middle, of which all does.
        for number in 0..<400 {
            let key = (180..<220).contains(number) ? "\(number)" : "a"
            try bench.put(partition, [(key, "\(number) " + String(repeating: "x", count: 150))])
        }
        let found = bench.log.allPartitions[0]
        let base = found.files.withLock { $0.active.base }
        #expect(found.files.withLock { $0.sealed.count } > 8)
        bench.keepHouse()
        let sizes = found.files.withLock { $0.sealed.map(\.byteCount) }
        #expect(sizes.count <= 2 && sizes.allSatisfy { $0 > 1 << 10 }, "\(sizes)")
        #expect(
            try bench.records(partition).filter { $0.offset < base }.map { Int($0.offset.value) }
                == Array(180..<220) + [Int(base.value) - 1])
        bench.log.stop()
        #expect(try LogInspector(disk: disk).verify() == [])
    }

    @Test(arguments: Between.allCases)
    private func `a tombstone goes after its horizon, and not before`(_ between: Between) throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic(
            "state", [.cleanup: "compact", .tombstoneTime: "60000", .minDirtyPercent: "0"]
        ).partitions[0]
        try bench.put(partition, [("a", "1"), ("b", "1")])
        try bench.put(partition, [("a", nil)])
        func close() throws {
            for _ in 0..<40 { try bench.put(partition, [("filler", String(repeating: "y", count: 300))]) }
        }
        try close()
        bench.keepHouse()
        #expect(try bench.records(partition).prefix(2).map(\.key) == ["b", "a"])
        bench.keepHouse(after: .seconds(59))
        #expect(try bench.records(partition).prefix(2).map(\.key) == ["b", "a"])
        switch between {
        case .nothing: break
        case .stop:
            bench.log.stop()
            try bench.open()
        case .crash:
            bench.log.checkpoint()
            bench.drop()
            disk.crash()
            try bench.open()
        case .lostHorizons:
            bench.log.stop()
            try disk.remove("state/log-horizons")
            try bench.open()
        }
        bench.log.mayRetain(pins: nil)
        bench.keepHouse()
        #expect(try bench.records(partition).prefix(2).map(\.key) == ["b", "a"])
        bench.keepHouse(after: .seconds(2))
        #expect(try bench.records(partition).prefix(2).map(\.key) == ["b", "filler"])
    }

    @Test func `a marker goes when its transaction has no record left, after a horizon`() throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic(
            "state", [.cleanup: "compact", .tombstoneTime: "60000", .minDirtyPercent: "0"]
        ).partitions[0]
        var sequence: [Int64: Int32] = [:]
        func write(_ key: String, _ producer: Int64, commits: Bool) throws {
            var body = ByteBuffer()
            LogBench.body("of \(producer)", key: key, into: &body)
            var builder = RecordBatchBuilder()
            builder.add(body: body.bytes, timestamp: bench.clock.wall)
            let batch = ClientBatch.of(
                builder.seal(baseOffset: .zero, compresses: false), producer: producer,
                sequence: sequence[producer, default: 0], isTransactional: true)
            sequence[producer, default: 0] += 1
            try bench.append(batch, to: partition)
            try bench.end(producer, commits: commits, in: [partition])
        }
        func controls() throws -> [Int64] {
            var found: [Int64] = []
            var next = Offset.zero
            while let last = try bench.read(partition, from: next, maxBytes: 3000).last?.lastOffset {
                found += try bench.read(partition, from: next, maxBytes: 3000).filter(\.isControl).map(
                    \.baseOffset.value)
                next = last.next
            }
            return found
        }
        // The second one is superseded, the fourth is void, the sixth stays; the last one of each producer is needed.
        try write("a", 5, commits: true)
        try write("a", 5, commits: false)
        try write("b", 5, commits: true)
        try write("a", 6, commits: true)
        try write("c", 5, commits: false)
        for _ in 0..<40 { try bench.put(partition, [("filler", String(repeating: "y", count: 300))]) }
        bench.keepHouse()
        #expect(try controls() == [1, 3, 5, 7, 9])
        bench.keepHouse(after: .seconds(59))
        #expect(try controls() == [1, 3, 5, 7, 9])
        bench.log.stop()
        #expect(try LogInspector(disk: disk).verify().map(\.description) == [])
        try bench.open()
        bench.keepHouse(after: .seconds(2))
        #expect(try controls() == [5, 7, 9])
        #expect(try bench.records(partition).compactMap(\.text).filter { $0.hasPrefix("of") } == ["of 5", "of 6"])
        bench.log.stop()
        #expect(try LogInspector(disk: disk).verify().map(\.description) == [])
        let index = disk.paths.filter { $0.hasPrefix("log/state-0/") && $0.hasSuffix(".txnindex") }
        #expect(index.reduce(0) { $0 + disk.bytes(of: $1)!.count } == AbortedTransaction.byteCount)
        for path in disk.paths where path.hasPrefix("log/state-0/") && path.hasSuffix(".snapshot") {
            try disk.remove(path)
        }
        // What is known of producers is found again from what is left.
        try bench.open()
        let bounds = try #require(bench.log.bounds(of: partition))
        #expect(bounds.lastStable == bounds.end)
        try write("d", 5, commits: true)
        try write("d", 6, commits: true)
    }

    @Test func `what lies beside a damaged segment is compacted`() throws {
        let disk = SimulatedDisk(seed: 2)
        var settings = LogBench.smallSettings
        settings.segmentBytes = 2 << 10
        let bench = try LogBench(disk, settings: settings)
        let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
        for number in 0..<200 { try bench.put(partition, [("\(number % 3)", String(repeating: "x", count: 150))]) }
        bench.log.stop()
        // Several of them are as large as one may be now.
        bench.settings.segmentBytes = 16 << 10
        try bench.open()
        let before = try bench.log.allPartitions[0].files.withLock { files in
            try files.load(bench.log.context)
            return files.sealed
        }
        let path = SegmentNames.log("log/state-0", before[1].base)
        disk.flipBit(of: path, at: before[1].byteCount - 20)
        let bytes = disk.bytes(of: path)
        bench.keepHouse()
        #expect(disk.bytes(of: path) == bytes, "what is damaged stays as it is")
        let after = bench.log.allPartitions[0].files.withLock { $0.sealed }
        #expect(after[0].base == .zero && after[0].byteCount < before[0].byteCount / 2, "\(after.map(\.byteCount))")
        #expect(bench.log.quarantines.count == 1)
    }

    @Test func `where a marker cannot be read, the next one does not end its transaction`() throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic("state", [.cleanup: "compact", .minDirtyPercent: "0"]).partitions[0]
        func write(_ key: String, _ sequence: Int32) throws {
            var body = ByteBuffer()
            LogBench.body("of 5", key: key, into: &body)
            var builder = RecordBatchBuilder()
            builder.add(body: body.bytes, timestamp: bench.clock.wall)
            try bench.append(
                ClientBatch.of(
                    builder.seal(baseOffset: .zero, compresses: false), producer: 5, sequence: sequence,
                    isTransactional: true), to: partition)
        }
        func fill() throws {
            for _ in 0..<40 { try bench.put(partition, [("filler", String(repeating: "y", count: 300))]) }
        }
        try write("a", 0)
        try fill()
        try bench.end(5, commits: true, in: [partition])
        try fill()
        try write("b", 1)
        try bench.end(5, commits: false, in: [partition])
        try fill()
        bench.log.stop()
        var marker: (path: String, position: Int64)?
        try LogInspector(disk: disk).batches(of: try LogInspector(disk: disk).partitions()[0]) { batch in
            if batch.header.isControl { marker = (batch.path, batch.position) }
            return marker == nil
        }
        let place = try #require(marker)
        // Its magic byte: by its header alone it is no batch any more.
        disk.flipBit(of: place.path, at: place.position + 16)
        try bench.open()
        let before = try #require(bench.log.bounds(of: partition)?.byteCount)
        bench.keepHouse()
        #expect(try #require(bench.log.bounds(of: partition)?.byteCount) < before, "the others are compacted")
        let first = try #require(try bench.read(partition, from: .zero, maxBytes: 1).first)
        #expect(try first.baseOffset == .zero && first.records().first?.value?.text == "of 5")
    }

    @Test func `a record is not compacted before it is old enough, and one without a key is refused`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 2))
        let partition = try bench.topic("state", [.cleanup: "compact", .minCompactionLag: "3600000"]).partitions[0]
        let all = try Self.fill(bench, partition)
        bench.keepHouse(after: .seconds(60))
        #expect(try bench.records(partition).count == all.count)
        bench.keepHouse(after: .seconds(3600))
        #expect(try bench.records(partition).count < all.count / 2)
        do {
            try bench.put(partition, [(nil, "nobody")])
            Issue.record("a record without a key was taken")
        } catch let error as LogError { #expect(error.code == .invalidSetting) }
        // A client's batch is looked into, as far as it does not blow up.
        var builder = RecordBatchBuilder()
        for (key, count) in [("a", 4), (nil, 4), ("a", DecodedBatch.checkedLimit)] {
            var body = ByteBuffer(capacity: 64)
            LogBench.body(String(repeating: "x", count: count), key: key, into: &body)
            builder.add(body: body.bytes, timestamp: bench.clock.wall)
            let batch = [UInt8](builder.seal(baseOffset: .zero))
            let taken = batch.withUnsafeBytes { raw in
                (try? bench.session.append(batch: raw, to: partition) { _ in }) != nil
            }
            #expect(taken == (key != nil && count == 4))
        }
    }

    @Test func `a record waits no longer for compaction than the topic says, however little is new`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 2))
        let partition = try bench.topic(
            "state", [.cleanup: "compact", .minDirtyPercent: "1", .maxCompactionLag: "3600000"]
        ).partitions[0]
        _ = try Self.fill(bench, partition)
        bench.keepHouse()
        for number in 0..<9 { try bench.put(partition, [("again", "\(number)")]) }
        let before = try bench.records(partition).count
        bench.keepHouse(after: .seconds(60))
        #expect(try bench.records(partition).count == before)
        bench.keepHouse(after: .seconds(1_740))
        bench.keepHouse(after: .seconds(1_800))
        #expect(try bench.records(partition).count <= before - 8)
    }

    @Test func `a client's time that its topic does not take is refused`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 2))
        let partition = try bench.topic(
            "a", [.timestampPast: "60000", .timestampFuture: "1000"]
        ).partitions[0]
        let now = bench.clock.wall.millis
        for (millis, isTaken) in [
            (now, true), (now - 60_000, true), (now - 60_001, false), (now + 1_000, true), (now + 1_001, false),
        ] {
            var builder = RecordBatchBuilder()
            for time in [now, millis] {
                var body = ByteBuffer(capacity: 64)
                LogBench.body("text", into: &body)
                builder.add(body: body.bytes, timestamp: WallTime(millis: time))
            }
            let batch = [UInt8](builder.seal(baseOffset: .zero))
            var refusal: LogError?
            do throws(LogError) { _ = try bench.stage(batch, to: partition) } catch { refusal = error }
            #expect(refusal?.code == (isTaken ? nil : .invalidTimestamp), "\(millis - now)")
        }
    }

    @Test func `a real hole is found in a segment that was compacted, as in any other`() throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
        _ = try Self.fill(bench, partition)
        bench.keepHouse()
        bench.log.stop()
        let path = try #require(disk.paths.first { $0.hasPrefix("log/state-0/") && $0.hasSuffix(".log") })
        disk.flipBit(of: path, at: 40)
        try bench.open()
        #expect(throws: LogError.self) { try bench.read(partition, from: .zero) }
        #expect(bench.log.quarantines.count == 1)
    }

    @Test func `what a crash interrupts is as before or as after, at every step`() throws {
        func script(_ bench: LogBench) throws -> (PartitionID, [(key: String, text: String?)]) {
            let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
            return (partition, try Self.fill(bench, partition, rounds: 90))
        }
        let plain = SimulatedDisk(seed: 6)
        let bench = try LogBench(plain)
        let (partition, all) = try script(bench)
        let before = try bench.records(partition).map(\.offset)
        let from = plain.operationCount
        bench.log.keepHouse()
        let through = plain.operationCount
        let base = bench.log.allPartitions[0].files.withLock { Int($0.active.base.value) }
        let last = Self.expected(all, below: base)
        #expect(try bench.records(partition).map { Int($0.offset.value) } == last)
        for operation in from..<through {
            for kills in [false, true] {
                let disk = SimulatedDisk(seed: 6)
                let bench = try LogBench(disk)
                _ = try script(bench)
                disk.fail(operation: operation, .freeze)
                bench.log.keepHouse()
                bench.drop()
                if kills { disk.killProcess() } else { disk.crash() }
                try bench.open()
                for round in 0..<2 {
                    let found = try bench.records(partition)
                    let offsets = found.map { Int($0.offset.value) }
                    // Segments are replaced one after the other: each is as before or as after.
                    #expect(Set(offsets).isSuperset(of: last), "operation \(operation)")
                    #expect(offsets.allSatisfy { $0 < before.count } && offsets == offsets.sorted())
                    #expect(found.allSatisfy { $0.text == all[Int($0.offset.value)].text }, "operation \(operation)")
                    #expect(bench.log.quarantines.isEmpty, "operation \(operation)")
                    if round == 0 { bench.keepHouse() }
                }
                #expect(
                    try bench.records(partition).map { Int($0.offset.value) } == last, "operation \(operation)")
                let files = disk.paths.filter { $0.hasPrefix("log/state-0/") }
                #expect(!files.contains { $0.contains("cleaned") || $0.contains("swap") }, "operation \(operation)")
            }
        }
    }
}
