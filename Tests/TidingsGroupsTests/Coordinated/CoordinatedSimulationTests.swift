// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

/// Members that come, go, are killed, want other topics and lose answers, of a server that begins again.
@Suite struct CoordinatedSimulationTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `nobody ever reads what another one reads, and in the end all is read`(_ seed: UInt64) throws {
        #expect(try Self.fault(seed, GroupLimits()) == nil, "seed \(seed)")
    }

    #if TIDINGS_MUTATIONS
        @Test func `a planted fault is found: a partition is given away too early`() throws {
            var limits = GroupLimits()
            limits.mutation = .takesFromOthers
            #expect(try (0..<5 as Range<UInt64>).contains { try Self.fault($0, limits) != nil })
        }
    #endif

    /// What went wrong; nil when nothing did.
    private static func fault(_ seed: UInt64, _ limits: GroupLimits) throws -> String? {
        let random = SeededRandom(seed: seed)
        let bench = CoordinatedBench(limits)
        var count = 0
        for _ in 0..<600 {
            let ids = bench.clients.keys.sorted()
            let some = ids.isEmpty ? nil : ids[Int(random.next() % UInt64(ids.count))]
            switch random.next() % 24 {
            case 0 where ids.count < 8:
                count += 1
                bench.add("m\(count)", [["orders"], ["orders", "bills"], ["bills"]][Int(random.next() % 3)])
            case 1:
                // One goes in order, or is killed.
                guard let some else { continue }
                if random.next() % 2 == 0 { bench.beat(some) { $0.epoch = ConsumerHeartbeat.Sign.leaves } }
                bench.forget(some)
            case 2:
                bench.partitions["orders", default: 6] += 1
                bench.version += 1
            case 3:
                guard let some, let client = bench.clients[some] else { continue }
                client.topics = [["orders"], ["orders", "bills"]][Int(random.next() % 2)]
                client.isFull = true
            case 4: try bench.bench.restart()
            case 5, 6:
                // An answer is lost.
                guard let some, let client = bench.clients[some] else { continue }
                _ = bench.send(client)
                client.isFull = true
            case 7: bench.bench.pass(.seconds(Int64(random.next() % 10)))
            default: if let some { bench.beat(some) }
            }
            // Of those that the group still knows: the others have to stop by themselves.
            let known = bench.clients.values.filter { client in
                bench.members?.members[client.id].map { $0.epoch >= client.epoch && client.epoch > 0 } ?? false
            }
            let read = known.flatMap { $0.owned }
            if Set(read).count != read.count { return "two read the same" }
        }
        bench.bench.pass(.seconds(46))
        bench.settle()
        guard bench.isExclusive, bench.members?.isSettled ?? true else { return "it does not come to rest" }
        let wanted = Set(bench.clients.values.flatMap(\.topics))
        let all = wanted.reduce(into: Set<PartitionID>()) { $0.formUnion(bench.all($1)) }
        return Set(bench.clients.values.flatMap(\.owned)) == all ? nil : "a partition is read by nobody"
    }
}
