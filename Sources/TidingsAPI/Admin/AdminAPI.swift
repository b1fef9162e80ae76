// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// The routes by which people say who produces, where events lie and who gets them: producers, types, topics, routes,
/// subscriptions, inbound webhooks, and what follows from them for a type.
///
/// - Concurrency: one per loop; lives there.
package final class AdminAPI {
    /// The largest resource that is read, in bytes.
    package static let largestResource = 256 << 10

    let store: RoutingStore
    let log: any EventLog
    let delivery: any DeliveryAdmin
    let readers: (any TopicReaders)?
    let groups: (any GroupAdmin)?
    let quarantines: (any QuarantineList)?
    let loop: any Loop
    let session: any LogSession
    let reader: RoutingReader

    /// Makes the routes' handlers for one loop.
    /// - Parameters:
    ///   - delivery: how subscriptions stand, and what may be done to them.
    ///   - readers: who reads a topic, and how far; nil when nobody knows.
    ///   - groups: groups of Kafka's clients; nil when nobody keeps any.
    ///   - quarantines: what could not be read; nil when nobody knows.
    package init(
        store: RoutingStore, log: any EventLog, delivery: any DeliveryAdmin, readers: (any TopicReaders)? = nil,
        groups: (any GroupAdmin)? = nil, quarantines: (any QuarantineList)? = nil, loop: any Loop
    ) {
        self.store = store
        self.log = log
        self.delivery = delivery
        self.readers = readers
        self.groups = groups
        self.quarantines = quarantines
        self.loop = loop
        session = log.session(on: loop)
        reader = RoutingReader(store)
    }

    /// Adds the routes to a router of the same loop, which keeps this object.
    package func register(on router: Router) {
        for kind in ResourceKind.allCases { register(kind, on: router) }
        registerTopics(on: router)
        registerRecords(on: router)
        registerSubscriptionVerbs(on: router)
        registerSeek(on: router)
        registerGroups(on: router)
        registerReaders(on: router)
        registerHealth(on: router)
        router.add(.get, "/v1/routing", query: ["type"]) { [self] request, responder throws(Problem) in
            try routing(request, responder)
        }
    }

    private func register(_ kind: ResourceKind, on router: Router) {
        let list = "/v1/\(kind.rawValue)"
        let one = "\(list)/{\(kind == .types ? "type" : "name")}"
        router.add(.get, list, query: ListPage.query + ResourceFilter.names(of: kind)) {
            [self] request, responder throws(Problem) in
            try self.list(kind, request, responder)
        }
        router.add(.get, one) { [self] request, responder throws(Problem) in try get(kind, request, responder) }
        router.add(.put, one, body: .collect(atMost: Self.largestResource)) {
            [self] request, responder throws(Problem) in
            try put(kind, request, responder)
        }
        router.add(.delete, one) { [self] request, responder throws(Problem) in
            try remove(kind, request, responder)
        }
    }

    // MARK: - One resource

    private func get(
        _ kind: ResourceKind, _ request: borrowing HTTPRequest, _ responder: HTTPResponder
    ) throws(Problem) {
        let key = ResourceKey(kind, try request.parameter(0))
        guard let stored = reader.table[key] else { throw Self.missing(key) }
        if try Self.precondition(request).isUnchanged(stored.entityTag) {
            return responder.respond(.notModified, Self.tag(stored.entityTag))
        }
        guard case .subscription(let subscription) = stored.value else {
            return respond(.ok, stored, responder)
        }
        delivery.status(of: subscription.uuid, on: loop) { [self] result in
            respond(.ok, stored, status: try? result.get(), responder)
        }
    }

    private func put(
        _ kind: ResourceKind, _ request: borrowing HTTPRequest, _ responder: HTTPResponder
    ) throws(Problem) {
        let key = ResourceKey(kind, try request.parameter(0))
        try Self.checkIsJSON(request)
        let precondition = try Self.precondition(request)
        let answer = OnLoop(responder)
        store.put(key, body: [UInt8](request.body), precondition, answerOn: loop) { [api = OnLoop(self)] result in
            switch result {
            case .failure(let problem): answer.value.refuse(problem)
            case .success(let written):
                api.value.respond(
                    written.outcome == .created ? .created : .ok, written.stored, showing: written.madeSecret,
                    answer.value)
            }
        }
    }

    private func remove(
        _ kind: ResourceKind, _ request: borrowing HTTPRequest, _ responder: HTTPResponder
    ) throws(Problem) {
        let key = ResourceKey(kind, try request.parameter(0))
        let precondition = try Self.precondition(request)
        let answer = OnLoop(responder)
        store.remove(key, precondition, answerOn: loop) { result in
            switch result {
            case .failure(let problem): answer.value.refuse(problem)
            case .success: answer.value.respond(.noContent)
            }
        }
    }

    func respond(
        _ status: HTTPStatus, _ stored: Revised<RoutingResource>, showing madeSecret: Secret? = nil,
        status standing: SubscriptionStatus? = nil, _ responder: HTTPResponder
    ) {
        var fields = Self.tag(stored.entityTag)
        if status == .created {
            let key = stored.value.key
            fields.add("Location", "/v1/\(key.kind.rawValue)/\(PercentText.encode(key.name))")
        }
        responder.respond(status, contentType: "application/json", fields) { body in
            JSONWriter.write(into: &body) { json in
                json.object { write(stored.value, showing: madeSecret, standing, &$0) }
            }
        }
    }

    /// A resource's members, and how it stands.
    private func write(
        _ resource: RoutingResource, showing madeSecret: Secret? = nil, _ standing: SubscriptionStatus?,
        _ json: inout JSONWriter
    ) {
        ResourceWriter.writeMembers(of: resource, showing: madeSecret, &json)
        switch resource {
        case .type(let declaration):
            json.key("status")
            json.object { write(reader.table.plan(forType: declaration.type), &$0) }
        case .subscription:
            guard let standing else { return }
            json.key("status")
            json.object { json in standing.write(topic: { log.topics[$0]?.name }, &json) }
        default: break
        }
    }

    // MARK: - Lists

    private func list(
        _ kind: ResourceKind, _ request: borrowing HTTPRequest, _ responder: HTTPResponder
    ) throws(Problem) {
        let parameters = try request.parameters()
        let page = try ListPage(parameters)
        let filter = try ResourceFilter(parameters)
        let (resources, next) = page.cut(reader.table.resources(kind), by: { $0.value.key.name }, where: filter.matches)
        let items = Gathering(resources.map(\.value)) { [self] resources, standings in
            ListPage.respond(next, responder) { json in
                for (place, resource) in resources.enumerated() {
                    json.object { write(resource, standings[place], &$0) }
                }
            }
        }
        items.gather { [self] resource, then in
            guard case .subscription(let subscription) = resource else { return then(nil) }
            delivery.status(of: subscription.uuid, on: loop) { result in then(try? result.get()) }
        }
    }

    // MARK: - What follows for a type

    private func routing(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        guard let type = try request.parameters().text("type") else {
            throw QueryParameters.refusal("The query parameter 'type' must be there.", "type", "required", nil)
        }
        guard let pattern = TypePattern(type), !pattern.isPrefix else {
            throw QueryParameters.refusal("'\(type)' is no event type.", "type", "type", type)
        }
        let plan = reader.table.plan(forType: type)
        responder.respond(.ok, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in
                json.object { json in
                    json.member("type", type)
                    json.member("shared", plan.isShared)
                    write(plan, &json)
                }
            }
        }
    }

    /// Who produces a type, where it goes, who gets it, when it was last seen.
    private func write(_ plan: TypePlan, _ json: inout JSONWriter) {
        json.key("producers")
        json.array { json in for owner in plan.owners { json.string(owner.name.text) } }
        json.key("route")
        if let route = plan.route { json.string(route.text) } else { json.null() }
        json.member("topic", plan.target.topic.text)
        json.key("destinations")
        json.array { json in
            for destination in plan.destinations {
                json.object { json in
                    json.member("channel", RouteTarget.log.text)
                    json.member("topic", destination.topic.text)
                    json.member("key", destination.key.description)
                    json.member("copy", destination.isCopy)
                }
            }
        }
        json.key("subscriptions")
        json.array { json in
            for receiver in plan.receivers {
                json.object { json in
                    json.member("name", receiver.subscription.name.text)
                    json.member("consumer", receiver.subscription.consumer.text)
                    json.member("filtered", receiver.matcher != nil)
                }
            }
        }
        json.key("last_seen")
        if let time = plan.lastSeen { json.string(RFC3339.format(time)) } else { json.null() }
    }

    // MARK: - What requests have in common

    static func missing(_ key: ResourceKey) -> Problem {
        Problem(.notFound, "there is no \(key.kind.singular) '\(key.name)'")
    }

    static func precondition(_ request: borrowing HTTPRequest) throws(Problem) -> Precondition {
        try Precondition(ifMatch: request.text("if-match"), ifNoneMatch: request.text("if-none-match"))
    }

    static func tag(_ entityTag: String) -> HTTPFields {
        var fields = HTTPFields()
        fields.add("ETag", entityTag)
        return fields
    }

    /// Takes JSON's own media types, none, and the one that curl sets by itself with `-d`.
    static func checkIsJSON(_ request: borrowing HTTPRequest) throws(Problem) {
        guard let type = request.text("content-type") else { return }
        let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        guard
            essence.isEmpty || essence == "application/json" || essence == "application/x-www-form-urlencoded"
                || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
        else {
            throw Problem(
                .unsupportedMediaType, "A resource is written as application/json, not as \(type).",
                [.init("header:content-type", "media-type", found: type)])
        }
    }
}

/// Carries what lives on a loop through a closure that is called there.
struct OnLoop<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
