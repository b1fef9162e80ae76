// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads a block of the write-ahead log round by round: no more than a window, or one round, is in memory.
///
/// - Concurrency: one thread.
final class BlockReader {
    /// A round and where it lies.
    struct Found: Sendable {
        /// Without its entries: they are read when they are needed.
        let round: Round
        let position: Int
        /// Whether what fills its last page is zeros, as it was written.
        let hasCleanPadding: Bool
    }

    /// What was a round's header once: its checksum does not match, and enough of it does to know what it was.
    struct Stray: Sendable, Hashable {
        /// What stands where the number was.
        let number: UInt64
        let position: Int
    }

    private static let windowBytes = 256 << 10

    private let file: any DiskFile
    /// The block's length.
    let byteCount: Int
    private var window = UnsafeMutableRawBufferPointer.allocate(byteCount: BlockReader.windowBytes, alignment: 4096)
    private var held = 0..<0
    /// Pages that the disk could not give so far; they were read as zeros.
    private(set) var unreadable: Set<Int> = []

    init(_ file: any DiskFile) throws(DiskError) {
        self.file = file
        byteCount = Int(clamping: try file.size())
    }

    deinit { window.deallocate() }

    /// Bytes of the block, fewer at its end; valid until the next call.
    func bytes(at position: Int, count: Int) throws(DiskError) -> UnsafeRawBufferPointer {
        let end = min(position + count, byteCount)
        guard position >= 0, position < end else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if position < held.lowerBound || end > held.upperBound {
            let wanted = max(end - position, min(Self.windowBytes, byteCount - position))
            if wanted > window.count {
                window.deallocate()
                window = .allocate(byteCount: wanted, alignment: 4096)
            }
            held = position..<position
            let (got, missing) = try file.readAround(
                into: UnsafeMutableRawBufferPointer(rebasing: window[0..<wanted]), at: Int64(position))
            unreadable.formUnion(missing.map { Int($0) })
            held = position..<position + got
        }
        let last = min(end, held.upperBound)
        guard position < last else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(window).part(position - held.lowerBound..<last - held.lowerBound)
    }

    /// All rounds of `life` in the block, in the order they lie, and what is left of headers that rotted. Every page is
    /// looked at: a damaged round does not hide those behind it. A block whose first round belongs to another life has
    /// nothing of this one, since a block is filled from its beginning.
    /// - Parameter verifies: false only where a test plants that fault.
    func rounds(
        of life: LogLife, verifies: Bool = true
    ) throws(DiskError) -> (found: [Found], strays: [Stray]) {
        var found: [Found] = []
        var strays: [Stray] = []
        var position = 0
        while position + RoundHeader.byteCount <= byteCount {
            let page = try bytes(at: position, count: RoundHeader.alignment)
            guard let header = RoundHeader(page) else {
                if let number = RoundHeader.remains(of: life, in: page) {
                    strays.append(Stray(number: number, position: position))
                }
                position += RoundHeader.alignment
                continue
            }
            if header.life != life {
                if position == 0 { return ([], []) }
                position += RoundHeader.alignment
                continue
            }
            let bytes = try bytes(at: position, count: header.paddedByteCount)
            guard let round = Round(bytes, verifies: verifies) else {
                position += RoundHeader.alignment
                continue
            }
            let padding = bytes.part(min(header.byteCount, bytes.count)..<bytes.count)
            found.append(
                Found(
                    round: Round(header: header, condition: round.condition), position: position,
                    hasCleanPadding: padding.allSatisfy { $0 == 0 }))
            position += round.condition == .whole ? header.paddedByteCount : RoundHeader.alignment
        }
        return (found, strays)
    }
}

extension RoundHeader {
    /// What stands where the number of a round was, when a page begins with what is left of a header of `life`.
    static func remains(of life: LogLife, in page: UnsafeRawBufferPointer) -> UInt64? {
        var reader = ByteReader(page)
        guard page.count >= byteCount, let magic = reader.number(UInt64.self),
            let nonce = reader.number(UInt64.self), let generation = reader.number(UInt32.self),
            reader.number(UInt32.self) != nil, let number = reader.number(UInt64.self),
            nonce == life.nonce || magic == Self.magic && generation == life.generation
        else { return nil }
        return number
    }
}
