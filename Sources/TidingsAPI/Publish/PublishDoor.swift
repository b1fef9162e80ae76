// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// `POST /v1/events`: reads events in every form, publishes them, and answers when they are durable.
///
/// One event is answered with 201 and where it lies. A batch is answered with 200 and one result per event: the good ones
/// are stored together, each bad one has its own problem. What is unreadable as a whole stores nothing.
///
/// - Concurrency: lives on its loop.
package final class PublishDoor {
    /// The most bytes a request may have.
    package static let mostBodyBytes = 16 << 20

    private let publisher: Publisher
    private var reader: EventReader
    private var draft = EventDraft()

    /// Makes the loop's door.
    package init(
        _ publisher: Publisher, time: any TimeSource, random: any RandomSource, limits: EventLimits = EventLimits()
    ) {
        self.publisher = publisher
        reader = EventReader(limits: limits, time: time, random: random)
    }

    /// Adds the route.
    package func register(on router: Router) {
        router.add(.post, "/v1/events", body: .collect(atMost: Self.mostBodyBytes)) {
            [self] request, responder throws(Problem) in
            try publish(request, responder)
        }
    }

    private func publish(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let form = try PublishForm.of(request)
        let trace = request.header("traceparent").flatMap { TraceContext($0) }
        let state = TraceState.of(request, in: trace)
        let body = request.body
        publisher.begin()
        switch form {
        case .structured:
            try reader.readStructured(body, into: &draft)
        case .plain:
            try reader.readPlain(body, into: &draft)
        case .binary:
            try readBinary(request)
        case .batch:
            try reader.readBatch(body, into: &draft) { draft, problem in
                if problem == nil { TraceState.add(state, to: &draft) }
                publisher.add(&draft, problem, trace: trace)
            }
            return answerAll(responder)
        case .lines:
            try reader.readLines(body, into: &draft) { draft, problem in
                if problem == nil { TraceState.add(state, to: &draft) }
                publisher.add(&draft, problem, trace: trace)
            }
            return answerAll(responder)
        }
        TraceState.add(state, to: &draft)
        publisher.add(&draft, nil, trace: trace)
        if let refusal = publisher.firstRefusal { throw refusal }
        answerOne(responder)
    }

    private func readBinary(_ request: borrowing HTTPRequest) throws(Problem) {
        let count = request.headerCount
        // The request cannot be captured; what its fields show can, during this call.
        var fields: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []
        fields.reserveCapacity(count)
        for place in 0..<count { fields.append(request.header(at: place)) }
        try reader.readBinary(
            { each in for field in fields { each(field.name, field.value) } }, body: request.body, into: &draft)
    }

    private func answerOne(_ responder: HTTPResponder) {
        publisher.commit(
            { set in
                var body = ByteBuffer(capacity: 256)
                if case .stored(let entry, let topic)? = set.outcomes.first {
                    JSONWriter.write(into: &body) { set.writeReceipt(entry, topic, isWhole: true, to: &$0) }
                }
                return body.array()
            },
            then: { result in Self.answer(result, .created, responder) })
    }

    private func answerAll(_ responder: HTTPResponder) {
        publisher.commit(
            { set in
                var body = ByteBuffer(capacity: 128 + set.outcomes.count * 96)
                var accepted = 0
                for outcome in set.outcomes { if case .stored = outcome { accepted += 1 } }
                JSONWriter.write(into: &body) { json in
                    json.beginObject()
                    json.key("accepted")
                    json.number(accepted)
                    json.key("refused")
                    json.number(set.outcomes.count - accepted)
                    json.key("results")
                    json.beginArray()
                    for outcome in set.outcomes {
                        switch outcome {
                        case .stored(let entry, let topic):
                            set.writeReceipt(entry, topic, isWhole: false, to: &json)
                        case .refused(let problem):
                            json.beginObject()
                            json.key("problem")
                            ProblemBody.write(problem, to: &json)
                            json.endObject()
                        }
                    }
                    json.endArray()
                    json.endObject()
                }
                return body.array()
            },
            then: { result in Self.answer(result, .ok, responder) })
    }

    private static func answer(_ result: Result<[UInt8], Problem>, _ status: HTTPStatus, _ responder: HTTPResponder) {
        switch result {
        case .success(let body):
            body.withUnsafeBytes { responder.respond(status, contentType: "application/json", body: $0) }
        case .failure(let problem): responder.refuse(problem)
        }
    }
}
