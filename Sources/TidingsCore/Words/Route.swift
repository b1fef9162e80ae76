// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Where events of some types are stored: in which topic, by which key, with which copies.
/// Of several routes the one with the most specific pattern applies to a type: exact beats prefix, longer beats shorter.
public struct Route: Hashable, Sendable {
    /// Its name.
    public let name: Name
    /// The types it is for; at least one, none of them in another route.
    public var types: [TypePattern]
    /// Where the event goes.
    public var target: RouteTarget
    /// Where copies of it go, in the same round; none by default. A topic appears once among target and copies.
    public var copies: [RouteTarget]

    /// The most copies a route makes.
    public static let mostCopies = 16

    /// Describes a route.
    public init(name: Name, types: [TypePattern], target: RouteTarget, copies: [RouteTarget] = []) {
        self.name = name
        self.types = types
        self.target = target
        self.copies = copies
    }
}

/// One place a route stores an event in.
public struct RouteTarget: Hashable, Sendable {
    /// The medium: `log`, the embedded one, by default and for now always.
    public var channel: Name
    /// The topic; made on first use.
    public var topic: TopicName
    /// What the record's key is taken from; the entity by default.
    public var key: RouteKey

    /// The embedded log's name.
    public static let log = Name("log")!
    /// The name of the record header that marks a copy; its value is empty. Subscriptions that name no topics never
    /// get what carries it.
    public static let copyHeader: StaticString = "tidings-copy"

    /// Names a place.
    public init(channel: Name = RouteTarget.log, topic: TopicName, key: RouteKey = .entity) {
        self.channel = channel
        self.topic = topic
        self.key = key
    }
}

/// Which attribute of an event becomes the key of its record, which decides its partition and its lane.
/// An event without that attribute has no key.
public enum RouteKey: Hashable, Sendable, CustomStringConvertible {
    /// What the event is about: the attribute `subject`.
    case entity
    case type, source, id
    /// An extension of that name.
    case `extension`(String)
    /// No key: spread over the partitions, in no order.
    case none

    /// The rule a key choice keeps, for refusals.
    public static let rule = "entity, type, source, id, none, or the name of an extension (a-z, 0-9)"

    /// Takes a choice from outside: nil when it breaks ``rule``.
    public init?(_ text: String) {
        switch text {
        case "entity": self = .entity
        case "type": self = .type
        case "source": self = .source
        case "id": self = .id
        case "none": self = .none
        case "subject", "time", "specversion", "datacontenttype", "dataschema", "data": return nil
        default:
            guard AttributeName.isValid(text) else { return nil }
            self = .extension(text)
        }
    }

    /// The choice as written in a route.
    public var description: String {
        switch self {
        case .entity: "entity"
        case .type: "type"
        case .source: "source"
        case .id: "id"
        case .extension(let name): name
        case .none: "none"
        }
    }

    /// The attribute of the event that holds the key; nil for ``none``.
    public var attribute: String? {
        switch self {
        case .entity: "subject"
        case .none: nil
        default: description
        }
    }
}

/// The rule for names of CloudEvents attributes.
public enum AttributeName {
    /// The most characters a name may have here; CloudEvents advises 20.
    public static let longest = 64

    /// Whether a text is a name: 1 to 64 of a-z and 0-9.
    public static func isValid(_ text: String) -> Bool {
        (1...longest).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}
