// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Bytes that many may read at once: written once while it is made, never after, freed with the last owner.
public final class SharedBytes: @unchecked Sendable {
    /// Where they lie; valid while this object lives.
    public let base: UnsafeRawPointer
    /// How many.
    public let count: Int

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
        } catch {
            room.deallocate()
            throw error
        }
    }

    /// Copies `bytes`.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(capacity: bytes.count) { room in
            room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    deinit { base.deallocate() }

    /// All of them; valid while this object lives.
    public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
