// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

@Suite struct FrameReaderTests {
    private static func frame(_ text: String) -> [UInt8] {
        let length = UInt32(text.utf8.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + [UInt8](text.utf8)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 16, 1000])
    func `frames are the same however their bytes are cut`(_ size: Int) throws {
        let texts = ["one", "", "two and three", "x", String(repeating: "y", count: 100), "end"]
        let bytes = texts.flatMap { Self.frame($0) }
        var reader = FrameReader(limit: 1000)
        var found: [String] = []
        var at = 0
        while at < bytes.count {
            let piece = Array(bytes[at..<min(at + size, bytes.count)])
            try piece.withUnsafeBytes { piece in
                try reader.take(piece) { frame, _ in
                    found.append(String(decoding: frame, as: UTF8.self))
                    return .taken
                }
            }
            at += size
        }
        #expect(found == texts)
        #expect(reader.heldBytes == 0)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 16, 1000])
    func `a frame that is not taken comes again, and those behind it in order`(_ size: Int) throws {
        let random = SeededRandom(seed: UInt64(size))
        let texts = (0..<50).map { String(repeating: "z", count: Int(random.next() % 40)) + "\($0)" }
        let bytes = texts.flatMap { Self.frame($0) }
        var reader = FrameReader(limit: 1000)
        var found: [String] = []
        func step(_ frame: UnsafeRawBufferPointer, _ room: PageRoom?) -> FrameReader.Step {
            if random.next() % 3 == 0 { return .notNow }
            found.append(String(decoding: frame, as: UTF8.self))
            return .taken
        }
        var at = 0
        while at < bytes.count {
            let piece = Array(bytes[at..<min(at + size, bytes.count)])
            try piece.withUnsafeBytes { try reader.take($0, step) }
            at += size
            if random.next() % 2 == 0 { try reader.resume(step) }
        }
        while reader.isStalled { try reader.resume(step) }
        #expect(found == texts)
    }

    @Test(arguments: [Int32(-1), .min, 1001, .max])
    func `a length that cannot be ends it, whole or in pieces`(_ length: Int32) throws {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: length) >> (24 - 8 * $0)) }
        var whole = FrameReader(limit: 1000)
        #expect(throws: FrameReader.BadLength(length: length)) {
            try bytes.withUnsafeBytes { try whole.take($0) { _, _ in .taken } }
        }
        var piece = FrameReader(limit: 1000)
        #expect(throws: FrameReader.BadLength(length: length)) {
            for byte in bytes { try [byte].withUnsafeBytes { try piece.take($0) { _, _ in .taken } } }
        }
        #expect(piece.heldBytes < 1000)
    }

    @Test func `after the end nothing is handed out`() throws {
        var reader = FrameReader(limit: 1000)
        var count = 0
        let bytes = Self.frame("a") + Self.frame("b")
        try bytes.withUnsafeBytes {
            try reader.take($0) { _, _ in
                count += 1
                return .ended
            }
        }
        #expect(count == 1)
        #expect(reader.heldBytes == 0)
    }

    @Test(arguments: [1_000, 4_096, 65_536, 70_001, 400_000], [false, true])
    func `long frames are whole however they come, and come again when they are not taken`(
        _ size: Int, _ usesRoom: Bool
    ) throws {
        let random = SeededRandom(seed: UInt64(size))
        let frames = [70_000, 3, 65_536, 0, 300_000, 65_535, 66_000, 10].map { length in
            (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        var bytes: [UInt8] = []
        for frame in frames {
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: frame.count >> (24 - 8 * $0)) } + frame
        }
        var reader = FrameReader(limit: 1 << 20)
        var found: [[UInt8]] = []
        var rooms = 0
        func step(_ frame: UnsafeRawBufferPointer, _ room: PageRoom?) -> FrameReader.Step {
            if random.next() % 3 == 0 { return .notNow }
            if room != nil { rooms += 1 }
            found.append(Array(frame))
            return .taken
        }
        var at = 0
        while at < bytes.count {
            while reader.isStalled { try reader.resume(step) }
            let room = usesRoom ? reader.room : nil
            let count = min(size, room?.count ?? size, bytes.count - at)
            try bytes.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[at..<at + count])
                guard let room else { return try reader.take(piece, step) }
                room.copyMemory(from: piece)
                try reader.take(UnsafeRawBufferPointer(rebasing: room[..<count]), step)
            }
            at += count
        }
        while reader.isStalled { try reader.resume(step) }
        #expect(found == frames)
        #expect(reader.heldBytes == 0)
        #expect(reader.room == nil)
        if size < 65_536 { #expect(rooms == 4) }
    }
}
