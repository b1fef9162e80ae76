// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Lets a seed decide what a log is asked for and when it crashes, and checks after every opening that what was
/// acknowledged is there, byte for byte and in order, and nothing that nobody sent.
final class CrashSimulation {
    /// What there is besides power cuts, killed processes, and appends to synced topics.
    struct Kind: OptionSet, Hashable, CustomStringConvertible {
        let rawValue: Int

        /// Writes, syncs, renames that fail, and a disk that is full for a while.
        static let faults = Kind(rawValue: 1)
        /// Topics whose records are acknowledged before they are synced.
        static let relaxed = Kind(rawValue: 2)
        /// Whole batches of clients, with and without numbers, some of them sent again.
        static let clients = Kind(rawValue: 4)
        /// Partition files that are written behind the acknowledgements, whenever that may be; topics that go while
        /// appends to them wait; older copies of blocks that are put back.
        static let behind = Kind(rawValue: 8)

        static let all: [Kind] = [
            [], .faults, .relaxed, [.relaxed, .faults], .clients, .behind, [.behind, .faults],
            [.relaxed, .clients, .behind], [.relaxed, .clients, .behind, .faults],
        ]

        var description: String {
            let names = [(Kind.faults, "faults"), (.relaxed, "relaxed"), (.clients, "clients"), (.behind, "behind")]
            return (["crashes"] + names.filter { contains($0.0) }.map(\.1)).joined(separator: "+")
        }
    }

    let seed: UInt64
    let disk: SimulatedDisk
    let bench: LogBench
    let kind: Kind
    let random: SeededRandom
    var promises = CrashPromises()
    var clients = CrashClients()
    var topics: [TopicID: TopicDescription] = [:]
    /// Where partitions begin, and where unanswered deletes may have moved that.
    var starts: [PartitionID: Offset] = [:]
    /// Partitions whose start retention may have moved before a crash.
    var mayMove: Set<PartitionID> = []
    var maybeStarts: [PartitionID: [Offset]] = [:]
    var maybeCreated: Set<TopicName> = []
    var maybeDeleted: Set<TopicID> = []
    /// The last snapshot that was kept, and those nobody knows of.
    var snapshot: [UInt8]?
    var maybeSnapshots: [[UInt8]] = []
    /// Copies of blocks of the write-ahead log, with the number of the opening after which they were made.
    var blockCopies: [(path: String, bytes: [UInt8], opening: Int)] = []
    /// Up to where the follower of this opening has seen each partition.
    private var followed: [PartitionID: Offset] = [:]
    /// Whether anything that was not synced may have gone since the last opening.
    private var mayLose = false
    var sent = 0
    var trace: [String] = []
    /// What was found wrong.
    private(set) var problems: [String] = []
    private(set) var openings = 0
    /// How many operations the last opening changed the disk with.
    private(set) var lastOpening = 0
    /// The same of the opening after the crash that was asked for.
    private(set) var operationsOfOpening = 0
    private var outcome: UInt64?

