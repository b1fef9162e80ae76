// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Cuts a connection's bytes into frames: a length of four bytes, then so many. What does not come whole is kept; memory
/// grows as bytes come, never by what a length claims, and none is held while nothing waits.
///
/// A long frame is received where it stays (``room``), so that a large batch in it is copied by nobody between the socket
/// and the disk.
struct FrameReader: ~Copyable {
    /// What is done with a frame.
    enum Step {
        /// Go on with the next one.
        case taken
        /// It must come again later: nothing of it was used.
        case notNow
        /// Stop: the connection is over.
        case ended
    }

    /// A length that cannot be.
    struct BadLength: Error, Hashable {
        let length: Int32
    }

    /// A frame with its length, on pages of its own: pages are touched as bytes come.
    private struct LongFrame {
        let room: PageRoom
        /// Where its length lies.
        let start: Int
        let end: Int
        var filled: Int

        var isWhole: Bool { filled == end }
        var missing: UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(rebasing: room.bytes[filled..<end])
        }
        var frame: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room.bytes[start + 4..<end]) }
    }

    /// Frames of these lengths get pages of their own, once this much of them has come.
    private static let longLengths = 64 << 10...4 << 20
    private static let longFrom = 256

    private let limit: Int
    /// Bytes that wait: the beginning of a frame, or frames that were not taken.
    private var carry = ByteBuffer(capacity: 0)
    /// A long frame that has begun; `carry` comes behind it.
    private var long: LongFrame?
    /// Whether a whole frame waits that was not taken.
    private(set) var isStalled = false
    private var isEnded = false

    init(limit: Int) { self.limit = limit }

    /// How much memory waits.
    var heldBytes: Int { (carry.isEmpty ? 0 : carry.capacity) + (long.map { $0.filled - $0.start } ?? 0) }

    /// Where the next bytes should be received; nil when it does not matter.
    var room: UnsafeMutableRawBufferPointer? { isStalled ? nil : long?.missing }

    /// Takes bytes in and hands out the frames that are whole, without their lengths; a long one with the room it lies
    /// in, which is the taker's.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, PageRoom?) -> Step
    ) throws(BadLength) {
        if isStalled { return carry.append(bytes) }
        var rest = bytes
        if long != nil {
            rest = fill(bytes)
            guard handOutLong(body) else {
                if !isEnded { carry.append(rest) }
                return
            }
        }
        if !carry.isEmpty {
            guard let wanted = try missing(rest) else {
                carry.append(rest)
                return beginLong()
            }
            carry.append(rest.part(0..<wanted))
            rest = rest.part(wanted..<rest.count)
            try resume(body)
            if isEnded { return }
            if isStalled { return carry.append(rest) }
        }
        carry.append(try walk(rest, body))
        if !isStalled { beginLong() }
    }

    /// Hands out what waits whole.
    mutating func resume(_ body: (UnsafeRawBufferPointer, PageRoom?) -> Step) throws(BadLength) {
        isStalled = false
        guard handOutLong(body) else { return }
        var waiting = ByteBuffer(capacity: 0)
        swap(&waiting, &carry)
        let left = try walk(waiting.bytes, body)
        if left.count == 0 { return }
        waiting.removeFirst(waiting.count - left.count)
        swap(&waiting, &carry)
        if !isStalled { beginLong() }
    }

    /// Forgets everything.
    mutating func end() {
        carry = ByteBuffer(capacity: 0)
        long = nil
        isStalled = false
        isEnded = true
    }

    // MARK: - Long frames

    /// Moves the beginning of a long frame to pages of its own: a produce request's so that its first batch begins a page.
    private mutating func beginLong() {
        guard carry.count >= Self.longFrom, long == nil else { return }
        let length = Int(carry.bytes.number(0, Int32.self))
        guard Self.longLengths.contains(length), carry.count < 4 + length else { return }
        let batch = ProduceRequest.firstBatch(in: carry.bytes.part(4..<carry.count)) ?? 0
        let past = (4 + batch) % PageRoom.pageBytes
        let start = past == 0 ? 0 : PageRoom.pageBytes - past
        let end = start + 4 + length
        let room = PageRoom(end)
        UnsafeMutableRawBufferPointer(rebasing: room.bytes[start...]).copyMemory(from: carry.bytes)
        long = LongFrame(room: room, start: start, end: end, filled: start + carry.count)
        carry = ByteBuffer(capacity: 0)
    }

    /// Puts bytes into the long frame, unless they lie there already; returns those behind it.
    private mutating func fill(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard var frame = long else { return bytes }
        let room = frame.missing
        let count = min(room.count, bytes.count)
        if let from = bytes.baseAddress, let to = room.baseAddress, from != UnsafeRawPointer(to) {
            to.copyMemory(from: from, byteCount: count)
        }
        frame.filled += count
        long = frame
        return bytes.part(count..<bytes.count)
    }

    /// Hands out the long frame if there is one; false when it is not over.
    private mutating func handOutLong(_ body: (UnsafeRawBufferPointer, PageRoom?) -> Step) -> Bool {
        guard let frame = long else { return true }
        guard frame.isWhole else { return false }
        switch body(frame.frame, frame.room) {
        case .taken:
            long = nil
            return true
        case .notNow: isStalled = true
        case .ended: end()
        }
        return false
    }

    // MARK: - Short frames

    /// How many of `bytes` the frame at the front of the carry still needs; nil when they do not make it whole.
    private func missing(_ bytes: UnsafeRawBufferPointer) throws(BadLength) -> Int? {
        let have = carry.count
        guard have + bytes.count >= 4 else { return nil }
        var number: UInt32 = 0
        for place in 0..<4 {
            number = number << 8 | UInt32(place < have ? carry.bytes[place] : bytes[place - have])
        }
        let length = try checked(Int32(bitPattern: number))
        let wanted = 4 + length - have
        return wanted <= bytes.count ? wanted : nil
    }

    private func checked(_ length: Int32) throws(BadLength) -> Int {
        guard length >= 0, Int(length) <= limit else { throw BadLength(length: length) }
        return Int(length)
    }

    /// Hands out the whole frames at the front of `bytes`; returns what is left.
    private mutating func walk(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, PageRoom?) -> Step
    ) throws(BadLength) -> UnsafeRawBufferPointer {
        var at = 0
        while bytes.count - at >= 4 {
            let length = try checked(bytes.number(at, Int32.self))
            guard bytes.count - at - 4 >= length else { break }
            switch body(bytes.part(at + 4..<at + 4 + length), nil) {
            case .taken: at += 4 + length
            case .notNow:
                isStalled = true
                return bytes.part(at..<bytes.count)
            case .ended:
                isEnded = true
                return UnsafeRawBufferPointer(start: nil, count: 0)
            }
        }
        return bytes.part(at..<bytes.count)
    }
}
