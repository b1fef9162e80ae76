// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which block of the write-ahead log takes the next round, and which may be used again; without I/O.
struct WriteAheadRing {
    struct Block {
        let number: UInt32
        /// The last round in it; 0 for none that counts.
        var lastRound: UInt64 = 0
        /// Bytes that were written before (by an older life or as zeros); beyond them the file grows.
        var writtenBytes: Int
    }

    /// Where a round goes.
    enum Place: Equatable {
        /// Into the current block at that position.
        case current(position: Int)
        /// Into block `number` from its beginning; it exists.
        case recycled(number: UInt32)
        /// Into a new block that has to be created.
        case new(number: UInt32)
        /// Nowhere before a checkpoint frees a block.
        case full
    }

    let blockBytes: Int
    let maxBlocks: Int
    private(set) var current: Block?
    private(set) var position = 0
    /// Blocks with rounds that await a checkpoint, oldest first.
    private(set) var live: [Block] = []
    /// Blocks to be used, the next one first.
    private(set) var free: [Block] = []
    /// Being filled with zeros; in nobody's way meanwhile.
    private(set) var preparing: Block?
    private var nextNumber: UInt32 = 1
    /// The last round that a checkpoint covers.
    private var released: UInt64 = 0

    init(blockBytes: Int, maxBlocks: Int) {
        self.blockBytes = blockBytes
        self.maxBlocks = max(maxBlocks, 3)
    }

    var blockCount: Int { live.count + free.count + (current == nil ? 0 : 1) + (preparing == nil ? 0 : 1) }
    /// Bytes of rounds that await a checkpoint.
    var liveBytes: Int { live.count * blockBytes + position }

    /// Takes in a block found in the folder; nothing in it counts any more.
    mutating func found(number: UInt32, writtenBytes: Int) {
        free.append(Block(number: number, writtenBytes: min(writtenBytes, blockBytes)))
        free.sort { $0.writtenBytes == $1.writtenBytes ? $0.number < $1.number : $0.writtenBytes > $1.writtenBytes }
        nextNumber = max(nextNumber, number &+ 1)
    }

    /// Says where a round of `count` bytes (whole pages) goes, and makes that block the current one.
    ///
    /// - Parameter keepsSpare: the last free block is not taken while rounds await a checkpoint: a recovery on a full disk
    ///   removes it, and has room to bring these rounds into the partitions.
    mutating func place(count: Int, keepsSpare: Bool = false) -> Place {
        if let current, position + count <= blockBytes {
            // A block that grows syncs slower than one that was written before: leave it for one that is ready.
            let grows = position + count > current.writtenBytes
            if !grows || free.first.map({ $0.writtenBytes < blockBytes }) ?? true {
                return .current(position: position)
            }
        }
        let last = (current ?? live.last)?.lastRound ?? 0
        if keepsSpare, free.count == 1, last > released { return .full }
        if !free.isEmpty {
            let next = free.removeFirst()
            begin(next)
            return .recycled(number: next.number)
        }
        guard blockCount < maxBlocks else { return .full }
        let number = nextNumber
        nextNumber += 1
        begin(Block(number: number, writtenBytes: 0))
        return .new(number: number)
    }

    private mutating func begin(_ block: Block) {
        retireCurrent()
        current = block
        position = 0
    }

    /// Gives back a current block that could not be opened.
    mutating func giveBack() {
        if let current, current.lastRound == 0, current.writtenBytes > 0 { free.append(current) }
        current = nil
        position = 0
    }

    private mutating func retireCurrent() {
        guard let block = current else { return }
        if block.lastRound == 0 { free.append(block) } else { live.append(block) }
        current = nil
    }

    /// Notes that a round was written into the current block and synced.
    mutating func wrote(count: Int, round: UInt64) {
        position += count
        current?.lastRound = round
        if let current, position > current.writtenBytes { self.current?.writtenBytes = position }
    }

    /// Frees the blocks whose rounds are all in what a checkpoint synced.
    mutating func release(through round: UInt64) {
        released = max(released, round)
        while let first = live.first, first.lastRound <= round {
            live.removeFirst()
            free.append(Block(number: first.number, writtenBytes: first.writtenBytes))
        }
        // A current block whose rounds all count no more stays where it is: its next round comes behind them.
    }

    /// Takes out a block to be filled with zeros, so that no round has to wait for one that grows: a free block or a
    /// new one, and from where on. Nil when a block is ready, or none may be added.
    mutating func takeForPreparation() -> Block? {
        if preparing != nil || free.contains(where: { $0.writtenBytes >= blockBytes }) { return nil }
        if !free.isEmpty {
            preparing = free.removeFirst()
        } else if blockCount < maxBlocks {
            preparing = Block(number: nextNumber, writtenBytes: 0)
            nextNumber += 1
        }
        return preparing
    }

    /// Gives back the block taken by ``takeForPreparation()``, with what is written of it now.
    mutating func prepared(writtenBytes: Int) {
        guard var block = preparing else { return }
        preparing = nil
        block.writtenBytes = max(block.writtenBytes, writtenBytes)
        free.insert(block, at: 0)
    }

    /// Forgets the block taken by ``takeForPreparation()``: it could not be made. Its number is not given again.
    mutating func dropPrepared() { preparing = nil }
}
