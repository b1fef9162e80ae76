// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// Records as they lie, without an event's rules: `POST` and `GET /v1/topics/{name}/records`. What is read can be written.
///
/// - Concurrency: lives on its loop.
package final class RecordsDoor {
    /// The most bytes a request may have.
    package static let mostBodyBytes = 8 << 20
    /// How many records one answer has when nobody says.
    package static let usualCount = 500
    /// How many records one answer may have.
    package static let mostCount: Int64 = 10_000
    /// How many partitions one request may read.
    package static let mostPartitions = 100
    /// The longest wait for the first record.
    package static let longestWait = Duration.seconds(30)
    /// How many requests of one loop may wait; more are answered at once.
    package static let mostWaiting = 1_000

    private let log: any EventLog
    private let loop: any Loop
    private let session: any LogSession
    private let published: Counter
    /// Which partition a request's records without a key go to.
    private var turn: UInt32
    private var feeds: [ObjectIdentifier: RecordFeed] = [:]
    private var isStopping = false

    /// Makes the loop's door.
    package init(log: any EventLog, loop: any Loop, random: any RandomSource, metrics: Metrics) {
        self.log = log
        self.loop = loop
        session = log.session(on: loop)
        turn = UInt32(truncatingIfNeeded: random.next())
        published = metrics.counter("tidings_produced_records_total", "Records stored as they came over HTTP.")
    }

    /// Adds the routes.
    package func register(on router: Router) {
        router.add(.post, "/v1/topics/{name}/records", body: .collect(atMost: Self.mostBodyBytes)) {
            [self] request, responder throws(Problem) in
            try produce(request, responder)
        }
        router.add(
            .get, "/v1/topics/{name}/records",
            query: ["partitions", "from", "positions", "isolation", "limit", "wait"]
        ) { [self] request, responder throws(Problem) in
            try consume(request, responder)
        }
    }

    /// Answers who waits; nobody waits any more.
    package func stop() {
        isStopping = true
        for feed in feeds.values { feed.stopWaiting() }
    }

    private func topic(_ request: borrowing HTTPRequest) throws(Problem) -> TopicDescription {
        let name = try request.parameter(0)
        guard let topic = TopicName(name).flatMap({ log.topics[$0] }), !topic.name.isInternal else {
            throw Problem(.notFound, "there is no topic '\(name)'")
        }
        return topic
    }

    // MARK: - Writing

    private func produce(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        try AdminAPI.checkIsJSON(request)
        let topic = try topic(request)
        turn &+= 1
        var set = RecordSet(of: topic, at: loop.time.wall, turn: turn)
        try set.read(request.body)
        // The answer is made after the append, which is never answered before it returns.
        let receipt = Receipt()
        do throws(LogError) {
            try session.append(&set.buffer) { [published] result in
                switch result {
                case .success:
                    published.add(receipt.count)
                    receipt.body.withUnsafeBytes {
                        responder.respond(.created, contentType: "application/json", body: $0)
                    }
                case .failure(let error): responder.refuse(Problem(error))
                }
            }
        } catch {
            throw Problem(error)
        }
        receipt.write(set.buffer)
    }

    private final class Receipt {
        private(set) var body: [UInt8] = []
        private(set) var count = 0

        func write(_ buffer: borrowing AppendBuffer) {
            count = buffer.entries.count
            var text = ByteBuffer(capacity: 32 + count * 40)
            JSONWriter.write(into: &text) { json in
                json.beginObject()
                json.key("records")
                json.beginArray()
                for entry in buffer.entries {
                    json.beginObject()
                    json.member("partition", entry.partition.index)
                    json.member("offset", entry.offset.value)
                    json.endObject()
                }
                json.endArray()
                json.endObject()
            }
            body = text.array()
        }
    }

    // MARK: - Reading

    private func consume(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let topic = try topic(request)
        let parameters = try request.parameters()
        let isolation = try parameters.choice("isolation", LookDoor.Isolation.self) ?? .committed
        let limit = try parameters.integer("limit", in: 1...Self.mostCount).map { Int($0) } ?? Self.usualCount
        let wait = try Self.wait(parameters)
        let start = try RecordStart(parameters, topic, now: loop.time.wall)
        Gathering<PartitionID, Result<Offset, LogError>>(start.partitions) { [self] partitions, found in
            var places: [RecordFeed.Place] = []
            for (partition, place) in zip(partitions, found) {
                switch place {
                case .success(let place)?: places.append(.init(partition: partition, next: place))
                case .failure(let error)?: return responder.refuse(Problem(error))
                case nil: return responder.refuse(Problem(.notFound, "the topic is gone"))
                }
            }
            feed(places, isolation, limit, wait, responder)
        }.gather { [self] partition, then in start.find(partition, log, session, then: then) }
    }

    private func feed(
        _ places: [RecordFeed.Place], _ isolation: LookDoor.Isolation, _ limit: Int, _ wait: Duration,
        _ responder: HTTPResponder
    ) {
        let mayWait = feeds.count < Self.mostWaiting && !isStopping
        let feed = RecordFeed(
            log: log, session: session, loop: loop, places: places, isolation: isolation, limit: limit,
            wait: mayWait ? wait : .zero)
        if mayWait, wait > .zero {
            feeds[ObjectIdentifier(feed)] = feed
            responder.onPeerGone { [weak self, weak feed] in
                guard let feed else { return }
                self?.feeds[ObjectIdentifier(feed)] = nil
                feed.giveUp()
            }
        }
        let id = ObjectIdentifier(feed)
        feed.run { [weak self] result in
            self?.feeds[id] = nil
            switch result {
            case .success(let body):
                body.withUnsafeBytes { responder.respond(.ok, contentType: "application/json", body: $0) }
            case .failure(let problem): responder.refuse(problem)
            }
        }
    }

    private static func wait(_ parameters: borrowing QueryParameters) throws(Problem) -> Duration {
        guard let text = try parameters.text("wait") else { return .zero }
        guard let wait = DurationText.parse(text), wait <= longestWait else {
            throw QueryParameters.refusal(
                "The query parameter 'wait' must be \(DurationText.rule), at most 30s.", "wait", "duration", text)
        }
        return wait
    }
}

