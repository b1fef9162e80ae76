// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// Everybody who reads, in one table: groups of Kafka's clients, then subscriptions: `GET /v1/readers`.
extension AdminAPI {
    /// One row.
    private struct Row {
        let kind: TopicReader.Kind
        let name: String
        let state: String
        var reason: String?
        let since: WallTime
        let topics: [TopicName]
        let lag: Int64
        var oldestAge: Duration?
        /// How many clients share the work; nil where that is no question.
        var members: Int?
    }

    func registerReaders(on router: Router) {
        router.add(.get, "/v1/readers", query: ListPage.query + ["topic"]) {
            [self] request, responder throws(Problem) in
            let parameters = try request.parameters()
            try readers(ListPage(parameters), of: try parameters.text("topic"), responder)
        }
    }

    /// Which kind a page goes on with, and behind which name.
    private static func place(_ cursor: String?) throws(Problem) -> (kind: TopicReader.Kind, after: String?) {
        guard let cursor else { return (.group, nil) }
        // A name may begin with a mark that is one character with the colon: bytes are compared.
        for kind in TopicReader.Kind.allCases where cursor.utf8.starts(with: "\(kind.rawValue):".utf8) {
            return (kind, String(cursor.unicodeScalars.dropFirst(kind.rawValue.unicodeScalars.count + 1)))
        }
        throw QueryParameters.refusal(
            "The query parameter 'cursor' must be what 'next' said.", "cursor", "cursor", cursor)
    }

    private func readers(_ page: ListPage, of topic: String?, _ responder: HTTPResponder) throws(Problem) {
        let (kind, after) = try Self.place(page.after)
        guard kind == .group, let groups else {
            return addSubscriptions(
                to: [], page, of: topic, after: kind == .subscription ? after : nil, responder)
        }
        groups.groups(of: topic, after: after, limit: page.limit + 1, on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let found):
                findAges(found.map { GroupStanding($0, in: log) }) { [self] standings in
                    let now = loop.time.wall
                    let rows = standings.map { standing in
                        var row = Row(
                            kind: .group, name: standing.group.name, state: standing.group.state.rawValue,
                            since: standing.group.since, topics: standing.topics, lag: standing.lag)
                        row.oldestAge = standing.oldest.map { .milliseconds(max(0, now.millis &- $0.millis)) }
                        row.members = standing.group.members.count
                        return row
                    }
                    if rows.count > page.limit { return answer(rows, page, responder) }
                    addSubscriptions(to: rows, page, of: topic, after: nil, responder)
                }
            }
        }
    }

    private func addSubscriptions(
        to rows: [Row], _ page: ListPage, of topic: String?, after: String?, _ responder: HTTPResponder
    ) {
        let table = reader.table
        let named = topic.flatMap { TopicName($0) }
        let subscriptions = table.subscriptions.map(\.subscription).sorted { $0.name.text < $1.name.text }.filter {
            subscription in
            (after.map { subscription.name.text > $0 } ?? true)
                && (topic == nil || named.map { table.topics(of: subscription).contains($0) } ?? false)
        }.prefix(page.limit + 1 - rows.count)
        Gathering<Subscription, SubscriptionStatus>(Array(subscriptions)) { [self] subscriptions, standings in
            let more = zip(subscriptions, standings).map { subscription, standing in
                let status = standing ?? SubscriptionStatus()
                var row = Row(
                    kind: .subscription, name: subscription.name.text, state: status.state.rawValue,
                    since: subscription.created, topics: topics(of: subscription, table), lag: status.lag)
                row.reason = status.reason
                row.oldestAge = status.oldestAge
                return row
            }
            answer(rows + more, page, responder)
        }.gather { [self] subscription, then in
            delivery.status(of: subscription.uuid, on: loop) { then(try? $0.get()) }
        }
    }

    /// The topics that a subscription names, or else those it reads of all there are.
    private func topics(of subscription: Subscription, _ table: RoutingTable) -> [TopicName] {
        if let topics = subscription.topics { return topics.sorted() }
        let choice = table.topics(of: subscription)
        return log.topics.all.map(\.name).filter { !$0.isInternal && choice.contains($0) }.sorted()
    }

    private func answer(_ rows: [Row], _ page: ListPage, _ responder: HTTPResponder) {
        let items = rows.prefix(page.limit)
        let next = rows.count > page.limit ? items.last.map { "\($0.kind.rawValue):\($0.name)" } : nil
        ListPage.respond(next, responder) { json in for row in items { json.object { Self.write(row, &$0) } } }
    }

    private static func write(_ row: Row, _ json: inout JSONWriter) {
        json.member("kind", row.kind.rawValue)
        json.member("name", row.name)
        json.member("state", row.state)
        json.key("reason")
        if let reason = row.reason { json.string(reason) } else { json.null() }
        json.member("since", RFC3339.format(row.since))
        json.key("topics")
        json.array { json in for topic in row.topics { json.string(topic.text) } }
        json.member("lag", row.lag)
        json.key("oldest_age")
        if let age = row.oldestAge { json.string(DurationText.format(age)) } else { json.null() }
        json.key("members")
        json.optional(row.members.map { Int64($0) })
    }
}
