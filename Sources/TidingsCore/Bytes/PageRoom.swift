// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Memory on whole pages, from 32 KiB on: what large batches are received into, written to the disk from and served from.
///
/// It comes from the system and goes back there, past the allocator, whose arenas would keep it: such memory is taken on
/// one thread and let go on another. A little of what was let go is kept for the next one, since new pages cost more
/// than what is done with them.
package final class PageRoom: @unchecked Sendable {
    /// Where it begins; on a page.
    package let base: UnsafeMutableRawPointer
    /// How many bytes there are, whole pages: at least as many as were asked for.
    package let capacity: Int

    /// What a page is to memory and disk.
    package static let pageBytes = 4_096
    /// The smallest room there is; what is smaller is for the allocator.
    package static let least = 32 << 10
    /// How many sizes are kept for reuse.
    private static let classCount = 8
    /// How many bytes are kept at most.
    private static let kept = 16 << 20

    /// Rooms that nobody has, by size, each twice as large as those before: their addresses.
    private struct Pool: ~Copyable {
        var free = [[UInt]](repeating: [], count: PageRoom.classCount)
        var bytes = 0
    }
    private static let pool = Mutex(Pool())

    /// Takes room for so many bytes; what they are is not said.
    package init(_ byteCount: Int) {
        let (place, size) = Self.size(byteCount)
        capacity = size
        let found = place.flatMap { place in
            Self.pool.withLock { pool -> UInt? in
                guard let room = pool.free[place].popLast() else { return nil }
                pool.bytes -= size
                return room
            }
        }
        base = found.flatMap { UnsafeMutableRawPointer(bitPattern: $0) } ?? Self.map(size)
    }

    deinit {
        let (address, size) = (UInt(bitPattern: base), capacity)
        let isKept = Self.size(size).place.map { place in
            Self.pool.withLock { pool -> Bool in
                guard pool.bytes + size <= Self.kept else { return false }
                pool.free[place].append(address)
                pool.bytes += size
                return true
            }
        }
        if isKept != true { munmap(base, size) }
    }

    /// All of it.
    package var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: capacity) }

    private static func size(_ byteCount: Int) -> (place: Int?, size: Int) {
        var size = least
        for place in 0..<classCount {
            if byteCount <= size { return (place, size) }
            size *= 2
        }
        return (nil, (byteCount + pageBytes - 1) / pageBytes * pageBytes)
    }

    private static func map(_ size: Int) -> UnsafeMutableRawPointer {
        let room = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let room, room != MAP_FAILED else { preconditionFailure("no memory for \(size) bytes") }
        return room
    }
}
