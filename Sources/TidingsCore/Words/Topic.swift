// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A topic's name, as Kafka allows it: 1 to 249 of `[a-zA-Z0-9._-]`, neither `.` nor `..`.
/// Names that begin with `__` are Tidings's own.
public struct TopicName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as written.
    public let text: String

    /// The rule a name keeps, for refusals.
    public static let rule = "1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-', neither '.' nor '..'"

    /// Takes a name from outside: nil when it breaks ``rule``.
    public init?(_ text: String) {
        guard (1...249).contains(text.utf8.count), text != ".", text != ".." else { return nil }
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard allowed else { return nil }
        self.text = text
    }

    /// Whether the topic is Tidings's own: not listed, not published to from outside.
    public var isInternal: Bool { text.hasPrefix("__") }

    public var description: String { text }

    public static func < (left: TopicName, right: TopicName) -> Bool { left.text < right.text }
}

/// A topic's identity in one data folder: a number given at creation and never given again.
public struct TopicID: Hashable, Sendable, Comparable {
    /// Counts up from 1 with every topic ever created in the folder.
    public let number: UInt32

    /// Creates the identity a folder's metadata holds.
    public init(_ number: UInt32) { self.number = number }

    public static func < (left: TopicID, right: TopicID) -> Bool { left.number < right.number }
}

/// One partition of one topic.
public struct PartitionID: Hashable, Sendable, Comparable {
    /// The topic.
    public let topic: TopicID
    /// The partition's index in its topic, from 0.
    public let index: Int32

    /// Names partition `index` of `topic`.
    public init(_ topic: TopicID, _ index: Int32) {
        self.topic = topic
        self.index = index
    }

    public static func < (left: PartitionID, right: PartitionID) -> Bool {
        (left.topic.number, left.index) < (right.topic.number, right.index)
    }
}

/// How a topic's keys were spread before it got more partitions: each key's records of that time end below `ends`.
public struct PartitionLayout: Sendable, Hashable {
    /// The offset each partition of that time had reached when more were added, by index; as many as there were.
    public let ends: [Offset]

    /// Describes a former layout.
    public init(ends: [Offset]) { self.ends = ends }

    /// How many partitions there were.
    public var partitionCount: Int32 { Int32(ends.count) }

    /// Whether the record at `offset` of a partition was stored in this layout, or in an older one.
    public func holds(_ offset: Offset, of index: Int32) -> Bool {
        index >= 0 && index < partitionCount && offset < ends[Int(index)]
    }
}

/// What a topic is, apart from its records. Immutable; a change makes a new value.
public struct TopicDescription: Sendable, Hashable {
    /// Its identity in this data folder.
    public let id: TopicID
    /// Its identity everywhere (16 random bytes), as the Kafka protocol wants it.
    public let uuid: UUID128
    /// Its name.
    public let name: TopicName
    /// How many partitions it has; at least 1.
    public let partitionCount: Int32
    /// How it keeps its records.
    public let settings: TopicSettings
    /// The layouts it had before, oldest first: one for each time that partitions were added.
    public let formerLayouts: [PartitionLayout]

    /// Describes a topic.
    public init(
        id: TopicID, uuid: UUID128, name: TopicName, partitionCount: Int32, settings: TopicSettings = TopicSettings(),
        formerLayouts: [PartitionLayout] = []
    ) {
        self.id = id
        self.uuid = uuid
        self.name = name
        self.partitionCount = partitionCount
        self.settings = settings
        self.formerLayouts = formerLayouts
    }

    /// The same topic with other settings.
    public func with(settings: TopicSettings) -> TopicDescription {
        TopicDescription(
            id: id, uuid: uuid, name: name, partitionCount: partitionCount, settings: settings,
            formerLayouts: formerLayouts)
    }

    /// The same topic with more partitions; the old ones ended at `ends`, by index.
    public func with(partitionCount: Int32, endingAt ends: [Offset]) -> TopicDescription {
        TopicDescription(
            id: id, uuid: uuid, name: name, partitionCount: partitionCount, settings: settings,
            formerLayouts: formerLayouts + [PartitionLayout(ends: ends)])
    }

    /// Its partitions, in order.
    public var partitions: [PartitionID] { (0..<partitionCount).map { PartitionID(id, $0) } }
}
