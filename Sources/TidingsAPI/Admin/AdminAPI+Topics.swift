// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP
import TidingsRouting

/// Who reads a topic, and how far; the server fills it in from deliveries and groups.
package protocol TopicReaders: AnyObject, Sendable {
    /// The readers of a topic, by name. `then` runs on `loop`, once, now or later.
    func readers(of topic: TopicID, on loop: any Loop, then: @escaping ([TopicReader]) -> Void)
}

/// One reader of a topic.
package struct TopicReader: Sendable {
    /// What kind of reader there is.
    package enum Kind: String, Sendable, CaseIterable {
        /// A group of Kafka's clients.
        case group
        case subscription
    }

    /// How far a reader is in one partition.
    package struct Position: Sendable {
        /// The partition.
        package let partition: Int32
        /// The offset of the first record it has not answered.
        package let offset: Offset
        /// How many records lie between that and the end.
        package let lag: Int64

        /// Describes a position.
        package init(partition: Int32, offset: Offset, lag: Int64) {
            self.partition = partition
            self.offset = offset
            self.lag = lag
        }
    }

    /// What it is.
    package let kind: Kind
    /// The subscription or group.
    package let name: String
    /// How far it is, by partition.
    package let positions: [Position]

    /// Describes a reader.
    package init(_ kind: Kind = .subscription, name: String, positions: [Position]) {
        self.kind = kind
        self.name = name
        self.positions = positions
    }
}

/// Topics: made, changed, looked at, deleted.
extension AdminAPI {
    func registerTopics(on router: Router) {
        router.add(.get, "/v1/topics", query: ListPage.query) { [self] request, responder throws(Problem) in
            try listTopics(request, responder)
        }
        router.add(.get, "/v1/topics/{name}") { [self] request, responder throws(Problem) in
            try getTopic(request, responder)
        }
        router.add(.put, "/v1/topics/{name}", body: .collect(atMost: Self.largestResource)) {
            [self] request, responder throws(Problem) in
            try putTopic(request, responder)
        }
        router.add(.patch, "/v1/topics/{name}", body: .collect(atMost: Self.largestResource)) {
            [self] request, responder throws(Problem) in
            try patchTopic(request, responder)
        }
        router.add(.delete, "/v1/topics/{name}") { [self] request, responder throws(Problem) in
            try removeTopic(request, responder)
        }
    }

    private func listTopics(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let page = try ListPage(request.parameters())
        let topics = log.topics.all.filter { !$0.name.isInternal }.sorted { $0.name < $1.name }
        let (items, next) = page.cut(topics) { $0.name.text }
        ListPage.respond(next, responder) { json in
            for topic in items { json.object { write(topic, readers: nil, &$0) } }
        }
    }

    /// The topic that a path names.
    func topic(_ request: borrowing HTTPRequest) throws(Problem) -> TopicDescription {
        let name = try request.parameter(0)
        guard let topic = TopicName(name).flatMap({ log.topics[$0] }), !topic.name.isInternal else {
            throw Problem(.notFound, "there is no topic '\(name)'")
        }
        return topic
    }

    private func getTopic(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let topic = try topic(request)
        if try Self.precondition(request).isUnchanged(topic.entityTag) {
            return responder.respond(.notModified, Self.tag(topic.entityTag))
        }
        guard let readers else { return respond(.ok, topic, readers: [], responder) }
        readers.readers(of: topic.id, on: loop) { [self] found in respond(.ok, topic, readers: found, responder) }
    }

    private func putTopic(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let name = try topicName(request)
        try Self.checkIsJSON(request)
        let precondition = try Self.precondition(request)
        let resource = try ResourceReader.readTopic(name, from: request.body)
        store.putTopic(resource, precondition, answerOn: loop, then: answering(responder))
    }

    private func patchTopic(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let name = try topicName(request)
        try Self.checkIsJSON(request)
        let precondition = try Self.precondition(request)
        store.patchTopic(name, [UInt8](request.body), precondition, answerOn: loop, then: answering(responder))
    }

    private func answering(
        _ responder: HTTPResponder
    ) -> @Sendable (Result<RoutingStore.WrittenTopic, Problem>) -> Void {
        let answer = OnLoop((api: self, responder: responder))
        return { result in
            let (api, responder) = answer.value
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let written):
                api.respond(written.isNew ? .created : .ok, written.topic, readers: nil, responder)
            }
        }
    }

    private func removeTopic(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let name = try topicName(request)
        let precondition = try Self.precondition(request)
        let answer = OnLoop(responder)
        store.removeTopic(name, precondition, answerOn: loop) { result in
            switch result {
            case .failure(let problem): answer.value.refuse(problem)
            case .success: answer.value.respond(.noContent)
            }
        }
    }

    private func topicName(_ request: borrowing HTTPRequest) throws(Problem) -> TopicName {
        let text = try request.parameter(0)
        guard let name = TopicName(text) else {
            throw Problem(
                .invalidParameter, "'\(text)' is no topic's name: \(TopicName.rule)",
                [.init("path:name", "topic", found: text)])
        }
        return name
    }

    private func respond(
        _ status: HTTPStatus, _ topic: TopicDescription, readers: [TopicReader]?, _ responder: HTTPResponder
    ) {
        var fields = Self.tag(topic.entityTag)
        if status == .created { fields.add("Location", "/v1/topics/\(PercentText.encode(topic.name.text))") }
        responder.respond(status, contentType: "application/json", fields) { body in
            JSONWriter.write(into: &body) { json in json.object { write(topic, readers: readers, &$0) } }
        }
    }

    private func write(_ topic: TopicDescription, readers: [TopicReader]?, _ json: inout JSONWriter) {
        TopicResource.writeMembers(of: topic, &json)
        json.key("status")
        json.object { json in
            json.member("relaxed", topic.settings.durability.isRelaxed)
            json.key("defaults")
            json.array { json in for pointer in TopicResource.defaults(of: topic) { json.string(pointer) } }
            json.key("partitions")
            json.array { json in
                for partition in topic.partitions {
                    guard let bounds = log.bounds(of: partition) else { continue }
                    json.object { json in
                        json.member("partition", partition.index)
                        json.member("start", bounds.start.value)
                        json.member("end", bounds.end.value)
                        json.member("last_stable", bounds.lastStable.value)
                        json.member("bytes", bounds.byteCount)
                    }
                }
            }
            guard let readers else { return }
            json.key("readers")
            json.array { json in for reader in readers { json.object { reader.write(&$0) } } }
        }
    }
}

extension TopicReader {
    fileprivate func write(_ json: inout JSONWriter) {
        json.member("kind", kind.rawValue)
        json.member("name", name)
        json.member("lag", positions.reduce(0) { $0 + $1.lag })
        json.key("partitions")
        json.array { json in
            for position in positions {
                json.object { json in
                    json.member("partition", position.partition)
                    json.member("position", position.offset.value)
                    json.member("lag", position.lag)
                }
            }
        }
    }
}
