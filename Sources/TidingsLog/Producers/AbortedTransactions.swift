// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The aborted transactions of one partition that are in memory: all that ended from some offset on.
struct AbortedTransactions: Sendable, Hashable {
    /// Those whose marker lies below it have to be looked up in the files.
    private(set) var from: Offset
    /// In the order of their markers.
    private(set) var all: [AbortedTransaction] = []
    /// The files have those whose marker lies below it.
    private var writtenTo: Offset

    init(from: Offset) {
        self.from = from
        writtenTo = from
    }

    /// Takes in the next one; beyond `limit` the oldest go that the files have.
    mutating func append(_ transaction: AbortedTransaction, keeping limit: Int) {
        all.append(transaction)
        forget(beyond: limit)
    }

    /// Learns that the files are written up to `offset`.
    mutating func wrote(upTo offset: Offset, keeping limit: Int) {
        writtenTo = max(writtenTo, offset)
        forget(beyond: limit)
    }

    private mutating func forget(beyond limit: Int) {
        let count = min(all.count - limit, place(of: writtenTo))
        guard count > 0 else { return }
        from = all[count - 1].last.next
        all.removeFirst(count)
    }

    /// Those with records from `start` on and below `end`.
    func found(from start: Offset, to end: Offset) -> [AbortedTransaction] {
        all[place(of: start)...].filter { $0.first < end }
    }

    /// The one whose marker lies at `offset`.
    func ended(at offset: Offset) -> AbortedTransaction? {
        let place = place(of: offset)
        return place < all.count && all[place].last == offset ? all[place] : nil
    }

    /// Whether a record of a producer belongs to one; nil when the files have to tell.
    func has(_ offset: Offset, of producer: Int64) -> Bool? {
        if all[place(of: offset)...].contains(where: { $0.producer == producer && $0.first <= offset }) { return true }
        return offset >= from ? false : nil
    }

    /// The first whose marker lies at `offset` or behind it.
    private func place(of offset: Offset) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].last < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
