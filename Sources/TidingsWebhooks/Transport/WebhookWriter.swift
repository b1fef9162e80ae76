// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Writes the request of one attempt into buffers that are kept: header fields, signature, body.
///
/// - Concurrency: one owner at a time.
struct WebhookWriter: ~Copyable {

    private var fields = ByteBuffer(capacity: 2048)
    private var rendered = ByteBuffer(capacity: 4096)
    private var renderer = EventRenderer()

    /// Writes a request and lends it: its fields and its body, both valid during the call.
    /// - Parameter id: `webhook-id`: the same for every attempt of one event to one subscription; has no full stop.
    /// - Parameter now: gives `webhook-timestamp`.
    /// - Parameter trace: the span this attempt is; nil sends no `traceparent`.
    mutating func write<Answer>(
        _ event: EventView, to prepared: PreparedEndpoint, id: UnsafeRawBufferPointer, now: WallTime,
        trace: TraceContext?, _ use: (_ fields: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> Answer
    ) -> Answer {
        fields.removeAll(keepingAtMost: 1 << 16)
        rendered.removeAll()
        let body = writeEvent(event, prepared.endpoint.mode)
        let seconds = now.millis / 1000
        fields.append("webhook-id: ")
        fields.append(id)
        fields.append("\r\nwebhook-timestamp: ")
        fields.append(decimal: seconds)
        if let signer = prepared.signer {
            fields.append("\r\nwebhook-signature: ")
            signer.appendSignature(id: id, timestamp: seconds, body: body, to: &fields)
        }
        fields.append("\r\n")
        if let trace {
            fields.append("traceparent: ")
            trace.format(into: &fields)
            fields.append("\r\n")
            // Only what may stand in a field; an event's own may be anything.
            if let state = event.traceState, (1...512).contains(state.count),
                state.allSatisfy({ (0x20...0x7E).contains($0) })
            {
                fields.append("tracestate: ")
                fields.append(state)
                fields.append("\r\n")
            }
        }
        fields.append(prepared.fields)
        return use(fields.bytes, body)
    }

    /// Writes a request whose data is `data` instead of the stored event's: a redrive may repair an event on its way out.
    mutating func write<Answer>(
        _ event: EventView, withData data: [UInt8], to prepared: PreparedEndpoint, id: UnsafeRawBufferPointer,
        now: WallTime, trace: TraceContext?,
        _ use: (_ fields: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> Answer
    ) throws(RecordError) -> Answer {
        var headers: [RecordHeader] = []
        event.carrier.forEachHeader { headers.append(RecordHeader($0, $1)) }
        var edited = ByteBuffer(capacity: data.count + event.record.byteCount)
        Self.recordValue(data, event.contentType).withUnsafeBytes { data in
            EventRecord.encodeBody(key: event.record.key, value: data, headers: headers, into: &edited)
        }
        let record = try RecordView(
            body: edited.bytes, offset: event.record.offset, timestamp: event.record.timestamp)
        return write(event.replaced(by: record), to: prepared, id: id, now: now, trace: trace, use)
    }

    /// What edited data is in a record: the JSON itself where the event's data is JSON. Where it is of another content
    /// type, a JSON string stands for its text, as in the plain form and in structured mode.
    private static func recordValue(_ data: [UInt8], _ contentType: UnsafeRawBufferPointer?) -> [UInt8] {
        guard let contentType, !MediaType.isJSON(contentType),
            let text = data.withUnsafeBytes({ try? JSONValue.parse($0) })?.string
        else { return data }
        return [UInt8](text.utf8)
    }

    /// Writes the fields that make an event of the request, and answers its body.
    private mutating func writeEvent(_ event: EventView, _ mode: EndpointMode) -> UnsafeRawBufferPointer {
        switch mode {
        case .structured:
            renderer.structured(event, into: &rendered)
            fields.append("content-type: application/cloudevents+json\r\n")
        case .plain:
            renderer.plain(event, into: &rendered)
            fields.append("content-type: application/json\r\n")
        case .binary:
            renderer.binaryHeaders(event) { name, value in
                // Records of Kafka clients may have header names that would break a request.
                guard name.allSatisfy(Self.mayStandInName) else { return }
                fields.append(name)
                fields.append(": ")
                fields.append(value)
                fields.append("\r\n")
            }
            return event.data ?? UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return rendered.bytes
    }

    private static func mayStandInName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
