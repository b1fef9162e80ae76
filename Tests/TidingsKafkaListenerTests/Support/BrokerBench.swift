// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

/// A broker on a log in memory, and clients on streams in memory: time moves when the test moves it.
final class BrokerBench {
    let clock = ManualClock()
    let loop: SimulatedLoop
    let log: InMemoryEventLog
    let metrics = Metrics()
    private(set) var server: KafkaServer
    private(set) var coordinator: KafkaCoordinator

    init(
        log: InMemoryEventLog = InMemoryEventLog(), readsGroups: Bool = true,
        _ change: (inout KafkaListenerSettings) -> Void = { _ in }
    ) {
        self.log = log
        loop = SimulatedLoop(clock: clock)
        var settings = KafkaListenerSettings()
        change(&settings)
        let logger = Logger("kafka", to: nil)
        coordinator = KafkaCoordinator(log: log, loop: loop, random: SeededRandom(seed: 1), logger: logger)
        let broker = KafkaBroker(
            log: log, loop: loop, settings: settings, identity: KafkaIdentity(clusterID: "test"),
            coordinator: coordinator, logger: logger)
        server = KafkaServer(broker, settings, meter: KafkaMeter(metrics), logger: logger)
        if readsGroups { coordinator.start() }
        loop.runUntilIdle()
    }

    /// A client's connection.
    func connect() -> BrokerClient {
        let stream = MemoryStream()
        server.serve(stream)
        return BrokerClient(self, stream)
    }

    /// A batch as a client sends it, of records without keys.
    static func batch(
        _ texts: [String], codec: RecordCodec = .none, key: String? = nil, producer: RecordBatchBuilder.Producer? = nil
    ) -> [UInt8] {
        var builder = RecordBatchBuilder()
        for text in texts {
            var body = ByteBuffer()
            [UInt8](text.utf8).withUnsafeBytes { value in
                guard let key else { return EventRecord.encodeBody(key: nil, value: value, into: &body) }
                [UInt8](key.utf8).withUnsafeBytes { EventRecord.encodeBody(key: $0, value: value, into: &body) }
            }
            _ = builder.add(body: body.bytes, timestamp: WallTime(millis: 1_000))
        }
        return Array(builder.seal(baseOffset: .zero, codec: codec, producer: producer))
    }
}

/// One client's connection to a ``BrokerBench``.
final class BrokerClient {
    let stream: MemoryStream
    private let bench: BrokerBench
    private var lastID: Int32 = 0
    private var unread: [UInt8] = []
    /// How many bytes come at once.
    var pieceBytes = Int.max
    private var sent: [(id: Int32, api: APIKey, version: Int16)] = []

    init(_ bench: BrokerBench, _ stream: MemoryStream) {
        self.bench = bench
        self.stream = stream
    }

    /// Sends a request; `records` is what the places of its ``MessageBytes`` count from.
    func send(_ request: some WritableMessage, _ api: APIKey, _ version: Int16, records: [UInt8] = []) {
        lastID += 1
        sent.append((lastID, api, version))
        var writer = MessageWriter()
        try! writer.frame(request, of: api, version: version, correlationID: lastID, clientID: "test")
        var rest = records.withUnsafeBytes { writer.assembled(from: $0) }[...]
        while !rest.isEmpty {
            stream.receive(Array(rest.prefix(pieceBytes)))
            rest = rest.dropFirst(pieceBytes)
        }
    }

    /// Answers that have come: for each its request's place, counted from 1, and the bytes behind the header.
    func answers() -> [(id: Int32, api: APIKey, version: Int16, body: [UInt8])] {
        bench.loop.runUntilIdle()
        unread += stream.takeBytes()
        var found: [(id: Int32, api: APIKey, version: Int16, body: [UInt8])] = []
        while unread.count >= 4 {
            let length = unread[0..<4].reduce(0) { $0 << 8 | Int($1) }
            guard unread.count >= 4 + length else { break }
            let frame = Array(unread[4..<4 + length])
            unread.removeFirst(4 + length)
            let id = frame[0..<4].reduce(Int32(0)) { $0 << 8 | Int32($1) }
            let request = sent.first { $0.id == id }!
            let header = 4 + Int(request.api.responseHeaderVersion(request.version))
            found.append((id, request.api, request.version, Array(frame[header...])))
        }
        return found
    }

    /// Sends a request and reads its answer; nil when there is none yet.
    func ask<Response: ReadableMessage>(
        _ request: some WritableMessage, _ api: APIKey, _ version: Int16, records: [UInt8] = []
    ) -> (response: Response, body: [UInt8])? {
        send(request, api, version, records: records)
        guard let answer = answers().first(where: { $0.id == lastID }) else { return nil }
        return (Self.read(answer.body, version), answer.body)
    }

    static func read<Response: ReadableMessage>(_ body: [UInt8], _ version: Int16) -> Response {
        body.withUnsafeBytes {
            var reader = MessageReader($0)
            return try! Response(from: &reader, version: version)
        }
    }

    // MARK: - What tests ask often

    /// Produces one batch.
    func produce(
        _ batch: [UInt8], to topic: String, _ partition: Int32 = 0, acks: Int16 = -1, version: Int16 = 9,
        transactionalID: String? = nil
    ) -> ProduceResponse.PartitionProduceResponse? {
        let request = ProduceRequest(
            transactionalID: transactionalID, acks: acks, timeoutMs: 1_000,
            topicData: [
                .init(
                    name: topic,
                    partitionData: [.init(index: partition, records: MessageBytes(place: 0, count: batch.count))])
            ])
        let found: (response: ProduceResponse, body: [UInt8])? = ask(request, .produce, version, records: batch)
        return found?.response.responses[0].partitionResponses[0]
    }

    /// A fetch of one partition.
    static func fetch(
        _ topic: String, _ partition: Int32 = 0, from offset: Int64, wait: Int32 = 0, minBytes: Int32 = 1,
        maxBytes: Int32 = 1 << 20, committed: Bool = false, session: Int32 = 0, epoch: Int32 = -1
    ) -> FetchRequest {
        FetchRequest(
            maxWaitMs: wait, minBytes: minBytes, maxBytes: maxBytes, isolationLevel: committed ? 1 : 0,
            sessionID: session, sessionEpoch: epoch,
            topics: [
                .init(
                    topic: topic,
                    partitions: [.init(partition: partition, fetchOffset: offset, partitionMaxBytes: maxBytes)])
            ])
    }

    /// The records of a fetch's first partition, as texts.
    static func texts(_ found: (response: FetchResponse, body: [UInt8])) -> [String] {
        guard let records = found.response.responses.first?.partitions.first?.records else { return [] }
        return found.body.withUnsafeBytes { body in
            var texts: [String] = []
            var rest = records.bytes(in: body)
            while rest.count > 0, let count = RecordBatchHeader.totalByteCount(rest) {
                let batch = rest.part(0..<count)
                rest = rest.part(count..<rest.count)
                guard let decoded = try? DecodedBatch(batch), !decoded.header.isControl else { continue }
                for record in decoded.records(in: batch) {
                    texts.append(String(decoding: record.value ?? .init(start: nil, count: 0), as: UTF8.self))
                }
            }
            return texts
        }
    }
}
