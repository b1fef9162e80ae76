// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One kind of resource as commands see it: what its table shows, and which flags write which of its members.
struct ResourceKind: Sendable {
    /// What a flag writes.
    enum Shape: Sendable {
        case text
        /// The flag may be repeated; an array of texts.
        case texts
        case number
        /// A flag that stands alone and writes `true`.
        case truth
        /// `NAME=VALUE`, may be repeated; an object.
        case pairs
        /// Any JSON.
        case json
    }

    /// One flag and the member it writes.
    struct Field: Sendable {
        let flag: String
        /// Names of members joined by dots.
        let path: String
        let shape: Shape
        let placeholder: String
        let help: String

        init(_ flag: String, _ path: String, _ shape: Shape = .text, _ placeholder: String = "TEXT", _ help: String) {
            self.flag = flag
            self.path = path
            self.shape = shape
            self.placeholder = placeholder
            self.help = help
        }

        var option: CommandOption {
            switch shape {
            case .truth: .flag(flag, group: "What it holds", help: help)
            case .texts, .pairs: CommandOption(flag, placeholder, repeated: true, group: "What it holds", help: help)
            case .text, .number, .json: CommandOption(flag, placeholder, group: "What it holds", help: help)
            }
        }
    }

    /// The word of the command and of the path.
    let plural: String
    let singular: String
    let summary: String
    let columns: [ListColumn]
    let fields: [Field]
    let example: String
    /// What is lost with it, for the question before a removal.
    let loses: String
}

extension ResourceKind {
    static let producers = ResourceKind(
        plural: "producers", singular: "producer", summary: "Services that own event types.",
        columns: [.text("name", "name"), .text("sources", "sources"), .text("types", "types")],
        fields: [
            Field("source", "sources", .texts, "SOURCE", "a source it publishes as"),
            Field("type", "types", .texts, "PATTERN", "types it owns: exact, or a prefix and *"),
        ],
        example: "--source /order-service --type 'order.*'", loses: "anyone may publish its types then")

    static let types = ResourceKind(
        plural: "types", singular: "type", summary: "Event types: what they mean, who produces and who receives them.",
        columns: [
            .text("name", "name"), .text("producers", "status.producers"), .text("topic", "status.topic"),
            .text("shared", "shared"), .text("last seen", "status.last_seen"), .text("description", "description"),
        ],
        fields: [
            Field("shared", "shared", .truth, "", "several producers may publish it"),
            Field("description", "description", .text, "TEXT", "what it means"),
        ],
        example: "--description 'A customer placed an order'", loses: "its description and what it shares")

    static let routes = ResourceKind(
        plural: "routes", singular: "route", summary: "Where events of which type are stored.",
        columns: [
            .text("name", "name"), .text("types", "types"), .text("topic", "topic"), .text("key", "key"),
            ListColumn(title: "copies", isNumber: false) { route in
                (route["copies"]?.array ?? []).compactMap { $0["topic"]?.string }.joined(separator: ", ")
            },
        ],
        fields: [
            Field("type", "types", .texts, "PATTERN", "types it applies to: exact, or a prefix and *"),
            Field("topic", "topic", .text, "TOPIC", "the topic; made on first use"),
            Field("key", "key", .text, "KEY", "entity, type, source, id, an extension, or none"),
            Field("channel", "channel", .text, "CHANNEL", "the channel; log is the server's own"),
            Field("copies", "copies", .json, "JSON", "further places, as in the API"),
        ],
        example: "--type 'order.*' --topic orders", loses: "its types go to topic \"events\" then")

    static let subscriptions = ResourceKind(
        plural: "subscriptions", singular: "subscription", summary: "Who receives which events by webhook.",
        columns: [
            .text("name", "name"), .text("types", "types"), .text("endpoint", "endpoint.url"),
            .text("state", "status.state"), .number("lag", "status.lag"), .text("oldest", "status.oldest_age"),
            .number("in flight", "status.in_flight"), .number("delivered", "status.delivered"),
            .number("waiting", "status.waiting"), .number("parked", "status.parked_entities"),
            .number("dead", "status.dead_letters"), .number("expired", "status.expired"),
            .number("retention %", "status.retention.percent"),
        ],
        fields: [
            Field("type", "types", .texts, "PATTERN", "types it wants: exact, or a prefix and *"),
            Field("url", "endpoint.url", .text, "URL", "where events are posted"),
            Field("consumer", "consumer", .text, "NAME", "the service it belongs to; default: its own name"),
            Field("topic", "topics", .texts, "TOPIC", "only these topics"),
            Field("filter", "filters", .json, "JSON", "a list of filters in the CloudEvents dialects"),
            Field("mode", "endpoint.mode", .text, "MODE", "structured, binary or plain"),
            Field("header", "endpoint.headers", .pairs, "NAME=VALUE", "a header of every request"),
            Field("bearer", "endpoint.bearer", .text, "TOKEN", "a token for the Authorization header"),
            Field("secret", "endpoint.secret", .text, "whsec_…", "the secret that signs; made when absent"),
            Field("order", "order", .text, "entity|none", "whether events of an entity come one after another"),
            Field("concurrency", "concurrency", .number, "N", "requests in flight at most"),
            Field("attempts", "retry.attempts", .number, "N", "attempts before an event becomes a dead letter"),
            Field("first", "retry.first", .text, "DURATION", "the rest after the first failure"),
            Field("factor", "retry.factor", .json, "N", "how much longer each next rest is"),
            Field("longest", "retry.longest", .text, "DURATION", "the longest rest"),
            Field("exhausted", "exhausted", .text, "park|let_go", "whether a dead letter stops its entity"),
            Field(
                "start", "start", .text, "PLACE",
                "where it begins: now, beginning, or a time, also back from now like -1h"),
            Field("paused", "paused", .truth, "", "it begins paused"),
        ],
        example: "--type 'order.*' --url http://127.0.0.1:3000/events",
        loses: "its position, waiting events and dead letters")

    static let inbound = ResourceKind(
        plural: "inbound", singular: "inbound webhook", summary: "Partners' calls that become events.",
        columns: [
            .text("name", "name"), .text("kind", "kind"), .text("type", "type"),
            ListColumn(title: "path", isNumber: false) { ($0["name"]?.string).map { "/in/\($0)" } ?? "" },
        ],
        fields: [
            Field("kind", "kind", .text, "github|generic", "whose calls they are"),
            Field("secret", "secret", .text, "SECRET", "what github signs with"),
            Field("type", "type", .text, "POINTER", "generic: where the event's type stands"),
            Field("entity", "entity", .text, "POINTER", "generic: where the entity stands"),
            Field("id", "id", .text, "POINTER", "generic: where the event's id stands"),
            Field("verify", "verify", .json, "JSON", "generic: how calls are verified, as in the API"),
        ],
        example: "--kind github --secret s3cret", loses: "calls of the partner are refused then")
}
