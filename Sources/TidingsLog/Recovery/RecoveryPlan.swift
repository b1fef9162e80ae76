// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What to do with the rounds found after an unclean end: the rules of promise P3, without I/O.
///
/// Rounds are written one after the other, each after the one before it was synced. So only the last one can be torn: it
/// was told to nobody and is cut. A round that is damaged or missing although a later one is whole, or although a later
/// one says that it was synced, was acknowledged: that is corruption, and what is lost of it is quarantined.
///
/// Relaxed rounds promise less: a power loss may take any of them, whatever comes behind. Each round says which synced one
/// was the last before it, so what is missing behind that was relaxed, and nobody was promised it.
struct RecoveryPlan: Sendable {
    /// A round and where it was found.
    struct Located: Sendable {
        let round: Round
        /// The number of its block.
        let block: UInt32
        /// Its place in the block.
        let position: Int
        /// Whether the disk could not give a part of it. No torn write leaves that behind, so it may have been
        /// acknowledged even when nothing comes behind it.
        var isUnreadable = false
    }

    /// A page of a block that the disk cannot give.
    struct Hole: Sendable, Hashable {
        let block: UInt32
        let position: Int
    }

    /// What is left of a round's header: its checksum does not match.
    struct Stray: Sendable, Hashable {
        /// What stands where the number was.
        let number: UInt64
        let block: UInt32
        let position: Int
    }

    /// A torn end.
    struct Cut: Sendable, Hashable {
        let number: UInt64
        let block: UInt32
        let position: Int
        /// How long it was to be; the page of its header when that is damaged itself.
        let byteCount: Int
    }

    /// Rounds whose records go into the partition files, in order; damaged ones among them give what is whole of them.
    private(set) var replay: [Located] = []
    /// A round at the very end that is not whole: cut.
    private(set) var torn: Located?
    /// All that lies at the very end and is not whole, oldest first: cut.
    private(set) var cut: [Cut] = []
    /// Rounds that were acknowledged and are damaged or missing.
    private(set) var corrupt: [UInt64] = []
    /// Pages that cannot be read where the next round would lie: acknowledged rounds may have been there.
    private(set) var hidden: [Hole] = []
    /// The last round that counts.
    private(set) var lastRound: UInt64
    /// Whether there were relaxed rounds.
    private(set) var hasRelaxed: Bool

    /// Judges what was found beyond the checkpoint.
    init(found: [Located], strays: [Stray] = [], holes: [Hole] = [], checkpoint: UInt64) {
        lastRound = checkpoint
        hasRelaxed = found.contains { $0.round.header.isRelaxed }
        var byNumber: [UInt64: Located] = [:]
        var lastAcknowledged = checkpoint
        for located in found where located.round.header.number > checkpoint {
            let number = located.round.header.number
            // A number is written twice only when the first time failed, so a whole round wins.
            if let other = byNumber[number], other.round.condition == .whole { continue }
            byNumber[number] = located
            lastAcknowledged = max(lastAcknowledged, located.round.header.lastSynced)
            if located.round.condition == .whole || located.isUnreadable {
                lastAcknowledged = max(lastAcknowledged, number)
            }
        }
        lastRound = lastAcknowledged
        for number in byNumber.keys.sorted() where number > lastAcknowledged {
            guard let located = byNumber[number] else { continue }
            torn = located
            cut.append(
                Cut(
                    number: number, block: located.block, position: located.position,
                    byteCount: located.round.header.paddedByteCount))
        }
        for number in byNumber.keys.sorted() where number <= lastAcknowledged {
            guard let located = byNumber[number] else { continue }
            replay.append(located)
        }
        var expected = checkpoint + 1
        for located in replay {
            let header = located.round.header
            // Bounded by what is stored: numbers come from headers whose checksum and nonce match.
            let missing = expected..<max(expected, min(header.number, header.lastSynced &+ 1))
            if missing.count <= 1 << 20 { corrupt.append(contentsOf: missing) }
            if located.round.condition != .whole, !header.isRelaxed { corrupt.append(header.number) }
            expected = header.number + 1
        }
        if expected <= lastAcknowledged, lastAcknowledged - expected <= 1 << 20 {
            corrupt.append(contentsOf: expected...lastAcknowledged)
        }
        cut.append(contentsOf: tornHeaders(strays, found))
        hidden = holes.filter { mayHideLast($0, found) }
    }

    /// Whether rounds behind the last one may lie where the disk cannot read. A hole before a round shows by the number
    /// that is missing; one behind a page that is no round is behind all rounds.
    private func mayHideLast(_ hole: Hole, _ found: [Located]) -> Bool {
        let block = found.filter { $0.block == hole.block }
        if block.contains(where: { $0.position > hole.position }) { return false }
        guard let last = block.max(by: { $0.position < $1.position }) else { return hole.position == 0 }
        let header = last.round.header
        let end = last.position + header.paddedByteCount
        return hole.position == end && found.allSatisfy { $0.round.header.number <= header.number }
    }

    /// Headers that rotted or were torn where the next round belongs: behind the last one, at the front of a block, or by
    /// their number. Others are what is left of rounds that a checkpoint covers, or explain a round that is missing.
    private func tornHeaders(_ strays: [Stray], _ found: [Located]) -> [Cut] {
        // Of a round that is there twice the one that counts.
        let last =
            replay.last { $0.round.header.number == lastRound } ?? found.last { $0.round.header.number == lastRound }
        let end = last.map { $0.position + $0.round.header.paddedByteCount }
        return strays.filter { stray in
            if corrupt.contains(stray.number) { return false }
            if stray.block == last?.block, stray.position == end { return true }
            return stray.number == lastRound &+ 1
        }.map { Cut(number: $0.number, block: $0.block, position: $0.position, byteCount: RoundHeader.alignment) }
    }
}