    init(seed: UInt64, kind: Kind = [], settings: LogSettings = LogBench.smallSettings) throws {
        self.seed = seed
        self.kind = kind
        disk = SimulatedDisk(seed: seed)
        random = SeededRandom(seed: seed &* 31 &+ 7)
        var settings = settings
        if kind.contains(.behind), seed % 2 == 0 { settings.maxUnfiledBytes = 12 << 10 }
        if kind.contains(.clients) { settings.producerSnapshotBytes = 3_000 }
        bench = try LogBench(disk, settings: settings, seed: seed)
        begin()
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

    func expect(_ isTrue: Bool, _ sentence: @autoclosure () -> String) {
        if !isTrue { problems.append(sentence()) }
    }

    private func throwProblems() throws {
        guard let first = problems.first else { return }
        throw Violation(
            description: "seed \(seed) (\(kind)): \(first) after \(trace.suffix(12).joined(separator: ", "))")
    }

    func draw(_ limit: Int) -> Int { Int(random.next() % UInt64(max(1, limit))) }

    var partitions: [PartitionID] { topics.values.flatMap(\.partitions).sorted() }

    /// Does `count` steps among crashes and faults (safety); then, on a disk that works, the log has to take records again
    /// and to leave cleanly (liveness).
    func run(steps count: Int) throws {
        for _ in 0..<count {
            let freezes = draw(6) == 0
            if freezes { disk.fail(operation: disk.operationCount + draw(25), .freeze) }
            if kind.contains(.faults) { planFault() }
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
        let before = promises.toldCount
        stage()
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        expect(promises.toldCount > before, "a healthy disk, and no record is taken")
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
        // What a failed sync was for may be gone.
        if bench.log.isOffline { mayLose = true }
        let isCovered =
            promises.isAllAnswered && !bench.log.isOffline
            && bench.log.control.withLock { $0.metadata.checkpoint } == bench.log.lastRound
        bench.drop()
        lose()
        putBlockBack(isCovered: isCovered)
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

    func lose() {
        let isKilled = outcome.map { $0 == 0 } ?? (draw(3) == 0)
        if isKilled {
            disk.killProcess()
        } else {
            mayLose = true
            disk.crash()
        }
    }

    // MARK: openings

    /// Looks along with the log that is open now.
    private func begin() {
        if kind.contains(.behind) { bench.log.filesBehind.store(true, ordering: .releasing) }
        followed = [:]
        for partition in partitions { followed[partition] = bench.log.bounds(of: partition)?.end }
        _ = bench.session.follow { [unowned self] round in
            for batch in round.batches {
                let end = followed[batch.partition] ?? .zero
                expect(batch.baseOffset == end, "a follower saw \(batch.baseOffset) after \(end)")
                followed[batch.partition] = batch.lastOffset.next
            }
        }
    }

    func reopen() throws {
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
        begin()
        for partition in partitions {
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
        mayLose = false
        try throwProblems()
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

    /// Compares what is stored with what was promised; from then on what is stored counts.
    private func check() throws {
        var stored: [PartitionID: [CrashPromises.Stored]] = [:]
        var ends: [PartitionID: Int] = [:]
        for partition in partitions {
            stored[partition] = try bench.all(partition)
            ends[partition] = Int(bench.log.bounds(of: partition)?.end.value ?? 0)
        }
        let isKept = promises.areKept(
            by: stored, ends: ends, mayLose: mayLose && !bench.log.recovery.wasClean, fits: fits)
        expect(isKept, "records are lost, invented or out of order: \(isKept ? "" : describe(stored))")
        for (partition, records) in stored {
            for record in records {
                expect(
                    promises.mayHave(record.round, record.offset, partition, mayLose: mayLose),
                    "offset \(record.offset) has another round")
            }
        }
        expect(bench.log.quarantines.isEmpty, "quarantined: \(bench.log.quarantines.first?.reason ?? "")")
        try throwProblems()
        promises.begin(with: stored, ends: ends)
        clients.look(at: promises.told)
    }

    /// Whether what is stored is what a partition of its kind may have of all texts.
    private func fits(_ partition: PartitionID, _ stored: [CrashPromises.Stored], _ texts: [String]) -> Bool {
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
        let isThinned = isNamed(partition, Self.thinned)
        let isCompacted = isNamed(partition, Self.compacted)
        return (start..<texts.count).allSatisfy { offset in
            there.contains(offset) || isThinned && offset % 7 != 3
                || isCompacted && lastOfKey[Self.key(texts[offset])] != offset
        }
    }

    /// The partitions that are not as acknowledged.
    private func describe(_ stored: [PartitionID: [CrashPromises.Stored]]) -> String {
        var words: [String] = []
        for (partition, records) in stored.sorted(by: { $0.key < $1.key }) {
            let known = (promises.told[partition] ?? []).map(\.text)
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
