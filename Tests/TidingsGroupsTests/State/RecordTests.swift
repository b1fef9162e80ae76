// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct RecordTests {
    /// Records of all kinds, as a group and a transactional id leave them.
    static func records() throws -> (groups: [StoredRecord], transactions: [StoredRecord]) {
        let bench = GroupBench()
        let ids = try bench.stable(["i1", nil])
        bench.commit(MemberIdentity(ids[0]), generation: try #require(bench.group?.generation), [0: 1, 1: .max]) {
            $0.offsets[0].metadata = "é"
        }
        bench.commit([1: 2, 3: -1], in: ProducerIdentity(id: 8, epoch: 3))
        bench.leave(MemberIdentity(ids[0]))
        var record = TransactionRecord(
            producer: ProducerIdentity(id: 7, epoch: 4), timeout: .seconds(60), updated: WallTime(millis: 5))
        record.phase = .prepareCommit
        record.previousID = 6
        record.nextID = 9
        record.lastEpoch = 3
        record.endedEpoch = 3
        record.started = WallTime(millis: -4)
        record.partitions = [GroupBench.partition(0), GroupBench.partition(5)]
        record.groups = ["a", ""]
        return (
            bench.log,
            [
                StoredRecord(key: TransactionRecord.key("t"), value: record.value),
                StoredRecord(key: TransactionRecord.key("gone"), value: nil),
            ]
        )
    }

    @Test func `what was stored is read again`() throws {
        let (groups, transactions) = try Self.records()
        var state = GroupState()
        for record in groups { try state.fold(record) }
        let image = try #require(state.groups["g"])
        #expect(
            image.record?.members.map(\.instanceID) == ["i1", nil]
                && image.record?.members.map(\.assignment) == [[1], [2]])
        #expect(image.offsets.committed.count == 2 && image.offsets.pending[8]?.offsets.count == 2)
        // The last record of each key is enough.
        var last: [[UInt8]: Int] = [:]
        for (place, record) in groups.enumerated() { last[record.key] = place }
        var compacted = GroupState()
        for place in last.values.sorted() { try compacted.fold(groups[place]) }
        #expect(compacted.groups["g"]?.record == image.record)
        #expect(compacted.groups["g"]?.offsets.committed == image.offsets.committed)
        var transactional = TransactionState()
        for record in transactions { try transactional.fold(record) }
        #expect(transactional.ids["t"]?.value == transactions[0].value && transactional.ids.count == 1)
    }

    @Test func `what is damaged is refused, and changes nothing`() throws {
        let random = SeededRandom(seed: 11)
        let (groups, transactions) = try Self.records()
        var refused = 0
        for record in groups + transactions {
            let key = record.key
            guard let value = record.value else { continue }
            var damaged: [StoredRecord] = (0..<value.count).map {
                StoredRecord(key: key, value: Array(value.prefix($0)))
            }
            damaged += (0..<key.count).map { StoredRecord(key: Array(key.prefix($0)), value: value) }
            damaged.append(StoredRecord(key: key, value: value + [0]))
            for _ in 0..<300 {
                var bytes = value
                for _ in 0...Int(random.next(below: 3)) {
                    bytes[Int(random.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: random.next())
                }
                damaged.append(StoredRecord(key: key, value: bytes))
            }
            for record in damaged {
                var state = GroupState()
                do { try state.fold(record) } catch {
                    refused += 1
                    #expect(state == GroupState())
                }
                // Whatever is read can be gone on with.
                let moment = Moment(now: MonotonicTime(nanos: 5), wall: WallTime(millis: 5))
                var table = GroupTable(state, limits: GroupLimits(), random: random, at: moment)
                _ = table.expire(at: moment, named: GroupBench.name)
                var transactions = TransactionState()
                try? transactions.fold(record)
                var coordinator = TransactionCoordinator(transactions, limits: TransactionLimits())
                _ = coordinator.resume(at: moment)
                _ = coordinator.expire(at: moment)
                _ = coordinator.pass(Moment(now: MonotonicTime(nanos: 1 << 62), wall: WallTime(millis: .max)))
            }
        }
        #expect(refused > 500)
    }

    @Test(
        arguments: [
            ([], nil), ([0, 0], nil), ([0, 0, 0, 0, 0, 0], []), ([0, 1, 0, 0, 0, 1, 0, 1, 97, 9, 9], ["a"]),
            ([0, 0, 0, 0, 0, 1, 0, 2, 97], nil), ([0, 0, 127, 255, 255, 255], nil), ([255, 255, 0, 0, 0, 0], nil),
            ([0, 0, 255, 255, 255, 255], nil), ([0, 0, 0, 0, 0, 1, 255, 255], nil),
        ] as [([UInt8], Set<String>?)])
    func `a subscription's topics are read, or it is none`(_ bytes: [UInt8], _ topics: Set<String>?) {
        #expect(SubscribedTopics.read(bytes) == topics)
    }

    @Test func `alarms come in order, and an earlier one replaces a later one`() {
        let random = SeededRandom(seed: 4)
        var alarms = Alarms()
        var expected: [String: Int64] = [:]
        for round in 0..<2_000 {
            let name = "n\(random.next(below: 30))"
            let time = Int64(round) + Int64(random.next(below: 100))
            alarms.set(name, at: MonotonicTime(nanos: time))
            expected[name] = min(expected[name] ?? .max, time)
            if random.next(below: 20) == 0 {
                alarms.remove(name)
                expected[name] = nil
            }
            let now = Int64(round)
            var due: Set<String> = []
            while let name = alarms.next(at: MonotonicTime(nanos: now)) { due.insert(name) }
            #expect(due == Set(expected.filter { $0.value <= now }.keys))
            for name in due { expected[name] = nil }
        }
    }
}
