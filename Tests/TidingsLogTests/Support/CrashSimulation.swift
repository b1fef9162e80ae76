// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Lets a seed decide what a log is asked for and when it crashes, and checks after every opening that what was
/// acknowledged is there, byte for byte and in order, and nothing that nobody sent.
final class CrashSimulation {
    struct Appended {
        let records: [(partition: PartitionID, text: String)]
    }

    let seed: UInt64
    let disk: SimulatedDisk
    let bench: LogBench
    private let random: SeededRandom
    /// Acknowledged records, by partition: text and round.
    private var acknowledged: [PartitionID: [(text: String, round: UInt64)]] = [:]
    /// Appends nobody was answered for yet, oldest first.
    private var inFlight: [Appended] = []
    /// Appends that were answered with `offline`: they may be there or not.
    private var unknown: [Appended] = []
    private var topics: [TopicID: TopicDescription] = [:]
    private var maybeCreated: TopicName?
    private var maybeDeleted: TopicID?
    /// Where partitions begin, and where an unanswered delete may have moved that.
    private var starts: [PartitionID: Offset] = [:]
    private var maybeStart: [PartitionID: Offset] = [:]
    /// Partitions whose start retention may have moved before a crash.
    private var mayMove: Set<PartitionID> = []
    private var sent = 0
    private(set) var trace: [String] = []
    private(set) var openings = 0

    init(seed: UInt64, settings: LogSettings = LogBench.smallSettings) throws {
        self.seed = seed
        disk = SimulatedDisk(seed: seed)
        random = SeededRandom(seed: seed &* 31 &+ 7)
        bench = try LogBench(disk, settings: settings, seed: seed)
    }

    private func draw(_ limit: Int) -> Int { Int(random.next() % UInt64(max(1, limit))) }

    /// Does `count` steps, then leaves cleanly and looks once more.
    func run(steps count: Int) throws {
        for _ in 0..<count {
            let freezes = draw(6) == 0
            if freezes { disk.fail(operation: disk.operationCount + draw(25), .freeze) }
            try step()
            if freezes {
                trace.append("crash")
                bench.drop()
                if draw(3) == 0 { disk.killProcess() } else { disk.crash() }
                try reopen()
            }
        }
        bench.log.stop()
        bench.loop.runUntilIdle()
        try reopen()
    }

    private func step() throws {
        switch draw(20) {
        case 0...1 where topics.count < 4: create()
        case 2 where topics.count > 1: delete()
        case 3...4:
            trace.append("checkpoint")
            bench.log.checkpoint()
        case 5:
            trace.append("prepare")
            _ = try? bench.log.writeAhead.prepareBlock()
        case 6: deleteRecords()
        case 7 where draw(2) == 0: keepHouse()
        case 7:
            trace.append("stop")
            bench.log.stop()
            bench.loop.runUntilIdle()
            disk.heal()
            if draw(2) == 0 { disk.crash() } else { disk.killProcess() }
            try reopen()
        case 8...10: stage()
        default:
            stage()
            trace.append("commit")
            bench.log.commitPending()
            bench.loop.runUntilIdle()
        }
    }

    private func create() {
        let kind = draw(5)
        let name = TopicName("topic-\(kind)")!
        guard !topics.values.contains(where: { $0.name == name }) else { return }
        trace.append("create \(name)")
        maybeCreated = name
        var settings = TopicSettings()
        if kind == Self.thinned { settings.retentionBytes = 9_000 }
        if kind == Self.compacted {
            settings.cleanup = .compact
            settings.minDirtyPercent = 10
        }
        bench.session.createTopic(name, partitions: Int32(1 + draw(3)), settings: settings) { [self] result in
            guard case .success(let topic) = result else { return }
            topics[topic.id] = topic
            maybeCreated = nil
        }
        bench.loop.runUntilIdle()
    }

    private func delete() {
        guard inFlight.isEmpty, let id = topics.keys.sorted().randomElement(random) else { return }
        trace.append("delete \(id.number)")
        maybeDeleted = id
        bench.session.deleteTopic(id) { [self] result in
            guard case .success = result else { return }
            forget(id)
            maybeDeleted = nil
        }
        bench.loop.runUntilIdle()
    }

