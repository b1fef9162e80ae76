// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Merges all partitions of the log in its total order, from a place on, for one reader; knows no socket.
///
/// It holds at most one read per partition and asks for no more while its reader is busy. A batch is handed out only
/// once the follower was told of its round: nothing that belongs before it can come any more. An open transaction holds
/// up what lies behind its first record; aborted ones are passed over.
///
/// - Concurrency: lives on the session's loop; `Sendable` only so that the loop can be asked to call back.
final class LogMerge: @unchecked Sendable {
    private struct Branch {
        var next: Offset
        /// Behind the last durable record that is known of.
        var end: Offset
        /// Read and not handed out.
        var batches: [StoredBatch] = []
        var isReading = false
    }

    /// Bytes that the heads of all partitions may take together, about.
    private static let headBytes = 8 << 20
    /// Reads under way at once.
    private static let mostReads = 8
    /// Batches handed out before others on the loop have their turn.
    private static let batchesPerTurn = 64

    private let log: any EventLog
    private let session: any LogSession
    private let loop: any Loop
    private var branches: [PartitionID: Branch] = [:]
    private var follower: LogFollower?
    /// Everything up to this round is known of.
    private var knownRound: UInt64 = 0
    private var isCaughtUp = false
    private var isPositioned = false
    private var isPumping = false
    private var readCount = 0
    private var isInternal: [TopicID: Bool] = [:]
    /// Called when the merge was given an end and all before it was handed out.
    var reachedEnd: (() -> Void)?
    private var hasEnd = false
    /// Takes a batch and the first offset in it that is wanted; called in the log's order.
    var take: ((StoredBatch, Offset) -> Void)?
    /// Asked before each batch: whether the reader takes more. One that said no calls ``resume()`` later.
    var wantsMore: () -> Bool = { true }

    init(log: any EventLog, session: any LogSession, loop: any Loop) {
        self.log = log
        self.session = session
        self.loop = loop
    }

    /// Where the merge begins.
    enum Start {
        case beginning, now
        case after(LogCursor)
        /// In each partition, the first record that was stored at that time or later.
        case time(WallTime)
    }

    /// Begins; batches come from the next turn of the loop on.
    /// - Parameter until: a time that has passed: the merge ends before the first record, in each partition, that was
    ///   stored then or later. Nil: it follows the log.
    func start(_ start: Start, until: WallTime? = nil) {
        // The order of these three lines is what makes nothing slip through (EventLog.lastRound).
        follower = session.follow { [weak self] in self?.committed($0) }
        knownRound = log.lastRound
        for topic in log.topics.all where !topic.name.isInternal {
            for partition in topic.partitions {
                guard let bounds = log.bounds(of: partition) else { continue }
                var branch = Branch(next: bounds.end, end: bounds.end)
                if case .beginning = start { branch.next = bounds.start }
                branches[partition] = branch
            }
        }
        hasEnd = until != nil
        limit(until, branches.keys.sorted()[...]) { [weak self] in self?.position(start) }
    }

    private func position(_ start: Start) {
        switch start {
        case .after(let cursor): position(after: cursor, branches.keys.sorted()[...])
        case .time(let time): position(atTime: time, branches.keys.sorted()[...])
        case .beginning, .now:
            isPositioned = true
            later()
        }
    }

    /// Where a partition ends; nil when the merge has no end.
    func end(of partition: PartitionID) -> Offset? { hasEnd ? branches[partition]?.end : nil }

    /// Follows the log no longer: what was durable when asked is the end.
    func end() { hasEnd = true }

    /// Whether everything known of was handed out.
    var isAtEnd: Bool { isCaughtUp }

    /// The place behind everything that was known of when asked.
    var knownPlace: LogCursor {
        LogCursor(round: knownRound, partition: PartitionID(TopicID(.max), .max), offset: .zero)
    }

    /// Ends for good.
    func stop() {
        if let follower { session.unfollow(follower) }
        follower = nil
        take = nil
        reachedEnd = nil
        wantsMore = { false }
        branches = [:]
    }

    /// Goes on after the reader had said that it takes no more.
    func resume() { pump() }

    /// Finds, one partition after another, where to end.
    private func limit(_ time: WallTime?, _ left: ArraySlice<PartitionID>, then: @escaping () -> Void) {
        guard let time, let partition = left.first else { return then() }
        session.offset(in: partition, atTime: time) { [weak self] result in
            guard let self, follower != nil else { return }
            if case .success(let found) = result, let branch = branches[partition] {
                branches[partition]!.end = min(branch.end, found.offset)
                branches[partition]!.next = min(branch.next, branches[partition]!.end)
            }
            limit(time, left.dropFirst(), then: then)
        }
    }

    /// Finds, one partition after another, the first record that was stored at a time or later.
    private func position(atTime time: WallTime, _ left: ArraySlice<PartitionID>) {
        guard follower != nil else { return }
        guard let partition = left.first else {
            isPositioned = true
            return later()
        }
        session.offset(in: partition, atTime: time) { [weak self] result in
            guard let self, follower != nil else { return }
            if case .success(let found) = result, let branch = branches[partition] {
                branches[partition]!.next = min(found.offset, branch.end)
            }
            position(atTime: time, left.dropFirst())
        }
    }

