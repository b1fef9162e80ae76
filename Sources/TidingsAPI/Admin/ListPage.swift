// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// Which part of a list is asked for: `?limit=&cursor=`.
struct ListPage {
    /// The parameters every list knows.
    static let query = ["limit", "cursor"]
    /// How many items a page has that does not say.
    static let usual = 100
    /// The most items of a page.
    static let most = 1000

    /// How many items are asked for.
    let limit: Int
    /// What `next` of the page before said; nil for the first.
    let after: String?

    init(_ parameters: QueryParameters) throws(Problem) {
        limit = try parameters.integer("limit", in: 1...Int64(Self.most)).map { Int($0) } ?? Self.usual
        after = try parameters.text("cursor")
    }

    /// The page of a list that is sorted by name, and the cursor of the next; a cursor is the last name of a page.
    func cut<Item>(
        _ items: [Item], by name: (Item) -> String, where isWanted: (Item) -> Bool = { _ in true }
    ) -> (items: [Item], next: String?) {
        var page: [Item] = []
        for item in items {
            if let after, name(item) <= after { continue }
            guard isWanted(item) else { continue }
            if page.count == limit { return (page, page.last.map(name)) }
            page.append(item)
        }
        return (page, nil)
    }

    /// Answers a page.
    static func respond(_ next: String?, _ responder: HTTPResponder, items: (inout JSONWriter) -> Void) {
        responder.respond(.ok, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in
                json.object { json in
                    json.key("items")
                    json.array(items)
                    json.key("next")
                    if let next { json.string(next) } else { json.null() }
                }
            }
        }
    }
}

/// Which resources of a list are asked for, by query parameters.
struct ResourceFilter {
    private let type: TypePattern?
    private let topic: String?
    private let consumer: String?

    /// The parameters the list of a kind knows.
    static func names(of kind: ResourceKind) -> [String] {
        switch kind {
        case .producers, .types: ["type"]
        case .routes: ["type", "topic"]
        case .subscriptions: ["type", "topic", "consumer"]
        case .inbound: []
        }
    }

    init(_ parameters: QueryParameters) throws(Problem) {
        topic = try parameters.text("topic")
        consumer = try parameters.text("consumer")
        guard let text = try parameters.text("type") else {
            type = nil
            return
        }
        guard let pattern = TypePattern(text) else {
            throw QueryParameters.refusal("'\(text)' is no event type and no pattern.", "type", "pattern", text)
        }
        type = pattern
    }

    func matches(_ item: Revised<RoutingResource>) -> Bool {
        switch item.value {
        case .producer(let producer): return overlaps(producer.types)
        case .type(let declaration): return TypePattern(declaration.type).map { overlaps([$0]) } ?? false
        case .route(let route):
            return overlaps(route.types) && names(([route.target] + route.copies).map(\.topic))
        case .subscription(let subscription):
            return overlaps(subscription.types) && (topic == nil || names(subscription.topics ?? []))
                && (consumer == nil || consumer == subscription.consumer.text)
        case .inbound: return true
        }
    }

    private func overlaps(_ patterns: [TypePattern]) -> Bool {
        type.map { type in patterns.contains { $0.overlaps(type) } } ?? true
    }

    private func names(_ topics: [TopicName]) -> Bool {
        topic.map { topic in topics.contains { $0.text == topic } } ?? true
    }
}

/// Asks for one thing per item and goes on when all are there.
///
/// - Concurrency: lives on one loop.
final class Gathering<Item, Found> {
    private let items: [Item]
    private var found: [Found?]
    private var missing: Int
    private let then: ([Item], [Found?]) -> Void

    init(_ items: [Item], then: @escaping ([Item], [Found?]) -> Void) {
        self.items = items
        self.then = then
        found = Array(repeating: nil, count: items.count)
        missing = items.count
    }

    /// Asks; `ask` must call its closure once per item, now or later.
    func gather(_ ask: (Item, @escaping (Found?) -> Void) -> Void) {
        if items.isEmpty { return then([], []) }
        for (place, item) in items.enumerated() {
            ask(item) { [self] result in
                found[place] = result
                missing -= 1
                if missing == 0 { then(items, found) }
            }
        }
    }
}
