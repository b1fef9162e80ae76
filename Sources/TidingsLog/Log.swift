// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// The embedded log: one write-ahead log that is synced for every round, and partition files in Kafka's format written
/// behind it.
///
/// After ``open(on:settings:time:random:logger:metrics:)`` the log works without threads: a test calls
/// ``commitPending()`` and ``checkpoint()`` itself, and whatever may block is done at once. ``start()`` gives it its
/// threads; ``stop()`` ends it.
///
/// - Concurrency: any thread. Loops reach it through their ``session(on:)`` and never wait for a disk.
package final class Log: EventLog {
    let disk: any Disk
    let settings: LogSettings
    let time: any TimeSource
    let random: any RandomSource
    let logger: Logger
    let metrics: LogMetrics
    let context: FileContext
    let writeAhead: WriteAheadLog
    let store: MetadataStore
    /// What the opening of the folder found and did.
    package let recovery: RecoveryReport
    /// The right to the folder, given up by ``stop()``.
    let folderLock: Locked<(any Sendable)?>

    /// What waits for the next round. Held for a copy.
    let staging = Locked(Staging())
    let table: Locked<PartitionTable>
    /// Counts the tables, so that a session sees cheaply whether its own is the current one.
    let tableVersion = Atomic<UInt64>(1)
    let sessions = Locked<[LoopSession]>([])
    /// The commit thread's.
    let commit: CommitState
    /// Durable rounds that are not in the partition files yet. Held for a few lines.
    let unfiled = Locked(UnfiledRounds())
    /// What writes them there. Held over I/O, so never by a loop.
    let filing = Locked(FilingState())
    /// What the partition files have that no checkpoint has yet.
    let written: Locked<WrittenState>
    /// The metadata. Held over I/O: for topics, checkpoints, snapshots, one after the other.
    let control: Locked<ControlState>
    let quarantined: Locked<[LogQuarantine]>
    /// Whether ranges were set aside that the saved metadata lacks.
    let hasUnsavedQuarantines = Atomic(false)

    let threads = Locked<LogThreads?>(nil)
    let committerBell = Doorbell()
    /// Rung when durable rounds wait to be written into the partition files.
    let filerBell = Doorbell()
    let keeperBell = Doorbell()
    /// Rung when a checkpoint freed blocks.
    let blocksFreed = Doorbell()
    let isEnding = Atomic(false)
    /// Whether a thread writes the partition files; else that is done with each round.
    let filesBehind = Atomic(false)
    /// Why the last checkpoint found no room; nil when it did.
    let checkpointTrouble = Locked<LogError?>(nil)
    /// Set when a full disk should be tried again.
    let shouldResume = Atomic(false)
    let reads: BlockingWork
    let readCache: Locked<ReadCache>
    let chores: BlockingWork
    /// Producer ids that are set aside and not given yet.
    let producerIDs = Locked<Range<Int64>>(0..<0)
    let writeBacks = Locked<[WriteBack]>([])
    let house: Housekeeping

    init(
        disk: any Disk, settings: LogSettings, time: any TimeSource, random: any RandomSource, logger: Logger,
        metrics: LogMetrics, opened: OpenedFolder
    ) {
        self.disk = disk
        self.settings = settings
        self.time = time
        self.random = random
        self.logger = logger
        self.metrics = metrics
        context = opened.context
        writeAhead = opened.writeAhead
        store = MetadataStore(disk: disk)
        folderLock = Locked(opened.lock)
        recovery = opened.report
        table = Locked(PartitionTable(version: 1, partitions: opened.partitions, topics: opened.metadata.topics))
        commit = CommitState(life: opened.metadata.life, lastRound: opened.metadata.checkpoint)
        written = Locked(WrittenState(round: opened.metadata.checkpoint))
        quarantined = Locked(opened.metadata.quarantines)
        control = Locked(ControlState(metadata: opened.metadata))
        reads = BlockingWork(limit: settings.maxWaitingReads)
        readCache = Locked(ReadCache(limit: settings.readCacheBytes))
        chores = BlockingWork(limit: settings.maxWaitingReads)
        house = Housekeeping(time: time, settings: settings, believed: opened.metadata.believedTime)
        for topic in opened.metadata.topics { apply(topic.description) }
        metrics.observe(self)
    }

    package var topics: TopicTable { table.withLock { $0.topics } }

    package func bounds(of partition: PartitionID) -> PartitionBounds? {
        guard let found = table.withLock({ $0.partition(partition) }) else { return nil }
        return found.tail.withLock { $0.bounds }
    }

    package func session(on loop: any Loop) -> any LogSession {
        sessions.withLock { sessions in
            let session = LoopSession(self, on: loop, slot: sessions.count)
            sessions.append(session)
            return session
        }
    }

    /// Lets a topic's settings act on its partitions.
    func apply(_ topic: TopicDescription) {
        for partition in table.withLock({ $0.partitions(of: topic.id) }) {
            let segmentBytes = topic.settings.segmentBytes ?? settings.segmentBytes
            partition.files.withLock { $0.segmentBytes = segmentBytes }
            partition.needsKeys.store(topic.settings.cleanup.contains(.compact), ordering: .relaxed)
        }
        house.bell.ring()
    }

    /// The number of the last durable round; 0 before the first.
    package var lastRound: UInt64 { commit.lastRoundForReaders.load(ordering: .acquiring) }

    /// Why no records are taken now, in a sentence; nil when they are.
    package var refusal: LogError? {
        staging.withLock { staging in
            if case .low(let reason) = staging.condition { return LogError(.diskFull, reason) }
            return staging.refusal(internalOnly: false)
        }
    }

    var isOffline: Bool {
        staging.withLock { if case .offline = $0.condition { true } else { false } }
    }

    /// Takes no more until the folder is reopened. What waits is refused by the commit thread, which alone answers.
    func goOffline(_ reason: String) {
        let isNew = staging.withLock { staging -> Bool in
            if case .offline = staging.condition { return false }
            staging.condition = .offline(reason)
            return true
        }
        if isNew { logger.error("the log is offline until its folder is reopened", [("reason", reason)]) }
        committerBell.ring()
    }

    var allPartitions: [Partition] { table.withLock { $0.all.values.flatMap { $0 } } }
}

