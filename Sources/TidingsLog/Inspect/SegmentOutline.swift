// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Where the batches of one segment lie, to hold its indexes against.
struct SegmentOutline {
    private struct Place {
        let position: Int64
        let base: Int64
        let last: Int64
        let latest: Int64
    }

    let folder: String
    let base: Offset
    private var places: [Place] = []
    /// Where the last one ends.
    private var end: Int64 = 0

    init(_ folder: String, _ base: Offset) {
        self.folder = folder
        self.base = base
    }

    mutating func add(_ batch: LogInspector.Batch) {
        end = batch.position + Int64(batch.stored.bytes.count)
        places.append(
            Place(
                position: batch.position, base: batch.header.baseOffset, last: batch.header.lastOffset,
                latest: batch.header.maxTimestamp))
    }

    /// What the segment's indexes say that its batches do not.
    /// - Parameters:
    ///   - isClosed: whether nothing is added to it: then all of its indexes were synced, and are judged.
    ///   - isInUse: whether its end may move, or await a recovery: entries behind what was read say nothing then.
    func findings(isClosed: Bool, isInUse: Bool, on disk: any Disk) -> [LogInspector.Finding] {
        var found: [LogInspector.Finding] = []
        func notice(_ path: String, _ position: Int, _ description: String) {
            found.append(.init(severity: .notice, path: path, position: Int64(position), description: description))
        }
        func entries(_ path: String, _ size: Int, _ each: (inout ByteReader, Int) -> Void) {
            let bytes = (try? disk.contents(of: path)) ?? []
            bytes.withUnsafeBytes { raw in
                for place in 0..<raw.count / size {
                    var reader = ByteReader(raw.part(place * size..<(place + 1) * size))
                    each(&reader, place)
                }
            }
            if bytes.count % size != 0 { notice(path, bytes.count / size * size, "the index ends in half an entry") }
        }

        let rounds = SegmentNames.rounds(folder, base)
        var lastRound: UInt64 = 0
        entries(rounds, RoundIndexEntry.byteCount) { reader, place in
            let position = place * RoundIndexEntry.byteCount
            guard let entry = reader.take(RoundIndexEntry.byteCount).flatMap({ RoundIndexEntry($0) }) else {
                return notice(rounds, position, "entry \(place) of the round index is damaged")
            }
            if isInUse, !isClosed, Int64(entry.position) >= end { return }
            if !confirms(entry.relativeOffset, at: entry.position) {
                notice(rounds, position, "entry \(place) does not point to a batch; the index is a help only")
            }
            if entry.round < lastRound {
                notice(rounds, position, "entry \(place) is of round \(entry.round), after one of round \(lastRound)")
            }
            lastRound = entry.round
        }
        // Only a closed segment's Kafka indexes are synced.
        guard isClosed else { return found }
        let index = SegmentNames.index(folder, base)
        entries(index, OffsetIndexEntry.byteCount) { reader, place in
            let (relative, position) = (reader.number(UInt32.self) ?? 0, reader.number(UInt32.self) ?? 0)
            if !confirms(relative, at: position) {
                notice(
                    index, place * OffsetIndexEntry.byteCount,
                    "entry \(place) does not point to a batch; the index is a help only")
            }
        }
        let times = SegmentNames.times(folder, base)
        var latest: Int64 = -1
        entries(times, TimeIndexEntry.byteCount) { reader, place in
            let (time, relative) = (reader.number(Int64.self) ?? 0, reader.number(UInt32.self) ?? 0)
            let position = place * TimeIndexEntry.byteCount
            if !confirms(time, upTo: base.value + Int64(relative)) {
                notice(times, position, "entry \(place) names a time that no batch has; the index is a help only")
            } else if time <= latest {
                let order = time == latest ? "the same time as" : "an earlier time than"
                notice(times, position, "entry \(place) is of \(order) the one before it; the index is a help only")
            }
            latest = max(latest, time)
        }
        return found
    }

    /// Whether a batch with that offset begins there.
    private func confirms(_ relativeOffset: UInt32, at position: UInt32) -> Bool {
        let place = lowest { $0.position >= Int64(position) }
        return place < places.count && places[place].position == Int64(position)
            && places[place].base == base.value + Int64(relativeOffset)
    }

    /// Whether the batch that ends with that offset has that time.
    private func confirms(_ time: Int64, upTo last: Int64) -> Bool {
        let place = lowest { $0.last >= last }
        return place < places.count && places[place].last == last && places[place].latest == time
    }

    private func lowest(where isFar: (Place) -> Bool) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if isFar(places[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
