// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import Testing
import TidingsCore
import TidingsTesting

/// A request, response or other message, to name a case by.
struct MessageCase: Sendable, CustomTestStringConvertible {
    let type: any TestableMessage.Type
    var testDescription: String { "\(type)" }

    static let all: [MessageCase] =
        APIKey.allCases.flatMap { [MessageCase(type: $0.messages.request), MessageCase(type: $0.messages.response)] }
        + [
            MessageCase(type: RequestHeader.self), MessageCase(type: ResponseHeader.self),
            MessageCase(type: ConsumerProtocolSubscription.self), MessageCase(type: ConsumerProtocolAssignment.self),
        ]
}

/// A message's bytes, without a frame around them.
func encoded(_ message: some WritableMessage, _ version: Int16, source: [UInt8]) throws -> [UInt8] {
    var writer = MessageWriter()
    let frame = writer.beginFrame()
    message.write(to: &writer, version: version)
    try writer.endFrame(frame)
    return source.withUnsafeBytes { Array(writer.assembled(from: $0).dropFirst(4)) }
}

/// Every message in every version, with values that follow from a seed.
@Suite struct MessageRoundTripTests {
    static let seed: UInt64 = 8

    @Test(arguments: MessageCase.all)
    func `what is written is read again, in every version`(_ message: MessageCase) throws {
        try roundTrip(message.type)
    }

    private func roundTrip<Message: TestableMessage>(_: Message.Type) throws {
        for version in Message.versions {
            var values = ArbitraryValues(seed: Self.seed)
            for round in 0..<20 {
                let message = round == 0 ? try blank(version) : Message.arbitrary(&values, version: version)
                let bytes = try encoded(message, version, source: values.source)
                try bytes.withUnsafeBytes { raw in
                    var reader = MessageReader(raw)
                    let again = try Message(from: &reader, version: version)
                    #expect(again == message, "version \(version), round \(round)")
                    #expect(reader.remaining == 0, "version \(version), round \(round)")
                    #expect(try encoded(again, version, source: bytes) == bytes, "version \(version), round \(round)")
                }
            }
        }
    }

    /// A message with every field at its default, as it comes over the wire: null where the version has no null is an
    /// error of the writer, and no default is one.
    private func blank<Message: TestableMessage>(_ version: Int16) throws -> Message {
        var values = ArbitraryValues(seed: 1)
        values.isBlank = true
        return Message.arbitrary(&values, version: version)
    }

    @Test(arguments: MessageCase.all)
    func `a message cut short anywhere is refused`(_ message: MessageCase) throws {
        try cut(message.type)
    }

    private func cut<Message: TestableMessage>(_: Message.Type) throws {
        for version in Message.versions {
            var values = ArbitraryValues(seed: Self.seed)
            var bytes: [UInt8] = []
            // One with something in it, but small: each of its beginnings is read.
            for _ in 0..<20 where !(30...300).contains(bytes.count) {
                let message = Message.arbitrary(&values, version: version)
                bytes = try encoded(message, version, source: values.source)
            }
            let read = bytes.withUnsafeBytes { raw in
                raw.indices.filter { count in
                    var reader = MessageReader(UnsafeRawBufferPointer(rebasing: raw[..<count]))
                    return (try? Message(from: &reader, version: version)) != nil
                }
            }
            #expect(read.isEmpty, "version \(version): read from so many of \(bytes.count) bytes")
        }
    }

    @Test(arguments: MessageCase.all)
    func `a changed message is refused, or is another message`(_ message: MessageCase) throws {
        try change(message.type)
    }

    private func change<Message: TestableMessage>(_: Message.Type) throws {
        let random = SeededRandom(seed: Self.seed)
        for version in Message.versions {
            var values = ArbitraryValues(seed: Self.seed)
            for _ in 0..<40 {
                let message = Message.arbitrary(&values, version: version)
                var bytes = try encoded(message, version, source: values.source)
                guard !bytes.isEmpty else { continue }
                for _ in 0...random.next(below: 3) {
                    let place = Int(random.next(below: UInt64(bytes.count)))
                    bytes[place] =
                        [0, 0x7F, 0x80, 0xFF, UInt8(truncatingIfNeeded: random.next())][
                            Int(random.next(below: 5))]
                }
                try bytes.withUnsafeBytes { raw in
                    var reader = MessageReader(raw)
                    guard let changed = try? Message(from: &reader, version: version) else { return }
                    let written = try encoded(changed, version, source: bytes)
                    try written.withUnsafeBytes { raw in
                        var reader = MessageReader(raw)
                        let again = try Message(from: &reader, version: version)
                        #expect(again == changed)
                        #expect(reader.remaining == 0)
                    }
                }
            }
        }
    }
}
