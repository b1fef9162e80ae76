// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Bytes that begin on a page of memory and grow at the end; kept and reused.
struct PageBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64 << 10) {
        self.capacity = RoundHeader.padded(max(capacity, 1))
        base = .allocate(byteCount: self.capacity, alignment: RoundHeader.alignment)
    }

    deinit { base.deallocate() }

    /// Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    /// To be patched in place; valid until the next change.
    var mutableBytes: UnsafeMutableRawBufferPointer {
        mutating get { UnsafeMutableRawBufferPointer(start: base, count: count) }
    }

    mutating func removeAll() { count = 0 }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        guard let from = more.baseAddress, more.count > 0 else { return }
        reserve(more.count)
        (base + count).copyMemory(from: from, byteCount: more.count)
        count += more.count
    }

    mutating func appendZeros(_ more: Int) {
        reserve(more)
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: more)
        count += more
    }

    private mutating func reserve(_ more: Int) {
        guard capacity - count < more else { return }
        let grown = RoundHeader.padded(max(capacity * 2, count + more))
        let room = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: RoundHeader.alignment)
        room.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = room
        capacity = grown
    }
}
