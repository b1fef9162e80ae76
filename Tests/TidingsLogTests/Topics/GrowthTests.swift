// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Topics that get more partitions while records come and the disk crashes.
@Suite struct GrowthTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `every record lies in the layout its partition was chosen by`(_ part: UInt64) throws {
        for seed in part * CrashTests.seedsPerArgument..<(part + 1) * CrashTests.seedsPerArgument {
            let problems = try GrowingTopic(seed: seed).run()
            #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(4))")
        }
    }
}

/// One topic on a simulated disk; every record says among how many partitions its own was chosen.
private final class GrowingTopic {
    private let disk: SimulatedDisk
    private let bench: LogBench
    private let random: SeededRandom
    private var id = TopicID(0)
    /// What a publisher believes; it may be out of date.
    private var count: Int32 = 2
    private var acknowledged: Set<String> = []
    private var answeredLayouts = 0
    private var sent = 0
    private var problems: [String] = []

    init(seed: UInt64) throws {
        disk = SimulatedDisk(seed: seed)
        random = SeededRandom(seed: seed &* 17 &+ 3)
        bench = try LogBench(disk, seed: seed)
        id = try bench.topic("orders", partitions: 2).id
    }

    private func draw(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    func run() throws -> [String] {
        for _ in 0..<50 {
            let freezes = draw(8) == 0
            if freezes { disk.fail(operation: disk.operationCount + draw(12), .freeze) }
            switch draw(10) {
            case 0: bench.log.checkpoint()
            case 1 where count < 12:
                bench.session.addPartitions(id, upTo: count + 1 + Int32(draw(2))) { [self] result in
                    if case .success(let topic) = result { answeredLayouts = topic.formerLayouts.count }
                }
                bench.loop.runUntilIdle()
            case 2: count = bench.log.topics[id]?.partitionCount ?? count
            case 3...5: stage()
            default:
                stage()
                bench.log.commitPending()
                bench.loop.runUntilIdle()
            }
            guard freezes else { continue }
            bench.drop()
            if draw(3) == 0 { disk.killProcess() } else { disk.crash() }
            try bench.open()
            count = bench.log.topics[id]?.partitionCount ?? count
            try check()
        }
        bench.log.stop()
        disk.heal()
        try bench.open()
        try check()
        return problems
    }

    private func stage() {
        bench.buffer.removeAll()
        var texts: [String] = []
        for _ in 0...draw(3) {
            sent += 1
            let text = "\(sent) \(count)"
            texts.append(text)
            bench.buffer.add(
                to: PartitionID(id, Int32(draw(Int(count)))), among: count, at: bench.clock.wall
            ) { LogBench.body(text, into: &$0) }
        }
        do throws(LogError) {
            try bench.session.append(&bench.buffer) { [self] in if case .success = $0 { acknowledged.formUnion(texts) }
            }
        } catch {
            guard error.code == .layoutChanged else { return }
            if bench.log.topics[id]?.partitionCount == count { problems.append("refused in the layout that holds") }
            count = bench.log.topics[id]?.partitionCount ?? count
        }
    }

    private func check() throws {
        guard let topic = bench.log.topics[id] else { return problems.append("the topic is gone") }
        if topic.formerLayouts.count < answeredLayouts { problems.append("a layout that was answered is gone") }
        let counts = topic.formerLayouts.map(\.partitionCount) + [topic.partitionCount]
        var found: Set<String> = []
        for partition in topic.partitions {
            for record in try bench.all(partition) {
                found.insert(record.text)
                let layout = topic.formerLayouts.firstIndex { $0.holds(record.offset, of: partition.index) }
                let holds = counts[layout ?? counts.count - 1]
                if !record.text.hasSuffix(" \(holds)") {
                    problems.append("'\(record.text)' lies at \(partition.index)/\(record.offset), of layout \(holds)")
                }
            }
        }
        if !acknowledged.isSubset(of: found) {
            problems.append("lost: \(acknowledged.subtracting(found).sorted().prefix(3))")
        }
    }
}
