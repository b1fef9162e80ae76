// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension LogInspector {
    /// Judges everything: metadata, every batch and record of every partition, the producers' sequences, the indexes,
    /// the live rounds. Of a folder in use, damage is what a second look finds too.
    /// - Returns: what is wrong; empty when nothing is.
    package func verify(progress: (PartitionSummary) -> Void = { _ in }) throws(LogError) -> [Finding] {
        var findings: [Finding] = []
        if damagedSlots > 0 {
            findings.append(
                Finding(
                    severity: .notice, path: MetadataStore.folder, position: 0,
                    description: "one slot of the metadata is damaged; the other one is whole"))
        }
        for quarantine in metadata.quarantines {
            let isKnown = quarantine.acceptedAt != nil
            let offsets = quarantine.offsets.lastOffset.map { " (offsets \(quarantine.offsets.lowerBound) to \($0))" }
            findings.append(
                Finding(
                    severity: isKnown ? .notice : .damage,
                    path: quarantine.copy.isEmpty ? quarantine.name : quarantine.copy, position: 0,
                    description: "set aside before\(isKnown ? ", and accepted" : "")\(offsets ?? ""): "
                        + quarantine.reason))
        }
        var ends: [PartitionID: Offset] = [:]
        for partition in try partitions() {
            progress(partition)
            var found = try judge(partition, &ends)
            if found.contains(where: { $0.severity == .damage }) { found = try confirmed(found, of: partition) }
            findings.append(contentsOf: found)
        }
        findings.append(contentsOf: try judgeRounds())
        findings.append(contentsOf: try judgeState(ends))
        return findings
    }

    /// What a second look finds too, with the metadata of now: a server may have moved a start, closed, removed or
    /// replaced a segment while the first one went on.
    private func confirmed(_ found: [Finding], of partition: PartitionSummary) throws(LogError) -> [Finding] {
        let now = try LogInspector(disk: disk)
        if now.metadata == metadata, now.metadata.isClean { return found }
        let again = try now.partitions().first { $0.partition == partition.partition }
        guard let again else { return [] }
        var ends: [PartitionID: Offset] = [:]
        let second = try now.judge(again, &ends)
        return second.filter { $0.severity == .notice || found.contains($0) }
    }

    /// - Parameter ends: gets the offset after the last one of the partition's files.
    private func judge(
        _ partition: PartitionSummary, _ ends: inout [PartitionID: Offset]
    ) throws(LogError) -> [Finding] {
        var (snapshots, found) = snapshots(of: partition)
        for path in partition.swaps.values.sorted() {
            found.append(
                Finding(
                    severity: .notice, path: path, position: 0,
                    description: "a segment that was written anew waits for its name; an opening gives it that"))
        }
        var outline: SegmentOutline?
        var sequences = SequenceCheck()
        var abortedBefore = 0
        func judgeSnapshots(below offset: Offset) {
            while let (path, snapshot) = snapshots.first, snapshot.offset <= offset {
                found.append(contentsOf: judge(snapshot, at: path, sequences))
                snapshots.removeFirst()
            }
        }
        do {
            let end = try storedBatches(
                of: partition, damaged: { found.append($0) },
                ended: { base in
                    let known = outline ?? SegmentOutline(partition.folder, base)
                    let isClosed = base != partition.segments.last
                    // A segment that waits for its name has its indexes under other names.
                    if partition.swaps[base] == nil {
                        found.append(
                            contentsOf: known.findings(isClosed: isClosed, isInUse: !metadata.isClean, on: disk))
                        if isClosed || metadata.isClean {
                            found.append(contentsOf: judgeAborted(sequences, from: abortedBefore, in: partition, base))
                        }
                    }
                    abortedBefore = sequences.aborted.count
                    outline = nil
                },
                each: { batch in
                    judgeSnapshots(below: batch.stored.baseOffset)
                    if outline == nil { outline = SegmentOutline(partition.folder, batch.segment) }
                    outline?.add(batch)
                    let broken = sequences.add(batch)
                    let unreadable = unreadable(batch)
                    for (text, isDamage) in [
                        (broken?.description, broken?.isCertain == true), (unreadable, true),
                        (unreadable == nil ? odd(batch) : nil, false),
                    ] {
                        guard let text else { continue }
                        found.append(
                            Finding(
                                severity: isDamage ? .damage : .notice, path: batch.path, position: batch.position,
                                description: "offsets \(batch.stored.baseOffset) to \(batch.stored.lastOffset): \(text)"
                            ))
                    }
                    return true
                })
            if let end { judgeSnapshots(below: end) }
            ends[partition.partition] = end
        } catch {
            throw error as? LogError ?? LogError(.offline, "\(error)")
        }
        return found
    }

    /// Why the records of a batch whose checksum matches cannot be read.
    private func unreadable(_ batch: Batch) -> String? {
        do throws(RecordError) {
            _ = try batch.stored.records()
            return nil
        } catch {
            return "the checksum matches, the records do not: \(error.description)"
        }
    }

    /// What a client got wrong: its records are there, but may not be found by their time.
    private func odd(_ batch: Batch) -> String? {
        guard let latest = try? batch.stored.records().map(\.timestamp.millis).max(),
            latest > batch.header.maxTimestamp
        else { return nil }
        return "a record is of \(RFC3339.format(WallTime(millis: latest))), later than the batch says"
    }

    private func judgeRounds() throws(LogError) -> [Finding] {
        var findings: [Finding] = []
        let rounds = try liveRounds { path, position, reason in
            findings.append(
                Finding(
                    severity: .notice, path: path, position: position,
                    description: "\(reason); rounds that are missing for it are told of as damage"))
        }
        let plan = RecoveryPlan(found: rounds, checkpoint: metadata.checkpoint)
        var corrupt = plan.corrupt
        if !corrupt.isEmpty {
            // A checkpoint of a running server frees blocks while they are read.
            let now = try LogInspector(disk: disk)
            let still = Set(RecoveryPlan(found: try now.liveRounds(), checkpoint: now.metadata.checkpoint).corrupt)
            corrupt = corrupt.filter { still.contains($0) }
        }
        for number in corrupt.prefix(1000) {
            findings.append(
                Finding(
                    severity: .damage, path: WriteAheadLog.folder, position: 0,
                    description: "round \(number) was acknowledged, and is damaged or missing"))
        }
        if let torn = plan.torn {
            findings.append(
                Finding(
                    severity: .notice, path: WriteAheadLog.path(torn.block), position: Int64(torn.position),
                    description: "round \(torn.round.header.number) is unfinished; an opening cuts it off"))
        }
        return findings
    }
}
