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

    /// What a log is asked for.
    enum Action: Hashable, CaseIterable {
        case stage, commit, create, delete, checkpoint, prepare, deleteRecords, keepHouse, snapshot, stop
    }

    /// What goes wrong on the way.
    enum Mode: Hashable, CaseIterable {
        /// Power cuts and killed processes.
        case crashes
        /// Also writes, syncs, renames that fail, and a disk that is full for a while.
        case faults
    }

    let seed: UInt64
    let disk: SimulatedDisk
    let bench: LogBench
    let mode: Mode
    private let random: SeededRandom
    /// Acknowledged records, by partition: text and round.
    private var acknowledged: [PartitionID: [(text: String, round: UInt64)]] = [:]
    /// Appends nobody was answered for yet, oldest first.
    private var inFlight: [Appended] = []
    /// Appends that were answered with `offline`: they may be there or not.
    private var unknown: [Appended] = []
    private var topics: [TopicID: TopicDescription] = [:]
    /// Where partitions begin, and where unanswered deletes may have moved that.
    private var starts: [PartitionID: Offset] = [:]
    /// Partitions whose start retention may have moved before a crash.
    private var mayMove: Set<PartitionID> = []
    private var maybeStarts: [PartitionID: [Offset]] = [:]
    private var maybeCreated: Set<TopicName> = []
    private var maybeDeleted: Set<TopicID> = []
    /// The last snapshot that was kept, and those nobody knows of.
    private var snapshot: [UInt8]?
    private var maybeSnapshots: [[UInt8]] = []
    private var sent = 0
    private(set) var trace: [String] = []
    /// What was found wrong.
    private(set) var problems: [String] = []
    private(set) var openings = 0
    /// How many operations the last opening changed the disk with.
    private(set) var lastOpening = 0
    /// The same of the opening after the crash that was asked for.
    private(set) var operationsOfOpening = 0
    private var outcome: UInt64?

    init(seed: UInt64, mode: Mode = .crashes, settings: LogSettings = LogBench.smallSettings) throws {
        self.seed = seed
        self.mode = mode
        disk = SimulatedDisk(seed: seed)
        random = SeededRandom(seed: seed &* 31 &+ 7)
        bench = try LogBench(disk, settings: settings, seed: seed)
    }

    /// Lets go of everything that waits on its loop, so that nothing of it stays in memory.
    func end() {
        bench.clock.remove(bench.loop)
        bench.drop()
    }

    /// What was found wrong first, and what led to it.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private func expect(_ isTrue: Bool, _ sentence: @autoclosure () -> String) {
        if !isTrue { problems.append(sentence()) }
    }

    private func throwProblems() throws {
        guard let first = problems.first else { return }
        throw Violation(description: "seed \(seed): \(first) after \(trace.suffix(12).joined(separator: ", "))")
    }

    private func draw(_ limit: Int) -> Int { Int(random.next() % UInt64(max(1, limit))) }

    /// Does `count` steps among crashes and faults (safety); then, on a disk that works, the log has to take records again
    /// and to leave cleanly (liveness).
    func run(steps count: Int) throws {
        for _ in 0..<count {
            let freezes = draw(6) == 0
            if freezes { disk.fail(operation: disk.operationCount + draw(25), .freeze) }
            if mode == .faults { planFault() }
            try perform(drawAction())
            if freezes {
                try crash()
            } else if bench.log.isOffline {
                trace.append("offline")
                try crash()
            }
            try throwProblems()
        }
        try settle()
    }

    /// Does what is asked for until the operation of that number, where the process ends; then that much is lost of what was
    /// not synced: `outcome` 0 is nothing, every other number a power cut of its own. The opening after that may be cut
    /// too, at its own operation.
    func run(_ actions: [Action], crashingAt operation: Int?, outcome: UInt64, andInOpeningAt again: Int? = nil) throws
    {
        if let operation { disk.fail(operation: operation, .freeze) }
        for action in actions where !disk.isFrozen { try perform(action) }
        try throwProblems()
        disk.reseed(outcome)
        self.outcome = outcome
        try crash(again: again.map { [$0] } ?? [])
        self.outcome = nil
        operationsOfOpening = lastOpening
        try settle()
    }

    private func settle() throws {
        disk.heal()
        disk.setCapacity(.max)
        if bench.log.isOffline { try crash() }
        bench.log.probeDisk()
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        expect(bench.log.refusal == nil, "nothing is wrong any more, and records are refused")
        if topics.isEmpty { create() }
        let before = acknowledged.values.reduce(0) { $0 + $1.count }
        stage()
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        let after = acknowledged.values.reduce(0) { $0 + $1.count }
        expect(after > before, "a healthy disk, and no record is taken")
        bench.log.stop()
        bench.loop.runUntilIdle()
        try reopen()
        // A log left cleanly has nothing to recover: it opens with no more than its metadata's saves.
        bench.log.stop()
        bench.loop.runUntilIdle()
        try reopen()
        expect(lastOpening <= 8, "\(lastOpening) changes to open what was left cleanly")
        try throwProblems()
    }

    private func planFault() {
        switch draw(16) {
        case 0: disk.fail(operation: disk.operationCount + draw(20), .once(.noSpace))
        case 1: disk.fail(operation: disk.operationCount + draw(20), .once(.noHandles))
        case 2: disk.fail(operation: disk.operationCount + draw(30), .once(.failed))
        case 3: disk.fail(operation: disk.operationCount + draw(20), .always(.noSpace))
        case 4...7:
            disk.heal()
            bench.log.probeDisk()
        default: break
        }
    }

    private func crash(again: [Int]? = nil) throws {
        trace.append("crash")
        bench.drop()
        lose()
        // A crash may come while the last one is recovered from.
        let others = again ?? (0..<max(0, draw(4) - 1)).map { _ in draw(60) }
        for operation in others {
            disk.fail(operation: disk.operationCount + operation, .freeze)
            do { try bench.open() } catch {}
            trace.append("crash in the opening")
            bench.drop()
            lose()
        }
        try reopen()
    }

    private func lose() {
        let isKilled = outcome.map { $0 == 0 } ?? (draw(3) == 0)
        if isKilled { disk.killProcess() } else { disk.crash() }
    }

    private func drawAction() -> Action {
        switch draw(22) {
        case 0...1 where topics.count < 4: .create
        case 2 where topics.count > 1: .delete
        case 3...4: .checkpoint
        case 5: .prepare
        case 6: .deleteRecords
        case 7 where draw(2) == 0: .keepHouse
        case 7: .stop
        case 8: .snapshot
        case 9...11: .stage
        default: .commit
        }
    }

    private func perform(_ action: Action) throws {
        switch action {
        case .create: create()
        case .delete: delete()
        case .checkpoint:
            trace.append("checkpoint")
            bench.log.checkpoint()
        case .prepare:
            trace.append("prepare")
            _ = try? bench.log.writeAhead.prepareBlock()
        case .deleteRecords: deleteRecords()
        case .keepHouse: keepHouse()
        case .snapshot: takeSnapshot()
        case .stop:
            trace.append("stop")
            bench.log.stop()
            bench.loop.runUntilIdle()
            disk.heal()
            lose()
            try reopen()
        case .stage: stage()
        case .commit:
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
        maybeCreated.insert(name)
        var settings = TopicSettings()
        if kind == Self.thinned { settings.retentionBytes = 9_000 }
        if kind == Self.compacted {
            settings.cleanup = .compact
            settings.minDirtyPercent = 10
        }
        bench.session.createTopic(name, partitions: Int32(1 + draw(3)), settings: settings) { [self] result in
            guard case .success(let topic) = result else { return }
            topics[topic.id] = topic
            maybeCreated.remove(name)
        }
        bench.loop.runUntilIdle()
    }

    private func delete() {
        guard inFlight.isEmpty, let id = topics.keys.sorted().randomElement(random) else { return }
        trace.append("delete \(id.number)")
        maybeDeleted.insert(id)
        bench.session.deleteTopic(id) { [self] result in
            guard case .success = result else { return }
            forget(id)
        }
        bench.loop.runUntilIdle()
    }

    private func forget(_ id: TopicID) {
        for partition in topics[id]?.partitions ?? [] {
            acknowledged[partition] = nil
            starts[partition] = nil
        }
        topics[id] = nil
        maybeDeleted.remove(id)
    }

    private func takeSnapshot() {
        sent += 1
        let bytes = Array("snapshot \(sent) ".utf8) + [UInt8](repeating: UInt8(sent & 0xFF), count: draw(3_000))
        trace.append("snapshot \(sent)")
        maybeSnapshots.append(bytes)
        bench.session.saveSnapshot("state", bytes) { [self] result in
            guard case .success = result else { return }
            snapshot = bytes
            maybeSnapshots = []
        }
        bench.loop.runUntilIdle()
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
        expect(found.offset == first.offset, "the first time is found at \(found.offset), not \(first.offset)")
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
        maybeStarts[partition, default: []].append(min(before, bounds.end))
        bench.session.deleteRecords(partition, before: before) { [self] result in
            guard case .success(let start) = result else { return }
            expect(start == max(bounds.start, min(before, bounds.end)), "the start moved to \(start), not \(before)")
            maybeStarts[partition] = nil
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
        let before = disk.operationCount
        try bench.open()
        lastOpening = disk.operationCount - before
        let table = bench.log.topics
        for name in maybeCreated { if let topic = table[name] { topics[topic.id] = topic } }
        maybeCreated = []
        for id in maybeDeleted where table[id] == nil { forget(id) }
        maybeDeleted = []
        expect(Set(table.all) == Set(topics.values), "the topics differ")
        try throwProblems()
        checkSnapshot()
        try check()
        for partition in topics.values.flatMap(\.partitions) {
            guard let bounds = bench.log.bounds(of: partition) else { continue }
            let known = starts[partition] ?? .zero
            let possible = [known] + (maybeStarts[partition] ?? []).map { max(known, min($0, bounds.end)) }
            expect(
                possible.contains(bounds.start) || mayMove.contains(partition) && bounds.start > known,
                "\(partition) starts at \(bounds.start), not \(possible)")
            starts[partition] = bounds.start
        }
        maybeStarts = [:]
        mayMove = []
        try throwProblems()
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

    private func checkSnapshot() {
        var found: [UInt8]?
        bench.session.loadSnapshot("state") { result in
            switch result {
            case .success(let bytes): found = bytes
            case .failure(let error):
                self.problems.append("the snapshot: \(error)")
            }
        }
        bench.loop.runUntilIdle()
        let isKnown = found == snapshot || maybeSnapshots.contains { $0 == found }
        expect(isKnown, "another snapshot than the last one")
        snapshot = found
        maybeSnapshots = []
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
        expect(fits, "records are lost, invented or out of order: \(fits ? "" : describe(stored))")
        for (partition, records) in stored {
            for record in records {
                guard let known = acknowledged[partition], record.offset.value < Int64(known.count) else { continue }
                expect(
                    record.round == known[Int(record.offset.value)].round,
                    "offset \(record.offset) has another round")
            }
        }
        expect(bench.log.quarantines.isEmpty, "quarantined: \(bench.log.quarantines.first?.reason ?? "")")
        try throwProblems()
    }

    /// The partitions that are not as acknowledged.
    private func describe(_ stored: [PartitionID: [(offset: Offset, text: String, round: UInt64)]]) -> String {
        var words: [String] = []
        for (partition, records) in stored.sorted(by: { $0.key < $1.key }) {
            let known = (acknowledged[partition] ?? []).map(\.text)
            let start = Int(bench.log.bounds(of: partition)?.start.value ?? 0)
            if records.map(\.text) == Array(known.dropFirst(start)) { continue }
            words.append(
                "\(partition.topic.number)-\(partition.index) from \(start) has "
                    + "\(records.suffix(6).map { "\($0.offset):\($0.text.prefix(4))" }), "
                    + "acknowledged \(known.count): \(known.suffix(6).map { $0.prefix(4) })")
        }
        return words.joined(separator: "; ")
    }

}

extension Array {
    fileprivate func randomElement(_ random: SeededRandom) -> Element? {
        isEmpty ? nil : self[Int(random.next() % UInt64(count))]
    }
}
