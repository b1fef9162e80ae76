// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Batches that were read from files a moment ago, and reads under way: readers that catch up at the same places read the
/// disk once together, and what a reader in order wants next is read before it asks.
///
/// Whether an offset is still stored is for the caller to check. An open transaction's batches are not here, since their
/// end would not reach them.
struct ReadCache {
    /// Who waits for a read.
    typealias Answer = @Sendable (Result<[StoredBatch], LogError>) -> Void

    /// Where a read begins.
    struct Place: Hashable {
        let partition: PartitionID
        let offset: Offset
    }

    /// What a reader gets.
    enum Found {
        /// Batches, and what to read ahead.
        case batches([StoredBatch], ahead: Place?)
        /// A read that is under way answers.
        case awaited
        /// The caller reads, and then calls ``ended(_:_:)``.
        case missing
    }

    private struct Run {
        let partition: PartitionID
        let batches: [StoredBatch]
        let byteCount: Int
        var base: Offset { batches[0].baseOffset }
        var end: Offset { batches[batches.count - 1].lastOffset.next }
        /// Whether a reader has had some of it.
        var isUsed: Bool
    }

    /// Bytes it keeps at most.
    private let limit: Int
    /// Oldest first.
    private var runs: [Run] = []
    private var byteCount = 0
    /// Reads under way that may find what is no longer so.
    private var stale: Set<Place> = []
    private var waiting: [Place: [(maxBytes: Int, answer: Answer)]] = [:]

    /// - Parameter limit: bytes it keeps at most.
    init(limit: Int) { self.limit = limit }

    /// Looks for batches from the one that holds `offset` on: one, and more up to `maxBytes`.
    mutating func find(_ place: Place, maxBytes: Int, _ answer: @escaping Answer) -> Found {
        var found: [StoredBatch] = []
        var left = maxBytes
        var next = place.offset
        while left > 0, let index = runs.firstIndex(where: { holds($0, place.partition, next) }) {
            runs[index].isUsed = true
            let before = found.count
            for batch in runs[index].batches where batch.lastOffset >= next {
                guard found.isEmpty || batch.bytes.count <= left else {
                    left = 0
                    break
                }
                found.append(batch)
                left -= batch.bytes.count
            }
            guard found.count > before else { break }
            next = found[found.count - 1].lastOffset.next
        }
        if !found.isEmpty { return .batches(found, ahead: ahead(Place(partition: place.partition, offset: next))) }
        guard waiting[place] == nil else {
            waiting[place]?.append((maxBytes, answer))
            return .awaited
        }
        waiting[place] = [(maxBytes, answer)]
        return .missing
    }

    private func holds(_ run: Run, _ partition: PartitionID, _ offset: Offset) -> Bool {
        run.partition == partition && run.base <= offset && offset < run.end
    }

    /// What a reader in order will ask for, if nobody has it or reads it, and what was read ahead is not piling up.
    private mutating func ahead(_ place: Place) -> Place? {
        guard waiting[place] == nil, !runs.contains(where: { holds($0, place.partition, place.offset) }),
            runs.reduce(0, { $0 + ($1.isUsed ? 0 : $1.byteCount) }) < limit / 2
        else { return nil }
        waiting[place] = []
        return place
    }

    /// A read has ended.
    /// - Parameter start: of the partition: who reads there reads in order.
    /// - Returns: who waits for it, and what to read ahead.
    mutating func ended(
        _ place: Place, _ result: Result<[StoredBatch], LogError>, start: Offset
    ) -> (answers: [(maxBytes: Int, answer: Answer)], ahead: Place?) {
        let answers = waiting.removeValue(forKey: place) ?? []
        let isStale = stale.remove(place) != nil
        guard case .success(let batches) = result, !isStale else { return (answers, nil) }
        let kept = Array(batches.prefix { $0.fate != .open })
        guard let first = kept.first, let last = kept.last else { return (answers, nil) }
        // In order is who begins at the beginning, or where another read ended.
        let isInOrder =
            first.baseOffset <= start || runs.contains { $0.partition == place.partition && $0.end == place.offset }
        let run = Run(
            partition: place.partition, batches: kept, byteCount: kept.reduce(0) { $0 + $1.bytes.count },
            isUsed: !answers.isEmpty)
        guard run.byteCount <= limit / 2 else { return (answers, nil) }
        runs.append(run)
        byteCount += run.byteCount
        while byteCount > limit, !runs.isEmpty { byteCount -= runs.removeFirst().byteCount }
        guard isInOrder, !answers.isEmpty, kept.count == batches.count else { return (answers, nil) }
        return (answers, ahead(Place(partition: place.partition, offset: last.lastOffset.next)))
    }

    /// What was to be read ahead need not be read, unless somebody waits for it by now.
    /// - Returns: whether nobody does.
    mutating func gaveUp(_ place: Place) -> Bool {
        guard waiting[place]?.isEmpty != false else { return false }
        waiting[place] = nil
        stale.remove(place)
        return true
    }

    /// As many of `batches` as have room in `maxBytes`; the first in any case.
    static func part(_ batches: [StoredBatch], maxBytes: Int) -> [StoredBatch] {
        var left = maxBytes
        for (place, batch) in batches.enumerated() {
            if place > 0, batch.bytes.count > left { return Array(batches[..<place]) }
            left -= batch.bytes.count
        }
        return batches
    }

    /// A partition's files have changed.
    mutating func forget(_ partition: PartitionID) {
        stale.formUnion(waiting.keys.filter { $0.partition == partition })
        runs.removeAll { $0.partition == partition }
        byteCount = runs.reduce(0) { $0 + $1.byteCount }
    }
}

extension Log {
    /// Reads from the files what is no longer in memory, for all who ask for it meanwhile; on a thread that may block.
    func readShared(_ partition: Partition, from offset: Offset, maxBytes: Int, _ answer: @escaping ReadCache.Answer) {
        let place = ReadCache.Place(partition: partition.id, offset: offset)
        switch readCache.withLock({ $0.find(place, maxBytes: maxBytes, answer) }) {
        case .batches(let batches, let ahead):
            answer(.success(batches))
            if let ahead { readAhead(ahead, partition, maxBytes) }
        case .awaited: break
        case .missing: read(place, partition, maxBytes)
        }
    }

    private func read(_ place: ReadCache.Place, _ partition: Partition, _ maxBytes: Int) {
        let isTaken = reads.submit { [self] in
            end(place, readFiles(partition, from: place.offset, maxBytes: maxBytes), partition, maxBytes)
        }
        if !isTaken { end(place, .failure(Log.tooManyReads), partition, maxBytes) }
    }

    private func end(
        _ place: ReadCache.Place, _ result: Result<[StoredBatch], LogError>, _ partition: Partition, _ maxBytes: Int
    ) {
        let start = partition.tail.withLock { $0.start }
        let (answers, ahead) = readCache.withLock { $0.ended(place, result, start: start) }
        for (limit, answer) in answers { answer(result.map { ReadCache.part($0, maxBytes: limit) }) }
        if let ahead { readAhead(ahead, partition, maxBytes) }
    }

    /// Reads what somebody will ask for, unless it is in memory anyway.
    private func readAhead(_ place: ReadCache.Place, _ partition: Partition, _ maxBytes: Int) {
        let isInMemory = partition.tail.withLock { place.offset >= $0.end || $0.batch(from: place.offset) != nil }
        if isInMemory, readCache.withLock({ $0.gaveUp(place) }) { return }
        read(place, partition, maxBytes)
    }
}
