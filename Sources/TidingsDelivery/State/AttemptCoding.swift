// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A record of `__tidings.dead-letters`: an attempt, edited data, or a note of what somebody decided.
struct AttemptNote {
    enum Content {
        case attempt(AttemptRecord)
        /// Data that replaces the event's.
        case edit([UInt8])
        /// A dead letter was discarded by somebody.
        case discarded(UInt64)
    }

    let uuid: UUID128
    let event: EventReference
    /// The record before it of the same event; nil for the first.
    let previous: Offset?
    let content: Content

    private static let version: UInt8 = 1

    /// Appends the record's body.
    func encode(into body: inout ByteBuffer) {
        var value = ByteBuffer(capacity: 256)
        value.append(Self.version)
        value.append(state: event.partition)
        value.append(state: event.offset)
        value.append(varint: previous?.value ?? -1)
        switch content {
        case .attempt(let attempt):
            value.append(1 as UInt8)
            value.append(varint: attempt.time.millis)
            value.append(varint: attempt.duration.nanos)
            value.append(varint: Int64(attempt.status ?? -1))
            value.append(state: attempt.fault?.rawValue ?? "")
            value.append(state: attempt.reason)
            value.append(state: attempt.responseHead)
            value.append(state: attempt.responseBody)
        case .edit(let data):
            value.append(2 as UInt8)
            value.append(state: data)
        case .discarded(let id):
            value.append(3 as UInt8)
            value.append(varint: Int64(bitPattern: id))
        }
        var key = (uuid.high.bigEndian, uuid.low.bigEndian)
        withUnsafeBytes(of: &key) { EventRecord.encodeBody(key: $0, value: value.bytes, into: &body) }
    }

    init(uuid: UUID128, event: EventReference, previous: Offset?, content: Content) {
        self.uuid = uuid
        self.event = event
        self.previous = previous
        self.content = content
    }

    /// Reads a record.
    init(_ record: RecordView) throws(StateError) {
        guard let key = record.key, key.count == 16, let value = record.value else {
            throw StateError("the record at \(record.offset) is no record of an attempt")
        }
        uuid = UUID128(
            high: UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        var reader = StateReader(value)
        let version = try reader.byte()
        guard version == Self.version else { throw StateError("an attempt has version \(version)") }
        let partition = try reader.partition()
        event = EventReference(partition, try reader.offset())
        previous = Offset(decoding: try reader.number())
        let kind = try reader.byte()
        switch kind {
        case 1:
            let time = WallTime(millis: try reader.number())
            let duration = Duration.nanoseconds(try reader.number())
            let status = Int(exactly: try reader.number()) ?? -1
            let fault = AttemptResult.Fault(rawValue: try reader.text())
            let reason = try reader.text()
            let head = try reader.data()
            content = .attempt(
                AttemptRecord(
                    time: time, duration: duration, status: status < 0 ? nil : status, fault: fault, reason: reason,
                    responseHead: head, responseBody: try reader.data()))
        case 2: content = .edit(try reader.data())
        case 3: content = .discarded(UInt64(bitPattern: try reader.number()))
        default: throw StateError("a note has the unknown kind \(kind)")
        }
    }
}