    private func forget(_ id: TopicID) {
        for partition in topics[id]?.partitions ?? [] {
            acknowledged[partition] = nil
            starts[partition] = nil
        }
        topics[id] = nil
    }

    /// The topic that retention thins out to what is pinned, and the one that is compacted.
    private static let (thinned, compacted) = (3, 4)

    private func isKind(_ partition: PartitionID, _ kind: Int) -> Bool {
        topics[partition.topic]?.name.text == "topic-\(kind)"
    }

    /// Every seventh record is pinned.
    private final class Pins: RetentionPins {
        func pins(in partition: PartitionID, below limit: Offset, then: @escaping @Sendable ([Offset]) -> Void) {
            then((0..<limit.value).filter { $0 % 7 == 3 }.map { Offset($0) })
        }
    }

    private static func key(_ text: String) -> String { "key \(text.utf8.prefix { $0 != 32 }.last! % 5)" }

    private func keepHouse() {
        trace.append("keep house")
        let partitions = topics.values.flatMap(\.partitions).filter { isKind($0, Self.thinned) }
        for partition in partitions { mayMove.insert(partition) }
        bench.log.mayRetain(pins: Pins())
        for _ in 0..<2 { bench.keepHouse(after: .seconds(1)) }
        for partition in partitions where !bench.log.isOffline {
            guard let bounds = bench.log.bounds(of: partition) else { continue }
            starts[partition] = bounds.start
            mayMove.remove(partition)
        }
        // Every time finds its first record, whatever was rewritten.
        guard let partition = topics.values.flatMap(\.partitions).sorted().randomElement(random), !bench.log.isOffline,
            let found = try? bench.offset(in: partition, atTime: WallTime(millis: 0)),
            let first = try? bench.all(partition).first
        else { return }
        #expect(found.offset == first.offset, "seed \(seed): the first time after \(trace.suffix(8))")
    }

    /// Whether what is stored is what a partition of its kind may have of all texts.
    private func fits(
        _ partition: PartitionID, _ stored: [(offset: Offset, text: String, round: UInt64)], _ texts: [String]
    ) -> Bool {
        guard let bounds = bench.log.bounds(of: partition), bounds.end.value == Int64(texts.count) else { return false }
        let start = Int(bounds.start.value)
        guard start <= texts.count,
            stored.allSatisfy({
                $0.offset.value >= start && $0.offset.value < texts.count && texts[Int($0.offset.value)] == $0.text
            })
        else { return false }
        let offsets = stored.map { Int($0.offset.value) }
        guard offsets == offsets.sorted(), Set(offsets).count == offsets.count else { return false }
        let there = Set(offsets)
        var lastOfKey: [String: Int] = [:]
        for (offset, text) in texts.enumerated() { lastOfKey[Self.key(text)] = offset }
        let isThinned = isKind(partition, Self.thinned)
        let isCompacted = isKind(partition, Self.compacted)
        return (start..<texts.count).allSatisfy { offset in
            there.contains(offset) || isThinned && offset % 7 != 3
                || isCompacted && lastOfKey[Self.key(texts[offset])] != offset
        }
    }

    private func deleteRecords() {
        guard let partition = topics.values.flatMap(\.partitions).sorted().randomElement(random),
            let bounds = bench.log.bounds(of: partition)
        else { return }
        let before = Offset(Int64(draw(Int(bounds.end.value) + 2)))
        trace.append("delete records \(partition.topic.number)-\(partition.index) before \(before)")
        // A crash before the answer leaves the old start or the new one.
        maybeStart[partition] = before
        bench.session.deleteRecords(partition, before: before) { [self] result in
            guard case .success(let start) = result else { return }
            #expect(start == max(bounds.start, min(before, bounds.end)))
            maybeStart[partition] = nil
            starts[partition] = start
        }
        bench.loop.runUntilIdle()
    }

