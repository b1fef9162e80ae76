// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// The records of one request, read straight out of its JSON: `{"records": [{"key", "value", "headers", "partition"}, …]}`.
///
/// Keys, values and those of headers are texts, or in base64 under their name and `_base64`; null and none are the same.
struct RecordSet: ~Copyable {
    /// How many records one request may bring.
    static let most = 10_000
    /// How many headers one record may have.
    static let mostHeaders = 1_000

    private static let members = ["key", "key_base64", "value", "value_base64", "headers", "partition", "timestamp"]
    private static let headerMembers = ["name", "value", "value_base64"]

    /// What came as a text, once it was read: where it lies in `bytes`.
    private struct Text {
        /// Whether it was named, null or not.
        var isNamed = false
        var range: Range<Int>?
    }

    /// The records, each in its partition.
    var buffer = AppendBuffer()
    private let topic: TopicDescription
    private let now: WallTime
    private let turn: UInt32
    private var scanner = JSONScanner()
    /// The texts of the record at hand.
    private var bytes = ByteBuffer(capacity: 4_096)

    /// - Parameter turn: chooses the partition of records without a key: the same for a whole request.
    init(of topic: TopicDescription, at now: WallTime, turn: UInt32) {
        self.topic = topic
        self.now = now
        self.turn = turn
    }