/// Where the records of a request begin: `from=` in all partitions or those of `partitions=`, or `positions=`.
struct RecordStart {
    private enum Place { case beginning, now, offset(Offset), time(WallTime) }

    let partitions: [PartitionID]
    private var place = Place.beginning
    private var positions: [PartitionID: Offset] = [:]

    init(_ parameters: borrowing QueryParameters, _ topic: TopicDescription, now: WallTime) throws(Problem) {
        func partition(_ text: Substring, _ name: String) throws(Problem) -> PartitionID {
            guard let index = Int32(text), index >= 0, text.utf8.first != UInt8(ascii: "+") else {
                throw QueryParameters.refusal(
                    "The query parameter '\(name)' must name partitions by their numbers.", name, "partition",
                    String(text))
            }
            guard index < topic.partitionCount else { throw AdminAPI.noPartition(topic, Int64(index)) }
            return PartitionID(topic.id, index)
        }
        let named = try parameters.text("partitions")
        if let text = try parameters.text("positions") {
            if named != nil { throw Self.both("partitions") }
            if try parameters.text("from") != nil { throw Self.both("from") }
            var order: [PartitionID] = []
            for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                let parts = item.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, let offset = Int64(parts[1]).flatMap({ Offset(decoding: $0) }),
                    offset.value < .max, parts[1].utf8.first != UInt8(ascii: "+")
                else {
                    throw QueryParameters.refusal(
                        "The query parameter 'positions' must be PARTITION:OFFSET, separated by commas.", "positions",
                        "positions", text)
                }
                let id = try partition(parts[0], "positions")
                if positions.updateValue(offset, forKey: id) == nil { order.append(id) }
            }
            partitions = order
        } else {
            if let named {
                var order: [PartitionID] = []
                for item in named.split(separator: ",", omittingEmptySubsequences: false) {
                    let id = try partition(item, "partitions")
                    if !order.contains(id), order.count <= RecordsDoor.mostPartitions { order.append(id) }
                }
                partitions = order
            } else {
                partitions = topic.partitions
            }
            place = try Self.place(parameters, now: now)
        }
        if partitions.count > RecordsDoor.mostPartitions {
            throw QueryParameters.refusal(
                "At most \(RecordsDoor.mostPartitions) partitions are read by one request: name them.", "partitions",
                "too-many", String(partitions.count))
        }
    }

    private static func both(_ name: String) -> Problem {
        QueryParameters.refusal(
            "The query parameters 'positions' and '\(name)' both say where to read: leave one of them out.", name,
            "alone",
            nil)
    }

    private static func place(_ parameters: borrowing QueryParameters, now: WallTime) throws(Problem) -> Place {
        switch try parameters.text("from") {
        case nil, "beginning": return .beginning
        case "now": return .now
        case let text?:
            if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int64(text),
                number < .max
            {
                return .offset(Offset(number))
            }
            guard let time = TimeText.parse(text, now: now) else {
                throw QueryParameters.refusal(
                    "The query parameter 'from' must be 'beginning', 'now', an offset, or \(TimeText.rule).", "from",
                    "place", text)
            }
            return .time(time)
        }
    }

    /// Where to begin in a partition; nil when it is gone.
    func find(
        _ partition: PartitionID, _ log: any EventLog, _ session: any LogSession,
        then: @escaping (Result<Offset, LogError>?) -> Void
    ) {
        guard let bounds = log.bounds(of: partition) else { return then(nil) }
        if let offset = positions[partition] { return then(.success(offset)) }
        switch place {
        case .beginning: then(.success(bounds.start))
        case .now: then(.success(bounds.end))
        // An offset in several partitions: where one ends before, there is nothing yet.
        case .offset(let offset): then(.success(min(offset, bounds.end)))
        case .time(let time):
            session.offset(in: partition, atTime: time) { then($0.map { min($0.offset, bounds.end) }) }
        }
    }
}
