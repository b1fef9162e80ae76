// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Reads whole batches of one segment, verifies each, and finds the way past what is damaged.
struct SegmentReader {
    /// A place where no whole batch with the expected offset lies.
    struct Damage: Error {
        /// The offset that cannot be read.
        let at: Offset
        /// Where the readable part begins again: an offset, and its position (the segment's length when it is behind it).
        let resume: Offset
        /// The bytes that belong to nobody.
        let bytes: Range<Int64>
        /// What was found.
        let reason: String
    }

    /// Why nothing can be answered.
    enum Failure: Error {
        case disk(DiskError)
        case damage(Damage)
    }

    /// The segment's base offset.
    var base: Offset { view.base }
    private let view: SegmentView
    private let partition: PartitionID
    private let file: any DiskFile
    private let index: RoundIndex
    private let context: FileContext
    private var interval: Int64 { Int64(context.settings.indexIntervalBytes) }
    /// Whether the offset index led to a place where no batch with its offset lies.
    private(set) var hasBadIndex = false
    private let verifies: Bool
    /// Damaged ranges that were passed on the way to what was asked for.
    private(set) var passed: [Damage] = []

    init(_ view: SegmentView, of partition: PartitionID, _ context: FileContext) throws(Failure) {
        self.view = view
        self.context = context
        self.partition = partition
        verifies = context.settings.verifies
        do throws(DiskError) {
            file = try context.open.file(SegmentNames.log(view.folder, view.base), .read)
        } catch {
            throw error.code == .missing
                ? .damage(
                    Damage(
                        at: view.base, resume: view.end, bytes: 0..<0,
                        reason: "the segment's file is missing"))
                : .disk(error)
        }
        index = RoundIndex(view, context)
    }

    /// Batches from the one that holds `offset` (or the first one after it): one, then more up to `maxBytes`. Empty when
    /// the segment has none there.
    mutating func batches(from offset: Offset, maxBytes: Int) throws(Failure) -> [StoredBatch] {
        var (window, position, expected) = try begin(
            at: offset, atLeast: min(max(maxBytes, 4096) + 8192, Self.windowBytes))
        while position < view.byteCount {
            if position < window.position || position + Int64(RecordBatchHeader.byteCount) > window.end {
                window = try load(position, atLeast: 262_144)
            }
            guard let batch = header(window, position, expected) else {
                let damage = try damage(at: position, expected)
                if damage.resume > offset { throw .damage(damage) }
                // Damaged, but before what is asked for.
                passed.append(damage)
                position = damage.bytes.upperBound
                expected = damage.resume
                continue
            }
            if batch.last >= offset { break }
            position += Int64(batch.byteCount)
            expected = batch.last.next
        }
        return try collect(window, position, expected, maxBytes)
    }

    /// Finds a batch at or before `offset` from which the walk is short. The indexes only give hints: one that does not
    /// lead to a batch with that offset is passed over, at last for the segment's front.
    private mutating func begin(
        at offset: Offset, atLeast count: Int
    ) throws(Failure) -> (window: Window, position: Int64, expected: Offset) {
        let known = index.floor(offset)
        if offset > view.base {
            // Rounds may be large: then the offset index, which is denser, saves reading one from its beginning.
            if index.ceiling(offset) - known.position > 2 * interval {
                if let near = OffsetIndex(view, context).floor(offset), near.position > known.position {
                    let window = try load(near.position, atLeast: count)
                    if header(window, near.position, near.offset) != nil { return (window, near.position, near.offset) }
                    hasBadIndex = true
                }
            }
            if known.position > 0 {
                let window = try load(known.position, atLeast: count)
                if header(window, known.position, known.offset) != nil {
                    return (window, known.position, known.offset)
                }
            }
        }
        return (try load(0, atLeast: max(count, 65536)), 0, view.base)
    }