/// The partitions of a log at one moment.
final class PartitionTable: Sendable {
    let version: UInt64
    let topics: TopicTable
    private let byTopic: [TopicID: [Partition]]
    private let policies: [TopicID: AppendPolicy]
    /// Whether any topic's records get the time of their append.
    let hasAppendTimes: Bool

    init(version: UInt64, partitions: [TopicID: [Partition]], topics: [LogMetadata.TopicRecord]) {
        self.version = version
        byTopic = partitions
        policies = Dictionary(uniqueKeysWithValues: topics.map { ($0.id, AppendPolicy($0.settings)) })
        hasAppendTimes = policies.values.contains { $0.stampsAppendTime }
        self.topics = TopicTable(topics.map(\.description), version: version)
    }

    func partition(_ id: PartitionID) -> Partition? {
        guard let partitions = byTopic[id.topic], id.index >= 0, Int(id.index) < partitions.count else { return nil }
        return partitions[Int(id.index)]
    }

    /// What the topic's settings mean to an append.
    func policy(of topic: TopicID) -> AppendPolicy { policies[topic] ?? AppendPolicy(TopicSettings()) }

    func partitions(of topic: TopicID) -> [Partition] { byTopic[topic] ?? [] }

    var all: [TopicID: [Partition]] { byTopic }
}

/// What the partition files have.
struct WrittenState: Sendable {
    /// All rounds up to this one are in the files, synced or not.
    var round: UInt64
    /// Partitions with something unsynced.
    var dirty: [Partition] = []
    /// When the first of it came.
    var dirtySince: MonotonicTime?

    init(round: UInt64) { self.round = round }
}

/// The metadata as saved last, and whether more has to be saved.
struct ControlState: Sendable {
    var metadata: LogMetadata
    /// Quarantines or starts that the saved metadata lacks.
    var isChanged = false
    var isClosed = false

    init(metadata: LogMetadata) { self.metadata = metadata }
}

/// A range of a file whose write-back the housekeeping thread starts.
struct WriteBack: Sendable {
    let path: String
    let position: Int64
    let count: Int64
}

/// The threads of a started log.
struct LogThreads: Sendable {
    let committer: LogThread
    let filer: LogThread
    let keeper: LogThread
}