    /// Finds, one partition after another, the first record behind a place.
    private func position(after cursor: LogCursor, _ left: ArraySlice<PartitionID>) {
        guard follower != nil else { return }
        var left = left
        while let partition = left.first, let branch = branches[partition] {
            if partition == cursor.partition {
                branches[partition]!.next = min(cursor.offset.next, branch.end)
            } else if let bounds = log.bounds(of: partition), bounds.start < branch.end {
                let round = partition > cursor.partition ? cursor.round : cursor.round &+ 1
                session.offset(in: partition, atRound: round) { [weak self] result in
                    guard let self, follower != nil else { return }
                    if case .success(let offset) = result { branches[partition]?.next = offset }
                    position(after: cursor, left.dropFirst())
                }
                return
            }
            left = left.dropFirst()
        }
        isPositioned = true
        later()
    }

    private func committed(_ round: CommittedRound) {
        knownRound = max(knownRound, round.number)
        if hasEnd { return pump() }
        for batch in round.batches where !isInternal(batch.partition.topic) {
            let next = batch.lastOffset.next
            guard var branch = branches[batch.partition] else {
                // A partition that came after the start: all of it is new.
                branches[batch.partition] = Branch(next: batch.baseOffset, end: next)
                if isCaughtUp { handOutAtOnce(batch) }
                continue
            }
            branch.end = max(branch.end, next)
            branches[batch.partition] = branch
            if isCaughtUp { handOutAtOnce(batch) }
        }
        pump()
    }

    /// The tail's short way: the batch at hand is the next one, unless the reader is busy.
    private func handOutAtOnce(_ batch: StoredBatch) {
        guard let branch = branches[batch.partition], branch.batches.isEmpty, branch.next >= batch.baseOffset,
            batch.fate != .open, wantsMore()
        else {
            isCaughtUp = false
            return
        }
        handOut(batch)
    }

    private func handOut(_ batch: StoredBatch) {
        guard let branch = branches[batch.partition] else { return }
        let from = branch.next
        branches[batch.partition]!.next = max(from, batch.lastOffset.next)
        if batch.lastOffset >= from, batch.fate != .aborted { take?(batch, from) }
    }

    private func later() { loop.post { [weak self] in self?.pump() } }

    /// Hands out batches in order as long as there are any, the reader takes them, and others may wait.
    private func pump() {
        guard isPositioned, follower != nil, !isPumping, !isCaughtUp else { return }
        isPumping = true
        defer { isPumping = false }
        for _ in 0..<Self.batchesPerTurn {
            guard follower != nil, wantsMore() else { return }
            switch next() {
            case .batch(let batch): handOut(batch)
            case .later: return
            case .none:
                isCaughtUp = true
                if hasEnd { reachedEnd?() }
                return
            }
        }
        later()
    }

    private enum Next {
        case batch(StoredBatch)
        /// A read or a word of the log has to come first.
        case later
        /// All is handed out.
        case none
    }

    /// The first batch in the log's order, popped; or what keeps it.
    private func next() -> Next {
        var best: StoredBatch?
        var waits = false
        var behind = 0
        for (partition, branch) in branches where branch.next < branch.end {
            behind += 1
            var branch = branch
            if branch.batches.isEmpty, !branch.isReading, let recent = session.recent(partition, from: branch.next) {
                branch.batches = [recent]
                branches[partition] = branch
            }
            guard let head = branch.batches.first else {
                waits = true
                continue
            }
            if best == nil || (head.round, head.partition) < (best!.round, best!.partition) { best = head }
        }
        if waits {
            read(behind)
            return .later
        }
        guard let best else { return .none }
        // Its round is durable but not told yet; what else is in it may lie before.
        if best.round > knownRound { return .later }
        if best.fate == .open {
            // What was read from disk does not learn of its transaction's end: it is read again.
            branches[best.partition]!.batches.removeAll()
            if let bounds = log.bounds(of: best.partition), bounds.lastStable > best.baseOffset { later() }
            return .later
        }
        branches[best.partition]!.batches.removeFirst()
        return .batch(best)
    }

    private func read(_ behind: Int) {
        let share = max(4_096, Self.headBytes / max(1, behind))
        for (partition, branch) in branches
        where branch.next < branch.end && branch.batches.isEmpty && !branch.isReading && readCount < Self.mostReads {
            branches[partition]!.isReading = true
            readCount += 1
            session.read(partition, from: branch.next, maxBytes: share) { [weak self] result in
                self?.hasRead(partition, result)
            }
        }
    }

    private func hasRead(_ partition: PartitionID, _ result: Result<[StoredBatch], LogError>) {
        readCount -= 1
        guard follower != nil, var branch = branches[partition] else { return }
        branch.isReading = false
        switch result {
        case .success(let batches):
            branch.batches = batches
            if batches.isEmpty { branch.next = branch.end }
        case .failure(let error):
            if error.code == .unknownTopic {
                branches[partition] = nil
                return pump()
            }
            if error.code == .overloaded || error.code == .stopping {
                branches[partition] = branch
                _ = loop.schedule(after: .milliseconds(50)) { [weak self] in self?.pump() }
                return
            }
            // What cannot be read is passed over: a live tail goes on.
            branch.next = max(branch.next.next, error.resume ?? branch.end)
        }
        branches[partition] = branch
        pump()
    }

    private func isInternal(_ id: TopicID) -> Bool {
        if let known = isInternal[id] { return known }
        let isIt = log.topics[id]?.name.isInternal ?? true
        isInternal[id] = isIt
        return isIt
    }
}
