// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What a deleted topic leaves, and what belongs to none, never keeps a folder from being opened.
@Suite struct DeletionTests {
    private static let longest = String(repeating: "t", count: 249)

    private func delete(_ topic: TopicDescription, _ bench: LogBench) throws {
        var answer: Result<Void, LogError>?
        bench.session.deleteTopic(topic.id) { answer = $0 }
        bench.loop.runUntilIdle()
        try answer?.get()
    }

    @Test func `a topic with the longest name goes, and the folder opens`() throws {
        let disk = SimulatedDisk(seed: 3)
        let bench = try LogBench(disk)
        let topic = try bench.topic(Self.longest, partitions: 12)
        try bench.append(topic.partitions.map { ($0, "event") })
        bench.log.checkpoint()
        try delete(topic, bench)
        #expect(!disk.paths.contains { $0.hasPrefix("log/ttt") })
        bench.log.stop()
        try bench.open()
        #expect(bench.log.topics[TopicName(Self.longest)!] == nil)
        #expect(try disk.list("log") == ["meta/", "quarantine/", "wal/"])
        let again = try bench.topic(Self.longest)
        try bench.append([(again.partitions[0], "later")])
        #expect(try bench.all(again.partitions[0]).map(\.text) == ["later"])
    }

    @Test(arguments: [StubbornDisk.Doing.renaming, .removing])
    func `a deletion that cannot be finished keeps no folder closed, and a later start finishes it`(
        _ refused: StubbornDisk.Doing
    ) throws {
        let inner = SimulatedDisk(seed: 4)
        let disk = StubbornDisk(inner)
        let bench = try LogBench(disk)
        let (topic, other) = (try bench.topic("orders", partitions: 2), try bench.topic("others"))
        try bench.append(topic.partitions.map { ($0, "event") } + [(other.partitions[0], "event")])
        bench.log.checkpoint()
        // As an older version named it.
        try inner.createDirectory("log/gone-0.7.deleted")
        disk.refusal = { $0 == refused && $1 != "log/meta" ? .failed : nil }
        try delete(topic, bench)
        for _ in 0..<2 {
            bench.log.stop()
            try bench.open()
            #expect(bench.log.topics[TopicName("orders")!] == nil)
            #expect(try bench.all(other.partitions[0]).map(\.text) == ["event"])
            #expect(bench.log.quarantines.isEmpty)
        }
        if refused == .renaming {
            #expect(throws: LogError.self, "its files must not become the new one's") { try bench.topic("orders") }
        }
        bench.log.stop()
        disk.refusal = { _, _ in nil }
        try bench.open()
        #expect(try inner.list("log") == ["meta/", "others-0/", "quarantine/", "wal/"])
        let again = try bench.topic("orders")
        #expect(try bench.all(again.partitions[0]).isEmpty)
    }

    @Test func `a folder of no topic that cannot be set aside stays, and no topic gets it`() throws {
        let inner = SimulatedDisk(seed: 5)
        let disk = StubbornDisk(inner)
        let bench = try LogBench(disk)
        bench.log.stop()
        for name in ["orders", Self.longest] {
            try inner.createDirectory("log/\(name)-0")
            _ = try inner.open("log/\(name)-0/00000000000000000000.log", .create)
        }
        disk.refusal = { doing, path in doing == .renaming && path.hasPrefix("log/orders") ? .forbidden : nil }
        try bench.open()
        #expect(bench.log.quarantines.map(\.name) == [Self.longest + "-0"])
        #expect(throws: LogError.self) { try bench.topic("orders") }
        _ = try bench.topic(Self.longest)
        bench.log.stop()
        disk.refusal = { _, _ in nil }
        try bench.open()
        #expect(bench.log.quarantines.count == 2)
        _ = try bench.topic("orders")
    }
}
