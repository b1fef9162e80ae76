// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP
import TidingsRouting

/// What could not be read and was set aside; the server fills it in from the log.
package protocol QuarantineList: AnyObject, Sendable {
    /// All ranges, in the order they were found. Any thread.
    var entries: [QuarantineEntry] { get }
    /// Notes that somebody knows of these ranges. `then` runs on `loop`, once, later: when that is durable.
    func accept(_ ids: Set<String>, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void)
}

/// A range of a partition that was set aside.
package struct QuarantineEntry: Sendable, Hashable {
    /// What people call it by.
    package let id: String
    /// The topic's name, or that of a folder that belongs to none.
    package let topic: String
    /// The partition; nil for a folder that belongs to no topic.
    package let partition: Int32?
    /// The offsets that cannot be read; empty when they are not known.
    package let offsets: Range<Offset>
    /// When it was found.
    package let foundAt: WallTime
    /// What was found.
    package let reason: String
    /// Where its bytes lie, below the data folder; empty when there were none.
    package let copy: String
    /// The entities in it as far as its bytes can still be read.
    package let entities: [String]
    /// Whether these are all.
    package let namesAllEntities: Bool
    /// Since when somebody knows of it; nil: it is a warning.
    package var acceptedAt: WallTime?

    /// Describes a range.
    package init(
        id: String, topic: String, partition: Int32?, offsets: Range<Offset>, foundAt: WallTime, reason: String,
        copy: String, entities: [String], namesAllEntities: Bool, acceptedAt: WallTime?
    ) {
        self.id = id
        self.topic = topic
        self.partition = partition
        self.offsets = offsets
        self.foundAt = foundAt
        self.reason = reason
        self.copy = copy
        self.entities = entities
        self.namesAllEntities = namesAllEntities
        self.acceptedAt = acceptedAt
    }
}

/// What is wrong with what is stored: quarantined ranges, and losses of the routing table.
extension AdminAPI {
    func registerHealth(on router: Router) {
        router.add(.get, "/v1/quarantine", query: ListPage.query + ["topic"]) {
            [self] request, responder throws(Problem) in
            try quarantine(request, responder)
        }
        router.add(.post, "/v1/quarantine/accept", body: .collect(atMost: ActionBody.largest)) {
            [self] request, responder throws(Problem) in
            try accept(request, responder)
        }
        router.add(.get, "/v1/routing/losses") { [self] _, responder in respond(reader.table.losses, responder) }
        router.add(.post, "/v1/routing/losses/accept", body: .collect(atMost: ActionBody.largest)) {
            [self] request, responder throws(Problem) in
            _ = try ActionBody(request, known: [])
            let answer = OnLoop((api: self, responder: responder))
            store.acceptLosses(answerOn: loop) { result in
                let (api, responder) = answer.value
                switch result {
                case .failure(let problem): responder.refuse(problem)
                case .success(let losses): api.respond(losses, responder)
                }
            }
        }
    }

    private func quarantine(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let parameters = try request.parameters()
        let page = try ListPage(parameters)
        let topic = try parameters.text("topic")
        let all = (quarantines?.entries ?? []).enumerated().filter { topic == nil || $0.element.topic == topic }
        // The order they were found in, as text.
        func place(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 9 - digits.count)) + digits
        }
        let (items, next) = page.cut(all.map { (place: place($0.offset), entry: $0.element) }) { $0.place }
        respond(items.map(\.entry), next, responder)
    }

    private func accept(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let ids = try ActionBody(request, known: ["ids"]).texts("ids")
        let known = Set((quarantines?.entries ?? []).map(\.id))
        if let id = ids.first(where: { !known.contains($0) }) {
            throw Problem(.notFound, "there is no damaged range '\(id)': see /v1/quarantine")
        }
        quarantines?.accept(Set(ids), on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success: respond((quarantines?.entries ?? []).filter { ids.contains($0.id) }, nil, responder)
            }
        }
    }

    private func respond(_ entries: [QuarantineEntry], _ next: String?, _ responder: HTTPResponder) {
        ListPage.respond(next, responder) { json in
            for entry in entries { json.object { entry.write(&$0) } }
        }
    }

    private func respond(_ losses: [RoutingLoss], _ responder: HTTPResponder) {
        ListPage.respond(nil, responder) { json in
            for loss in losses {
                json.object { json in
                    json.member("from", loss.offsets.lowerBound.value)
                    json.member("to", (loss.offsets.lastOffset ?? loss.offsets.lowerBound).value)
                    json.key("resource")
                    if let resource = loss.resource { json.string(resource.description) } else { json.null() }
                    json.member("reason", loss.reason)
                }
            }
        }
    }
}

extension QuarantineEntry {
    fileprivate func write(_ json: inout JSONWriter) {
        json.member("id", id)
        json.member("topic", topic)
        json.key("partition")
        if let partition { json.number(partition) } else { json.null() }
        // Of what belongs to no partition no offsets are known.
        json.key("from")
        if offsets.isEmpty { json.null() } else { json.number(offsets.lowerBound.value) }
        json.key("to")
        if let last = offsets.lastOffset { json.number(last.value) } else { json.null() }
        json.member("found_at", RFC3339.format(foundAt))
        json.member("reason", reason)
        json.key("copy")
        if copy.isEmpty { json.null() } else { json.string(copy) }
        json.key("entities")
        json.array { json in for entity in entities { json.string(entity) } }
        json.member("entities_complete", namesAllEntities)
        json.key("accepted_at")
        if let acceptedAt { json.string(RFC3339.format(acceptedAt)) } else { json.null() }
    }
}
