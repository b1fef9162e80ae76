// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Whole batches of clients, and what a topic's settings make of them.
@Suite struct BatchAppendTests {
    private static func batch(_ texts: [String], at time: Int64 = 1_000) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for text in texts {
            var body = ByteBuffer()
            LogBench.body(text, into: &body)
            builder.add(body: body.bytes, timestamp: WallTime(millis: time))
        }
        return [UInt8](builder.seal(baseOffset: Offset(7), leaderEpoch: 3, compresses: false))
    }

    private func append(_ batch: [UInt8], to partition: PartitionID, _ bench: LogBench) throws -> Offset {
        var answer: Result<UInt64, LogError>?
        let offset = try batch.withUnsafeBytes { try bench.session.append(batch: $0, to: partition) { answer = $0 } }
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        _ = try answer!.get()
        return offset
    }

    private func configured(
        _ bench: LogBench, _ name: String, _ change: (inout TopicSettings) -> Void
    ) throws -> TopicDescription {
        var settings = TopicSettings()
        change(&settings)
        var answer: Result<TopicDescription, LogError>?
        bench.session.createTopic(TopicName(name)!, partitions: 1, settings: settings) { answer = $0 }
        bench.loop.runUntilIdle()
        return try answer!.get()
    }

    @Test(arguments: [20, 10_000, 60_000], [false, true])
    func `a client's batch is stored as it came, alone, with another place`(_ length: Int, _ isKept: Bool) throws {
        var settings = LogBench.smallSettings
        settings.maxBatchBytes = 200_000
        settings.maxWaitingBytes = 400_000
        settings.segmentBytes = 1 << 20
        settings.writeAheadBytes = 4 << 20
        let disk = SimulatedDisk(seed: 3)
        let bench = try LogBench(disk, settings: settings)
        let partition = try bench.topic("orders").partitions[0]
        try bench.append([(partition, "first")])
        let sent = Self.batch(["one", String(repeating: "x", count: length)])
        // Staged between records of others, it is joined with none of them.
        _ = try bench.stage([(partition, "before")])
        let offset: Offset
        if isKept {
            // Received into a room in which other bytes lie before and behind it.
            let room = PageRoom(PageRoom.pageBytes + sent.count)
            room.bytes.initializeMemory(as: UInt8.self, repeating: 7)
            let place = UnsafeMutableRawBufferPointer(rebasing: room.bytes[PageRoom.pageBytes...].prefix(sent.count))
            place.copyBytes(from: sent)
            #expect(room.part(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(place)[1...])) == nil)
            let own = room.part(UnsafeRawBufferPointer(place))
            // What is little would keep all of the room.
            #expect((own == nil) == (length == 20))
            offset =
                if let own {
                    try bench.session.append(batch: own, to: partition) { _ in }
                } else {
                    try bench.session.append(batch: UnsafeRawBufferPointer(place), to: partition) { _ in }
                }
        } else {
            offset = try sent.withUnsafeBytes { try bench.session.append(batch: $0, to: partition) { _ in } }
        }
        #expect(offset == Offset(2))
        _ = try bench.stage([(partition, "behind")])
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        func check() throws {
            let batches = try bench.read(partition, from: .zero)
            #expect(batches.map(\.baseOffset.value) == [0, 1, 2, 4])
            let stored = [UInt8](batches[2].bytes)
            #expect(stored[16...] == sent[16...])
            #expect(stored[8..<12] == sent[8..<12])
            #expect(try RecordBatchHeader(verifying: batches[2].bytes).partitionLeaderEpoch == 0)
            let texts = ["first", "before", "one", String(repeating: "x", count: length), "behind"]
            #expect(try bench.all(partition, maxBytes: 1 << 20).map(\.text) == texts)
        }
        try check()
        bench.drop()
        disk.crash()
        try bench.open()
        try check()
        bench.log.stop()
        try bench.open()
        try check()
        #expect(bench.log.quarantines.isEmpty)
    }

    @Test func `what is no whole batch, too large, or a marker is refused and nothing is stored`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 3))
        let partition = try bench.topic("orders").partitions[0]
        let small = try configured(bench, "small") { $0.maxBatchBytes = 1_024 }.partitions[0]
        let good = Self.batch(["one", "two"])
        func code(_ bytes: [UInt8], _ partition: PartitionID) -> LogError.Code? {
            do {
                _ = try append(bytes, to: partition, bench)
                return nil
            } catch { return (error as? LogError)?.code }
        }
        for at in stride(from: 17, to: good.count, by: 5) {
            var flipped = good
            flipped[at] ^= 4
            #expect(code(flipped, partition) == .corruptBatch, "byte \(at)")
        }
        #expect(code(Array(good.dropLast()), partition) == .corruptBatch)
        #expect(code(good + [0], partition) == .corruptBatch)
        #expect(code([], partition) == .corruptBatch)
        #expect(code(Self.batch([String(repeating: "x", count: 1_100)]), small) == .recordTooLarge)
        #expect(code(Self.batch([String(repeating: "x", count: 5_000)]), partition) == .recordTooLarge)
        #expect(code(good, PartitionID(TopicID(99), 0)) == .unknownTopic)
        #expect(bench.log.bounds(of: partition)?.end == .zero)
        #expect(code(good, partition) == nil)
        #expect(bench.log.bounds(of: partition)?.end == Offset(2))
    }

    @Test func `a topic may give records the time of their append`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 3))
        let partition = try configured(bench, "stamped") { $0.timestampType = .appended }.partitions[0]
        let now = bench.clock.wall
        _ = try append(Self.batch(["one"], at: 5), to: partition, bench)
        try bench.append([(partition, "two")])
        let batches = try bench.read(partition, from: .zero)
        for batch in batches {
            let header = try RecordBatchHeader(verifying: batch.bytes)
            #expect(header.hasAppendTime)
            #expect(header.maxTimestamp == now.millis)
            for record in try batch.records() { #expect(record.timestamp == now) }
        }
        #expect(batches.count == 2)
    }

    @Test(arguments: TopicSettings.Durability.allCases)
    func `relaxed topics are answered without a sync and survive the end of the process`(
        _ durability: TopicSettings.Durability
    ) throws {
        let disk = SimulatedDisk(seed: 3)
        let bench = try LogBench(disk)
        let synced = try bench.topic("synced").partitions[0]
        let relaxed = try configured(bench, "relaxed") { $0.durability = durability }.partitions[0]
        try bench.append([(synced, "begins the block")])
        var rounds: [UInt64] = []
        // Taken at once, they are two rounds: the relaxed one first.
        for (partition, text) in [(synced, "a"), (relaxed, "b"), (relaxed, "c")] {
            _ = try bench.stage([(partition, text)], then: { rounds.append((try? $0.get()) ?? 0) })
        }
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        #expect(rounds == (durability == .synced ? [2, 2, 2] : [2, 2, 3]))
        for number in 0..<5 { try bench.append([(relaxed, "\(number)")]) }
        let last = bench.log.lastRound
        #expect((bench.log.writeAhead.relaxed.first != .max) == (durability != .synced))
        #expect((bench.log.writeAhead.relaxed.since != nil) == (durability == .interval))
        bench.drop()
        disk.killProcess()
        try bench.open()
        #expect(try bench.all(relaxed).map(\.text) == ["b", "c", "0", "1", "2", "3", "4"])
        #expect(try bench.all(synced).map(\.text) == ["begins the block", "a"])
        #expect(bench.log.quarantines.isEmpty)
        // The numbers of rounds that a power loss may have taken are not given again.
        #expect(bench.log.lastRound >= last)
        #expect((bench.log.lastRound > last + 8) == (durability != .synced))
    }

    @Test func `what joins relaxed and synced partitions is synced, with what it stands on`() throws {
        let disk = SimulatedDisk(seed: 5)
        let bench = try LogBench(disk)
        let synced = try bench.topic("synced").partitions[0]
        let relaxed = try configured(bench, "relaxed") { $0.durability = .os }.partitions[0]
        try bench.append([(synced, "begins the block")])
        try bench.append([(relaxed, "one")])
        #expect(bench.log.writeAhead.relaxed.first == 2)
        try bench.append([(relaxed, "two"), (synced, "three")])
        #expect(bench.log.writeAhead.relaxed.first == .max)
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(try bench.all(relaxed).map(\.text) == ["one", "two"])
        #expect(try bench.all(synced).map(\.text) == ["begins the block", "three"])
    }
}
