// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore

@testable import TidingsDelivery

@Suite struct StateTests {
    private static func offset(_ random: SeededRandom) -> Offset { Offset(Int64(random.next() >> 1)) }

    private static func state(_ random: SeededRandom) -> SubscriptionState {
        func some(_ most: UInt64) -> Int { Int(random.next(below: most + 1)) }
        func offsets(_ count: Int) -> [Offset] {
            var last: Int64 = 0
            return (0..<count).map { _ in
                last += Int64(random.next(below: 100)) + 1
                return Offset(last)
            }
        }
        func chain() -> SubscriptionState.AttemptChain? {
            some(1) == 0 ? nil : .init(first: offset(random), last: offset(random), count: some(99) + 1)
        }
        var state = SubscriptionState()
        for number in 0..<some(3) {
            state.positions[PartitionID(TopicID(7), Int32(number))] = .init(
                next: offset(random), outstanding: offsets(some(20)))
        }
        for number in 0..<some(4) {
            var head = SubscriptionState.Head(
                since: WallTime(millis: Int64(some(9_999))), stored: WallTime(millis: -5))
            head.failures = some(20)
            head.until = some(1) == 0 ? nil : WallTime(millis: Int64(some(99_999)))
            head.pause = some(1) == 0 ? nil : .milliseconds(some(99_999))
            head.chain = chain()
            head.deadLetter = some(1) == 0 ? nil : random.next()
            head.isParked = some(1) == 0
            let name = SubscriptionState.LaneName(
                partition: PartitionID(TopicID(1), Int32(number)), key: some(1) == 0 ? nil : Array("k\(number)".utf8),
                lone: some(1) == 0 ? nil : offset(random))
            state.lanes[name] = .init(head: head, waiting: offsets(some(50)))
        }
        for id in 0..<UInt64(some(5)) {
            state.deadLetters[id] = .init(
                id: id, event: EventReference(PartitionID(TopicID(2), 3), offset(random)),
                key: some(1) == 0 ? nil : [1, 2, 0], type: "t", eventID: "é", time: WallTime(millis: 4),
                reason: "why", attempts: some(9), isBlocking: some(1) == 0, isRedriven: some(1) == 0, chain: chain(),
                edit: some(1) == 0 ? nil : offset(random))
        }
        state.lastDeadLetter = random.next()
        state.stopped = some(1) == 0 ? nil : "410"
        return state
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `a snapshot gives the state back`(_ seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        var states: [UUID128: SubscriptionState] = [:]
        var bytes = ByteBuffer()
        ShardState.beginSnapshot(lastRecord: 77, next: Offset(5), into: &bytes)
        for _ in 0..<3 {
            let uuid = UUID128.random(from: random)
            let state = Self.state(random)
            states[uuid] = state
            var entries = ByteBuffer()
            state.forEachEntry { $0.encode(into: &entries) }
            ShardState.encode(uuid, entries: entries.bytes, into: &bytes)
        }
        let read = try ShardState(snapshot: bytes.bytes)
        #expect(read.lastRecord == 77 && read.next == Offset(5) && read.subscriptions == states)
    }

    @Test func `a record that comes twice counts once, and the end of a subscription leaves nothing`() throws {
        var state = ShardState()
        let uuid = UUID128(high: 1, low: 2)
        let lane = SubscriptionState.LaneName(partition: PartitionID(TopicID(1), 0), key: [1], lone: nil)
        let head = SubscriptionState.Head(since: WallTime(millis: 1), stored: WallTime(millis: 1))
        func apply(_ number: Int64, _ entries: [StateEntry], forgets: Bool = false) throws {
            var encoded = ByteBuffer()
            for entry in entries { entry.encode(into: &encoded) }
            var body = ByteBuffer()
            ShardState.encodeRecord(number: number, of: uuid, forgets: forgets, entries: encoded.bytes, into: &body)
            try state.apply(RecordView(body: body.bytes, offset: Offset(number), timestamp: WallTime(millis: 0)))
        }
        try apply(1, [.lane(lane, head, dropped: 0, added: [Offset(3), Offset(5), Offset(9)])])
        for _ in 0..<2 { try apply(2, [.lane(lane, head, dropped: 1, added: [Offset(11)])]) }
        #expect(state.subscriptions[uuid]?.lanes[lane]?.waiting.map(\.value) == [5, 9, 11])
        try apply(3, [], forgets: true)
        #expect(state.subscriptions.isEmpty && state.next == Offset(4))
    }

    @Test func `no bytes can trap a reader`() {
        let random = SeededRandom(seed: 5)
        for round in 0..<3_000 {
            var bytes = (0..<Int(random.next(below: 60))).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if round % 2 == 0 {
                var encoded = ByteBuffer()
                ShardState.beginSnapshot(lastRecord: 1, next: .zero, into: &encoded)
                var entries = ByteBuffer()
                Self.state(random).forEachEntry { $0.encode(into: &entries) }
                ShardState.encode(UUID128(high: 1, low: 1), entries: entries.bytes, into: &encoded)
                bytes = encoded.array()
                for _ in 0..<3 {
                    bytes[Int(random.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: random.next())
                }
                if random.next(below: 2) == 0 { bytes.removeLast(Int(random.next(below: UInt64(bytes.count)))) }
            }
            bytes.withUnsafeBytes { bytes in
                _ = try? ShardState(snapshot: bytes)
                var reader = StateReader(bytes)
                while (try? StateEntry(&reader)) != nil {}
                if let body = try? RecordView(body: bytes, offset: .zero, timestamp: WallTime(millis: 0)) {
                    _ = try? AttemptNote(body)
                    var state = ShardState()
                    try? state.apply(body)
                }
            }
        }
    }

    @Test func `attempts, edits and notes are read as they were written`() throws {
        let event = EventReference(PartitionID(TopicID(3), 1), Offset(9))
        let attempt = AttemptRecord(
            time: WallTime(millis: 5), duration: .milliseconds(7), status: nil, fault: .timedOut, reason: "late",
            responseHead: [1], responseBody: [2, 3])
        for content in [AttemptNote.Content.attempt(attempt), .edit([9, 9]), .discarded(4)] {
            let note = AttemptNote(
                uuid: UUID128(high: 5, low: 6), event: event, previous: Offset(2), content: content)
            var body = ByteBuffer()
            note.encode(into: &body)
            let read = try AttemptNote(
                RecordView(body: body.bytes, offset: .zero, timestamp: WallTime(millis: 0)))
            #expect(read.uuid == note.uuid && read.event == event && read.previous == Offset(2))
            switch (read.content, content) {
            case (.attempt(let left), .attempt(let right)): #expect(left == right)
            case (.edit(let left), .edit(let right)): #expect(left == right)
            case (.discarded(let left), .discarded(let right)): #expect(left == right)
            default: Issue.record("another kind was read")
            }
        }
    }
}
