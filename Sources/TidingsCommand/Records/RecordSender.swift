// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A record on its way to a topic.
struct OutgoingRecord {
    var key: [UInt8]?
    /// Nil for a tombstone.
    var value: [UInt8]?
    var headers: [(name: String, value: [UInt8]?)] = []
    var partition: Int64?
    /// By RFC 3339; nil for now.
    var timestamp: String?

    /// Appends it as the API reads it.
    func write(into text: inout ByteBuffer) {
        JSONWriter.write(into: &text) { json in
            json.object { json in
                if let partition { json.member("partition", partition) }
                if let timestamp { json.member("timestamp", timestamp) }
                Self.write("key", "key_base64", key, &json)
                Self.write("value", "value_base64", value, &json)
                guard !headers.isEmpty else { return }
                json.key("headers")
                json.array { json in
                    for header in headers {
                        json.object { json in
                            json.member("name", header.name)
                            Self.write("value", "value_base64", header.value, &json)
                        }
                    }
                }
            }
        }
    }

    private static func write(
        _ name: StaticString, _ base64Name: StaticString, _ bytes: [UInt8]?, _ json: inout JSONWriter
    ) {
        bytes?.withUnsafeBytes { bytes in
            if UTF8Check.firstBadByte(bytes) == nil {
                json.key(name)
                json.string(bytes)
            } else {
                json.key(base64Name)
                json.base64(bytes)
            }
        }
    }
}

/// Sends records in requests of a bounded size, one after another.
final class RecordSender {
    /// How many records one request has at most, and about how many bytes.
    private static let most = 1_000, mostBytes = 1 << 20

    private let client: any APIClient
    private let topic: String
    private var body = ByteBuffer(capacity: 1 << 16)
    private var waiting = 0
    /// How many are stored.
    private(set) var stored = 0
    /// Takes the answer to each request.
    private let answered: (JSONValue) -> Void

    init(_ client: any APIClient, topic: String, answered: @escaping (JSONValue) -> Void) {
        self.client = client
        self.topic = topic
        self.answered = answered
    }

    /// Adds a record; sends what waits when that is enough.
    func add(_ record: OutgoingRecord) throws(CommandFailure) {
        body.append(waiting == 0 ? "{\"records\":[" : ",")
        record.write(into: &body)
        waiting += 1
        if waiting == Self.most || body.count >= Self.mostBytes { try send() }
    }

    /// Sends what waits.
    func send() throws(CommandFailure) {
        guard waiting > 0 else { return }
        body.append("]}")
        var request = APIRequest("POST", ["v1", "topics", topic, "records"])
        request.body = ("application/json", body.array())
        let answer: APIAnswer
        do throws(CommandFailure) {
            answer = try client.expect(request)
        } catch {
            // Nothing is sent again: nobody could tell the second from the first.
            let told = stored == 0 ? "" : "; \(stored) records were stored before that"
            throw CommandFailure(error.code, error.message + told, hint: error.hint)
        }
        answered(try answer.json())
        stored += waiting
        waiting = 0
        body.removeAll()
    }
}
