// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What a partition's folder says of producers and transactions besides its batches, held against those.
extension LogInspector {
    /// What is wrong with a segment's index of aborted transactions: by it readers leave out what does not count.
    /// - Parameters:
    ///   - known: what was found up to the segment's end.
    ///   - first: the place of the first aborted transaction whose marker the segment has.
    func judgeAborted(
        _ known: SequenceCheck, from first: Int, in partition: PartitionSummary, _ base: Offset
    ) -> [Finding] {
        let aborted = known.aborted[first...]
        let path = SegmentNames.transactions(partition.folder, base)
        let bytes = (try? disk.contents(of: path)) ?? []
        var found: [Finding] = []
        func damage(_ position: Int, _ description: String) {
            found.append(Finding(severity: .damage, path: path, position: Int64(position), description: description))
        }
        var listed: Set<Offset> = []
        let size = AbortedTransaction.byteCount
        for place in 0..<bytes.count / size {
            let entry = bytes.withUnsafeBytes { AbortedTransaction($0.part(place * size..<(place + 1) * size)) }
            guard let entry else {
                damage(place * size, "entry \(place) is damaged")
                continue
            }
            listed.insert(entry.last)
            // A transaction that began before the walk did, or whose first batches were left out, is believed.
            guard let found = aborted.first(where: { $0.last == entry.last }) else { continue }
            let isThinned = known.thinned.map { $0.lowerBound < found.last.value } ?? false
            if found.producer != entry.producer
                || (isThinned ? entry.first > found.first : entry.first != found.first)
            {
                damage(
                    place * size,
                    "entry \(place) has a transaction from \(entry.first) to \(entry.last); it began at \(found.first)")
            }
        }
        if bytes.count % size != 0 { damage(bytes.count / size * size, "the index ends in half an entry") }
        for missing in aborted where !listed.contains(missing.last) {
            damage(0, "the transaction from \(missing.first) to \(missing.last) was aborted, and is not in the index")
        }
        return found
    }

    /// The snapshots of producers in a partition's folder, in the order of their offsets; a finding for each that is
    /// damaged.
    func snapshots(of partition: PartitionSummary) -> (whole: [(path: String, ProducerSnapshot)], [Finding]) {
        var whole: [(path: String, ProducerSnapshot)] = []
        var damaged: [Finding] = []
        for name in ((try? disk.list(partition.folder)) ?? []) where name.hasSuffix(".snapshot") {
            let path = partition.folder + "/" + name
            if let snapshot = (try? disk.contents(of: path))?.withUnsafeBytes({ ProducerSnapshot(decoding: $0) }) {
                whole.append((path, snapshot))
            } else {
                damaged.append(
                    Finding(
                        severity: .notice, path: path, position: 0,
                        description: "a snapshot of producers is damaged; they are found again from the batches"))
            }
        }
        return (whole.sorted { $0.1.offset < $1.1.offset }, damaged)
    }

    /// What a snapshot says of producers that the batches up to it do not.
    func judge(_ snapshot: ProducerSnapshot, at path: String, _ known: SequenceCheck) -> [Finding] {
        snapshot.table.entries.sorted { $0.key < $1.key }.compactMap { producer, entry in
            guard let last = known.producers[producer] else { return nil }
            let sequence = entry.batches.last?.lastSequence ?? -1
            if entry.epoch == last.epoch, last.sequence < 0 || sequence == last.sequence { return nil }
            return Finding(
                severity: .damage, path: path, position: 0,
                description: "producer \(producer) has epoch \(entry.epoch) and sequence \(sequence) at offset "
                    + "\(snapshot.offset); its last batch has \(last.epoch) and \(last.sequence)")
        }
    }
}
