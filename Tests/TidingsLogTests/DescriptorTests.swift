// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Without descriptors nothing can be opened, for a while: what waited for one is done later, and the log stays.
@Suite struct DescriptorTests {
    @Test(arguments: [StubbornDisk.Doing.opening, .openingDirectory])
    func `a checkpoint that cannot open what it has to sync is put off`(_ refused: StubbornDisk.Doing) throws {
        let inner = SimulatedDisk(seed: 6)
        let disk = StubbornDisk(inner)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 3)
        func append(_ text: String) throws { try bench.append(topic.partitions.map { ($0, text) }) }
        for number in 0..<4 { try append("event \(number)") }
        bench.log.context.open.closeAll()
        disk.refusal = { doing, path in
            doing == refused && path.hasPrefix("log/orders-1") && !path.hasSuffix("index") && !path.hasSuffix("rounds")
                ? .noHandles : nil
        }
        #expect(!bench.log.checkpoint())
        #expect(bench.log.refusal == nil)
        disk.refusal = { _, _ in nil }
        try append("event 4")
        #expect(bench.log.checkpoint())
        #expect(bench.log.control.withLock { $0.metadata.checkpoint } == bench.log.lastRound)
        bench.drop()
        inner.crash()
        try bench.open()
        for partition in topic.partitions {
            #expect(try bench.all(partition).map(\.text) == (0..<5).map { "event \($0)" })
        }
        #expect(bench.log.quarantines.isEmpty)
    }

    @Test func `a round that cannot open its block is refused as what it is, and others are taken later`() throws {
        let disk = StubbornDisk(SimulatedDisk(seed: 7))
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders", partitions: 1, [.durability: "os"]).partitions[0]
        try bench.append([(partition, "first")])
        disk.refusal = { doing, path in doing == .opening && path.hasPrefix("log/wal/") ? .noHandles : nil }
        let error = #expect(throws: LogError.self) { try bench.append([(partition, "second")]) }
        #expect(error?.code == .overloaded)
        #expect(error?.description.hasPrefix("too many files and connections are open") == true)
        #expect(bench.log.refusal?.code == .overloaded)
        disk.refusal = { _, _ in nil }
        bench.log.probeDisk()
        bench.log.commitPending()
        #expect(bench.log.refusal == nil)
        try bench.append([(partition, "third")])
        #expect(try bench.all(partition).map(\.text) == ["first", "third"])
    }

    @Test func `a new segment takes its place when its folder can be opened again`() throws {
        let disk = StubbornDisk(SimulatedDisk(seed: 8))
        let bench = try LogBench(disk)
        let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
        for number in 0..<300 { try bench.put(partition, [("key-\(number % 7)", String(repeating: "x", count: 90))]) }
        // After the checkpoint and the rewriter's own sync: those of the swap, which cannot be taken back.
        var left = 3
        disk.refusal = { doing, path in
            guard doing == .openingDirectory, path == "log/state-0", left > 0,
                (try? disk.list(path).contains { $0.contains(".swap-") }) == true
            else { return nil }
            left -= 1
            // Nobody waits here.
            bench.log.house.bell.ring()
            return .noHandles
        }
        bench.keepHouse()
        #expect(left == 0)
        #expect(bench.log.refusal == nil)
        let found = try bench.records(partition)
        #expect(found.count < 150 && Set(found.compactMap(\.key)).count == 7)
    }

    @Test(arguments: 0..<4)
    func `a sync that fails while a segment is rewritten takes nothing with it`(_ place: Int) throws {
        let inner = SimulatedDisk(seed: 9)
        let disk = StubbornDisk(inner)
        let bench = try LogBench(disk)
        let partition = try bench.topic("state", [.cleanup: "compact"]).partitions[0]
        for number in 0..<300 {
            try bench.put(partition, [("key-\(number % 7)", "\(number) " + String(repeating: "x", count: 90))])
        }
        let last = Set(try bench.records(partition).suffix(7).map(\.text))
        var count = 0
        disk.refusal = { doing, path in
            guard doing == .openingDirectory, path == "log/state-0" else { return nil }
            defer { count += 1 }
            return count == place ? .failed : nil
        }
        bench.keepHouse()
        #expect(count > place)
        disk.refusal = { _, _ in nil }
        bench.log.checkpoint()
        bench.drop()
        inner.crash()
        try bench.open()
        #expect(Set(try bench.records(partition).suffix(7).map(\.text)) == last)
        #expect(bench.log.quarantines.isEmpty)
    }

    @Test func `a new folder's first look after it saves nothing`() throws {
        let disk = SimulatedDisk(seed: 10)
        let bench = try LogBench(disk)
        let before = disk.operationCount
        bench.log.keepHouse()
        bench.log.checkpoint()
        #expect(disk.operationCount == before)
        bench.log.keepHouse()
        #expect(disk.paths.contains("state/log-scrub"))
    }
}
