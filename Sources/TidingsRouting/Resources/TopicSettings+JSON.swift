// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A topic's settings as the API's resources have them: grouped, durations as texts, and what has no limit by a word.
enum TopicSettingsJSON {
    /// What is done with old records.
    enum Cleanup: String, CaseIterable {
        case delete, compact
        case both = "compact_and_delete"

        init(_ cleanup: TopicSettings.Cleanup) {
            self = cleanup.contains(.compact) ? (cleanup.contains(.delete) ? .both : .compact) : .delete
        }

        var cleanup: TopicSettings.Cleanup {
            switch self {
            case .delete: .delete
            case .compact: .compact
            case .both: [.compact, .delete]
            }
        }
    }

    /// Whose time a record's timestamp is.
    enum Timestamp: String, CaseIterable {
        case created, appended

        init(_ type: TopicSettings.TimestampType) { self = type == .created ? .created : .appended }

        var type: TopicSettings.TimestampType { self == .created ? .created : .appended }
    }

    /// How long records are kept that are kept for ever.
    static let forever = "forever"
    private static let longest: Duration = .seconds(10_000 * 86_400)
    private static let mostBytes = Int(Int32.max)

    // MARK: - Reading

    static func read(_ reader: inout ObjectReader) -> TopicSettings {
        var settings = TopicSettings()
        settings.durability = reader.word("durability", settings.durability)
        settings.cleanup = reader.word("cleanup", Cleanup(settings.cleanup)).cleanup
        group("retention", &reader) { reader in
            settings.retentionTime = time(&reader, settings.retentionTime)
            settings.retentionBytes = bytes(&reader, "bytes", 0...Int.max).map { Int64($0) }
        }
        group("segment", &reader) { reader in
            settings.segmentBytes = bytes(&reader, "bytes", 4_096...mostBytes)
            settings.segmentTime = reader.duration("time", .milliseconds(1)...longest, settings.segmentTime)
        }
        settings.maxBatchBytes = bytes(&reader, "max_batch_bytes", 1_024...(64 << 20))
        settings.timestampType = reader.word("timestamp", Timestamp(settings.timestampType)).type
        settings.timestampPast = limit(&reader, "timestamp_past", .zero...longest)
        settings.timestampFuture = limit(&reader, "timestamp_future", .zero...longest)
        group("compaction", &reader) { reader in
            settings.maxCompactionLag = limit(&reader, "max_lag", .milliseconds(1)...longest)
            settings.minCompactionLag = reader.duration("lag", .zero...longest, settings.minCompactionLag)
            settings.tombstoneTime = reader.duration("tombstones", .zero...longest, settings.tombstoneTime)
            settings.minDirtyPercent = reader.integer("dirty_percent", 0...100, settings.minDirtyPercent)
        }
        return settings
    }

    private static func group(
        _ name: String, _ reader: inout ObjectReader, _ read: (inout ObjectReader) -> Void
    ) {
        guard let value = reader.value(name) else { return }
        var inner = ObjectReader(value, at: reader.place(name), reader.faults)
        read(&inner)
        inner.finish()
    }

    private static func time(_ reader: inout ObjectReader, _ standard: Duration?) -> Duration? {
        let sentence = "must be 'forever', or a duration such as \"12h\" or \"7d\" of at most 10000d"
        let found = reader.parsed("time", "duration", sentence) { text -> Duration?? in
            if text == forever { return .some(nil) }
            guard let time = DurationText.parse(text), time > .zero, time <= longest else { return nil }
            return time
        }
        return found ?? standard
    }

    private static func bytes(_ reader: inout ObjectReader, _ name: String, _ allowed: ClosedRange<Int>) -> Int? {
        reader.value(name) == nil ? nil : reader.integer(name, allowed, allowed.upperBound)
    }

    private static func limit(
        _ reader: inout ObjectReader, _ name: String, _ allowed: ClosedRange<Duration>
    ) -> Duration? {
        reader.value(name) == nil ? nil : reader.duration(name, allowed, allowed.upperBound)
    }

