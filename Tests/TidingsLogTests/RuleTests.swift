// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The log's rules as values, without I/O.
@Suite struct RuleTests {
    @Test(
        arguments: [
            ("00000001.wal", 1), ("2147483647.wal", 2_147_483_647), ("4294967295.wal", nil), ("-0000001.wal", nil),
            ("00000001.log", nil),
        ] as [(String, UInt32?)])
    func `a block is known by its name`(_ name: String, _ number: UInt32?) {
        #expect(WriteAheadLog.number(ofFile: name) == number)
    }

    private static let life = LogLife(generation: 3, nonce: 77)

    private static func round(
        _ number: UInt64, life: LogLife = life, lastSynced: UInt64? = nil, isRelaxed: Bool = false
    ) -> [UInt8] {
        var writer = RoundWriter()
        writer.begin(entryCount: 1)
        var builder = RecordBatchBuilder()
        var body = ByteBuffer()
        LogBench.body("record of round \(number)", into: &body)
        for _ in 0..<2 { builder.add(body: body.bytes, timestamp: WallTime(millis: Int64(number))) }
        let batch = builder.seal(baseOffset: Offset(9))
        writer.add(batch, of: PartitionID(TopicID(1), 0), at: Offset(9), records: 2)
        writer.finish(
            life: life, number: number, lastSynced: lastSynced ?? number - 1, time: WallTime(millis: 5),
            isRelaxed: isRelaxed)
        return writer.pieces.flatMap { [UInt8]($0) }
    }

    private static func located(_ bytes: [UInt8]) -> [RecoveryPlan.Located] {
        bytes.withUnsafeBytes { raw in
            BlockScan.rounds(in: raw, of: life).map { .init(round: $0.round, block: 1, position: $0.position) }
        }
    }

