// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// `POST /in/{name}`: a partner's call, checked by its signature, becomes an event and is answered 202 once that is
/// durable; `OPTIONS /in/{name}` answers the handshake of CloudEvents webhooks, which some senders insist on.
///
/// - Concurrency: lives on its server's loop.
package final class InboundDoor {
    /// What is worked out once per inbound webhook.
    private final class Entry {
        let webhook: InboundWebhook
        let signature: InboundSignature?
        var mapping: InboundMapping

        init(_ webhook: InboundWebhook) {
            self.webhook = webhook
            mapping = InboundMapping(webhook)
            switch webhook.kind {
            case .github(let secret): signature = .gitHub(secret)
            case .generic(let generic): signature = generic.verify.map { InboundSignature($0) }
            }
        }
    }

    private let webhook: (Name) -> InboundWebhook?
    private let publisher: any EventPublisher
    private var entries: [Name: Entry] = [:]
    /// At rest here between calls.
    private var draft: EventDraft?

    /// Creates the door of one loop.
    /// - Parameter webhook: the inbound webhook of a name, as of now; asked for every call.
    package init(webhook: @escaping (Name) -> InboundWebhook?, publisher: any EventPublisher) {
        self.webhook = webhook
        self.publisher = publisher
    }

    /// Adds its routes.
    package func register(on router: Router) {
        // Partners put what they like behind the `?`.
        router.add(.post, "/in/{name}", query: nil) { request, responder throws(Problem) in
            try self.take(request, responder)
        }
        router.add(.options, "/in/{name}", query: nil) { request, responder throws(Problem) in
            try self.greet(request, responder)
        }
    }

    private func entry(_ request: borrowing HTTPRequest) throws(Problem) -> Entry {
        let text = try request.parameter(0)
        guard let name = Name(text), let webhook = webhook(name) else {
            if let name = Name(text) { entries[name] = nil }
            throw Problem(.notFound, "there is no inbound webhook '\(text)'")
        }
        if let known = entries[name], known.webhook == webhook { return known }
        let made = Entry(webhook)
        entries[name] = made
        return made
    }

    private func take(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let entry = try entry(request)
        if let signature = entry.signature { try Self.check(signature, request) }
        let body = request.body
        var draft = self.draft.take() ?? EventDraft()
        do throws(Problem) {
            try entry.mapping.fill(&draft, from: Self.call(request, body))
        } catch {
            self.draft = consume draft
            throw error
        }
        let trace = request.header("traceparent").flatMap { TraceContext($0) }
        TraceState.add(TraceState.of(request, in: trace), to: &draft)
        publisher.publish(&draft, trace: trace) { result in
            switch result {
            case .success(let stored): Self.accept(stored, responder)
            case .failure(let problem): responder.refuse(problem)
            }
        }
        self.draft = consume draft
    }

    private static func check(_ signature: InboundSignature, _ request: borrowing HTTPRequest) throws(Problem) {
        guard let value = request.header(named: signature.header) else {
            throw Problem(
                .badSignature, "the call has no signature in header \(signature.header)",
                [.init("header:\(signature.header)", "required")])
        }
        guard signature.verifies(value, for: request.body) else {
            throw Problem(
                .badSignature, "the signature in header \(signature.header) is not that of the body",
                [.init("header:\(signature.header)", "signature")])
        }
    }

    /// Copies the few headers that a mapping reads: a request cannot be captured.
    private static func call(
        _ request: borrowing HTTPRequest, _ body: UnsafeRawBufferPointer
    ) -> InboundMapping.Call {
        let contentType = request.text("content-type")
        let event = request.text("x-github-event")
        let delivery = request.text("x-github-delivery")
        return InboundMapping.Call(contentType: contentType, event: event, delivery: delivery, body: body)
    }

    private static func accept(_ stored: PublishedEvent, _ responder: HTTPResponder) {
        responder.respond(.accepted, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in
                json.object { json in
                    json.member("id", stored.id)
                    json.member("source", stored.source)
                    json.member("type", stored.type)
                    json.member("topic", stored.topic.text)
                    json.member("partition", Int64(stored.partition))
                    json.member("offset", stored.offset.value)
                }
            }
        }
    }

    /// The handshake of CloudEvents' HTTP webhooks (§4): every origin may send, at any rate; the signature decides.
    private func greet(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        _ = try entry(request)
        var fields: HTTPFields = ["Allow": "POST, OPTIONS"]
        if let origin = request.header("webhook-request-origin") {
            if !fields.add(("WebHook-Allowed-Origin" as StaticString).bytes, origin) {
                fields.add("WebHook-Allowed-Origin", "*")
            }
            fields.add("WebHook-Allowed-Rate", "*")
        }
        responder.respond(.noContent, fields)
    }
}