    // MARK: - Writing

    static func write(_ settings: TopicSettings, _ json: inout JSONWriter) {
        json.member("durability", settings.durability.rawValue)
        json.member("cleanup", Cleanup(settings.cleanup).rawValue)
        json.key("retention")
        json.object { json in
            json.member("time", settings.retentionTime.map { DurationText.format($0) } ?? forever)
            number("bytes", settings.retentionBytes, &json)
        }
        json.key("segment")
        json.object { json in
            number("bytes", settings.segmentBytes.map { Int64($0) }, &json)
            json.member("time", DurationText.format(settings.segmentTime))
        }
        number("max_batch_bytes", settings.maxBatchBytes.map { Int64($0) }, &json)
        json.member("timestamp", Timestamp(settings.timestampType).rawValue)
        limit("timestamp_past", settings.timestampPast, &json)
        limit("timestamp_future", settings.timestampFuture, &json)
        json.key("compaction")
        json.object { json in
            json.member("lag", DurationText.format(settings.minCompactionLag))
            limit("max_lag", settings.maxCompactionLag, &json)
            json.member("tombstones", DurationText.format(settings.tombstoneTime))
            json.member("dirty_percent", settings.minDirtyPercent)
        }
    }

    private static func number(_ name: StaticString, _ value: Int64?, _ json: inout JSONWriter) {
        json.key(name)
        if let value { json.number(value) } else { json.null() }
    }

    private static func limit(_ name: StaticString, _ value: Duration?, _ json: inout JSONWriter) {
        json.key(name)
        if let value { json.string(DurationText.format(value)) } else { json.null() }
    }

    /// Where a setting stands in a topic.
    static func pointer(_ name: TopicSettingName) -> String {
        switch name {
        case .durability: "/durability"
        case .cleanup: "/cleanup"
        case .retentionTime: "/retention/time"
        case .retentionBytes: "/retention/bytes"
        case .segmentBytes: "/segment/bytes"
        case .segmentTime: "/segment/time"
        case .maxBatchBytes: "/max_batch_bytes"
        case .timestampType: "/timestamp"
        case .timestampPast: "/timestamp_past"
        case .timestampFuture: "/timestamp_future"
        case .minCompactionLag: "/compaction/lag"
        case .maxCompactionLag: "/compaction/max_lag"
        case .tombstoneTime: "/compaction/tombstones"
        case .minDirtyPercent: "/compaction/dirty_percent"
        }
    }
}

/// A topic as JSON: what a `PUT` takes, and how it is shown.
extension TopicResource {
    /// Appends what can be put back: name, number of partitions, settings.
    package static func writeMembers(of topic: TopicDescription, _ json: inout JSONWriter) {
        json.member("name", topic.name.text)
        json.member("partitions", topic.partitionCount)
        TopicSettingsJSON.write(topic.settings, &json)
    }

    /// The settings that are as when nothing is said, as JSON pointers into the topic.
    package static func defaults(of topic: TopicDescription) -> [String] {
        let own = Set(topic.settings.overrides.map(\.name))
        return TopicSettingName.allCases.filter { !own.contains($0) }.map { TopicSettingsJSON.pointer($0) }
    }

    /// The topic as JSON that can be changed and read again.
    static func json(of topic: TopicDescription) -> JSONValue {
        var text = ByteBuffer(capacity: 512)
        JSONWriter.write(into: &text) { json in json.object { writeMembers(of: topic, &$0) } }
        guard let value = try? JSONValue.parse(text.bytes) else { preconditionFailure("what was written is JSON") }
        return value
    }
}

extension JSONValue {
    /// This value changed by a merge patch (RFC 7396): members replace members, null removes them.
    func merged(with patch: JSONValue) -> JSONValue {
        guard let changes = patch.object else { return patch }
        var object = self.object ?? JSONObject()
        for change in changes.members {
            object[change.name] =
                change.value.isNull ? nil : (object[change.name] ?? .null).merged(with: change.value)
        }
        return .object(object)
    }
}
