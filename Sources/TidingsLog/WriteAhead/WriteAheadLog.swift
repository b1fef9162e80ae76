// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The one file set that is synced for every round: `log/wal/<number>.wal`.
///
/// Synced rounds are written past the system's page cache, each durable by itself. Relaxed ones go through the cache and
/// wait there: synced in intervals, or left to the system until a checkpoint.
///
/// - Concurrency: ``write(_:count:round:_:)`` on the commit thread only; the rest from any thread that may block.
final class WriteAheadLog: @unchecked Sendable {
    static let folder = "log/wal"

    /// What became of a round.
    enum Outcome {
        case written
        /// No block is free before the next checkpoint; nothing was written.
        case full
    }

    private let disk: any Disk
    private let ring: Locked<WriteAheadRing>
    /// The current block's file; on the commit thread.
    private var file: (any DiskFile)?
    /// The same through the page cache, once a relaxed round needed it.
    private var cachedFile: (any DiskFile)?
    /// What is written and not synced.
    let relaxed = RelaxedRounds()
    private let time: any TimeSource

    init(on disk: any Disk, settings: LogSettings, time: any TimeSource) {
        self.disk = disk
        self.time = time
        let blockBytes = WriteAheadLog.blockBytes(settings)
        ring = Locked(WriteAheadRing(blockBytes: blockBytes, maxBlocks: settings.writeAheadBytes / blockBytes))
    }

    /// A block's size: as set, but always with room for the largest round.
    static func blockBytes(_ settings: LogSettings) -> Int {
        max(
            RoundHeader.padded(settings.writeAheadBlockBytes),
            // A page at most is lost behind each large batch.
            RoundHeader.padded(settings.maxWaitingBytes + settings.maxWaitingBytes / 8 + 2 * RoundHeader.alignment))
    }

    /// How many rounds may have been in a write-ahead log of these blocks: at least as many as one with these settings
    /// holds, and as many as the blocks hold when each is as long as the longest one.
    static func mostRounds(_ blocks: [Int64], _ settings: LogSettings) -> UInt64 {
        let blockBytes = blockBytes(settings)
        let longest = max(Int64(blockBytes), blocks.max() ?? 0)
        let byCount = longest.multipliedReportingOverflow(by: Int64(blocks.count))
        let found = byCount.overflow ? Int64.max : byCount.partialValue
        let set = Int64(max(3, settings.writeAheadBytes / blockBytes)) * Int64(blockBytes)
        return UInt64(max(found, set)) / UInt64(RoundHeader.alignment)
    }

    static func path(_ number: UInt32) -> String {
        let digits = String(number)
        return folder + "/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".wal"
    }

    /// The number of a block's file; nil for other names, and for numbers that no log comes to.
    static func number(ofFile name: String) -> UInt32? {
        guard name.hasSuffix(".wal") else { return nil }
        return UInt32(name.dropLast(4)).flatMap { $0 <= Int32.max ? $0 : nil }
    }

    /// Takes in a block of the folder, none of whose rounds counts any more.
    func found(number: UInt32, byteCount: Int64) {
        ring.withLock { $0.found(number: number, writtenBytes: Int(clamping: byteCount) / 4096 * 4096) }
    }

    /// Whether the folder has any block yet.
    var hasBlocks: Bool { ring.withLock { $0.blockCount > 0 } }

    /// Bytes that wait for a checkpoint.
    var liveBytes: Int { ring.withLock { $0.liveBytes } }

    /// When a round is synced.
    enum Sync {
        /// Before it is told.
        case synced
        /// Together with others, in intervals.
        case relaxedInIntervals
        /// When the system likes, or by way of a checkpoint.
        case relaxed
    }

