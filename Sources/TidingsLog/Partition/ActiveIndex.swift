// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The indexes of the segment that is written to: how many entries are in the files, and those that are not yet.
struct ActiveIndex: Sendable {
    /// Entries in memory from which on they are written.
    static let flushFrom = 256

    private(set) var indexEntries: Int
    private(set) var roundEntries: Int
    private(set) var timeEntries: Int
    private(set) var pendingOffsets: [OffsetIndexEntry] = []
    private(set) var pendingRounds: [RoundIndexEntry] = []
    private(set) var pendingTimes: [TimeIndexEntry] = []
    /// The latest timestamp so far and the last offset of the batch that has it; nil when it is not known: then no time
    /// is noted before the time index was rebuilt.
    private(set) var latest: TimeIndexEntry?
    /// The position of the last batch that got an entry of the offset index.
    private var lastIndexed: Int64
    private var lastRound: UInt64 = 0
    /// The timestamp of the last entry of the time index; nil when there is none, or it is not known which.
    private var lastNoted: Int64?

    init(
        indexEntries: Int = 0, roundEntries: Int = 0, timeEntries: Int = 0, lastIndexed: Int64 = 0,
        latest: TimeIndexEntry? = .beginning
    ) {
        self.indexEntries = indexEntries
        self.roundEntries = roundEntries
        self.timeEntries = timeEntries
        self.lastIndexed = lastIndexed
        self.latest = latest
    }

    var pendingCount: Int { pendingOffsets.count + pendingRounds.count + pendingTimes.count }

    /// Notes a batch that was written.
    mutating func note(
        _ relativeOffset: Int64, last: Int64, at position: Int64, round: UInt64, maxTimestamp: Int64, interval: Int64
    ) {
        if let latest, maxTimestamp > latest.timestamp {
            self.latest = TimeIndexEntry(timestamp: maxTimestamp, relativeOffset: UInt32(clamping: last))
        }
        if position - lastIndexed >= interval {
            pendingOffsets.append(
                OffsetIndexEntry(
                    relativeOffset: UInt32(clamping: relativeOffset), position: UInt32(clamping: position)))
            lastIndexed = position
            noteTime()
        }
        if round != lastRound {
            pendingRounds.append(
                RoundIndexEntry(
                    round: round, relativeOffset: UInt32(clamping: relativeOffset),
                    position: UInt32(clamping: position)))
            lastRound = round
        }
    }

    /// Notes the latest time, so that the segment's index ends with it.
    mutating func close() { noteTime() }

    private mutating func noteTime() {
        guard let latest, latest.timestamp >= 0 else { return }
        if let last = lastNoted, latest.timestamp <= last { return }
        pendingTimes.append(latest)
        lastNoted = latest.timestamp
    }

    /// Takes over indexes that were made again from the whole segment, and written.
    mutating func rebuilt(_ made: IndexMaker) {
        indexEntries = made.offsets.count
        timeEntries = made.times.count
        pendingOffsets.removeAll(keepingCapacity: true)
        pendingTimes.removeAll(keepingCapacity: true)
        lastNoted = made.times.last?.timestamp
        latest = made.latest
    }

    /// Begins the index of rounds again: what there is counts as of that round, so that nobody who reads on from a round
    /// misses a record.
    mutating func loseRounds(countingAs round: UInt64) {
        roundEntries = 0
        pendingRounds = [RoundIndexEntry(round: round, relativeOffset: 0, position: 0)]
        lastRound = round
    }

    /// Begins the other indexes again; who looks for a time rebuilds them.
    mutating func loseTimes() {
        (indexEntries, timeEntries) = (0, 0)
        pendingOffsets.removeAll()
        pendingTimes.removeAll()
        (latest, lastNoted) = (nil, nil)
    }

    /// Writes the entries in memory behind those in the files.
    /// - Parameter suffix: what the names of the files end with.
    /// - Returns: whether a file may be new.
    mutating func flush(
        _ folder: String, _ base: Offset, suffix: String = "", _ context: FileContext
    ) throws(DiskError) -> Bool {
        let offsets = try Self.flush(&pendingOffsets, &indexEntries, SegmentNames.index(folder, base) + suffix, context)
        let rounds = try Self.flush(&pendingRounds, &roundEntries, SegmentNames.rounds(folder, base) + suffix, context)
        let times = try Self.flush(&pendingTimes, &timeEntries, SegmentNames.times(folder, base) + suffix, context)
        return offsets || rounds || times
    }

    private static func flush<Entry: IndexEntry>(
        _ pending: inout [Entry], _ inFile: inout Int, _ path: String, _ context: FileContext
    ) throws(DiskError) -> Bool {
        if pending.isEmpty { return false }
        var bytes = ByteBuffer(capacity: pending.count * Entry.byteCount)
        for entry in pending { entry.append(to: &bytes) }
        try context.open.file(path, .create).write(bytes.bytes, at: Int64(inFile * Entry.byteCount))
        defer {
            inFile += pending.count
            pending.removeAll(keepingCapacity: true)
        }
        return inFile == 0
    }
}
