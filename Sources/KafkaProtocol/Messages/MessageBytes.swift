// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The value of a `bytes` or `records` field, which neither reader nor writer copies: only where it lies.
///
/// - Read: ``place`` is an offset into the bytes the ``MessageReader`` was made of, and `place..<place + count` is inside.
/// - Written: ``place`` is a number of the writer's caller, who puts the bytes in where the ``MessageWriter`` says
///   (``MessageWriter/forEachPiece(_:)``): an index into a list of stored batches, an offset into a buffer.
package struct MessageBytes: Hashable, Sendable {
    /// Where they begin: see above.
    package var place: Int
    /// How many they are.
    package var count: Int

    /// Names `count` bytes at `place`; without arguments none.
    package init(place: Int = 0, count: Int = 0) {
        self.place = place
        self.count = count
    }

    /// The bytes themselves, out of those the reader was made of.
    package func bytes(in frame: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: frame[place..<place + count])
    }
}
