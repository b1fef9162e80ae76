// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What the log counts; each costs one atomic addition. Names as in Prometheus's exposition.
package final class LogMetrics: Sendable {
    let records: Counter
    let bytes: Counter
    let rounds: Counter
    let syncDuration: Histogram
    let corruptBatches: Counter
    let checkpoints: Counter
    let retainedBytes: Counter
    let compactions: Counter
    let compactionDuration: Histogram
    let rewrittenBytes: Counter
    let reclaimedBytes: Counter
    let scrubbedBytes: Counter
    private let registry: Metrics

    /// Takes its cells from `registry`.
    package init(_ registry: Metrics) {
        self.registry = registry
        records = registry.counter("tidings_log_append_records_total", "Records made durable.")
        bytes = registry.counter("tidings_log_append_bytes_total", "Bytes of batches made durable.")
        rounds = registry.counter("tidings_log_rounds_total", "Rounds of the write-ahead log: one sync each.")
        syncDuration = registry.histogram(
            "tidings_log_sync_duration_seconds", "Time from writing a round to its being durable.")
        corruptBatches = registry.counter(
            "tidings_log_corrupt_batches_total", "Ranges found damaged and set aside.")
        checkpoints = registry.counter("tidings_log_checkpoints_total", "Checkpoints finished.")
        retainedBytes = registry.counter(
            "tidings_log_retention_bytes_total", "Bytes of segments that went by age or size.")
        compactions = registry.counter("tidings_log_compactions_total", "Compactions of a partition.")
        compactionDuration = registry.histogram(
            "tidings_log_compaction_duration_seconds", "How long compactions of a partition took.")
        rewrittenBytes = registry.counter(
            "tidings_log_rewritten_bytes_total", "Bytes of segments written anew by compaction or for pinned records.")
        reclaimedBytes = registry.counter(
            "tidings_log_reclaimed_bytes_total", "Bytes that segments written anew had less.")
        scrubbedBytes = registry.counter(
            "tidings_log_scrubbed_bytes_total", "Bytes of closed segments read to find rot.")
    }

    func synced(in duration: Duration) { syncDuration.observe(duration) }

    func appended(records count: Int, bytes byteCount: Int) {
        records.add(count)
        bytes.add(byteCount)
        rounds.add(1)
    }

    /// What is read when somebody looks.
    func observe(_ log: Log) {
        registry.reading("tidings_log_bytes", "Bytes of all partitions.") { [weak log] in
            guard let log else { return 0 }
            return log.allPartitions.reduce(0.0) { $0 + Double($1.tail.withLock { $0.byteCount }) }
        }
        registry.reading("tidings_log_partitions", "Partitions of the log.") { [weak log] in
            Double(log?.allPartitions.count ?? 0)
        }
        registry.reading("tidings_log_segments", "Segments that were touched since the start.") { [weak log] in
            guard let log else { return 0 }
            return log.allPartitions.reduce(0.0) { $0 + Double($1.files.withLock { $0.segmentCount }) }
        }
        registry.reading("tidings_log_quarantines", "Ranges and folders set aside that nobody has accepted.") {
            [weak log] in
            Double(log?.quarantines.count { $0.acceptedAt == nil } ?? 0)
        }
        registry.reading("tidings_log_accepted_quarantines", "Ranges and folders set aside that somebody knows of.") {
            [weak log] in
            Double(log?.quarantines.count { $0.acceptedAt != nil } ?? 0)
        }
        registry.reading("tidings_log_producers", "Producers that number their records, over all partitions.") {
            [weak log] in
            guard let log else { return 0 }
            return log.allPartitions.reduce(0.0) { $0 + Double($1.tail.withLock { $0.producers.entries.count }) }
        }
        registry.reading("tidings_log_open_transactions", "Transactions that are not ended, over all partitions.") {
            [weak log] in
            guard let log else { return 0 }
            return log.allPartitions.reduce(0.0) { $0 + Double($1.tail.withLock { $0.producers.open.count }) }
        }
        registry.reading("tidings_log_recovery_duration_seconds", "How long the last opening of the folder took.") {
            [weak log] in
            Double(log?.recovery.duration.nanos ?? 0) / 1e9
        }
        registry.reading("tidings_log_recovery_rounds", "Rounds that the last opening recovered.") { [weak log] in
            Double(log?.recovery.rounds ?? 0)
        }
        registry.reading(
            "tidings_log_recovery_cut_bytes", "Bytes of unfinished rounds that the last opening cut off."
        ) { [weak log] in
            Double(log?.recovery.cutBytes ?? 0)
        }
        registry.reading(
            "tidings_log_offline", "1 when a write or a sync failed: no records are taken until the folder is reopened."
        ) { [weak log] in
            log?.isOffline ?? false ? 1 : 0
        }
        registry.reading("tidings_log_refusing", "1 when the log takes no records, whatever the reason.") {
            [weak log] in log?.refusal == nil ? 0 : 1
        }
        registry.reading("tidings_log_write_ahead_bytes", "Bytes of rounds that await a checkpoint.") { [weak log] in
            Double(log?.writeAhead.liveBytes ?? 0)
        }
        registry.reading("tidings_storage_disk_free_bytes", "Bytes free for this process.") { [weak log] in
            Double((try? log?.disk.freeBytes()) ?? 0)
        }
    }
}
