// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Records what changes in the deliveries of one loop: all subscriptions' changes of a few milliseconds in one append,
/// which is durable whole or not at all. One append at a time.
///
/// - Concurrency: lives on its loop.
final class StateWriter {
    /// A record of changes is cut where it has so many bytes.
    private static let recordBytes = 64 * 1_024

    /// Strong, as a runner's is.
    private let home: DeliveryLoop
    private var dirty: [SubscriptionRunner] = []
    private var forgotten: [UUID128] = []
    private var callbacks: [() -> Void] = []
    private var notes: [(shard: Int, note: AttemptNote)] = []
    private var buffer = AppendBuffer()
    private var flushTimer: LoopTimer?
    private var isAppending = false
    private var hasFailed = false
    /// The way back for callbacks.
    private lazy var tie = Tie(self)

    init(_ home: DeliveryLoop) { self.home = home }

    /// Whether nothing waits to become durable.
    var isClean: Bool { dirty.isEmpty && forgotten.isEmpty && callbacks.isEmpty && notes.isEmpty && !isAppending }

    func markDirty(_ runner: SubscriptionRunner) {
        if runner.isDirty || runner.isDeleted { return }
        runner.isDirty = true
        dirty.append(runner)
        flushSoon()
    }

    /// Records that a subscription is gone.
    func forget(_ runner: SubscriptionRunner) {
        dirty.removeAll { $0 === runner }
        runner.isDirty = false
        forget(runner.uuid)
    }

    /// Records that a subscription is gone.
    func forget(_ uuid: UUID128) {
        forgotten.append(uuid)
        flushSoon()
    }

    /// Records a note that belongs to no change.
    func add(_ note: AttemptNote) {
        notes.append((home.shardNumber(of: note.uuid), note))
        flushSoon()
    }

    /// Calls `then` when everything that changed so far is durable.
    func whenRecorded(_ then: @escaping () -> Void) {
        if isClean { return home.later(then) }
        callbacks.append(then)
        flushSoon()
    }

    private func flushSoon() {
        guard flushTimer == nil, !isAppending else { return }
        flushTimer = home.loop.schedule(after: home.limits.recordAfter) { [weak tie] in
            guard let self = tie?.owner else { return }
            self.flushTimer = nil
            self.flush()
        }
    }

    /// Records now.
    func flush() {
        if let flushTimer { home.loop.cancel(flushTimer) }
        flushTimer = nil
        guard !isAppending, !isClean else { return }
        buffer.removeAll()
        let wall = home.time.wall
        for shard in home.shards { shard.beginAppend(home.log) }
        for (shard, note) in notes { _ = home.shard(shard).add(note, at: wall, to: &buffer) }
        notes = []
        let taken = dirty
        dirty = []
        for runner in taken {
            runner.isDirty = false
            write(runner, at: wall)
        }
        for uuid in forgotten {
            let shard = home.shard(home.shardNumber(of: uuid))
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            shard.addRecord(of: uuid, forgets: true, nothing, at: wall, to: &buffer)
        }
        forgotten = []
        let then = callbacks
        callbacks = []
        guard !buffer.entries.isEmpty else {
            for callback in then { home.later(callback) }
            return
        }
        for shard in home.shards { shard.prepareSnapshot(home) }
        isAppending = true
        append(then)
        for runner in taken { runner.updateGauges() }
    }

    private func write(_ runner: SubscriptionRunner, at wall: WallTime) {
        let shard = home.shard(home.shardNumber(of: runner.uuid))
        var entries = ByteBuffer(capacity: 256)
        var pending: [AttemptNote] = []
        runner.takeChanges(
            note: { note in
                pending.append(note)
                return shard.placeNote()
            },
            { entry in
                entry.encode(into: &entries)
                if entries.count >= Self.recordBytes {
                    shard.addRecord(of: runner.uuid, forgets: false, entries.bytes, at: wall, to: &buffer)
                    entries.removeAll()
                }
            })
        for note in pending { shard.addPlaced(note, at: wall, to: &buffer) }
        if !entries.isEmpty {
            shard.addRecord(of: runner.uuid, forgets: false, entries.bytes, at: wall, to: &buffer)
        }
    }

    private func append(_ then: [() -> Void]) {
        do {
            try home.session.append(&buffer) { [weak tie] result in
                guard let self = tie?.owner else { return }
                switch result {
                case .success: self.appended(then)
                case .failure(let error): self.retry(then, error)
                }
            }
        } catch {
            retry(then, error)
        }
    }

    private func appended(_ then: [() -> Void]) {
        if hasFailed { home.logger.notice("delivery's state is recorded again") }
        hasFailed = false
        isAppending = false
        for shard in home.shards { shard.appended(home) }
        for callback in then { callback() }
        if !isClean { flushSoon() }
    }

    /// The same bytes again, later: their numbers make a second copy harmless.
    private func retry(_ then: [() -> Void], _ error: LogError) {
        if !hasFailed { home.logger.error("delivery's state could not be recorded; tried every second: \(error)") }
        hasFailed = true
        _ = home.loop.schedule(after: .seconds(1)) { [weak tie] in tie?.owner.append(then) }
    }
}
