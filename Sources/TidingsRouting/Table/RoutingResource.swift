// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The kinds of resources the routing table is made of; the raw value is the collection's name in paths and records.
package enum ResourceKind: String, Sendable, Hashable, CaseIterable {
    case producers, types, routes, subscriptions, inbound

    /// One of the kind, for sentences.
    package var singular: String {
        switch self {
        case .producers: "producer"
        case .types: "type declaration"
        case .routes: "route"
        case .subscriptions: "subscription"
        case .inbound: "inbound webhook"
        }
    }
}

/// Names one resource; its text, `routes/orders`, is the key of its records.
package struct ResourceKey: Sendable, Hashable, CustomStringConvertible {
    /// The kind.
    package let kind: ResourceKind
    /// The name; of a type declaration the event type.
    package let name: String

    /// Names a resource.
    package init(_ kind: ResourceKind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Reads a record's key; nil for what this version does not know.
    package init?(recordKey text: String) {
        guard let slash = text.firstIndex(of: "/"), let kind = ResourceKind(rawValue: String(text[..<slash])) else {
            return nil
        }
        self.init(kind, String(text[text.index(after: slash)...]))
    }

    package var description: String { "\(kind.rawValue)/\(name)" }
}

/// One resource of the routing table.
package enum RoutingResource: Sendable, Hashable {
    case producer(Producer)
    case type(EventTypeDeclaration)
    case route(Route)
    case subscription(Subscription)
    case inbound(InboundWebhook)

    /// Its name.
    package var key: ResourceKey {
        switch self {
        case .producer(let producer): ResourceKey(.producers, producer.name.text)
        case .type(let declaration): ResourceKey(.types, declaration.type)
        case .route(let route): ResourceKey(.routes, route.name.text)
        case .subscription(let subscription): ResourceKey(.subscriptions, subscription.name.text)
        case .inbound(let inbound): ResourceKey(.inbound, inbound.name.text)
        }
    }
}

/// One change of the routing table: a resource written whole, or removed.
package struct RoutingChange: Sendable {
    /// Which resource.
    package let key: ResourceKey
    /// What it is now; nil: removed.
    package let resource: RoutingResource?

    /// A resource that is new or other than before.
    package static func put(_ resource: RoutingResource) -> RoutingChange {
        RoutingChange(key: resource.key, resource: resource)
    }

    /// A resource that goes.
    package static func remove(_ key: ResourceKey) -> RoutingChange { RoutingChange(key: key, resource: nil) }
}

/// A resource and the change that wrote it last.
package struct Revised<Value: Sendable>: Sendable {
    /// The resource.
    package let value: Value
    /// The offset of its record in the topic of the routing table; never the same twice.
    package let revision: Int64

    /// What HTTP calls this version of the resource.
    package var entityTag: String { "\"r\(revision)\"" }
}
