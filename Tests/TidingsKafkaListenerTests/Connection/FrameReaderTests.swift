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
                try reader.take(piece) {
                    found.append(String(decoding: $0, as: UTF8.self))
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
        func step(_ frame: UnsafeRawBufferPointer) -> FrameReader.Step {
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
            try bytes.withUnsafeBytes { try whole.take($0) { _ in .taken } }
        }
        var piece = FrameReader(limit: 1000)
        #expect(throws: FrameReader.BadLength(length: length)) {
            for byte in bytes { try [byte].withUnsafeBytes { try piece.take($0) { _ in .taken } } }
        }
        #expect(piece.heldBytes < 1000)
    }

    @Test func `after the end nothing is handed out`() throws {
        var reader = FrameReader(limit: 1000)
        var count = 0
        let bytes = Self.frame("a") + Self.frame("b")
        try bytes.withUnsafeBytes {
            try reader.take($0) { _ in
                count += 1
                return .ended
            }
        }
        #expect(count == 1)
        #expect(reader.heldBytes == 0)
    }
}
