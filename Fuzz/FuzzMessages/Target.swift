// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting

/// Kafka's requests (and, as a client reads them, responses): the first byte chooses which, the second its version. What
/// can be read is written again, and read again it is the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    headers(bytes)
    guard count >= 2 else { return 0 }
    let api = APIKey.allCases[Int(bytes[0] & 0x7F) % APIKey.allCases.count]
    let version = api.versions.lowerBound + Int16(bytes[1]) % Int16(api.versions.count)
    let body = UnsafeRawBufferPointer(rebasing: bytes[2...])
    if bytes[0] < 0x80 {
        roundTrip(api.messages.request, version, body)
    } else {
        roundTrip(api.messages.response, version, body)
    }
    return 0
}

private func headers(_ bytes: UnsafeRawBufferPointer) {
    var reader = MessageReader(bytes)
    _ = try? RequestHeader(of: &reader)
    _ = try? ConsumerProtocolSubscription(metadata: bytes)
    _ = try? ConsumerProtocolAssignment(assignment: bytes)
}

private func roundTrip<Message: TestableMessage>(_: Message.Type, _ version: Int16, _ bytes: UnsafeRawBufferPointer) {
    var reader = MessageReader(bytes)
    let message: Message
    do { message = try Message(from: &reader, version: version) } catch {
        precondition(!"\(error)".isEmpty)
        return
    }
    var writer = MessageWriter()
    let frame = writer.beginFrame()
    message.write(to: &writer, version: version)
    do { try writer.endFrame(frame) } catch { preconditionFailure("what was read cannot be written: \(error)") }
    let written = writer.assembled(from: bytes)
    written.withUnsafeBytes { written in
        var reader = MessageReader(UnsafeRawBufferPointer(rebasing: written[4...]))
        guard let again = try? Message(from: &reader, version: version) else {
            preconditionFailure("what was written cannot be read")
        }
        precondition(again == message, "something else is read than was written")
        precondition(reader.remaining == 0, "more was written than is read")
    }
}
