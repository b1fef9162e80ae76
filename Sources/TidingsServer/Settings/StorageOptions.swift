// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog

/// Settings of the embedded log.
package enum StorageOptions {
    /// All of them, by the fields of ``LogSettings``.
    package static let log = SettingTable(
        LogSettings(),
        [
            .bytes(
                "storage.max_record_bytes", \.maxRecordBytes, "1KiB", "64MiB",
                "the longest record: an event with its attributes", effect: "413 too-large"),
            .bytes(
                "storage.max_waiting_bytes", \.maxWaitingBytes, "1MiB", "1GiB",
                "what may wait for the disk's next round", effect: "503 unavailable, with Retry-After"),
            .diskBytes(
                "storage.disk_reserve_bytes", \.diskReserveBytes, "0", "1TiB",
                "what must stay free on the disk for Tidings's own records", effect: "503 disk-full, with Retry-After"),
            .count(
                "storage.max_topics", \.maxTopics, 1...100_000, "topics of one folder", effect: "409 conflict"),
            .count(
                "storage.max_partitions", \.maxPartitions, 1...1_000_000, "partitions of one folder",
                effect: "409 conflict"),
            .count(
                "storage.max_waiting_reads", \.maxWaitingReads, 1...1_000_000,
                "reads of what is no longer in memory that may wait", effect: "503 unavailable, with Retry-After"),
            .bytes(
                "storage.max_read_bytes", \.maxReadBytes, "4KiB", "1GiB",
                "the most that one read answers, if more than one batch", effect: "the rest is read by the next read"),
            .bytes(
                "storage.max_snapshot_bytes", \.maxSnapshotBytes, "1MiB", "8GiB",
                "the largest snapshot of the server's own state", effect: "the snapshot is not taken; a warning"),
            .count(
                "storage.max_open_files", \.maxOpenFiles, 16...1_000_000, "files the log keeps open",
                effect: "files that were not used for long are closed and reopened when needed"),
            .count(
                "storage.max_quarantines", \.maxQuarantines, 1...1_000_000, "quarantined ranges that are remembered",
                effect: "the oldest stays in the folder only"),
            .count(
                "storage.max_producers", \.maxProducers, 1...10_000_000,
                "producers that number their records, per partition", effect: "503 unavailable, with Retry-After"),
            .bytes(
                "storage.segment_bytes", \.segmentBytes, "64KiB", "2147483647",
                "the size of a segment of a partition"),
            .bytes(
                "storage.write_ahead_block_bytes", \.writeAheadBlockBytes, "1MiB", "1GiB",
                "the size of one block of the write-ahead log"),
            .bytes(
                "storage.write_ahead_bytes", \.writeAheadBytes, "4MiB", "64GiB",
                "how much of the write-ahead log may wait for a checkpoint"),
            .bytes(
                "storage.checkpoint_bytes", \.checkpointBytes, "1MiB", "64GiB",
                "a checkpoint begins when this much of the write-ahead log is in use"),
            .duration(
                "storage.checkpoint_interval", \.checkpointInterval, "100ms", "1h",
                "a checkpoint begins at the latest after this time"),
            .bytes(
                "storage.max_batch_bytes", \.maxBatchBytes, "4KiB", "64MiB", "the size at which a batch is closed"),
            .count(
                "storage.max_batch_records", \.maxBatchRecords, 1...1_000_000,
                "the number of records at which a batch is closed"),
            .bytes(
                "storage.index_interval_bytes", \.indexIntervalBytes, "512", "64MiB",
                "how far apart the entries of the offset index lie"),
            .bytes(
                "storage.recent_bytes", \.recentBytes, "1MiB", "64GiB",
                "recent records kept in memory for all readers"),
            .count("storage.read_threads", \.readThreads, 1...64, "threads that read what is no longer in memory"),
            .duration(
                "storage.disk_probe_interval", \.diskProbeInterval, "10ms", "1m",
                "how often a full disk is tried again"),
            .bytes(
                "storage.write_back_bytes", \.writeBackBytes, "4KiB", "1GiB",
                "written bytes of a file after which the disk is told to begin with them"),
            .duration(
                "storage.write_back_interval", \.writeBackInterval, "1ms", "10s",
                "how often the write-back of smaller amounts is started"),
            .duration(
                "storage.sync_interval", \.syncInterval, "1ms", "1h",
                "how often the records of topics with the durability interval are synced"),
            .bytes(
                "storage.filing_bytes", \.filingBytes, "4KiB", "256MiB",
                "durable records are written into the partitions' files when there are this many together"),
            .duration(
                "storage.filing_interval", \.filingInterval, "1ms", "10s",
                "or this long after the first of them"),
            .bytes(
                "storage.max_unfiled_bytes", \.maxUnfiledBytes, "1MiB", "8GiB",
                "durable records that may wait for the partitions' files"),
            .duration(
                "storage.producer_idle_time", \.producerIdleTime, "1m", "365d",
                "how long a producer that numbers its records is remembered after its last batch"),
            .duration(
                "storage.housekeeping_interval", \.housekeepingInterval, "100ms", "1h",
                "how often segments are looked for that are to be closed, removed or compacted"),
            .bytes(
                "storage.housekeeping_bytes_per_second", \.housekeepingBytesPerSecond, "0", "64GiB",
                "what housekeeping reads per second, and writes again at most; 0: as fast as the disk is"),
            .bytes(
                "storage.compaction_map_bytes", \.compactionMapBytes, "64KiB", "16GiB",
                "memory for the keys of one pass of compaction", effect: "the rest is left to the next pass"),
            .duration(
                "storage.clock_confirmation", \.clockConfirmation, "1m", "365d",
                "how long a wall clock that jumped must stay where it is before records are judged old by it"),
            .duration(
                "storage.scrub_interval", \.scrubInterval, "0s", "3650d",
                "how often all closed segments are read to find rot; 0s: never"),
        ])
}
