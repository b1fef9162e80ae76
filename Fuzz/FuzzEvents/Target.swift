// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Events in every form they are published in. What is accepted is stored, viewed, rendered and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let body = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    var reader = EventReader(time: SystemTime(), random: SeededRandom(seed: 1))
    var draft = EventDraft()
    switch start[0] % 7 {
    case 0:
        if (try? reader.readStructured(body, into: &draft)) != nil { store(draft) }
    case 1:
        if (try? reader.readPlain(body, into: &draft)) != nil { store(draft) }
    case 2:
        try? reader.readBatch(body, into: &draft) { draft, problem in if problem == nil { store(draft) } }
    case 3:
        try? reader.readLines(body, into: &draft) { draft, problem in if problem == nil { store(draft) } }
    case 5:
        // As the value of a record whose content type says that it is an event.
        show(
            headers: [(("content-type" as StaticString).bytes, ("application/cloudevents+json" as StaticString).bytes)],
            body)
    case 6:
        // As the body of a record.
        if let record = try? RecordView(body: body, offset: .zero, timestamp: WallTime(millis: 0)) { show(record) }
    default:
        // Headers are the lines up to the first empty one.
        var lines: [(Range<Int>, Range<Int>)] = []
        var at = 0
        while at < body.count {
            var end = at
            while end < body.count, body[end] != 10 { end += 1 }
            if end == at { break }
            var colon = at
            while colon < end, body[colon] != UInt8(ascii: ":") { colon += 1 }
            lines.append((at..<colon, min(colon + 1, end)..<end))
            at = end + 1
        }
        let data = UnsafeRawBufferPointer(rebasing: body[min(at + 1, body.count)...])
        let read: Void? = try? reader.readBinary(
            { each in
                for (name, value) in lines {
                    each(UnsafeRawBufferPointer(rebasing: body[name]), UnsafeRawBufferPointer(rebasing: body[value]))
                }
            }, body: data, into: &draft)
        if read != nil { store(draft) }
    }
    return 0
}

private func show(headers: [(UnsafeRawBufferPointer, UnsafeRawBufferPointer)], _ value: UnsafeRawBufferPointer) {
    var body = ByteBuffer()
    EventRecord.encodeBody(key: value, value: value, headers: headers.map { RecordHeader($0, $1) }, into: &body)
    if let record = try? RecordView(body: body.bytes, offset: .zero, timestamp: WallTime(millis: 0)) { show(record) }
}

/// Every record is an event, and twice the same.
private func show(_ record: RecordView) {
    let lens = EventLens()
    var texts: [[UInt8]] = []
    for _ in 0..<2 {
        let event = lens.event(record, in: TopicName("t")!, 0)
        guard event.isEvent else { preconditionFailure("a record is no event") }
        var text = ByteBuffer()
        var renderer = EventRenderer()
        renderer.plain(event, into: &text)
        text.removeAll()
        renderer.structured(event, into: &text)
        texts.append(text.array())
        renderer.binaryHeaders(event) { _, _ in }
    }
    if texts[0] != texts[1] { preconditionFailure("a record is two events") }
}

private func store(_ draft: borrowing EventDraft) {
    var body = ByteBuffer()
    EventRecord.encodeBody(draft, key: draft[.subject], into: &body)
    guard let record = try? RecordView(body: body.bytes, offset: .zero, timestamp: WallTime(millis: 0)) else {
        preconditionFailure("what was stored cannot be viewed")
    }
    let event = EventView(record)
    guard draft[.source] == nil || event.isEvent else { preconditionFailure("a stored event is none") }
    var text = ByteBuffer()
    var renderer = EventRenderer()
    renderer.plain(event, into: &text)
    text.removeAll()
    renderer.structured(event, into: &text)
    if (try? JSONValue.parse(text.bytes)) == nil { preconditionFailure("a rendered event is no JSON: \(text.text())") }
}
