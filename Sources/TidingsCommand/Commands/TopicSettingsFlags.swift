// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The flags that set a topic's settings, and how settings are shown.
enum TopicSettingsFlags {
    /// Each flag and the member it writes.
    static let fields: [ResourceKind.Field] = [
        .init("durability", "durability", .text, "synced|interval|os", "what an acknowledged event survives"),
        .init("cleanup", "cleanup", .text, "POLICY", "delete, compact or compact_and_delete"),
        .init("retention-time", "retention.time", .text, "DURATION", "how long records are kept; or forever"),
        .init("retention-bytes", "retention.bytes", .number, "N", "how many bytes a partition keeps"),
        .init("segment-bytes", "segment.bytes", .number, "N", "the size at which a segment is closed"),
        .init("segment-time", "segment.time", .text, "DURATION", "the age at which a segment is closed"),
        .init("max-batch-bytes", "max_batch_bytes", .number, "N", "the largest batch a Kafka client may send"),
        .init("timestamp", "timestamp", .text, "created|appended", "whose time a Kafka client's record has"),
        .init("timestamp-past", "timestamp_past", .text, "DURATION", "how old a Kafka client's time may be"),
        .init("timestamp-future", "timestamp_future", .text, "DURATION", "how far ahead a Kafka client's time may be"),
        .init("compaction-lag", "compaction.lag", .text, "DURATION", "how old a record is before compaction drops it"),
        .init("compaction-max-lag", "compaction.max_lag", .text, "DURATION", "how long a record waits for compaction"),
        .init("tombstones", "compaction.tombstones", .text, "DURATION", "how long compaction keeps a deletion"),
        .init("dirty-percent", "compaction.dirty_percent", .number, "N", "how much is new before it is compacted"),
    ]

    static let unset = CommandOption(
        "default", "MEMBER", repeated: true, group: "What it holds",
        help: "as when nothing is said, like retention.bytes")

    /// The members that the flags name.
    static func read(_ invocation: Invocation, into base: JSONValue) throws(CommandFailure) -> JSONValue {
        var value = try ResourceCommand.apply(fields, invocation, to: base)
        for path in invocation.all(unset.name) {
            guard fields.contains(where: { $0.path == path }) else {
                let nearest = Spelling.nearest(to: path, in: fields.map(\.path))
                throw CommandFailure(
                    .usage,
                    "there is no member \"\(path)\"" + (nearest.map { "; did you mean \"\($0)\"?" } ?? ""))
            }
            value = removed(path.split(separator: ".").map(String.init)[...], in: value)
        }
        return value
    }

    private static func removed(_ path: ArraySlice<String>, in value: JSONValue) -> JSONValue {
        guard let name = path.first else { return .null }
        var object = value.object ?? JSONObject()
        object[name] = removed(path.dropFirst(), in: object[name] ?? .null)
        return .object(object)
    }

    /// A topic's settings as a table; those that nobody set are marked.
    static func table(_ topic: JSONValue) -> Table {
        let defaults = Set((topic["status"]?["defaults"]?.array ?? []).compactMap(\.string))
        var table = Table([.text("setting"), .text("value"), .text("")])
        table.add(["partitions", topic["partitions"]?.cell ?? ""])
        for field in fields {
            let pointer = "/" + field.path.split(separator: ".").joined(separator: "/")
            let value = topic.at(field.path).map { $0.isNull ? "no limit of its own" : $0.cell } ?? ""
            var note = defaults.contains(pointer) ? "default" : "set"
            if field.path == "durability", topic["status"]?["relaxed"]?.bool == true {
                note += "; RELAXED: a power failure may take acknowledged events"
            }
            table.add([field.path, value, note])
        }
        return table
    }
}
