// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// Looking at stored events: a topic's events page by page, and one record by its place.
///
/// - Concurrency: lives on its loop.
package final class LookDoor {
    /// How many events a page has when nobody says.
    package static let usualPage: Int64 = 50
    /// How many events a page may have.
    package static let mostPerPage: Int64 = 1_000

    enum Shape: String, CaseIterable { case cloudevent, record }

    /// Whether records of transactions that are open or were aborted are shown.
    enum Isolation: String, CaseIterable { case committed, uncommitted }

    private let log: any EventLog
    private let session: any LogSession
    private let loop: any Loop
    private let lens = EventLens()

    /// Makes the loop's door.
    package init(log: any EventLog, loop: any Loop) {
        self.log = log
        self.loop = loop
        session = log.session(on: loop)
    }

    /// Adds the routes.
    package func register(on router: Router) {
        let query = [
            "partition", "offset", "type", "entity", "id", "since", "until", "isolation", "limit", "cursor",
        ]
        router.add(.get, "/v1/topics/{name}/events", query: query) { [self] request, responder throws(Problem) in
            try page(request, responder)
        }
        router.add(.get, "/v1/topics/{name}/partitions/{partition}/events/{offset}", query: ["as"]) {
            [self] request, responder throws(Problem) in
            try one(request, responder)
        }
    }

    private func topic(_ request: borrowing HTTPRequest) throws(Problem) -> TopicDescription {
        let name = try request.parameter(0)
        guard let topic = TopicName(name).flatMap({ log.topics[$0] }), !topic.name.isInternal else {
            throw Problem(.notFound, "there is no topic '\(name)'")
        }
        return topic
    }

    // MARK: - Pages

    private func page(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let topic = try topic(request)
        let parameters = try request.parameters()
        let wish = try EventWish(parameters, typeParameter: "type")
        let isolation = try parameters.choice("isolation", Isolation.self) ?? .committed
        let limit = try parameters.integer("limit", in: 1...Self.mostPerPage) ?? Self.usualPage
        let partition = try parameters.integer(
            "partition", in: 0...Int64(TopicResource.allowedPartitions.upperBound) - 1)
        var start = try parameters.integer("offset", in: 0...Int64.max - 1).map { Offset($0) }
        var partitions = topic.partitions[...]
        if let partition {
            guard partition < Int64(topic.partitionCount) else { throw Self.noPartition(topic, partition) }
            partitions = [topic.partitions[Int(partition)]]
        }
        let now = loop.time.wall
        let since = try parameters.time("since", now: now)
        let until = try parameters.time("until", now: now)
        let everyStart = start
        if let text = try parameters.text("cursor") {
            guard let cursor = PageCursor(text) else {
                throw QueryParameters.refusal(
                    "The query parameter 'cursor' must be what 'next' said.", "cursor", "cursor", text)
            }
            guard partitions.contains(PartitionID(topic.id, cursor.partition)) else {
                throw Self.noPartition(topic, Int64(cursor.partition))
            }
            partitions = partitions.drop { $0.index < cursor.partition }
            start = cursor.offset
        }
        EventPage(
            log: log, session: session, topic: topic.name, partitions: partitions, first: start, others: everyStart,
            span: .init(since: since, until: until), wish: wish, isolation: isolation, limit: Int(limit), lens: lens
        ).run { result in
            switch result {
            case .success(let body):
                body.withUnsafeBytes { responder.respond(.ok, contentType: "application/json", body: $0) }
            case .failure(let problem): responder.refuse(problem)
            }
        }
    }

    private static func noPartition(_ topic: TopicDescription, _ partition: Int64) -> Problem {
        Problem(.notFound, "topic '\(topic.name)' has \(topic.partitionCount) partitions, no number \(partition)")
    }

    // MARK: - One record

    private func one(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let topic = try topic(request)
        let shape = try request.parameters().choice("as", Shape.self)
        let partition = try Self.number(request, 1, "partition")
        let place = try Self.number(request, 2, "offset")
        guard partition < Int64(topic.partitionCount) else { throw Self.noPartition(topic, partition) }
        let id = PartitionID(topic.id, Int32(partition))
        let offset = Offset(place)
        let missing = Problem(.notFound, "there is no record at \(topic.name), partition \(partition), offset \(place)")
        guard let bounds = log.bounds(of: id), offset >= bounds.start,
            offset < (shape == .record ? bounds.end : bounds.lastStable)
        else { throw missing }
        session.read(id, from: offset, maxBytes: 1) { [lens] result in
            do throws(Problem) {
                guard let batch = try Self.get(result).first else { throw missing }
                try Self.answer(batch, offset, topic, lens, shape, missing, responder)
            } catch {
                responder.refuse(error)
            }
        }
    }

    private static func answer(
        _ batch: StoredBatch, _ offset: Offset, _ topic: TopicDescription, _ lens: EventLens, _ shape: Shape?,
        _ missing: Problem, _ responder: HTTPResponder
    ) throws(Problem) {
        // As a record it is shown as it lies, whether it counts or not.
        guard shape == .record || batch.fate == .counts else { throw missing }
        let records: BatchRecords
        do throws(RecordError) {
            records = try batch.records()
        } catch {
            // As a client sent it: what it compressed is no stream of its codec, or too much.
            throw Problem(.notFound, "the batch at offset \(offset) holds no records: \(error)")
        }
        let index = records.index(from: offset)
        guard index < records.endIndex, records[index].offset == offset, !records.isControl else { throw missing }
        let record = records[index]
        if shape != .record {
            let event = lens.event(record, in: topic.name, batch.partition.index)
            var renderer = EventRenderer()
            return responder.respond(.ok, contentType: "application/cloudevents+json") {
                renderer.structured(event, into: &$0)
            }
        }
        responder.respond(.ok, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in
                json.beginObject()
                json.member("topic", topic.name.text)
                json.member("partition", batch.partition.index)
                EventRenderer.recordMembers(record, &json)
                json.endObject()
            }
        }
    }

    private static func number(
        _ request: borrowing HTTPRequest, _ place: Int, _ name: String
    ) throws(Problem) -> Int64 {
        let text = try request.parameter(place)
        guard text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let number = Int64(text), number < Int64.max
        else {
            throw Problem(
                .invalidParameter, "The path's \(name) must be a whole number; found '\(text)'.",
                [Problem.Violation("path:\(name)", "integer", found: text)])
        }
        return number
    }

    static func get<Value>(_ result: Result<Value, LogError>) throws(Problem) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let error): throw Problem(error)
        }
    }
}

/// Where the next page of one topic's events begins: `partition.offset`.
struct PageCursor {
    let partition: Int32
    let offset: Offset

    init(partition: Int32, offset: Offset) {
        self.partition = partition
        self.offset = offset
    }

    /// Reads what ``text`` writes; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || $0 &- UInt8(ascii: "0") < 10 }),
            let partition = Int32(parts[0]), let offset = Int64(parts[1]), offset < Int64.max
        else { return nil }
        self.init(partition: partition, offset: Offset(offset))
    }

    var text: String { "\(partition).\(offset.value)" }
}
