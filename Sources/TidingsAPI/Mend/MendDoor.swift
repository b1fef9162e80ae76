// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// Mending: which entities wait, what was given up on, and what is done about it.
///
/// - Concurrency: one per loop; lives there.
package final class MendDoor {
    /// The largest body with edited data, in bytes.
    package static let largestBody = 1 << 20
    /// How many dead letters one request may name.
    package static let mostIDs = 1_000

    private let store: RoutingStore
    private let reader: RoutingReader
    private let log: any EventLog
    private let delivery: any DeliveryAdmin
    private let loop: any Loop

    /// Makes the loop's door.
    package init(store: RoutingStore, log: any EventLog, delivery: any DeliveryAdmin, loop: any Loop) {
        self.store = store
        self.log = log
        self.delivery = delivery
        self.loop = loop
        reader = RoutingReader(store)
    }

    /// Adds the routes to a router of the same loop, which keeps this object.
    package func register(on router: Router) {
        let base = "/v1/subscriptions/{name}"
        router.add(.get, "\(base)/entities", query: ListPage.query + ["state"]) {
            [self] request, responder throws(Problem) in
            try entities(request, responder)
        }
        let filters = ["entity", "blocking", "reason", "type"]
        router.add(.get, "\(base)/dead-letters", query: ListPage.query + filters) {
            [self] request, responder throws(Problem) in
            try list(request, responder)
        }
        router.add(.get, "\(base)/dead-letters/{id}") { [self] request, responder throws(Problem) in
            try details(request, responder)
        }
        router.add(.post, "\(base)/dead-letters/{id}/redrive", body: .collect(atMost: Self.largestBody)) {
            [self] request, responder throws(Problem) in
            try redrive(request, responder)
        }
        router.add(.post, "\(base)/dead-letters/{id}/discard") { [self] request, responder throws(Problem) in
            try discard(request, responder)
        }
        router.add(.post, "\(base)/dead-letters/redrive", body: .collect(atMost: Self.largestBody)) {
            [self] request, responder throws(Problem) in
            try redriveMany(request, responder)
        }
    }

    private func subscription(_ request: borrowing HTTPRequest) throws(Problem) -> UUID128 {
        let name = try request.parameter(0)
        guard let known = Name(name).flatMap({ reader.table.subscription($0) }) else {
            throw Problem(.notFound, "there is no subscription '\(name)'")
        }
        return known.subscription.uuid
    }

    private func letterID(_ request: borrowing HTTPRequest) throws(Problem) -> DeadLetterID {
        let text = try request.parameter(1)
        guard let id = DeadLetterID(text) else { throw Problem(.notFound, "there is no dead letter '\(text)'") }
        return id
    }

    // MARK: - Looking

    private func entities(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let uuid = try subscription(request)
        let parameters = try request.parameters()
        let page = try ListPage(parameters)
        let state = try parameters.choice("state", EntityState.self)
        delivery.entities(of: uuid, in: state, after: page.after, limit: page.limit, on: loop) { [self] result in
            answer(result, responder) { entity, json in entity.write(topic(entity.event.partition), &json) }
        }
    }

    private func list(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let uuid = try subscription(request)
        let parameters = try request.parameters()
        let page = try ListPage(parameters)
        var filter = DeadLetterFilter()
        filter.key = try parameters.text("entity")
        filter.isBlocking = try parameters.flag("blocking")
        filter.reason = try parameters.text("reason")
        if let text = try parameters.text("type") {
            guard let pattern = TypePattern(text) else {
                throw QueryParameters.refusal("'\(text)' is no event type and no pattern.", "type", "pattern", text)
            }
            filter.type = pattern
        }
        delivery.deadLetters(of: uuid, where: filter, after: page.after, limit: page.limit, on: loop) {
            [self] result in
            answer(result, responder) { letter, json in letter.write(topic(letter.event.partition), &json) }
        }
    }

    private func details(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let uuid = try subscription(request)
        delivery.deadLetter(of: uuid, id: try letterID(request), on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let details):
                respond(.ok, responder) { details.write(topic(details.summary.event.partition), &$0) }
            }
        }
    }

    // MARK: - Mending

    private func redrive(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let uuid = try subscription(request)
        let id = try letterID(request)
        let data = try MendRequest.editedData(request)
        // Looked up first: it may be delivered, and gone, before the redrive is answered.
        delivery.deadLetter(of: uuid, id: id, on: loop) { [self] found in
            guard case .success(let details) = found else {
                if case .failure(let problem) = found { responder.refuse(problem) }
                return
            }
            delivery.redrive(of: uuid, id: id, data: data, on: loop) { [self] result in
                if case .failure(let problem) = result { return responder.refuse(problem) }
                respond(.accepted, responder) {
                    details.summary.write(topic(details.summary.event.partition), isRedriven: true, &$0)
                }
            }
        }
    }

    private func discard(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let uuid = try subscription(request)
        delivery.discard(of: uuid, id: try letterID(request), on: loop) { result in
            if case .failure(let problem) = result { return responder.refuse(problem) }
            responder.respond(.noContent)
        }
    }

    private func redriveMany(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let uuid = try subscription(request)
        let wish = try MendRequest(request)
        delivery.redrive(of: uuid, wish.selection, dryRun: wish.isDryRun, on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let count):
                respond(.ok, responder) { json in
                    json.member("redriven", count.redriven)
                    json.member("under_way", count.underWay)
                    json.member("missing", count.missing)
                    json.member("dry_run", wish.isDryRun)
                }
            }
        }
    }

    // MARK: - Answers

    private func topic(_ partition: PartitionID) -> TopicName? { log.topics[partition.topic]?.name }

    private func respond(_ status: HTTPStatus, _ responder: HTTPResponder, _ members: (inout JSONWriter) -> Void) {
        responder.respond(status, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in json.object { members(&$0) } }
        }
    }

    private func answer<Item>(
        _ result: Result<Page<Item>, Problem>, _ responder: HTTPResponder,
        _ write: (Item, inout JSONWriter) -> Void
    ) {
        switch result {
        case .failure(let problem): responder.refuse(problem)
        case .success(let page):
            ListPage.respond(page.next, responder) { json in
                for item in page.items { json.object { write(item, &$0) } }
            }
        }
    }
}
