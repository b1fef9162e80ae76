// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Bytes that many may read at once: written once while it is made, never after, freed with the last owner.
public final class SharedBytes: @unchecked Sendable {
    /// Where they lie; valid while this object lives.
    public let base: UnsafeRawPointer
    /// How many.
    public let count: Int

    /// Whether they lie on pages of their own.
    package let isPaged: Bool
    /// What a page is to memory and disk.
    package static let pageBytes = 4_096

    /// Makes room for `capacity` bytes, lets `fill` write them and say how many are used.
    public init<Failure>(
        capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
        do {
            let used = try fill(UnsafeMutableRawBufferPointer(rebasing: room[..<capacity]))
            precondition((0...capacity).contains(used), "used \(used) of \(capacity) bytes")
            base = UnsafeRawPointer(room.baseAddress!)
            count = used
            isPaged = false
        } catch {
            room.deallocate()
            throw error
        }
    }

    /// Makes room for `byteCount` bytes on whole pages of memory, lets `fill` write all of them, and fills the last page
    /// with zeros: to be written to a disk from where they lie.
    package init(paged byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let padded = max(byteCount + Self.pageBytes - 1, 1) / Self.pageBytes * Self.pageBytes
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(padded, Self.pageBytes), alignment: Self.pageBytes)
        fill(UnsafeMutableRawBufferPointer(rebasing: room[..<byteCount]))
        UnsafeMutableRawBufferPointer(rebasing: room[byteCount...]).initializeMemory(as: UInt8.self, repeating: 0)
        base = UnsafeRawPointer(room.baseAddress!)
        count = byteCount
        isPaged = true
    }

    /// Copies `bytes`.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(capacity: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    deinit { base.deallocate() }

    /// All of them with what fills the last page, when they are paged; valid while this object lives.
    package var pages: UnsafeRawBufferPointer {
        precondition(isPaged, "these bytes have no pages of their own")
        return UnsafeRawBufferPointer(
            start: base, count: max((count + Self.pageBytes - 1) / Self.pageBytes, 1) * Self.pageBytes)
    }

    /// Changes some of them: only as long as nobody else has this object.
    package func patch(_ change: (UnsafeMutableRawBufferPointer) -> Void) {
        change(UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(mutating: base), count: count))
    }

    /// All of them; valid while this object lives.
    public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
