// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Producers and transactions in a log on a simulated disk.
@Suite struct ProducerLogTests {
    private enum End: CaseIterable { case stop, crash, crashWithoutSnapshot, crashWithDamagedSnapshot }

    private static func reopen(_ bench: LogBench, _ disk: SimulatedDisk, _ end: End) throws {
        switch end {
        case .stop:
            bench.log.stop()
            disk.crash()
        case .crash:
            bench.drop()
            disk.crash()
        case .crashWithoutSnapshot, .crashWithDamagedSnapshot:
            bench.log.stop()
            bench.loop.runUntilIdle()
            try bench.open()
            bench.drop()
            for folder in try disk.list("log") where folder.hasSuffix("/") {
                for name in try disk.list("log/" + folder.dropLast()) where name.hasSuffix(".snapshot") {
                    let path = "log/" + folder + name
                    if end == .crashWithoutSnapshot {
                        try disk.remove(path)
                    } else {
                        try disk.open(path, .write).write([0xAA], at: 30)
                    }
                }
            }
        }
        try bench.open()
    }

    @Test(arguments: End.allCases)
    private func `what is known of producers and transactions survives`(_ end: End) throws {
        let disk = SimulatedDisk(seed: 3)
        var settings = LogBench.smallSettings
        settings.producerSnapshotBytes = 512
        settings.maxAbortedInMemory = 2
        let bench = try LogBench(disk, settings: settings)
        let partition = try bench.topic("orders").partitions[0]
        for number in Int32(0)..<40 {
            try bench.append(LogBench.batch("a\(number)", count: 3, producer: 7, sequence: number * 3), to: partition)
            if number % 9 == 0 { bench.log.checkpoint() }
        }
        for producer in Int64(20)..<24 {
            let batch = LogBench.batch("t", producer: producer, sequence: 0, isTransactional: true)
            try bench.append(batch, to: partition)
            try bench.end(producer, commits: producer == 21, in: [partition])
        }
        let open = try bench.append(
            LogBench.batch("open", producer: 30, sequence: 0, isTransactional: true), to: partition)
        try Self.reopen(bench, disk, end)

        let duplicate = LogBench.batch("a39", count: 3, producer: 7, sequence: 117)
        #expect(try bench.append(duplicate, to: partition) == Offset(117))
        let old = #expect(throws: LogError.self) {
            try bench.stage(LogBench.batch("a0", count: 3, producer: 7, sequence: 0), to: partition)
        }
        #expect(old?.code == .duplicateSequence)
        let gap = #expect(throws: LogError.self) {
            try bench.stage(LogBench.batch("x", producer: 7, sequence: 130), to: partition)
        }
        #expect(gap?.code == .outOfOrderSequence)
        #expect(bench.log.bounds(of: partition)?.lastStable == open)
        let known = try #require(bench.log.producers(in: partition))
        #expect(known.map(\.producer) == [7, 20, 21, 22, 23, 30])
        #expect(known.map(\.lastSequence) == [119, 0, 0, 0, 0, 0])
        #expect(known.map(\.transactionStart) == [nil, nil, nil, nil, nil, open])
        let aborted = try bench.aborted(partition, 0..<1_000)
        #expect(aborted.map(\.producer) == [20, 22, 23])
        #expect(aborted.map { $0.last - $0.first } == [1, 1, 1])
        let fates = try bench.read(partition, from: Offset(120)).map(\.fate)
        #expect(fates == [.aborted, .counts, .counts, .counts, .aborted, .counts, .aborted, .counts, .open])
        try bench.end(30, commits: true, epoch: 1, in: [partition])
        let bounds = bench.log.bounds(of: partition)!
        #expect(bounds.lastStable == bounds.end)
        let late = #expect(throws: LogError.self) {
            try bench.stage(LogBench.batch("late", producer: 30, sequence: 1, isTransactional: true), to: partition)
        }
        #expect(late?.code == .fencedProducer)
    }

    @Test func `a duplicate is answered when the original is durable, and a refused one may come again`() throws {
        let disk = SimulatedDisk(seed: 4)
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders").partitions[0]
        var answers: [String] = []
        func note(_ name: String) -> (Result<UInt64, LogError>) -> Void {
            { answers.append((try? $0.get()) == nil ? "\(name) refused" : name) }
        }
        let batch = LogBench.batch("a", producer: 1, sequence: 0)
        #expect(try bench.stage(batch, to: partition, then: note("first")) == .zero)
        #expect(try bench.stage(batch, to: partition, then: note("again")) == .zero)
        #expect(answers.isEmpty)
        disk.fail(operation: disk.operationCount, .once(.noSpace))
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        #expect(answers == ["first refused", "again refused"])
        disk.heal()
        bench.log.probeDisk()
        bench.log.commitPending()
        #expect(try bench.append(batch, to: partition) == .zero)
        #expect(try bench.append(LogBench.batch("b", producer: 1, sequence: 1), to: partition) == Offset(1))
        #expect(bench.log.bounds(of: partition)?.end == Offset(2))
    }

    @Test func `producer ids are never given twice`() throws {
        let disk = SimulatedDisk(seed: 5)
        var settings = LogBench.smallSettings
        settings.producerBlock = 3
        let bench = try LogBench(disk, settings: settings)
        var given: Set<Int64> = []
        for _ in 0..<4 {
            for _ in 0..<5 {
                var answer: Result<Int64, LogError>?
                bench.session.allocateProducerID { answer = $0 }
                bench.loop.runUntilIdle()
                #expect(given.insert(try answer!.get()).inserted)
            }
            bench.drop()
            disk.crash()
            try bench.open()
        }
    }

    @Test func `partitions are added at one point of the order, durably`() throws {
        let disk = SimulatedDisk(seed: 6)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 2)
        _ = try bench.stage([(topic.partitions[0], "a"), (topic.partitions[1], "b"), (topic.partitions[0], "c")])
        let grown = try bench.grow(topic.id, upTo: 5)
        #expect(grown.partitionCount == 5)
        #expect(grown.formerLayouts == [PartitionLayout(ends: [Offset(2), Offset(1)])])
        bench.buffer.removeAll()
        bench.buffer.add(to: topic.partitions[0], among: 2, at: bench.clock.wall) { LogBench.body("late", into: &$0) }
        let refused = #expect(throws: LogError.self) { try bench.session.append(&bench.buffer) { _ in } }
        #expect(refused?.code == .layoutChanged)
        try bench.append([(grown.partitions[4], "new"), (grown.partitions[0], "d")])
        #expect(try bench.grow(topic.id, upTo: 3) == grown)
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(bench.log.topics[topic.id] == grown)
        #expect(try bench.all(grown.partitions[4]).map(\.text) == ["new"])
        #expect(try bench.grow(topic.id, upTo: 6).formerLayouts.count == 2)
    }
}
