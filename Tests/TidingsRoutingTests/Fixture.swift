// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

@testable import TidingsRouting

/// Resources in one line, for tests.
enum Fixture {
    static func name(_ text: String) -> Name { Name(text)! }
    static func topic(_ text: String) -> TopicName { TopicName(text)! }
    static func patterns(_ texts: [String]) -> [TypePattern] { texts.map { TypePattern($0)! } }

    static func producer(_ name: String, _ sources: [String], _ types: [String]) -> RoutingResource {
        .producer(Producer(name: self.name(name), sources: sources, types: patterns(types)))
    }

    static func shared(_ type: String, _ isShared: Bool = true) -> RoutingResource {
        .type(EventTypeDeclaration(type: type, isShared: isShared))
    }

    static func route(_ name: String, _ types: [String], to topic: String, copies: [String] = []) -> RoutingResource {
        .route(
            Route(
                name: self.name(name), types: patterns(types), target: RouteTarget(topic: self.topic(topic)),
                copies: copies.map { RouteTarget(topic: self.topic($0)) }))
    }

    static func subscription(
        _ name: String, _ types: [String], topics: [String]? = nil, filters: [Filter] = []
    ) -> RoutingResource {
        .subscription(
            Subscription(
                uuid: UUID128(high: UInt64(name.utf8.reduce(7) { ($0 &* 31) &+ Int($1) }), low: 1),
                name: self.name(name), created: WallTime(millis: 0), since: 1, types: patterns(types),
                topics: topics?.map(topic), filters: filters,
                endpoint: Endpoint(url: EndpointURL("http://127.0.0.1:9/")!, secret: Secret("whsec_x"))))
    }

    static func bytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Array(text.utf8).withUnsafeBytes(body)
    }
}

extension RoutingTable {
    /// The names of those who get an event of a type from a topic.
    func names(_ type: String, in topic: String, isCopy: Bool = false) -> [String] {
        Fixture.bytes(type) { subscribers(ofType: $0, in: Fixture.topic(topic), isCopy: isCopy) }
            .map(\.subscription.name.text).sorted()
    }
}

extension TypePlan {
    func mayPublish(from source: String) -> Bool { Fixture.bytes(source) { refusal(ofSource: $0) } == nil }
}

extension Problem {
    /// Pointers and rules, in order.
    var brokenRules: [String] { violations.map { "\($0.pointer) \($0.rule)" } }
}

/// The refusal that `work` throws; nil when it throws none.
func refusal(_ work: () throws(Problem) -> Void) -> Problem? {
    do throws(Problem) {
        try work()
        return nil
    } catch {
        return error
    }
}
