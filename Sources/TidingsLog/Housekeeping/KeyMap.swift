// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The last offset of every key, in bounded memory: of a key only 128 bits of a keyed hash are kept, which nobody outside
/// can make two keys share.
struct KeyMap {
    private struct Slot {
        var high: UInt64 = 0
        var low: UInt64 = 0
        /// -1: free.
        var offset: Int64 = -1
    }

    private var slots: [Slot]
    private let limit: Int
    private(set) var count = 0

    /// - Parameter byteCount: how much memory it may take.
    init(byteCount: Int) {
        limit = max(64, byteCount / MemoryLayout<Slot>.stride)
        slots = Array(repeating: Slot(), count: 64)
    }

    /// Whether a key that is not in it yet finds room.
    var isFull: Bool { count * 4 >= limit * 3 }

    private static func hash(_ key: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        // Hasher is SipHash with a key of this process.
        var (one, two) = (Hasher(), Hasher())
        one.combine(0 as UInt8)
        two.combine(1 as UInt8)
        one.combine(bytes: key)
        two.combine(bytes: key)
        return (UInt64(bitPattern: Int64(one.finalize())), UInt64(bitPattern: Int64(two.finalize())))
    }

    private func place(_ high: UInt64, _ low: UInt64) -> Int {
        var place = Int(truncatingIfNeeded: high % UInt64(slots.count))
        while slots[place].offset >= 0, slots[place].high != high || slots[place].low != low {
            place = place + 1 == slots.count ? 0 : place + 1
        }
        return place
    }

    /// Notes where a key is found.
    /// - Returns: false when it is a new key and there is no room.
    mutating func note(_ key: UnsafeRawBufferPointer, at offset: Offset) -> Bool {
        let (high, low) = Self.hash(key)
        let found = place(high, low)
        if slots[found].offset >= 0 {
            slots[found].offset = max(slots[found].offset, offset.value)
            return true
        }
        if isFull { return false }
        slots[found] = Slot(high: high, low: low, offset: offset.value)
        count += 1
        if count * 4 >= slots.count * 3, slots.count < limit { grow() }
        return true
    }

    /// Where a key is found last; nil when it is not in the map.
    func offset(of key: UnsafeRawBufferPointer) -> Offset? {
        let (high, low) = Self.hash(key)
        let found = slots[place(high, low)].offset
        return found >= 0 ? Offset(found) : nil
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: min(limit, old.count * 2))
        for slot in old where slot.offset >= 0 { slots[place(slot.high, slot.low)] = slot }
    }
}
