// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Every limit and pace of the embedded log, each with a name, a unit and a default.
package struct LogSettings: Sendable {
    /// Size of one block (file) of the write-ahead log, in bytes; a multiple of 4,096. Has room for everything that
    /// may wait (``maxWaitingBytes``), else it is raised to have it.
    package var writeAheadBlockBytes = 16 << 20
    /// How many bytes of the write-ahead log may wait for a checkpoint; beyond that appends wait, then are refused.
    package var writeAheadBytes = 256 << 20
    /// A checkpoint begins when this much of the write-ahead log is in use.
    package var checkpointBytes = 64 << 20
    /// A checkpoint begins at the latest this long after a record was written.
    package var checkpointInterval = Duration.seconds(10)
    /// Bytes of records (with their share of batch headers) that may wait for the next round; beyond:
    /// `log.overloaded`. An append that is larger on its own is refused with `log.record-too-large`.
    package var maxWaitingBytes = 8 << 20
    /// Longest body of one record, in bytes; longer ones are refused with `log.record-too-large`.
    /// An event's data may have 1 MiB; its attributes come on top.
    package var maxRecordBytes = (1 << 20) + (128 << 10)
    /// A batch is closed when the next record would take it past this many bytes before compression; lz4 is used from
    /// the counts that `RecordBatchBuilder` names on.
    package var maxBatchBytes = 1 << 20
    /// A batch is closed when it has this many records.
    package var maxBatchRecords = 100_000
    /// A segment of a partition is closed when the next batch would take it past this many bytes (at most 2 GiB - 1).
    package var segmentBytes = 256 << 20
    /// How far apart entries of the offset index lie, in bytes of the segment.
    package var indexIntervalBytes = 4096
    /// Durable rounds are written into the partition files when they have this many bytes together,
    package var filingBytes = 256 << 10
    /// or this long after the first of them.
    package var filingInterval = Duration.milliseconds(5)
    /// Bytes of durable rounds that may wait for the partition files; beyond that rounds wait for them.
    package var maxUnfiledBytes = 16 << 20
    /// How long the commit thread looks out for the next append before it sleeps; others may run meanwhile.
    package var commitWait = Duration.microseconds(20)
    /// How long it waits at most for those it has just answered to share the next round; see `Gathering`.
    package var maxGatherWait = Duration.milliseconds(2)
    /// How often the records of topics with the durability `interval` are synced.
    package var syncInterval = Duration.seconds(1)
    /// Bytes of recent rounds kept in memory for all readers.
    package var recentBytes = 32 << 20
    /// Files the log keeps open at most; more are reopened when needed.
    package var maxOpenFiles = 512
    /// Topics of one folder; beyond: `log.too-many-topics`.
    package var maxTopics = 1_000
    /// Partitions of one folder; beyond: `log.too-many-topics`.
    package var maxPartitions = 10_000
    /// Threads that read what is no longer in memory.
    package var readThreads = 2
    /// Bytes they read a moment ago, or ahead, that are kept in memory for who reads there next.
    package var readCacheBytes = 32 << 20
    /// Reads that may wait for these threads; beyond: `log.overloaded`.
    package var maxWaitingReads = 10_000
    /// Most bytes one read answers, whatever it asks for (a first batch that is larger is answered whole).
    package var maxReadBytes = 8 << 20
    /// When fewer bytes than this are free, appends to topics that are not Tidings's own get `log.disk-full`.
    package var diskReserveBytes: Int64 = 64 << 20
    /// How often a full disk is tried again, and a nearly full one looked at.
    package var diskProbeInterval = Duration.seconds(1)
    /// Written bytes of a partition file after which the disk is told to begin with them.
    package var writeBackBytes = 128 << 10
    /// How often the write-back of what is below ``writeBackBytes`` is started, while there is any.
    package var writeBackInterval = Duration.milliseconds(50)
    /// Longest snapshot `saveSnapshot` takes, in bytes.
    package var maxSnapshotBytes = 256 << 20
    /// How many quarantined ranges the metadata remembers; older ones stay in the folder and in the log's lines.
    package var maxQuarantines = 1_000
    /// How often housekeeping looks for segments to close, remove or compact.
    package var housekeepingInterval = Duration.seconds(30)
    /// Bytes per second that housekeeping reads (and at most writes again); 0: as many as the disk gives.
    package var housekeepingBytesPerSecond = 32 << 20
    /// Memory for the keys of one pass of compaction, in bytes; what does not fit is left to the next pass.
    package var compactionMapBytes = 16 << 20
    /// How long a wall clock that jumped must stay where it is before records are judged old by it.
    package var clockConfirmation = Duration.seconds(6 * 3600)
    /// How often all closed segments are read to find rot; 0: never.
    package var scrubInterval = Duration.seconds(7 * 86_400)

    /// Producers that number their records, per partition; beyond: `log.too-many-producers`.
    package var maxProducers = 10_000
    /// How long such a producer is remembered after its last batch; longer while it has an open transaction.
    package var producerIdleTime = Duration.seconds(86_400)
    /// Bytes of a partition that an opening may have to look through for its producers; about.
    package var producerSnapshotBytes: Int64 = 1 << 20
    /// How many producer ids are set aside with one change of the metadata.
    package var producerBlock: Int64 = 1_000
    /// Aborted transactions kept in memory, per partition; older ones are read from their index.
    package var maxAbortedInMemory = 1_024

    /// Topics that a new folder begins with, so that its first start does not make (and sync) them one by one.
    package var firstTopics: [(name: TopicName, partitions: Int32, settings: TopicSettings)] = []

    #if TIDINGS_MUTATIONS
        var verifies: Bool { mutation != .skipsChecksums }

        /// A fault to be planted; nil for none.
        package var mutation: LogMutation?
    #else
        var verifies: Bool { true }
    #endif

    /// The defaults.
    package init() {}
}