    @Test func `a round is read as it was written, and any flipped bit of it is seen`() throws {
        let bytes = Self.round(8)
        #expect(bytes.count == 4096)
        let whole = try #require(bytes.withUnsafeBytes { Round($0) })
        #expect(whole.condition == .whole)
        #expect(whole.header.number == 8)
        #expect(whole.header.lastSynced == 7)
        let entry = try #require(whole.entries.first)
        #expect(whole.entries.count == 1)
        #expect(entry.partition == PartitionID(TopicID(1), 0))
        #expect(entry.baseOffset == Offset(9))
        #expect(entry.endOffset == Offset(11))
        #expect(entry.position == 72 + 32)
        #expect(entry.position + entry.byteCount == whole.header.byteCount)
        #expect(bytes.withUnsafeBytes { entry.batch(in: $0)?.count } == entry.byteCount)
        for bit in 0..<whole.header.byteCount * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            let read = flipped.withUnsafeBytes { Round($0) }
            #expect(read?.condition != .whole, "bit \(bit)")
        }
        for count in 0..<whole.header.byteCount {
            #expect(bytes[..<count].withUnsafeBytes { Round($0) }?.condition != .whole)
        }
    }

    @Test func `an older life of a block is never taken for the newer one`() {
        let older = LogLife(generation: 2, nonce: 78)
        let block = Self.round(4) + Self.round(5) + Self.round(6, life: older) + Self.round(7, life: older)
        #expect(Self.located(block).map { $0.round.header.number } == [4, 5])
        #expect(Self.located(Self.round(9, life: older) + Self.round(5)).isEmpty)
        // The same generation with another nonce: what a client might send.
        #expect(Self.located(Self.round(4, life: LogLife(generation: 3, nonce: 1))).isEmpty)
    }

    @Test func `a bad round at the end is cut, one before the end is corruption`() {
        var third = Self.round(3)
        third[100] ^= 1
        let torn = RecoveryPlan(found: Self.located(Self.round(1) + Self.round(2) + third), checkpoint: 0)
        #expect(torn.lastRound == 2)
        #expect(torn.torn?.round.header.number == 3)
        #expect(torn.corrupt.isEmpty)
        let rotten = RecoveryPlan(
            found: Self.located(Self.round(1) + Self.round(2) + third + Self.round(4)), checkpoint: 0)
        #expect(rotten.lastRound == 4)
        #expect(rotten.torn == nil)
        #expect(rotten.corrupt == [3])
        #expect(rotten.replay.map { $0.round.header.number } == [1, 2, 3, 4])
        // Its page is gone altogether; and what the checkpoint covers does not matter.
        let missing = RecoveryPlan(
            found: Self.located(Self.round(1) + [UInt8](repeating: 0, count: 4096) + Self.round(5)), checkpoint: 2)
        #expect(missing.corrupt == [3, 4])
        #expect(missing.lastRound == 5)
        // Damaged, but a round says that it was synced.
        var fourth = Self.round(4, lastSynced: 3)
        fourth[100] ^= 1
        let proven = RecoveryPlan(found: Self.located(Self.round(1) + Self.round(2) + third + fourth), checkpoint: 0)
        #expect(proven.lastRound == 3)
        #expect(proven.corrupt == [3])
        #expect(proven.torn?.round.header.number == 4)
    }

    @Test func `a large batch begins on a page and is written from where it lies`() throws {
        var builder = RecordBatchBuilder()
        var body = ByteBuffer()
        LogBench.body("text", into: &body)
        builder.add(body: body.bytes, timestamp: WallTime(millis: 1))
        let small = [UInt8](builder.seal(baseOffset: Offset(1)))
        LogBench.body(String(repeating: "large ", count: 6_000), into: &body)
        builder.removeAll()
        builder.add(body: body.bytes, timestamp: WallTime(millis: 2))
        let sealed = builder.seal(baseOffset: Offset(2))
        let large = SharedBytes(paged: sealed.count) { $0.copyMemory(from: sealed) }
        var writer = RoundWriter()
        writer.begin(entryCount: 2)
        writer.add(shared: large, of: PartitionID(TopicID(1), 0), at: Offset(2), records: 1)
        small.withUnsafeBytes { _ = writer.add($0, of: PartitionID(TopicID(1), 1), at: Offset(1), records: 1) }
        writer.finish(life: Self.life, number: 1, lastSynced: 0, time: WallTime(millis: 5))
        #expect(writer.pieces.count == 2)
        #expect(writer.pieces[1].baseAddress == large.base)
        #expect(writer.pieces.allSatisfy { Int(bitPattern: $0.baseAddress!) % 4096 == 0 && $0.count % 4096 == 0 })
        let bytes = writer.pieces.flatMap { [UInt8]($0) }
        #expect(bytes.count == writer.byteCount)
        let round = try #require(bytes.withUnsafeBytes { Round($0) })
        #expect(round.condition == .whole)
        #expect(round.header.paddedByteCount == bytes.count)
        #expect(round.entries.map(\.position) == [4096, 72 + 64])
        #expect(
            bytes.withUnsafeBytes { raw in round.entries[0].batch(in: raw).map { [UInt8]($0) } }
                == [UInt8](large.buffer))
        #expect(bytes.withUnsafeBytes { raw in round.entries[1].batch(in: raw).map { [UInt8]($0) } } == small)
    }

    @Test func `relaxed rounds may be missing where no synced round vouches for them`() {
        func plan(_ rounds: [[UInt8]], checkpoint: UInt64 = 0) -> RecoveryPlan {
            RecoveryPlan(found: Self.located(rounds.flatMap(\.self)), checkpoint: checkpoint)
        }
        let first = Self.round(1, lastSynced: 0)
        // 2 and 3 were relaxed and are gone; 4 says that nothing behind 1 was synced before it.
        let gone = plan([first, Self.round(4, lastSynced: 1), Self.round(5, lastSynced: 4)])
        #expect(gone.corrupt.isEmpty)
        #expect(gone.lastRound == 5)
        #expect(gone.replay.map { $0.round.header.number } == [1, 4, 5])
        // 4 itself is gone, and 5 says that it was synced.
        #expect(plan([first, Self.round(5, lastSynced: 4)]).corrupt == [2, 3, 4])
        // A relaxed round that is not whole is no corruption, a synced one before it is.
        var torn = Self.round(2, lastSynced: 1, isRelaxed: true)
        torn[110] ^= 1
        let relaxed = plan([first, torn, Self.round(3, lastSynced: 1)])
        #expect(relaxed.corrupt.isEmpty)
        #expect(relaxed.hasRelaxed)
        var rotten = Self.round(2, lastSynced: 1)
        rotten[110] ^= 1
        #expect(plan([first, rotten, Self.round(3, lastSynced: 2, isRelaxed: true)]).corrupt == [2])
    }

    @Test func `blocks go round: prepared ones first, none twice, none before its checkpoint`() {
        var ring = WriteAheadRing(blockBytes: 8192, maxBlocks: 3)
        var inUse: [UInt32: UInt64] = [:]
        var (round, checkpoint, fulls) = (UInt64(0), UInt64(0), 0)
        let sequence = SeededRandom(seed: 4)
        func draw(_ limit: UInt64) -> UInt64 { sequence.next() % limit }
        for _ in 0..<2000 {
            switch draw(6) {
            case 0:
                checkpoint = min(round, checkpoint + draw(6))
                ring.release(through: checkpoint)
                inUse = inUse.filter { $0.value > checkpoint || $0.key == ring.current?.number }
            case 1:
                if let block = ring.takeForPreparation() {
                    #expect(inUse[block.number] == nil)
                    ring.prepared(writtenBytes: 8192)
                }
            default:
                let place = ring.place(count: 4096)
                switch place {
                case .full:
                    fulls += 1
                    continue
                case .current: break
                case .recycled(let number), .new(let number):
                    #expect(inUse[number] == nil, "block \(number) has rounds up to \(inUse[number] ?? 0)")
                }
                round += 1
                ring.wrote(count: 4096, round: round)
                inUse[ring.current!.number] = round
                #expect(ring.blockCount <= 3)
            }
        }
        #expect(fulls > 0 && round > 500)
    }

    @Test func `metadata is read as it was written, and never when a bit of it is flipped`() throws {
        var metadata = LogMetadata()
        metadata.sequence = 4
        metadata.life = Self.life
        metadata.checkpoint = 12
        metadata.nextTopic = 4
        metadata.topics = [
            .init(
                id: TopicID(3), uuid: UUID128(high: 1, low: 2), name: TopicName("orders")!,
                partitions: [.init(start: Offset(1), end: Offset(9), totalBytes: 800)])
        ]
        metadata.deletions = [.init(id: TopicID(2), name: TopicName("gone")!, partitionCount: 2)]
        metadata.quarantines = [
            LogQuarantine(
                partition: PartitionID(TopicID(3), 0), name: "orders", offsets: Offset(2)..<Offset(3), copy: "c",
                foundAt: WallTime(millis: 9), reason: "r")
        ]
        metadata.quarantines[0].acceptedAt = WallTime(millis: 10)
        let bytes = metadata.encoded()
        #expect(bytes.withUnsafeBytes { LogMetadata(decoding: $0) } == metadata)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(flipped.withUnsafeBytes { LogMetadata(decoding: $0) } == nil, "bit \(bit)")
        }
        for count in 0..<bytes.count { #expect(bytes[..<count].withUnsafeBytes { LogMetadata(decoding: $0) } == nil) }
    }
}
