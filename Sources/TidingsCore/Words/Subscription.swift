// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which events a consumer gets, where they are pushed to, and how.
public struct Subscription: Hashable, Sendable {
    /// Its identity: one made again under an old name is another one and inherits nothing.
    public let uuid: UUID128
    /// Its name.
    public let name: Name
    /// When it was made.
    public let created: WallTime
    /// The round of the log that made it durable: with ``StartPosition/now`` its events are those of this round and
    /// later ones. 0 until it is known.
    public var since: UInt64
    /// The service that reads; the subscription's own name by default.
    public var consumer: Name
    /// The types it gets; at least one.
    public var types: [TypePattern]
    /// The topics it reads; nil, the default: wherever the routes put these types, never the copies.
    public var topics: [TopicName]?
    /// What must hold of an event, all of them; none by default.
    public var filters: [Filter]
    /// Where events are pushed to.
    public var endpoint: Endpoint
    /// Whether the order of a key is kept; by entity by default.
    public var order: SubscriptionOrder
    /// How many attempts may be in flight at once; 16 by default.
    public var concurrency: Int
    /// When a refused delivery is tried again.
    public var retry: RetryPolicy
    /// What becomes of a lane whose delivery was given up on; it parks by default.
    public var exhausted: ExhaustedPolicy
    /// Where it began to read; read once, when it is made. Now by default.
    public var start: StartPosition
    /// Whether it rests until somebody resumes it; false by default.
    public var isPaused: Bool

    /// What a subscription gets that does not say.
    public static let defaultConcurrency = 16
    /// How many attempts may be in flight at once.
    public static let allowedConcurrency = 1...1024
    /// The most patterns, sources or topics one resource lists.
    public static let longestList = 1024

    /// Describes a subscription.
    public init(
        uuid: UUID128, name: Name, created: WallTime, since: UInt64 = 0, consumer: Name? = nil, types: [TypePattern],
        topics: [TopicName]? = nil, filters: [Filter] = [], endpoint: Endpoint, order: SubscriptionOrder = .entity,
        concurrency: Int = Subscription.defaultConcurrency, retry: RetryPolicy = RetryPolicy(),
        exhausted: ExhaustedPolicy = .park, start: StartPosition = .now, isPaused: Bool = false
    ) {
        self.uuid = uuid
        self.name = name
        self.created = created
        self.since = since
        self.consumer = consumer ?? name
        self.types = types
        self.topics = topics
        self.filters = filters
        self.endpoint = endpoint
        self.order = order
        self.concurrency = concurrency
        self.retry = retry
        self.exhausted = exhausted
        self.start = start
        self.isPaused = isPaused
    }
}

/// Whether a subscription gets the events of a key one after another.
public enum SubscriptionOrder: String, Hashable, Sendable, CaseIterable {
    /// One after another within a key of a topic: a lane. Named after what the key usually is.
    case entity
    /// As they come.
    case none
}

/// What becomes of a lane whose delivery was given up on. The delivery becomes a dead letter either way.
public enum ExhaustedPolicy: String, Hashable, Sendable, CaseIterable {
    /// The entity waits until somebody redrives or discards the dead letter.
    case park
    /// The entity goes on with its next event.
    case letGo = "let_go"
}

/// Where a new subscription begins to read.
public enum StartPosition: Hashable, Sendable {
    /// With what is published after it was made.
    case now
    /// With the oldest event that is stored.
    case beginning
    /// In each partition, with the first event that was stored at that time or later.
    case time(WallTime)
}