    /// Writes a round; a synced one is durable when this returns.
    ///
    /// A block always begins with a synced round, so that its first page tells whether it belongs to this life.
    /// - Parameter keepsSpare: leaves the last free block for a recovery on a full disk.
    /// - Throws: what the disk said, and whether it was the write that failed for lack of room (then what was written
    ///   was cut off again).
    func write(
        _ pieces: [UnsafeRawBufferPointer], count: Int, round: UInt64, _ how: Sync = .synced, keepsSpare: Bool = false
    ) throws(WriteAheadFailure) -> Outcome {
        let place = ring.withLock { $0.place(count: count, keepsSpare: keepsSpare) }
        var position = 0
        do throws(DiskError) {
            switch place {
            case .full: return .full
            case .current(let at):
                position = at
            case .recycled(let number):
                cachedFile = nil
                file = try disk.open(WriteAheadLog.path(number), .direct)
            case .new(let number):
                cachedFile = nil
                _ = try disk.open(WriteAheadLog.path(number), .create)
                try disk.syncDirectory(WriteAheadLog.folder)
                file = try disk.open(WriteAheadLog.path(number), .direct)
            }
        } catch {
            ring.withLock { $0.giveBack() }
            throw WriteAheadFailure(error, isLackOfRoom: error.isLack)
        }
        guard let file else { preconditionFailure("a ring with a current block has its file open") }
        let cached = how == .synced || position == 0 ? nil : try openCached()
        do throws(DiskError) {
            if let cached {
                try cached.file.write(pieces, at: Int64(position))
                relaxed.note(
                    round, block: cached.block, cached.file, since: how == .relaxedInIntervals ? time.now : nil)
            } else {
                try file.writeSynced(pieces, at: Int64(position))
            }
        } catch {
            throw WriteAheadFailure(error, isLackOfRoom: error.code == .noSpace && cutBack(to: position))
        }
        ring.withLock { $0.wrote(count: count, round: round) }
        return .written
    }

    /// The current block, open by way of the page cache; nil without one.
    private func openCached() throws(WriteAheadFailure) -> (block: UInt32, file: any DiskFile)? {
        guard let number = ring.withLock({ $0.current?.number }) else { return nil }
        if let cachedFile { return (number, cachedFile) }
        do throws(DiskError) {
            let opened = try disk.open(WriteAheadLog.path(number), .write)
            cachedFile = opened
            return (number, opened)
        } catch {
            // Nothing was written.
            throw WriteAheadFailure(error, isLackOfRoom: error.isLack)
        }
    }

    /// Takes away what a failed write left behind the last synced round; whether that went well.
    private func cutBack(to position: Int) -> Bool {
        let written = ring.withLock { $0.current?.writtenBytes ?? 0 }
        do throws(DiskError) {
            let end = Int64(max(written, position))
            guard let file else { return false }
            if try file.size() > end { try file.truncate(to: end) }
            // In a block that was written before nothing can be cut: where the round would begin, none may be found.
            if position < written {
                // From a page of memory: the file is open past the page cache.
                var zeros = PageBuffer(capacity: RoundHeader.alignment)
                zeros.appendZeros(RoundHeader.alignment)
                try file.write(zeros.bytes, at: Int64(position))
                try file.sync()
            }
            return true
        } catch {
            return false
        }
    }

    /// Frees blocks after a checkpoint that covers all rounds up to `round`.
    func release(through round: UInt64) {
        relaxed.release(through: round)
        ring.withLock { $0.release(through: round) }
    }

    /// Fills the next block with zeros when none is ready.
    /// - Returns: whether a block was worked on.
    /// - Throws: what the disk said; the block is then used as it is.
    func prepareBlock() throws(DiskError) -> Bool {
        guard let block = ring.withLock({ $0.takeForPreparation() }) else { return false }
        var written = block.writtenBytes
        var isThere = written > 0
        // A block whose file or name is not sure to be there must not be given to a round as one that is.
        defer { ring.withLock { ring in isThere ? ring.prepared(writtenBytes: written) : ring.dropPrepared() } }
        let file = try disk.open(WriteAheadLog.path(block.number), .create)
        if !isThere { try disk.syncDirectory(WriteAheadLog.folder) }
        isThere = true
        let blockBytes = ring.withLock { $0.blockBytes }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        do throws(DiskError) {
            var at = written
            while at < blockBytes {
                let count = min(zeros.count, blockBytes - at)
                try file.write(zeros, count: count, at: Int64(at))
                file.startWriteBack(from: Int64(at), count: Int64(count))
                at += count
            }
            try file.sync()
            written = blockBytes
        } catch {
            // Its zeros must not take the room that events need.
            if error.code == .noSpace { try? file.truncate(to: Int64(written)) }
            throw error
        }
        return true
    }
}

/// Why a round could not be made durable.
struct WriteAheadFailure: Error {
    let error: DiskError
    /// Nothing of the round is left, and writing may go on when there is room again; else the log goes offline.
    let isLackOfRoom: Bool

    init(_ error: DiskError, isLackOfRoom: Bool) {
        self.error = error
        self.isLackOfRoom = isLackOfRoom
    }
}