    private func collect(
        _ loaded: Window, _ from: Int64, _ firstExpected: Offset, _ maxBytes: Int
    ) throws(Failure) -> [StoredBatch] {
        var window = loaded
        var (position, expected) = (from, firstExpected)
        var found: [StoredBatch] = []
        var left = maxBytes
        var roundPlace = -1
        while position < view.byteCount {
            // What can be read no more once something was found, the next read tells.
            let ahead = min(max(left, 65536), Self.windowBytes)
            if position + Int64(RecordBatchHeader.byteCount) > window.end {
                guard found.isEmpty || left >= 65536, let next = try more(position, ahead, found.isEmpty) else { break }
                window = next
            }
            guard let batch = header(window, position, expected) else {
                if found.isEmpty { throw .damage(try damage(at: position, expected)) }
                break
            }
            if !found.isEmpty, batch.byteCount > left { break }
            if position + Int64(batch.byteCount) > window.end {
                guard let next = try more(position, max(batch.byteCount, ahead), found.isEmpty) else { break }
                window = next
            }
            let at = Int(position - window.position)
            let range = at..<at + batch.byteCount
            // The file may be shorter than it was.
            guard range.upperBound <= window.bytes.count else {
                if found.isEmpty { throw .damage(try damage(at: position, expected)) }
                break
            }
            guard !verifies || (try? RecordBatchHeader(verifying: window.bytes.buffer.part(range))) != nil else {
                if found.isEmpty { throw .damage(try damage(at: position, expected)) }
                break
            }
            let round = round(of: expected, &roundPlace)
            found.append(
                StoredBatch(
                    partition: partition, baseOffset: expected, lastOffset: batch.last, round: round,
                    owner: window.bytes, range: range))
            left -= batch.byteCount
            position += Int64(batch.byteCount)
            expected = batch.last.next
        }
        return found
    }

    /// Reads on; nil when that fails, unless it must not.
    private func more(_ position: Int64, _ count: Int, _ isNeeded: Bool) throws(Failure) -> Window? {
        do throws(Failure) {
            return try load(position, atLeast: count)
        } catch {
            if isNeeded { throw error }
            return nil
        }
    }

    /// Shows every batch from the one that holds `offset` on, by its header alone, until `body` answers false. What is
    /// damaged is passed over, and noted in ``passed``.
    mutating func forEachSummary(
        from offset: Offset, _ body: (BatchSummary) throws(Failure) -> Bool
    ) throws(Failure) {
        var (window, position, expected) = try begin(at: offset, atLeast: 65536)
        var step = 65536
        while position < view.byteCount {
            if position < window.position || position + Int64(RecordBatchHeader.byteCount) > window.end {
                window = try load(position, atLeast: step)
            }
            guard let batch = header(window, position, expected) else {
                let damage = try damage(at: position, expected)
                passed.append(damage)
                position = damage.bytes.upperBound
                expected = damage.resume
                continue
            }
            // Of large batches only the headers are read.
            step = batch.byteCount > 16384 ? 4096 : 65536
            if batch.last >= offset {
                let at = Int(position - window.position)
                let summary = BatchSummary(
                    base: expected, last: batch.last, position: position, byteCount: batch.byteCount,
                    header: window.bytes.buffer.part(at..<at + RecordBatchHeader.byteCount))
                if !(try body(summary)) { return }
            }
            position += Int64(batch.byteCount)
            expected = batch.last.next
        }
    }

    // MARK: bytes

    /// The most that is read at once, but for a batch that is larger.
    private static let windowBytes = 4 << 20

    private struct Window {
        let bytes: SharedBytes
        let position: Int64
        var end: Int64 { position + Int64(bytes.count) }
    }

    private func load(_ position: Int64, atLeast: Int) throws(Failure) -> Window {
        let count = Int(min(Int64(atLeast), view.byteCount - position))
        do throws(DiskError) {
            let bytes = try SharedBytes(capacity: max(count, 0)) { room throws(DiskError) in
                try file.readAround(into: room, at: position).count
            }
            // Who reads this much reads on: the disk works while these bytes are looked at.
            let next = position + Int64(bytes.count)
            if count >= 262_144, next < view.byteCount {
                file.startReading(from: next, count: min(2 << 20, view.byteCount - next))
            }
            return Window(bytes: bytes, position: position)
        } catch {
            throw .disk(error)
        }
    }

    private struct Header {
        let last: Offset
        let byteCount: Int
    }

