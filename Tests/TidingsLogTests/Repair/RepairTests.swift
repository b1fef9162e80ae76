// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// A repair says what it would do and changes nothing; applied, readers pass what is lost, and every damaged byte is kept.
@Suite struct RepairTests {
    private func filled(_ disk: SimulatedDisk) throws -> TopicDescription {
        var settings = LogBench.smallSettings
        settings.recentBytes = 0
        let bench = try LogBench(disk, settings: settings)
        let topic = try bench.topic("orders", partitions: 2)
        for number in 0..<60 {
            try bench.append(topic.partitions.map { ($0, "event \(number) " + String(repeating: "x", count: 200)) })
        }
        bench.log.stop()
        return topic
    }

    private func repair(_ disk: SimulatedDisk, applying: Bool) throws -> [LogRepair.Step] {
        try LogRepair.run(
            on: disk, applying: applying, settings: LogBench.smallSettings, time: ManualClock(),
            random: SeededRandom(seed: 3), logger: Logger("log", to: nil))
    }

    private func content(_ disk: SimulatedDisk) -> [String: [UInt8]] {
        Dictionary(
            uniqueKeysWithValues: disk.paths.filter { $0 != "LOCK" }.map { ($0, disk.bytes(of: $0) ?? []) })
    }

    /// Offsets that a reader gets of each partition, past nothing: a quarantined range would end it.
    /// What is lost is listed, and nothing else.
    private func offsets(_ disk: SimulatedDisk, _ topic: TopicDescription, of count: Int64 = 60) throws -> [[Int64]] {
        let bench = try LogBench(disk)
        defer { bench.log.stop() }
        let found = try #require(bench.log.topics[topic.name])
        let read = try found.partitions.map { try bench.all($0).map(\.offset.value) }
        for (partition, offsets) in zip(found.partitions, read) {
            let lost = bench.log.quarantines.filter { $0.partition == partition }.flatMap {
                Array($0.offsets.lowerBound.value..<$0.offsets.upperBound.value)
            }
            #expect(Set(offsets).isDisjoint(with: lost) && (offsets + lost).sorted() == Array(0..<count))
        }
        return read
    }

    @Test func `a sound folder needs nothing, a server's folder is left alone`() throws {
        let disk = SimulatedDisk(seed: 1)
        _ = try filled(disk)
        #expect(try repair(disk, applying: false).isEmpty)
        let before = content(disk)
        #expect(try repair(disk, applying: true).isEmpty)
        #expect(content(disk) == before)
        let bench = try LogBench(disk)
        #expect(throws: LogToolError.self) { try repair(disk, applying: false) }
        bench.drop()
    }

