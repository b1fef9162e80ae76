// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// How long and in what form a topic keeps its records, and what an acknowledgement of them means.
/// Immutable in use; a change makes a new value. Names and texts are Kafka's where Kafka has them.
public struct TopicSettings: Sendable, Hashable {
    /// What an acknowledged record survives.
    public enum Durability: String, Sendable, Hashable, CaseIterable {
        /// A power failure: it was synced before the answer.
        case synced
        /// The end of the process; a power failure takes at most what the last interval brought.
        case interval
        /// The end of the process; what a power failure takes is up to the operating system.
        case os

        /// Whether an acknowledged record can be lost with the machine's power.
        public var isRelaxed: Bool { self != .synced }
    }

    /// What is done with old records; both may be chosen.
    public struct Cleanup: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Records past the retention limits go.
        public static let delete = Cleanup(rawValue: 1)
        /// Of each key the last record stays.
        public static let compact = Cleanup(rawValue: 2)
    }

    /// Whose time a record's timestamp is, when a Kafka client sends it.
    public enum TimestampType: String, Sendable, Hashable, CaseIterable {
        case created = "CreateTime"
        case appended = "LogAppendTime"
    }

    /// What an acknowledged record survives.
    public var durability = Durability.synced
    /// What is done with old records.
    public var cleanup = Cleanup.delete
    /// How old a record may become; nil for ever.
    public var retentionTime: Duration? = .seconds(7 * 86_400)
    /// How many bytes a partition may keep; nil without limit.
    public var retentionBytes: Int64?
    /// A segment is closed when the next batch would take it past this many bytes; nil: the log's own setting.
    public var segmentBytes: Int?
    /// A segment is closed when its first record is this old.
    public var segmentTime = Duration.seconds(7 * 86_400)
    /// The largest batch a client may send, in bytes; nil: the log's own setting.
    public var maxBatchBytes: Int?
    /// Whose time a record's timestamp is.
    public var timestampType = TimestampType.created
    /// How far behind the server's clock a time that a Kafka client gives may lie; nil without limit.
    public var timestampPast: Duration?
    /// How far ahead of the server's clock a time that a Kafka client gives may lie; nil without limit.
    public var timestampFuture: Duration?
    /// How old a record must be before compaction may drop it.
    public var minCompactionLag = Duration.zero
    /// How old a record may become before its partition is compacted, however little is new; nil without limit.
    public var maxCompactionLag: Duration?
    /// How long compaction keeps a tombstone, after it was first seen there.
    public var tombstoneTime = Duration.seconds(86_400)
    /// Which part of a partition, in percent of its bytes, must be new since its last compaction before the next one.
    public var minDirtyPercent = 50

    /// The defaults.
    public init() {}
}

/// A setting's name, as Kafka spells it, or `tidings.…` where Kafka has none.
public enum TopicSettingName: String, Sendable, Hashable, CaseIterable {
    case durability = "tidings.durability"
    case cleanup = "cleanup.policy"
    case retentionTime = "retention.ms"
    case retentionBytes = "retention.bytes"
    case segmentBytes = "segment.bytes"
    case segmentTime = "segment.ms"
    case maxBatchBytes = "max.message.bytes"
    case timestampType = "message.timestamp.type"
    case timestampPast = "message.timestamp.before.max.ms"
    case timestampFuture = "message.timestamp.after.max.ms"
    case minCompactionLag = "min.compaction.lag.ms"
    case maxCompactionLag = "max.compaction.lag.ms"
    case tombstoneTime = "delete.retention.ms"
    case minDirtyPercent = "min.cleanable.dirty.ratio"
}

/// Why a setting's text was refused.
public struct TopicSettingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The setting, as it was named.
    public let name: String
    /// What a value must be.
    public let rule: String
    /// What was found instead.
    public let found: String

    public var description: String { "\(name) must be \(rule), not '\(found)'" }
}

extension TopicSettings {
    /// The value of a setting as text; nil when the topic has none of its own (the log's holds).
    public func value(of name: TopicSettingName) -> String? {
        switch name {
        case .durability: durability.rawValue
        case .cleanup:
            [cleanup.contains(.compact) ? "compact" : nil, cleanup.contains(.delete) ? "delete" : nil]
                .compactMap(\.self).joined(separator: ",")
        case .retentionTime: String(retentionTime?.millis ?? -1)
        case .retentionBytes: String(retentionBytes ?? -1)
        case .segmentBytes: segmentBytes.map { String($0) }
        case .segmentTime: String(segmentTime.millis)
        case .maxBatchBytes: maxBatchBytes.map { String($0) }
        case .timestampType: timestampType.rawValue
        case .timestampPast: String(timestampPast?.millis ?? .max)
        case .timestampFuture: String(timestampFuture?.millis ?? .max)
        case .minCompactionLag: String(minCompactionLag.millis)
        case .maxCompactionLag: String(maxCompactionLag?.millis ?? .max)
        case .tombstoneTime: String(tombstoneTime.millis)
        case .minDirtyPercent: Self.ratio(minDirtyPercent)
        }
    }

