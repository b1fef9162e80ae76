// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP
import TidingsRouting

/// What could not be read and was set aside; the server fills it in from the log.
package protocol QuarantineList: AnyObject, Sendable {
    /// All ranges, in the order they were found. Any thread.
    var entries: [QuarantineEntry] { get }
    /// The entities in a range as far as its bytes can still be read, and whether these are all. `then` runs on `loop`,
    /// once, later.
    func entities(
        of entry: QuarantineEntry, on loop: any Loop, then: @escaping (_ entities: [String], _ isWhole: Bool) -> Void)
}

/// A range of a partition that was set aside.
package struct QuarantineEntry: Sendable, Hashable {
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

    /// Describes a range.
    package init(
        topic: String, partition: Int32?, offsets: Range<Offset>, foundAt: WallTime, reason: String, copy: String
    ) {
        self.topic = topic
        self.partition = partition
        self.offsets = offsets
        self.foundAt = foundAt
        self.reason = reason
        self.copy = copy
    }
}

/// What is wrong with what is stored: quarantined ranges, and losses of the routing table.
extension AdminAPI {
    func registerHealth(on router: Router) {
        router.add(.get, "/v1/quarantine", query: ListPage.query + ["topic"]) {
            [self] request, responder throws(Problem) in
            try quarantine(request, responder)
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
        Gathering<QuarantineEntry, (entities: [String], isWhole: Bool)>(items.map(\.entry)) { entries, found in
            ListPage.respond(next, responder) { json in
                for (entry, content) in zip(entries, found) { json.object { entry.write(content, &$0) } }
            }
        }.gather { [self] entry, then in
            guard let quarantines else { return then(nil) }
            quarantines.entities(of: entry, on: loop) { entities, isWhole in then((entities, isWhole)) }
        }
    }

    private func respond(_ losses: [RoutingLoss], _ responder: HTTPResponder) {
        ListPage.respond(nil, responder) { json in
            for loss in losses {
                json.object { json in
                    json.member("from", loss.offsets.lowerBound.value)
                    json.member("to", loss.offsets.upperBound.value)
                    json.key("resource")
                    if let resource = loss.resource { json.string(resource.description) } else { json.null() }
                    json.member("reason", loss.reason)
                }
            }
        }
    }
}

extension QuarantineEntry {
    fileprivate func write(_ content: (entities: [String], isWhole: Bool)?, _ json: inout JSONWriter) {
        json.member("topic", topic)
        json.key("partition")
        if let partition { json.number(partition) } else { json.null() }
        json.member("from", offsets.lowerBound.value)
        json.member("to", offsets.upperBound.value)
        json.member("found_at", RFC3339.format(foundAt))
        json.member("reason", reason)
        json.key("copy")
        if copy.isEmpty { json.null() } else { json.string(copy) }
        json.key("entities")
        json.array { json in for entity in content?.entities ?? [] { json.string(entity) } }
        json.member("entities_complete", content?.isWhole ?? false)
    }
}