    /// The batch that begins at `position` with offset `expected`, as far as its header tells; nil when there is none.
    private func header(_ window: Window, _ position: Int64, _ expected: Offset) -> Header? {
        let at = Int(position - window.position)
        guard at >= 0, at + RecordBatchHeader.byteCount <= window.bytes.count else { return nil }
        return header(window.bytes.buffer.part(at..<window.bytes.count), position).flatMap {
            $0.base == expected ? $0.header : nil
        }
    }

    private func header(_ bytes: UnsafeRawBufferPointer, _ position: Int64) -> (base: Offset, header: Header)? {
        var reader = ByteReader(bytes)
        guard let base = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
            let length = reader.number(Int32.self),
            // The checksum does not cover it: the log writes zero.
            reader.number(Int32.self) == 0, reader.number(UInt8.self) == 2,
            reader.take(6) != nil, let delta = reader.number(Int32.self), delta >= 0,
            length >= RecordBatchHeader.byteCount - RecordBatchHeader.lengthOverhead,
            position + Int64(length) + Int64(RecordBatchHeader.lengthOverhead) <= view.byteCount,
            base >= view.base, base.value < view.end.value, Int64(delta) < view.end - base
        else { return nil }
        let header = Header(
            last: base + Int64(delta), byteCount: Int(length) + RecordBatchHeader.lengthOverhead)
        return (base, header)
    }

    // MARK: damage

    /// Looks for the next batch that is whole and whose follower (or the segment's end) fits behind it.
    private func damage(at position: Int64, _ expected: Offset) throws(Failure) -> Damage {
        var at = position
        var window = try load(at, atLeast: 1 << 20)
        while at + Int64(RecordBatchHeader.byteCount) <= view.byteCount {
            if at + Int64(RecordBatchHeader.byteCount) > window.end {
                let again = try load(at, atLeast: 1 << 20)
                if again.bytes.count < RecordBatchHeader.byteCount { break }
                window = again
            }
            let place = Int(at - window.position)
            if window.bytes.buffer[place + 16] == 2,
                let found = header(window.bytes.buffer.part(place..<window.bytes.count), at),
                found.base >= expected, try isWhole(found.header, at)
            {
                let damage = Damage(
                    at: expected, resume: found.base, bytes: position..<at,
                    reason: at == position
                        ? "offsets \(expected) to \(found.base.value - 1) are missing"
                        : "\(at - position) bytes at position \(position) are no batch")
                if found.base > expected || at > position { return damage }
            }
            at += 1
        }
        return Damage(
            at: expected, resume: view.end, bytes: position..<view.byteCount,
            reason: "\(view.byteCount - position) bytes at position \(position) are no batch")
    }

    private func isWhole(_ header: Header, _ position: Int64) throws(Failure) -> Bool {
        let window = try load(position, atLeast: header.byteCount + RecordBatchHeader.byteCount)
        guard window.bytes.count >= header.byteCount,
            (try? RecordBatchHeader(verifying: window.bytes.buffer)) != nil
        else { return false }
        let next = position + Int64(header.byteCount)
        if next >= view.byteCount { return header.last.next == view.end }
        // A rotten base offset is not in the batch's checksum, but contradicts the batch behind it.
        let behind = Int(next - position)
        guard behind <= window.bytes.count,
            let follower = self.header(window.bytes.buffer.part(behind..<window.bytes.count), next)
        else { return true }
        return follower.base > header.last
    }

    /// The bytes of a damaged range, at most `limit`, to be set aside.
    func bytes(_ range: Range<Int64>, limit: Int) throws(DiskError) -> [UInt8] {
        let count = Int(min(Int64(limit), range.upperBound - range.lowerBound))
        let bytes = try SharedBytes(capacity: max(count, 0)) { room throws(DiskError) in
            try file.readAround(into: room, at: range.lowerBound).count
        }
        return [UInt8](bytes.buffer)
    }

    // MARK: rounds

    private func round(of base: Offset, _ place: inout Int) -> UInt64 {
        if place < 0 {
            guard let found = index.place(of: base) else { return 0 }
            place = found
        }
        let relative = base - view.base
        while place + 1 < index.count, let next = index.entry(place + 1),
            Int64(next.relativeOffset) <= relative
        { place += 1 }
        return index.entry(place)?.round ?? 0
    }
}