    /// Sets one setting from its text; nil brings the default back.
    public mutating func set(_ name: TopicSettingName, to text: String?) throws(TopicSettingError) {
        let standard = TopicSettings()
        func refused(_ rule: String) -> TopicSettingError {
            TopicSettingError(name: name.rawValue, rule: rule, found: text ?? "")
        }
        func number(_ range: ClosedRange<Int64>) throws(TopicSettingError) -> Int64? {
            guard let text else { return nil }
            guard let number = Int64(text), range.contains(number) else {
                throw refused("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        // A hundred years: further than any clock, and far from what overflows.
        let longest: Int64 = 36_525 * 86_400_000
        func limit(from lowest: Int64) throws(TopicSettingError) -> Duration? {
            try number(lowest ... .max).flatMap { $0 > longest ? nil : .milliseconds($0) }
        }
        switch name {
        case .durability:
            guard let text else { return durability = standard.durability }
            guard let value = Durability(rawValue: text) else { throw refused("synced, interval or os") }
            durability = value
        case .cleanup:
            guard let text else { return cleanup = standard.cleanup }
            var value: Cleanup = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                switch part.trimmed {
                case "delete": value.insert(.delete)
                case "compact": value.insert(.compact)
                default: throw refused("delete, compact, or both with a comma between them")
                }
            }
            cleanup = value
        case .retentionTime:
            // Kafka's clients say Int64.max for "for ever" too.
            let value = try number(-1 ... .max)
            retentionTime = value.map { $0 < 0 || $0 > longest ? nil : .milliseconds($0) } ?? standard.retentionTime
        case .retentionBytes: retentionBytes = try number(-1 ... .max).flatMap { $0 < 0 ? nil : $0 }
        case .segmentBytes: segmentBytes = try number(4_096...Int64(Int32.max)).map { Int($0) }
        case .segmentTime:
            segmentTime = try number(1...longest).map { .milliseconds($0) } ?? standard.segmentTime
        case .maxBatchBytes: maxBatchBytes = try number(1_024...(64 << 20)).map { Int($0) }
        case .timestampType:
            guard let text else { return timestampType = standard.timestampType }
            guard let value = TimestampType(rawValue: text) else { throw refused("CreateTime or LogAppendTime") }
            timestampType = value
        case .timestampPast: timestampPast = try limit(from: 0)
        case .timestampFuture: timestampFuture = try limit(from: 0)
        case .maxCompactionLag: maxCompactionLag = try limit(from: 1)
        case .minCompactionLag:
            minCompactionLag = try number(0...longest).map { .milliseconds($0) } ?? standard.minCompactionLag
        case .tombstoneTime:
            tombstoneTime = try number(0...longest).map { .milliseconds($0) } ?? standard.tombstoneTime
        case .minDirtyPercent:
            guard let text else { return minDirtyPercent = standard.minDirtyPercent }
            guard let value = Self.percent(text) else {
                throw refused("a number from 0 to 1 with at most two decimals")
            }
            minDirtyPercent = value
        }
    }

    /// What differs from the defaults, as names and texts, in the order of ``TopicSettingName``: what is stored.
    public var overrides: [(name: TopicSettingName, text: String)] {
        let standard = TopicSettings()
        return TopicSettingName.allCases.compactMap { name in
            guard let text = value(of: name), text != standard.value(of: name) else { return nil }
            return (name, text)
        }
    }

    private static func ratio(_ percent: Int) -> String {
        if percent >= 100 { return "1" }
        if percent <= 0 { return "0" }
        if percent % 10 == 0 { return "0.\(percent / 10)" }
        return percent < 10 ? "0.0\(percent)" : "0.\(percent)"
    }

    private static func percent(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int(parts[0]), (0...1).contains(whole) else { return nil }
        guard parts.count == 2 else { return whole * 100 }
        guard (1...2).contains(parts[1].count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let decimals = Int(parts[1])
        else { return nil }
        let percent = whole * 100 + (parts[1].count == 1 ? decimals * 10 : decimals)
        return percent <= 100 ? percent : nil
    }
}

extension Substring {
    /// Without spaces at both ends.
    fileprivate var trimmed: Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
