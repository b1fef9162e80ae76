// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Promise P2: a failed write or sync is never a silent success; and a full disk is got over.
@Suite struct FaultTests {
    /// What a short script of everything got answered with.
    private struct Outcome {
        var acknowledged: [String] = []
        var refused: [LogError.Code] = []
    }

    private static func script(_ bench: LogBench, _ outcome: inout Outcome) {
        guard let topic = try? bench.topic("orders", partitions: 2) else { return }
        for number in 0..<12 {
            let text = "event \(number) " + String(repeating: "y", count: 900)
            do {
                try bench.append([(topic.partitions[0], text), (topic.partitions[1], text)])
                outcome.acknowledged.append(text)
            } catch let error as LogError {
                outcome.refused.append(error.code)
            } catch {}
            if number % 5 == 4 { bench.log.checkpoint() }
            if number == 7 {
                bench.session.saveSnapshot("state", Array("seven".utf8)) { _ in }
                _ = try? bench.topic("other")
                _ = try? bench.log.writeAhead.prepareBlock()
            }
        }
        bench.session.deleteRecords(topic.partitions[0], before: Offset(6)) { _ in }
        bench.loop.runUntilIdle()
    }

    @Test(arguments: [SimulatedDisk.Fault.once(.failed), .once(.noSpace), .once(.noHandles), .freeze])
    func `whichever operation fails, nothing that was acknowledged is lost`(_ fault: SimulatedDisk.Fault) throws {
        let plain = SimulatedDisk(seed: 5)
        let bench = try LogBench(plain)
        let from = plain.operationCount
        var all = Outcome()
        Self.script(bench, &all)
        #expect(all.acknowledged.count == 12)
        for operation in from..<plain.operationCount {
            let disk = SimulatedDisk(seed: 5)
            let bench = try LogBench(disk)
            disk.fail(operation: operation, fault)
            var outcome = Outcome()
            Self.script(bench, &outcome)
            if case .once(.failed) = fault, bench.log.isOffline {
                #expect(throws: LogError.self, "operation \(operation)") {
                    try bench.append([(PartitionID(TopicID(1), 0), "later")])
                }
            }
            if fault == .once(.noSpace), !bench.log.isOffline {
                // It gets over it by itself.
                bench.log.probeDisk()
                bench.log.commitPending()
                #expect(bench.log.refusal == nil, "operation \(operation)")
            }
            bench.drop()
            disk.crash()
            try bench.open()
            guard let topic = bench.log.topics[TopicName("orders")!] else {
                #expect(outcome.acknowledged.isEmpty, "operation \(operation)")
                continue
            }
            for partition in topic.partitions {
                let stored = try bench.all(partition)
                let start = Int(bench.log.bounds(of: partition)!.start.value)
                let texts = stored.map(\.text)
                #expect(
                    texts.starts(with: outcome.acknowledged.dropFirst(start)),
                    "operation \(operation): \(outcome.acknowledged.count) acknowledged, \(texts.count) there")
                // At most what the failure hit is there unasked: in doubt, never behind it.
                #expect(texts.count + start <= outcome.acknowledged.count + 1, "operation \(operation)")
                #expect(stored.map(\.offset.value) == (start..<start + stored.count).map { Int64($0) })
            }
            #expect(bench.log.quarantines.isEmpty, "operation \(operation)")
        }
    }

    @Test func `a full disk refuses, and takes again when there is room`() throws {
        let disk = SimulatedDisk(seed: 2)
        var settings = LogBench.smallSettings
        settings.recentBytes = 0
        let bench = try LogBench(disk, settings: settings)
        let topic = try bench.topic("orders")
        let partition = topic.partitions[0]
        var acknowledged: [String] = []
        var codes: Set<LogError.Code> = []
        disk.setCapacity(100_000)
        for number in 0..<400 {
            let text = "event \(number) " + String(repeating: "z", count: 700)
            do {
                try bench.append([(partition, text)])
                acknowledged.append(text)
            } catch let error as LogError {
                codes.insert(error.code)
            }
            if bench.log.refusal != nil { #expect(bench.metric("tidings_log_refusing") == "1") }
            #expect(bench.metric("tidings_log_offline") == "0", "a full disk is no broken one")
            // Room comes and goes.
            if number == 200 { disk.setCapacity(250_000) }
            if number % 50 == 49 {
                bench.log.checkpoint()
                bench.log.probeDisk()
                bench.log.commitPending()
            }
            // Reads go on.
            if number % 100 == 99 { #expect(try bench.all(partition).map(\.text) == acknowledged) }
        }
        #expect(codes == [.diskFull])
        #expect(acknowledged.count > 100 && acknowledged.count < 400)
        disk.setCapacity(.max)
        bench.log.probeDisk()
        bench.log.commitPending()
        #expect(bench.log.refusal == nil)
        try bench.append([(partition, "last")])
        acknowledged.append("last")
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(try bench.all(partition).map(\.text) == acknowledged)
        #expect(bench.log.quarantines.isEmpty)
    }

    @Test func `a log that was killed on a full disk opens there, and has everything`() throws {
        let disk = SimulatedDisk(seed: 2, capacity: 1 << 30)
        var settings = LogBench.smallSettings
        settings.diskReserveBytes = 64 << 10
        let bench = try LogBench(disk, settings: settings)
        let own = try bench.topic("__tidings.state").partitions[0]
        let orders = try bench.topic("orders").partitions[0]
        var acknowledged: [String] = []
        let text = String(repeating: "z", count: 700)
        // The block to be written, and the next one.
        _ = try bench.log.writeAhead.prepareBlock()
        try bench.append([(orders, text)])
        _ = try bench.log.writeAhead.prepareBlock()
        // Somebody else takes the rest of the disk.
        disk.setCapacity((1 << 30) - (try disk.freeBytes()))
        bench.log.probeDisk()
        while bench.log.refusal == nil || acknowledged.count < 3 {
            let text = "\(acknowledged.count) " + text
            guard (try? bench.append([(own, text)])) != nil else { break }
            acknowledged.append(text)
        }
        #expect(!acknowledged.isEmpty)
        for number in 0..<3 {
            bench.drop()
            try bench.open()
            try bench.append([(own, "life \(number)")])
            acknowledged.append("life \(number)")
            #expect(try bench.all(own).map(\.text) == acknowledged)
            #expect(try bench.all(orders).map(\.text) == [text])
        }
        #expect(bench.log.quarantines.isEmpty)
        disk.setCapacity(.max)
        bench.log.probeDisk()
        bench.log.commitPending()
        try bench.append([(orders, "last")])
        disk.crash()
        bench.drop()
        try bench.open()
        #expect(try bench.all(own).map(\.text) == acknowledged)
        #expect(try bench.all(orders).map(\.text) == [text, "last"])
    }

    @Test func `below the reserve only Tidings's own topics are written`() throws {
        let disk = SimulatedDisk(seed: 2, capacity: 1 << 20)
        var settings = LogBench.smallSettings
        settings.diskReserveBytes = 2 << 20
        let bench = try LogBench(disk, settings: settings)
        let own = try bench.topic("__tidings.state")
        let other = try bench.topic("orders")
        try bench.append([(own.partitions[0], "a position")])
        let error = #expect(throws: LogError.self) { try bench.append([(other.partitions[0], "an event")]) }
        #expect(error?.code == .diskFull)
        disk.setCapacity(8 << 20)
        bench.log.probeDisk()
        try bench.append([(other.partitions[0], "an event")])
    }

    @Test func `a fast writer leaves the reserve to Tidings's own topics`() throws {
        let disk = SimulatedDisk(seed: 2, capacity: 8 << 20)
        var settings = LogBench.smallSettings
        settings.diskReserveBytes = 1 << 20
        let bench = try LogBench(disk, settings: settings)
        let own = try bench.topic("__tidings.state")
        let other = try bench.topic("orders")
        let text = String(repeating: "z", count: 700)
        var count = 0
        // Nobody else looks at the free space meanwhile.
        let error = #expect(throws: LogError.self) {
            while count < 20_000 {
                try bench.append([(other.partitions[0], text)])
                count += 1
                if count % 50 == 0 { bench.log.checkpoint() }
            }
        }
        #expect(error?.code == .diskFull)
        #expect(try disk.freeBytes() > 512 << 10)
        try bench.append([(own.partitions[0], "a position")])
    }

    @Test func `a sync that fails is never done again`() throws {
        let disk = SimulatedDisk(seed: 2)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders")
        try bench.append([(topic.partitions[0], "kept")])
        // A round is one write and one sync.
        disk.fail(operation: disk.operationCount + 1, .once(.failed))
        let error = #expect(throws: LogError.self) { try bench.append([(topic.partitions[0], "in doubt")]) }
        #expect(error?.code == .offline)
        let operations = disk.operationCount
        #expect(throws: LogError.self) { try bench.append([(topic.partitions[0], "refused")]) }
        #expect(bench.log.checkpoint() == false)
        bench.log.stop()
        #expect(disk.operationCount == operations)
        #expect(try bench.read(topic.partitions[0], from: .zero).count == 1)
    }
}
