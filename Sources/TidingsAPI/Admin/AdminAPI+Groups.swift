// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// Groups of Kafka's clients: looked at, deleted, relieved of offsets.
extension AdminAPI {
    func registerGroups(on router: Router) {
        router.add(.get, "/v1/groups", query: ListPage.query + ["topic"]) {
            [self] request, responder throws(Problem) in
            try listGroups(request, responder)
        }
        router.add(.get, "/v1/groups/{name}") { [self] request, responder throws(Problem) in
            try getGroup(request, responder)
        }
        router.add(.delete, "/v1/groups/{name}") { [self] request, responder throws(Problem) in
            try groupsOrRefuse().delete(try request.parameter(0), on: loop) { Self.answer($0, responder) }
        }
        router.add(.delete, "/v1/groups/{name}/offsets/{topic}") { [self] request, responder throws(Problem) in
            try forgetOffsets(request, responder)
        }
        router.add(.post, "/v1/groups/{name}/reset", body: .collect(atMost: ActionBody.largest)) {
            [self] request, responder throws(Problem) in
            try resetGroup(request, responder)
        }
    }

    /// The groups.
    /// - Throws: `conflict` while nobody keeps any.
    func groupsOrRefuse() throws(Problem) -> any GroupAdmin {
        guard let groups else {
            throw Problem(
                .conflict,
                "groups of Kafka's clients are kept while the server listens to them: start it without --kafka off")
        }
        return groups
    }

    private func listGroups(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let parameters = try request.parameters()
        let page = try ListPage(parameters)
        let topic = try parameters.text("topic")
        // One more says whether there is another page.
        try groupsOrRefuse().groups(of: topic, after: page.after, limit: page.limit + 1, on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let found):
                let items = found.prefix(page.limit)
                ListPage.respond(found.count > page.limit ? items.last?.name : nil, responder) { json in
                    for group in items { json.object { GroupStanding(group, in: log).writeSummary(&$0) } }
                }
            }
        }
    }

    private func getGroup(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        try groupsOrRefuse().group(try request.parameter(0), on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let group):
                findAges([GroupStanding(group, in: log)]) { [self] standings in
                    let now = loop.time.wall
                    responder.respond(.ok, contentType: "application/json") { body in
                        JSONWriter.write(into: &body) { json in
                            json.object { json in for standing in standings { standing.write(at: now, &json) } }
                        }
                    }
                }
            }
        }
    }

    private func forgetOffsets(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let groups = try groupsOrRefuse()
        let (name, topicName) = (try request.parameter(0), try request.parameter(1))
        guard let topic = TopicName(topicName).flatMap({ log.topics[$0] }), !topic.name.isInternal else {
            throw Problem(.notFound, "there is no topic '\(topicName)'")
        }
        groups.forgetOffsets(of: name, in: topic.partitions, on: loop) { Self.answer($0, responder) }
    }

    private static func answer(_ result: Result<Void, Problem>, _ responder: HTTPResponder) {
        switch result {
        case .failure(let problem): responder.refuse(problem)
        case .success: responder.respond(.noContent)
        }
    }
}