    @Test func `rotten batches, a lost end and a missing file are fenced off, and their bytes kept`() throws {
        let disk = SimulatedDisk(seed: 1)
        let topic = try filled(disk)
        let paths = disk.paths.filter { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") }
        #expect(paths.count >= 3)
        let first = try #require(disk.bytes(of: paths[0]))
        disk.flipBit(of: paths[0], at: 400)
        try disk.remove(paths[1])
        let last = try #require(disk.bytes(of: paths[2]))
        disk.replace(paths[2], with: Array(last.dropLast(10)))
        let before = content(disk)
        let plan = try repair(disk, applying: false)
        #expect(plan.count >= 3)
        #expect(content(disk) == before, "a plan changes nothing")
        #expect(try repair(disk, applying: true) == plan)
        #expect(try repair(disk, applying: false).isEmpty)
        let read = try offsets(disk, topic)
        #expect(read[1] == Array(0..<60))
        #expect(read[0].count < 60 && read[0].contains(0))
        // The bytes of the rotten batch are kept as they were found.
        var rotten = first
        rotten[400] ^= 1
        let kept = disk.paths.filter { $0.hasPrefix("log/quarantine/orders-0-") }.compactMap { disk.bytes(of: $0) }
        #expect(kept.contains { bytes in rotten.count > bytes.count && !bytes.isEmpty && contains(rotten, bytes) })
        let bench = try LogBench(disk)
        #expect(try bench.append([(topic.partitions[0], "next")]).offsets == [Offset(60)])
        bench.drop()
    }

    private func contains(_ all: [UInt8], _ part: [UInt8]) -> Bool {
        (0...all.count - part.count).contains { all[$0..<$0 + part.count].elementsEqual(part) }
    }

    @Test(arguments: [true, false])
    func `metadata that is gone is rebuilt from folders and rounds`(_ isClean: Bool) throws {
        let disk = SimulatedDisk(seed: 1)
        let topic = try filled(disk)
        if !isClean {
            let bench = try LogBench(disk)
            for number in 60..<70 {
                try bench.append(topic.partitions.map { ($0, "event \(number) " + String(repeating: "x", count: 200)) })
            }
            bench.drop()
            disk.killProcess()
            // The last rounds are in the write-ahead log only.
            let path = try #require(disk.paths.last { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") })
            disk.replace(path, with: Array(try #require(disk.bytes(of: path)).dropLast(300)))
        }
        for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        disk.flipBit(of: "format", at: 2)
        let before = content(disk)
        #expect(try !repair(disk, applying: false).isEmpty)
        #expect(content(disk) == before)
        _ = try repair(disk, applying: true)
        #expect(try repair(disk, applying: false).isEmpty)
        let expected = Array(0..<Int64(isClean ? 60 : 70))
        #expect(try offsets(disk, topic, of: isClean ? 60 : 70) == [expected, expected])
        #expect(disk.paths.filter { $0.hasPrefix("log/quarantine/meta-") }.count == 2)
        // How long the records were to stay is not known, so none may go by age.
        guard case .metadata(let rebuilt, _) = try MetadataStore(disk: disk).load() else {
            Issue.record("the metadata cannot be read")
            return
        }
        #expect(rebuilt.topics.map(\.settings.retentionTime) == [nil])
    }

    /// A round's number and the last synced one before it.
    private typealias Known = (number: UInt64, lastSynced: UInt64)

    @Test(
        arguments: [
            ([], 0), ([(1, 0)], 0), ([(7, 6), (8, 7), (9, 8)], 6), ([(4, 3), (8, 7), (9, 8)], 7),
            // 8 was relaxed, and so were 5 and 6 before 7.
            ([(7, 6), (9, 7), (10, 9)], 6), ([(4, 3), (7, 4), (9, 7)], 3),
            // Of 5 and 6, missing, 5 was synced.
            ([(4, 3), (7, 5), (9, 7)], 6), ([(0, 0), (UInt64.max, 0)], 0),
        ] as [([Known], UInt64)])
    private func `a relaxed round that is missing is no gap between rounds`(_ known: [Known], _ checkpoint: UInt64) {
        let rounds = known.map {
            RoundHeader(
                life: LogLife(generation: 1, nonce: 1), number: $0.number, lastSynced: $0.lastSynced, isRelaxed: false)
        }
        #expect(LogRepair.checkpoint(below: rounds.shuffled()) == checkpoint)
    }

    @Test(arguments: [true, false])
    func `metadata is rebuilt past a round that is lost, and what was acknowledged before it is there`(
        _ isRelaxed: Bool
    ) throws {
        let disk = SimulatedDisk(seed: 1)
        let topic = try filled(disk)
        let bench = try LogBench(disk)
        let fast = try bench.topic("fast", [.durability: isRelaxed ? "os" : "synced"])
        let text = String(repeating: "x", count: 200)
        for number in 60..<64 {
            try bench.append(topic.partitions.map { ($0, "event \(number) " + text) })
            if number == 61 { try bench.append([(fast.partitions[0], "fast")]) }
        }
        bench.drop()
        disk.killProcess()
        var lost: LogInspector.RoundSummary?
        try LogInspector(disk: disk).rounds { round in
            if round.entries.contains(where: { $0.partition == fast.partitions[0] }) { lost = round }
            return true
        }
        let round = try #require(lost)
        // A relaxed round never reached the disk; of a synced one the batch rotted.
        for place in isRelaxed ? 0..<72 : 200..<201 { disk.flipBit(of: round.path, at: round.position + Int64(place)) }
        // The partitions' files lost the last three records; only by what they have is it known whose the rounds are.
        for partition in 0..<2 {
            let path = try #require(
                disk.paths.last { $0.hasPrefix("log/orders-\(partition)/") && $0.hasSuffix(".log") })
            disk.replace(path, with: Array(try #require(disk.bytes(of: path)).dropLast(800)))
        }
        for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        _ = try repair(disk, applying: true)
        let again = try LogBench(disk)
        defer { again.drop() }
        for partition in try #require(again.log.topics[topic.name]).partitions {
            #expect(try again.all(partition).map(\.offset.value) == Array(0..<64))
        }
    }

    @Test func `rounds of which no folder has a record are kept when the metadata is rebuilt`() throws {
        let disk = SimulatedDisk(seed: 1)
        let topic = try filled(disk)
        let bench = try LogBench(disk)
        let late = try bench.topic("late")
        try bench.append([(late.partitions[0], "only in a round")])
        bench.drop()
        disk.killProcess()
        for path in disk.paths where path.hasPrefix("log/late-0/") { try disk.remove(path) }
        for slot in MetadataStore.slots { disk.flipBit(of: slot, at: 50) }
        let steps = try repair(disk, applying: true)
        let told = steps.filter { $0.path == WriteAheadLog.folder }.map(\.description)
        #expect(told.contains { $0.contains("of 1 topics") }, "\(told)")
        #expect(disk.paths.contains { $0.hasPrefix("log/quarantine/wal-") })
        #expect(try offsets(disk, topic, of: 60) == [Array(0..<60), Array(0..<60)])
    }

    @Test func `an index that does not fit is written anew`() throws {
        let disk = SimulatedDisk(seed: 1)
        let topic = try filled(disk)
        let path = try #require(disk.paths.first { $0.hasSuffix(".rounds") })
        disk.flipBit(of: path, at: 25)
        #expect(try repair(disk, applying: true).map(\.kind) == [.index])
        #expect(try repair(disk, applying: false).isEmpty)
        #expect(try offsets(disk, topic)[0] == Array(0..<60))
    }

    @Test func `a crash at any step of a repair leaves it to be done again`() throws {
        let whole = SimulatedDisk(seed: 1)
        _ = try filled(whole)
        whole.flipBit(of: "log/orders-0/00000000000000000000.log", at: 400)
        let begun = whole.operationCount
        _ = try repair(whole, applying: true)
        for step in 0..<whole.operationCount - begun {
            let disk = SimulatedDisk(seed: UInt64(step))
            let topic = try filled(disk)
            disk.flipBit(of: "log/orders-0/00000000000000000000.log", at: 400)
            disk.fail(operation: disk.operationCount + step, .freeze)
            _ = try? repair(disk, applying: true)
            disk.crash()
            _ = try repair(disk, applying: true)
            let read = try offsets(disk, topic)
            #expect(read[1] == Array(0..<60), "at step \(step)")
            #expect(read[0].count == 59, "at step \(step)")
        }
    }
}