    private func stage() {
        let partitions = topics.values.flatMap(\.partitions).sorted()
        guard !partitions.isEmpty else { return }
        var records: [(PartitionID, String)] = []
        for _ in 0...draw(draw(5) == 0 ? 40 : 4) {
            sent += 1
            let padding = String(
                repeating: Character(UnicodeScalar(97 + UInt8(draw(26)))), count: draw(draw(4) == 0 ? 900 : 60))
            records.append((partitions[draw(partitions.count)], "\(sent) \(padding)"))
        }
        trace.append("append \(records.count)")
        let appended = Appended(records: records)
        do {
            _ = try bench.stage(records, key: { Self.key($0) }) { [self] result in
                let first = inFlight.removeFirst()
                guard case .success(let round) = result else {
                    // A log that goes offline does not know itself what got to the disk.
                    if case .failure(let error) = result, error.code == .offline { unknown.append(first) }
                    return
                }
                for (partition, text) in records { acknowledged[partition, default: []].append((text, round)) }
            }
            inFlight.append(appended)
        } catch {
            trace.append("refused: \(error)")
        }
    }

    private func reopen() throws {
        openings += 1
        try bench.open()
        let table = bench.log.topics
        if let name = maybeCreated, let topic = table[name] { topics[topic.id] = topic }
        maybeCreated = nil
        if let id = maybeDeleted, table[id] == nil { forget(id) }
        maybeDeleted = nil
        #expect(Set(table.all) == Set(topics.values), "seed \(seed): the topics differ after \(trace.suffix(8))")
        try check()
        for partition in topics.values.flatMap(\.partitions) {
            guard let bounds = bench.log.bounds(of: partition) else { continue }
            let known = starts[partition] ?? .zero
            #expect(
                bounds.start == known || mayMove.contains(partition) && bounds.start > known
                    || bounds.start == max(known, min(maybeStart[partition] ?? .zero, bounds.end)),
                "seed \(seed): starts at \(bounds.start), not \(known), after \(trace.suffix(8))")
            starts[partition] = bounds.start
        }
        maybeStart = [:]
        mayMove = []
        inFlight = []
        unknown = []
        for partition in topics.values.flatMap(\.partitions) {
            guard let bounds = bench.log.bounds(of: partition) else { continue }
            // What was in flight and is there counts from now on.
            let known = acknowledged[partition]?.count ?? 0
            guard bounds.end.value > Int64(known) else { continue }
            for record in try bench.all(partition).suffix(Int(bounds.end.value) - known) {
                acknowledged[partition, default: []].append((record.text, record.round))
            }
        }
    }

    /// Compares what is stored with what was acknowledged, and all that was in flight with all or nothing of it.
    private func check() throws {
        var stored: [PartitionID: [(offset: Offset, text: String, round: UInt64)]] = [:]
        for partition in topics.values.flatMap(\.partitions) { stored[partition] = try bench.all(partition) }
        let fits = (0...unknown.count + inFlight.count).contains { count in
            var expected = acknowledged.mapValues { $0.map { $0.text } }
            for appended in (unknown + inFlight).prefix(count) {
                for (partition, text) in appended.records { expected[partition, default: []].append(text) }
            }
            return stored.allSatisfy { partition, records in
                self.fits(partition, records, expected[partition] ?? [])
            }
        }
        if !fits {
            for (partition, records) in stored {
                print(
                    "stored", partition, bench.log.bounds(of: partition)!,
                    records.map { "\($0.offset):\($0.text.prefix(4))" })
                print("acked", acknowledged[partition]?.map { $0.text.prefix(4) } ?? [])
            }
            print(
                "in flight",
                inFlight.map {
                    $0.records.map { "\($0.partition.topic.number)-\($0.partition.index) \($0.text.prefix(4))" }
                })
            print(trace)
        }
        #expect(fits, "seed \(seed): records are lost, invented or out of order after \(trace.suffix(12))")
        for (partition, records) in stored {
            for record in records {
                guard let known = acknowledged[partition], record.offset.value < Int64(known.count) else { continue }
                #expect(
                    record.round == known[Int(record.offset.value)].round,
                    "seed \(seed): offset \(record.offset) has another round after \(trace.suffix(8))")
            }
        }
        if !bench.log.quarantines.isEmpty { print(bench.log.quarantines, trace) }
        #expect(
            bench.log.quarantines.isEmpty,
            "seed \(seed): quarantined after \(trace.suffix(8)): \(bench.log.quarantines.first?.reason ?? "")")
    }
}

extension Array {
    fileprivate func randomElement(_ random: SeededRandom) -> Element? {
        isEmpty ? nil : self[Int(random.next() % UInt64(count))]
    }
}
