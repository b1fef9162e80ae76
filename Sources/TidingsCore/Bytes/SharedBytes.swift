// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Bytes that many may read at once: written once while it is made, never after, freed with the last owner.
public final class SharedBytes: @unchecked Sendable {
    /// Where they lie; valid while this object lives.
    public let base: UnsafeRawPointer
    /// How many.
    public let count: Int

    /// What they lie in, when that is pages of their own.
    private let room: PageRoom?
    /// Whether they lie on pages of their own.
    package var isPaged: Bool { room != nil }

    /// Makes room for `capacity` bytes, lets `fill` write them and say how many are used.
    public convenience init<Failure>(
        capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        if capacity >= PageRoom.least {
            let room = PageRoom(capacity)
            let used = try fill(UnsafeMutableRawBufferPointer(rebasing: room.bytes[..<capacity]))
            precondition((0...capacity).contains(used), "used \(used) of \(capacity) bytes")
            self.init(room, at: 0, count: used)
            return
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
        do {
            let used = try fill(UnsafeMutableRawBufferPointer(rebasing: room[..<capacity]))
            precondition((0...capacity).contains(used), "used \(used) of \(capacity) bytes")
            self.init(room.baseAddress!, count: used)
        } catch {
            room.deallocate()
            throw error
        }
    }

    private init(_ base: UnsafeMutableRawPointer, count: Int) {
        self.base = UnsafeRawPointer(base)
        self.count = count
        room = nil
    }

    /// Makes room for `byteCount` bytes on whole pages of memory, lets `fill` write all of them, and fills the last page
    /// with zeros: to be written to a disk from where they lie.
    package convenience init(paged byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let room = PageRoom(byteCount)
        fill(UnsafeMutableRawBufferPointer(rebasing: room.bytes[..<byteCount]))
        self.init(room, at: 0, count: byteCount)
    }

    /// Takes a part of a room, which begins on a page, and fills its last page with zeros: what else was in the room is
    /// over.
    package init(_ room: PageRoom, at: Int, count: Int) {
        precondition(at % PageRoom.pageBytes == 0 && at >= 0 && count >= 0 && at + count <= room.capacity)
        let end = (count + PageRoom.pageBytes - 1) / PageRoom.pageBytes * PageRoom.pageBytes
        UnsafeMutableRawBufferPointer(rebasing: room.bytes[(at + count)..<min(at + end, room.capacity)])
            .initializeMemory(as: UInt8.self, repeating: 0)
        base = UnsafeRawPointer(room.base + at)
        self.count = count
        self.room = room
    }

    /// Copies `bytes`.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(capacity: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    deinit { if room == nil { base.deallocate() } }

    /// All of them with what fills the last page, when they are paged; valid while this object lives.
    package var pages: UnsafeRawBufferPointer {
        precondition(isPaged, "these bytes have no pages of their own")
        let pages = max((count + PageRoom.pageBytes - 1) / PageRoom.pageBytes, 1)
        return UnsafeRawBufferPointer(start: base, count: pages * PageRoom.pageBytes)
    }

    /// Changes some of them: only as long as nobody else has this object.
    package func patch(_ change: (UnsafeMutableRawBufferPointer) -> Void) {
        change(UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(mutating: base), count: count))
    }

    /// All of them; valid while this object lives.
    public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

extension PageRoom {
    /// A part of the room as bytes that may be kept, if it begins on a page and is a good part of the room, all of which is
    /// kept with it: what else was in the room is over then.
    package func part(_ bytes: UnsafeRawBufferPointer) -> SharedBytes? {
        guard let start = bytes.baseAddress else { return nil }
        let at = start - UnsafeRawPointer(base)
        guard at >= 0, at % Self.pageBytes == 0, at + bytes.count <= capacity, bytes.count >= capacity / 4 else {
            return nil
        }
        return SharedBytes(self, at: at, count: bytes.count)
    }
}
