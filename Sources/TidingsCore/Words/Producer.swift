// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A service that owns event types: while it exists, only its sources may publish them.
public struct Producer: Hashable, Sendable {
    /// Its name.
    public let name: Name
    /// The values of `source` its events carry, compared as they are; at least one.
    public var sources: [String]
    /// The types it claims. Those of two producers overlap only where the type is declared shared.
    public var types: [TypePattern]

    /// Describes a producer.
    public init(name: Name, sources: [String], types: [TypePattern]) {
        self.name = name
        self.sources = sources
        self.types = types
    }
}

/// What is declared about one event type; a type needs no declaration to be published.
public struct EventTypeDeclaration: Hashable, Sendable {
    /// The type, exactly.
    public let type: String
    /// Whether several producers may claim the type; false by default.
    public var isShared: Bool
    /// A sentence for people; none by default.
    public var about: String?

    /// The most bytes of ``about``.
    public static let longestAbout = 4096

    /// Declares a type.
    public init(type: String, isShared: Bool = false, about: String? = nil) {
        self.type = type
        self.isShared = isShared
        self.about = about
    }
}

/// A topic as `PUT /v1/topics/…` says it; the log keeps it.
public struct TopicResource: Hashable, Sendable {
    /// Its name.
    public let name: TopicName
    /// How many partitions it has; nil: as many as it has already, or ``defaultPartitions``.
    public var partitions: Int32?
    /// How long and in what form it keeps its records, and what an acknowledgement of them means.
    public var settings: TopicSettings

    /// What a topic gets that nobody asked more or fewer for.
    public static let defaultPartitions: Int32 = 4
    /// How many partitions one topic may have.
    public static let allowedPartitions: ClosedRange<Int32> = 1...1024

    /// Describes a topic.
    public init(name: TopicName, partitions: Int32? = nil, settings: TopicSettings = TopicSettings()) {
        self.name = name
        self.partitions = partitions
        self.settings = settings
    }
}
