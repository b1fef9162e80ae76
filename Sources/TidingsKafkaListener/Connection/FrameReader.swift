// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Cuts a connection's bytes into frames: a length of four bytes, then so many. What does not come whole is kept; memory
/// grows as bytes come, never by what a length claims, and none is held while nothing waits.
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

    private let limit: Int
    /// Bytes that wait: the beginning of a frame, or frames that were not taken.
    private var carry = ByteBuffer(capacity: 0)
    /// Whether a whole frame waits that was not taken.
    private(set) var isStalled = false
    private var isEnded = false

    init(limit: Int) { self.limit = limit }

    /// How much memory waits.
    var heldBytes: Int { carry.isEmpty ? 0 : carry.capacity }

    /// Takes bytes in and hands out the frames that are whole, without their lengths.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Step
    ) throws(BadLength) {
        var rest = bytes
        if !carry.isEmpty {
            guard !isStalled, let wanted = try missing(bytes) else { return carry.append(bytes) }
            carry.append(bytes.part(0..<wanted))
            rest = bytes.part(wanted..<bytes.count)
            try resume(body)
            if isEnded { return }
            if isStalled { return carry.append(rest) }
        }
        let left = try walk(rest, body)
        carry.append(left)
    }

    /// Hands out what waits whole.
    mutating func resume(_ body: (UnsafeRawBufferPointer) -> Step) throws(BadLength) {
        isStalled = false
        var waiting = ByteBuffer(capacity: 0)
        swap(&waiting, &carry)
        let left = try walk(waiting.bytes, body)
        if left.count == 0 { return }
        waiting.removeFirst(waiting.count - left.count)
        swap(&waiting, &carry)
    }

    /// Forgets everything.
    mutating func end() {
        carry = ByteBuffer(capacity: 0)
        isStalled = false
        isEnded = true
    }

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
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Step
    ) throws(BadLength) -> UnsafeRawBufferPointer {
        var at = 0
        while bytes.count - at >= 4 {
            let length = try checked(bytes.number(at, Int32.self))
            guard bytes.count - at - 4 >= length else { break }
            switch body(bytes.part(at + 4..<at + 4 + length)) {
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