    /// Reads a body.
    /// - Throws: `unreadable-body`, or the first rule that is broken; then nothing of it is to be stored.
    mutating func read(_ body: UnsafeRawBufferPointer) throws(Problem) {
        do {
            scanner.begin(body)
            try readBody()
            try scanner.end()
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.unreadableBody, "the body is not JSON: \(error)", [.init("", "json")])
        }
    }

    private mutating func readBody() throws {
        guard try scanner.peek() == .object else { throw Self.refusal("", "object", "must be an object") }
        try scanner.enterObject()
        var hasRecords = false
        while let name = try scanner.nextName() {
            let text = scanner.string(name)
            guard text == "records" else { throw Self.unknown("/" + text, text, among: ["records"]) }
            hasRecords = true
            guard try scanner.peek() == .array else {
                throw Self.refusal("/records", "array", "must be a list of records")
            }
            try scanner.enterArray()
            while try scanner.nextElement() { try readRecord() }
        }
        if !hasRecords || buffer.entries.isEmpty {
            throw Self.refusal("/records", "required", "must be a list of one record at least")
        }
    }

    private mutating func readRecord() throws {
        let at = "/records/\(buffer.entries.count)"
        guard buffer.entries.count < Self.most else {
            throw Self.refusal("/records", "too-many", "must be at most \(Self.most) records")
        }
        guard try scanner.peek() == .object else { throw Self.refusal(at, "object", "must be an object") }
        try scanner.enterObject()
        bytes.removeAll()
        var (key, value) = (Text(), Text())
        var headers: [(name: Range<Int>, value: Range<Int>?)] = []
        var partition: Int64?
        var time = now
        while let token = try scanner.nextName() {
            let name = scanner.string(token)
            let place = "\(at)/\(name)"
            switch name {
            case "key", "key_base64": try read(&key, at: place, isBase64: name == "key_base64")
            case "value", "value_base64": try read(&value, at: place, isBase64: name == "value_base64")
            case "headers": headers = try readHeaders(at: place)
            case "partition":
                let token = try scanner.value()
                let number =
                    token.kind == .number
                    ? JSONNumber(checked: String(decoding: scanner.bytes(token.range), as: UTF8.self)).integer : nil
                guard let number, number >= 0 else {
                    throw Self.refusal(place, "integer", "must be a whole number from 0 on")
                }
                partition = number
            case "timestamp":
                let token = try scanner.value()
                guard token.kind == .string, let found = RFC3339.wallTime(scanner.string(token)) else {
                    throw Self.refusal(place, "rfc3339", "must be an RFC 3339 time")
                }
                if topic.settings.timestampType == .created { time = WallTime(millis: max(0, found.millis)) }
            default: throw Self.unknown(place, name, among: Self.members)
            }
        }
        if key.range == nil, topic.settings.cleanup.contains(.compact) {
            throw Self.refusal("\(at)/key", "required", "must be there: the topic is compacted by key")
        }
        try add(key.range, value.range, headers, partition, time, at)
    }

    private mutating func add(
        _ key: Range<Int>?, _ value: Range<Int>?, _ headers: [(name: Range<Int>, value: Range<Int>?)],
        _ partition: Int64?, _ time: WallTime, _ at: String
    ) throws {
        let texts = bytes.bytes
        let keyBytes = key.map { texts.part($0) }
        var home = PublishSet.place(in: topic, keyBytes, turn)
        if let partition {
            guard partition < Int64(topic.partitionCount) else {
                throw Problem(
                    .notFound, "topic '\(topic.name)' has \(topic.partitionCount) partitions, no number \(partition)",
                    [.init("\(at)/partition", "partition", found: String(partition))])
            }
            home = (topic.partitions[Int(partition)], 0)
        }
        let extra = headers.map { header in
            RecordHeader(texts.part(header.name), header.value.map { texts.part($0) })
        }
        buffer.add(to: home.partition, among: home.among, at: time) { body in
            EventRecord.encodeBody(key: keyBytes, value: value.map { texts.part($0) }, headers: extra, into: &body)
        }
    }

    private mutating func readHeaders(at place: String) throws -> [(name: Range<Int>, value: Range<Int>?)] {
        guard try scanner.peek() == .array else { throw Self.refusal(place, "array", "must be a list of headers") }
        try scanner.enterArray()
        var headers: [(name: Range<Int>, value: Range<Int>?)] = []
        while try scanner.nextElement() {
            let at = "\(place)/\(headers.count)"
            guard headers.count < Self.mostHeaders else {
                throw Self.refusal(place, "too-many", "must be at most \(Self.mostHeaders) headers")
            }
            guard try scanner.peek() == .object else { throw Self.refusal(at, "object", "must be an object") }
            try scanner.enterObject()
            var (name, value) = (Text(), Text())
            while let token = try scanner.nextName() {
                let member = scanner.string(token)
                switch member {
                case "name": try read(&name, at: "\(at)/name", isBase64: false)
                case "value", "value_base64":
                    try read(&value, at: "\(at)/\(member)", isBase64: member == "value_base64")
                default: throw Self.unknown("\(at)/\(member)", member, among: Self.headerMembers)
                }
            }
            guard let name = name.range else { throw Self.refusal("\(at)/name", "required", "must be there") }
            headers.append((name, value.range))
        }
        return headers
    }

    /// Reads a text into `bytes`; null is none.
    private mutating func read(_ text: inout Text, at place: String, isBase64: Bool) throws {
        if text.isNamed {
            throw Self.refusal(place, "alone", "stands there as text and in base64: leave one of them out")
        }
        text.isNamed = true
        let token = try scanner.value()
        if token.kind == .null { return }
        guard token.kind == .string else { throw Self.refusal(place, "string", "must be a text, or null") }
        let start = bytes.count
        if !isBase64 {
            if token.hasEscapes {
                JSONText.unescape(scanner.bytes(token.content), into: &bytes)
            } else {
                bytes.append(scanner.bytes(token.content))
            }
        } else if token.hasEscapes || !Base64.decode(scanner.bytes(token.content), into: &bytes) {
            throw Self.refusal(place, "base64", "must be base64")
        }
        text.range = start..<bytes.count
    }

    private static func refusal(_ pointer: String, _ rule: String, _ sentence: String) -> Problem {
        Problem(
            .invalidResource, "\(pointer.isEmpty ? "the body" : "'\(pointer)'") \(sentence)", [.init(pointer, rule)])
    }

    private static func unknown(_ pointer: String, _ name: String, among known: [String]) -> Problem {
        Problem(
            .invalidResource, "'\(pointer)' is no known field\(Spelling.hint(for: name, in: known))",
            [.init(pointer, "unknown-field", found: name)])
    }
}
