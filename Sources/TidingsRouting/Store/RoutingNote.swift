// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A record of the routing table's topic that is no resource: what must outlive the records of resources when the topic
/// is compacted.
enum RoutingNote: Hashable, Sendable {
    /// All topics in which routes store events of a pattern, or once did; key `placements/<pattern>`.
    case placements(TypePattern, [TopicName])
    /// What could not be read below that offset is given up; key `accepted/losses`.
    case acceptedLosses(below: Offset)

    private static let placementPrefix = "placements/"
    private static let acceptedKey = "accepted/losses"

    /// The record's key.
    var key: String {
        switch self {
        case .placements(let pattern, _): Self.placementPrefix + pattern.text
        case .acceptedLosses: Self.acceptedKey
        }
    }

    /// Whether a record with that key is a note.
    static func isKey(_ text: String) -> Bool { text.hasPrefix(placementPrefix) || text == acceptedKey }

    /// Reads a record whose key ``isKey(_:)`` knows; nil when its value is not what it should be.
    init?(key: String, value: UnsafeRawBufferPointer?) {
        guard let value, let json = try? JSONValue.parse(value) else { return nil }
        if key == Self.acceptedKey {
            guard let below = json["below"]?.integer.flatMap({ Offset(decoding: $0) }) else { return nil }
            self = .acceptedLosses(below: below)
            return
        }
        guard let pattern = TypePattern(String(key.dropFirst(Self.placementPrefix.count))),
            let names = json["topics"]?.array
        else { return nil }
        let topics = names.compactMap { $0.string.flatMap { TopicName($0) } }
        guard topics.count == names.count else { return nil }
        self = .placements(pattern, topics)
    }

    /// Adds the record to an append.
    func add(to partition: PartitionID, at time: WallTime, _ buffer: inout AppendBuffer) {
        var value = ByteBuffer(capacity: 256)
        JSONWriter.write(into: &value) { json in
            json.object { json in
                switch self {
                case .placements(_, let topics):
                    json.key("topics")
                    json.array { json in for topic in topics { json.string(topic.text) } }
                case .acceptedLosses(let below): json.member("below", below.value)
                }
            }
        }
        var key = key
        key.withUTF8 { key in
            buffer.add(to: partition, at: time) { body in
                EventRecord.encodeBody(key: UnsafeRawBufferPointer(key), value: value.bytes, into: &body)
            }
        }
    }
}

/// Records of the routing table that could not be read when the server started: the table may have a hole.
package struct RoutingLoss: Sendable, Hashable {
    /// The records.
    package let offsets: Range<Offset>
    /// The resource they are about; nil when that cannot be read either.
    package let resource: ResourceKey?
    /// Why they cannot be read.
    package let reason: String

    /// Describes a loss.
    package init(offsets: Range<Offset>, resource: ResourceKey?, reason: String) {
        self.offsets = offsets
        self.resource = resource
        self.reason = reason
    }
}
