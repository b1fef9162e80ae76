// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Finds the rounds of one life in a block of the write-ahead log.
enum BlockScan {
    /// A round and where it lies.
    struct Found: Sendable {
        let round: Round
        let position: Int
    }

    /// All rounds of `life` in a block, in the order they lie. Every page is looked at: a damaged round does not hide
    /// those behind it. A block whose first round belongs to another life has nothing of this one, since a block is
    /// filled from its beginning.
    /// - Parameter verifies: false only where a test plants that fault.
    static func rounds(in block: UnsafeRawBufferPointer, of life: LogLife, verifies: Bool = true) -> [Found] {
        var found: [Found] = []
        var position = 0
        if let first = RoundHeader(block), first.life != life { return [] }
        while position + RoundHeader.byteCount <= block.count {
            let rest = block.part(position..<block.count)
            guard let round = Round(rest, verifies: verifies), round.header.life == life else {
                position += RoundHeader.alignment
                continue
            }
            found.append(Found(round: round, position: position))
            position += round.condition == .whole ? round.header.paddedByteCount : RoundHeader.alignment
        }
        return found
    }
}
