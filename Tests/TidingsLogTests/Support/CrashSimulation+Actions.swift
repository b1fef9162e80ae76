// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What a log is asked for.
extension CrashSimulation {
    enum Action: Hashable, CaseIterable {
        case stage, commit, create, delete, checkpoint, prepare, deleteRecords, keepHouse, snapshot, stop
        /// A client's batch; the sync of relaxed records; what is acknowledged is written into the partition files.
        case send, syncRelaxed, file
    }

    func drawAction() -> Action {
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
        case 12...14 where kind.contains(.clients): .send
        case 15 where kind.contains(.relaxed): .syncRelaxed
        case 16...17 where kind.contains(.behind): .file
        default: .commit
        }
    }

    func perform(_ action: Action) throws {
        switch action {
        case .create: create()
        case .delete: delete()
        case .checkpoint: checkpoint()
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
        case .send: send()
        case .syncRelaxed:
            trace.append("sync relaxed")
            do throws(DiskError) {
                try bench.log.writeAhead.relaxed.sync()
                promises.allIsSafe()
            } catch {
                bench.log.goOffline(error.description)
            }
        case .file:
            trace.append("file")
            _ = bench.log.catchUp()
        }
    }

    private func checkpoint() {
        trace.append("checkpoint")
        let isDone = bench.log.checkpoint()
        // What was filed while it was at it may not be covered.
        let covered = bench.log.control.withLock { $0.metadata.checkpoint }
        if isDone, bench.log.isCaughtUp, covered == bench.log.lastRound { promises.allIsSafe() }
        guard kind.contains(.behind), let path = disk.paths.filter({ $0.hasSuffix(".wal") }).randomElement(random),
            let bytes = disk.bytes(of: path)
        else { return }
        blockCopies.append((path, bytes, openings))
    }

    /// Puts an older copy of a block back: in its own place when a checkpoint has everything, so that no block has a round
    /// that counts; else as one block more when it is of an older life.
    func putBlockBack(isCovered: Bool) {
        guard kind.contains(.behind), draw(3) == 0, let copy = blockCopies.randomElement(random) else { return }
        if isCovered {
            trace.append("put back \(copy.path) of opening \(copy.opening)")
            disk.replace(copy.path, with: copy.bytes)
        } else if copy.opening < openings,
            let last = disk.paths.compactMap({ WriteAheadLog.number(ofFile: String($0.dropFirst(8))) }).max(), last < 9
        {
            trace.append("put \(copy.path) of opening \(copy.opening) behind the others")
            let path = WriteAheadLog.path(last + 1)
            _ = try? disk.open(path, .create)
            try? disk.syncDirectory(WriteAheadLog.folder)
            disk.replace(path, with: copy.bytes)
        }
    }

    // MARK: topics

    /// The topic that retention thins out to what is pinned, and the one that is compacted.
    static let (thinned, compacted) = (3, 4)

    func isNamed(_ partition: PartitionID, _ number: Int) -> Bool {
        topics[partition.topic]?.name.text == "topic-\(number)"
    }

    func create() {
        let number = draw(5)
        let name = TopicName("topic-\(number)")!
        guard !topics.values.contains(where: { $0.name == name }) else { return }
        trace.append("create \(name)")
        maybeCreated.insert(name)
        var settings = TopicSettings()
        if number == Self.thinned { settings.retentionBytes = 9_000 }
        if number == Self.compacted {
            settings.cleanup = .compact
            settings.minDirtyPercent = 10
        }
        if kind.contains(.relaxed) { settings.durability = [.synced, .interval, .os][draw(3)] }
        bench.session.createTopic(name, partitions: Int32(1 + draw(3)), settings: settings) { [self] result in
            guard case .success(let topic) = result else { return }
            topics[topic.id] = topic
            maybeCreated.remove(name)
        }
        bench.loop.runUntilIdle()
    }

    private func delete() {
        guard kind.contains(.behind) || promises.isAllAnswered, let id = topics.keys.sorted().randomElement(random)
        else { return }
        trace.append("delete \(id.number)")
        maybeDeleted.insert(id)
        // Who reads meanwhile gets records of that topic, or is told that it is gone.
        for partition in topics[id]?.partitions ?? [] where kind.contains(.behind) {
            bench.session.read(partition, from: starts[partition] ?? .zero, maxBytes: 1 << 20) { _ in }
        }
        bench.session.deleteTopic(id) { [self] result in
            guard case .success = result else { return }
            forget(id)
        }
        bench.loop.runUntilIdle()
    }

    func forget(_ id: TopicID) {
        for partition in topics[id]?.partitions ?? [] {
            promises.forget(partition)
            clients.forget(partition)
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

    // MARK: what goes

    /// Every seventh record is pinned.
    private final class Pins: RetentionPins {
        func pins(in partition: PartitionID, below limit: Offset, then: @escaping @Sendable ([Offset]) -> Void) {
            then((0..<limit.value).filter { $0 % 7 == 3 }.map { Offset($0) })
        }
    }

    private func keepHouse() {
        trace.append("keep house")
        let thinned = partitions.filter { isNamed($0, Self.thinned) }
        for partition in thinned { mayMove.insert(partition) }
        bench.log.mayRetain(pins: Pins())
        for _ in 0..<2 { bench.keepHouse(after: .seconds(1)) }
        for partition in thinned where !bench.log.isOffline {
            guard let bounds = bench.log.bounds(of: partition) else { continue }
            starts[partition] = bounds.start
            mayMove.remove(partition)
        }
        // Every time finds its first record, whatever was rewritten.
        guard let partition = partitions.randomElement(random), !bench.log.isOffline,
            let found = try? bench.offset(in: partition, atTime: WallTime(millis: 0)),
            let first = try? bench.all(partition).first
        else { return }
        // Memory may still have what compaction took out of the files.
        if isNamed(partition, Self.compacted), found.offset > first.offset { return }
        expect(found.offset == first.offset, "the first time is found at \(found.offset), not \(first.offset)")
    }

    private func deleteRecords() {
        guard let partition = partitions.randomElement(random), let bounds = bench.log.bounds(of: partition) else {
            return
        }
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

    // MARK: appends

    static func key(_ text: String) -> String { "key \(text.utf8.prefix { $0 != 32 }.last! % 5)" }

    private func text() -> String {
        sent += 1
        let padding = String(
            repeating: Character(UnicodeScalar(97 + UInt8(draw(26)))), count: draw(draw(4) == 0 ? 900 : 60))
        return "\(sent) \(padding)"
    }

    /// Whether an append to these is acknowledged before it is synced: relaxed topics only, behind nothing that waits for
    /// a sync.
    private func isRelaxed(_ targets: some Sequence<PartitionID>) -> Bool {
        let targets = Set(targets)
        guard targets.allSatisfy({ topics[$0.topic]?.settings.durability.isRelaxed ?? false }) else { return false }
        let partitions = bench.log.table.withLock { table in targets.compactMap { table.partition($0) } }
        return bench.log.staging.withLock { $0.group(isRelaxed: true, to: partitions).isRelaxed }
    }

    func stage() {
        let partitions = partitions
        guard !partitions.isEmpty else { return }
        // What goes to one topic only is often relaxed as a whole.
        let only = kind.contains(.relaxed) && draw(2) == 0 ? partitions.randomElement(random)?.topic : nil
        let targets = only.map { topic in partitions.filter { $0.topic == topic } } ?? partitions
        var records: [(PartitionID, String)] = []
        for _ in 0...draw(draw(5) == 0 ? 40 : 4) {
            let text = text()
            records.append((targets[draw(targets.count)], text))
        }
        let isRelaxed = isRelaxed(records.map(\.0))
        trace.append("append \(records.count)\(isRelaxed ? " relaxed" : "")")
        let number = promises.sent(records, isRelaxed: isRelaxed)
        do {
            _ = try bench.stage(records, key: { Self.key($0) }) { [self] in hear(number, $0) }
        } catch {
            promises.refused(number)
            trace.append("refused: \(error)")
        }
    }

    private func hear(_ number: Int, _ result: Result<UInt64, LogError>) {
        if let problem = promises.answered(number, result) { expect(false, problem) }
    }

    /// Sends a client's batch: its next one, the one that has no answer yet, or an older one again.
    private func send() {
        guard let partition = partitions.randomElement(random) else { return }
        let name = CrashClients.Name(producer: Int64(draw(3)), partition: partition)
        if draw(4) == 0, let last = clients.lastStored(name), clients.waiting(name) == nil {
            trace.append("send again \(last.sequence)")
            _ = stage(last, name, isNew: false) { _ in }
            return
        }
        if clients.waiting(name) == nil {
            let texts = (0...draw(4)).map { _ in text() }
            let isNumbered = draw(4) > 0
            let sequence = clients.nextSequence(of: name)
            let bytes = LogBench.batch(
                texts, key: Self.key, producer: isNumbered ? name.producer : -1,
                sequence: isNumbered ? sequence : -1, at: bench.clock.wall)
            let batch = CrashClients.Batch(sequence: sequence, texts: texts, bytes: bytes)
            guard isNumbered else {
                trace.append("send \(texts.count) without numbers")
                _ = stage(batch, name, isNew: true) { _ in }
                return
            }
            clients.sends(batch, name)
        }
        guard var batch = clients.waiting(name) else { return }
        batch.offset = nil
        trace.append("send \(batch.sequence) of \(name.producer) to \(partition.topic.number)-\(partition.index)")
        let offset = stage(batch, name, isNew: true) { [self] result in
            if case .success = result { clients.isStored(name) }
        }
        guard let offset else { return }
        clients.lies(at: offset, name)
        // Sent again before it is answered, it is stored once all the same.
        if draw(4) == 0, let again = clients.waiting(name) { _ = stage(again, name, isNew: false) { _ in } }
        bench.log.commitPending()
        bench.loop.runUntilIdle()
    }

    /// - Returns: where it will lie; nil when it was refused, as a log may that has no room or was stopped.
    private func stage(
        _ batch: CrashClients.Batch, _ name: CrashClients.Name, isNew: Bool,
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) -> Offset? {
        let records = batch.texts.map { (name.partition, $0) }
        let number = isNew ? promises.sent(records, isRelaxed: isRelaxed([name.partition])) : nil
        do throws(LogError) {
            let offset = try bench.stage(batch.bytes, to: name.partition) { [self] result in
                if let number { hear(number, result) }
                then(result)
            }
            if let known = batch.offset { expect(offset == known, "a repeat is at \(offset), not \(known)") }
            return offset
        } catch {
            if let number { promises.refused(number) }
            let mayRefuse: Set<LogError.Code> = [.diskFull, .offline, .overloaded, .unknownTopic]
            expect(mayRefuse.contains(error.code), "a client's batch was refused: \(error)")
            trace.append("refused: \(error)")
            return nil
        }
    }
}

extension LogBench {
    /// A client's batch of some texts.
    fileprivate static func batch(
        _ texts: [String], key: (String) -> String, producer: Int64, sequence: Int32, at time: WallTime
    ) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for text in texts {
            var body = ByteBuffer()
            LogBench.body(text, key: key(text), into: &body)
            builder.add(body: body.bytes, timestamp: time)
        }
        return ClientBatch.of(
            builder.seal(baseOffset: .zero), producer: producer, epoch: producer < 0 ? -1 : 0, sequence: sequence)
    }
}

extension Array {
    fileprivate func randomElement(_ random: SeededRandom) -> Element? {
        isEmpty ? nil : self[Int(random.next() % UInt64(count))]
    }
}
