// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The way of a record through a log on the system's own files.
@Suite struct LogTests {
    @Test func `what was appended is read, followed and there after a restart`() throws {
        let folder = TemporaryFolder()
        let bench = try LogBench(FileDisk(root: folder.path))
        let topic = try bench.topic("orders", partitions: 2)
        var seen: [UInt64] = []
        _ = bench.session.follow { round in seen.append(round.number) }
        for number in 0..<200 {
            let partition = topic.partitions[number % 2]
            let (offsets, round) = try bench.append([(partition, "event \(number)"), (partition, "twin \(number)")])
            #expect(offsets == [Offset(Int64(number / 2 * 2)), Offset(Int64(number / 2 * 2 + 1))])
            #expect(round == UInt64(number + 1))
            if number % 37 == 0 { #expect(bench.log.checkpoint()) }
        }
        #expect(seen == Array(1...200))
        for restart in ["none", "after a crash", "after a stop"] {
            if restart == "after a crash" { bench.drop() }
            if restart == "after a stop" { bench.log.stop() }
            if restart != "none" { try bench.open() }
            for (index, partition) in topic.partitions.enumerated() {
                let all = try bench.all(partition)
                #expect(all.map(\.offset) == (0..<200).map { Offset($0) }, "\(restart)")
                #expect(all.map(\.text) == (0..<100).flatMap { ["event \($0 * 2 + index)", "twin \($0 * 2 + index)"] })
                #expect(all.map(\.round) == (0..<200).map { UInt64($0 / 2 * 2 + index + 1) })
                #expect(try bench.offset(in: partition, atRound: 50) == Offset(index == 0 ? 50 : 48))
                #expect(try bench.offset(in: partition, atRound: 1000) == Offset(200))
            }
            #expect(bench.log.lastRound == 200)
            #expect(bench.log.quarantines.isEmpty)
        }
    }

    @Test func `rounds that leave the memory are let go of, however many partitions share it`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 1))
        let topic = try bench.topic("orders", partitions: 50)
        let held = WeakBatches()
        for number in 0..<400 {
            let partition = topic.partitions[number % 50]
            let (offsets, _) = try bench.append([(partition, String(repeating: "x", count: 100))])
            held.add(bench.session.recent(partition, from: offsets[0]))
        }
        // 4 KiB of rounds may stay; a round of 100 bytes takes some 300.
        #expect((1...20).contains(held.living))
    }
}

private final class WeakBatches {
    private struct Weak { weak var batch: StoredBatch? }
    private var all: [Weak] = []

    func add(_ batch: StoredBatch?) { all.append(Weak(batch: batch)) }
    var living: Int { all.count { $0.batch != nil } }
}
