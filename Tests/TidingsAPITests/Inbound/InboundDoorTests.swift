// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsHTTP
import TidingsNetwork
import TidingsTesting

@testable import TidingsAPI

@Suite struct InboundDoorTests {
    /// A publisher that keeps what it gets and answers when told.
    private final class Publisher: EventPublisher {
        var published: [[String: String]] = []
        var traces: [TraceContext?] = []
        var waiting: [(Result<PublishedEvent, Problem>) -> Void] = []

        func publish(
            _ draft: inout EventDraft, trace: TraceContext?, then: @escaping (Result<PublishedEvent, Problem>) -> Void
        ) {
            var found = ["data": draft.data?.text ?? ""]
            for attribute in EventAttribute.allCases {
                if let value = draft[attribute] { found[attribute.name.bytes.text] = value.text }
            }
            published.append(found)
            traces.append(trace)
            waiting.append(then)
        }
    }

    private static let secret = "It's a Secret to Everybody"

    /// A door with its server, and one connection to it.
    private final class Fixture {
        let publisher = Publisher()
        let wire = MemoryStream()
        var webhooks: [Name: InboundWebhook] = [:]
        private let loop = SimulatedLoop()
        private var server: HTTPServer!

        init(publisher: (any EventPublisher)? = nil) {
            let generic = GenericInbound(type: JSONPointer("/type")!, entity: JSONPointer("/entity")!, verify: nil)
            for webhook in [
                InboundWebhook(name: Name("hub")!, kind: .github(secret: Secret(InboundDoorTests.secret))),
                InboundWebhook(name: Name("shop")!, kind: .generic(generic)),
            ] { webhooks[webhook.name] = webhook }
            let router = Router(logger: Logger("http", to: nil))
            InboundDoor(webhook: { [unowned self] in self.webhooks[$0] }, publisher: publisher ?? self.publisher)
                .register(on: router)
            server = HTTPServer(
                loop: loop, settings: HTTPServerSettings(), handler: router, random: SeededRandom(seed: 1),
                logger: Logger("http", to: nil))
            server.serve(wire)
        }

        /// Sends a request and answers what came back by now.
        func send(_ request: String, _ headers: [(String, String)], _ body: String = "") -> String {
            _ = wire.take()
            var text = "\(request) HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(body.utf8.count)\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            text += "\r\n" + body
            wire.receive(text)
            loop.runUntilIdle()
            return wire.take()
        }

        /// What came back since the last look.
        func answer() -> String {
            loop.runUntilIdle()
            return wire.take()
        }

        /// Lets the oldest publish end.
        func end(_ result: Result<PublishedEvent, Problem>) -> String {
            _ = wire.take()
            publisher.waiting.removeFirst()(result)
            loop.runUntilIdle()
            return wire.take()
        }
    }

    private func signed(_ body: String, _ event: String = "issues") -> [(String, String)] {
        let key = HMACKey([UInt8](Self.secret.utf8))
        let code = [UInt8](body.utf8).withUnsafeBytes { key.code(for: $0) }
        return [
            ("content-type", "application/json"), ("x-github-event", event), ("x-github-delivery", "d-1"),
            ("x-hub-signature-256", "sha256=" + Hex.encode(code)),
            ("traceparent", "00-00000000000000010000000000000002-0000000000000003-01"),
        ]
    }

    private static let stored = PublishedEvent(
        id: "d-1", source: "https://github.com/o/r", type: "com.github.issues.opened", topic: TopicName("hub")!,
        partition: 3, offset: Offset(1042))

    @Test func `a signed call is answered when its event is durable`() {
        let fixture = Fixture()
        let body = #"{"action":"opened","repository":{"full_name":"o/r"}}"#
        #expect(fixture.send("POST /in/hub?x=y", signed(body), body).isEmpty, "it waits for the log")
        #expect(
            fixture.publisher.published == [
                [
                    "id": "d-1", "type": "com.github.issues.opened", "source": "https://github.com/o/r",
                    "subject": "o/r", "datacontenttype": "application/json", "data": body,
                ]
            ])
        #expect(fixture.publisher.traces.map { $0?.span } == [3])
        let answer = fixture.end(.success(Self.stored))
        #expect(answer.hasPrefix("HTTP/1.1 202 Accepted\r\n"))
        #expect(
            answer.hasSuffix(
                #"{"id":"d-1","source":"https://github.com/o/r","type":"com.github.issues.opened","topic":"hub","partition":3,"offset":1042}"#
            ))
    }

    @Test func `what the publisher refuses is refused`() {
        let fixture = Fixture()
        _ = fixture.send("POST /in/shop", [], #"{"type":"a"}"#)
        let answer = fixture.end(.failure(Problem(.notOwner, "the type a belongs to another")))
        #expect(answer.hasPrefix("HTTP/1.1 403 "))
        #expect(answer.contains("not-owner"))
    }

    enum Fault: CaseIterable { case wrongSignature, noSignature, changedBody, wrongMethod, unknown, badName, notJSON }

    @Test(arguments: [
        (Fault.wrongSignature, 401), (.noSignature, 401), (.changedBody, 401), (.wrongMethod, 405), (.unknown, 404),
        (.badName, 404), (.notJSON, 400),
    ])
    func `a wrong call publishes nothing`(_ fault: Fault, _ status: Int) {
        let fixture = Fixture()
        var headers = signed("{}")
        var (line, body) = ("POST /in/hub", "{}")
        switch fault {
        case .wrongSignature: headers[3].1 = "sha256=" + String(repeating: "0", count: 64)
        case .noSignature: headers.remove(at: 3)
        case .changedBody: body = "[]"
        case .wrongMethod: line = "GET /in/hub"
        case .unknown: line = "POST /in/nobody"
        case .badName: line = "POST /in/%2E%2e"
        case .notJSON: (headers, body) = (signed("{"), "{")
        }
        #expect(fixture.send(line, headers, body).hasPrefix("HTTP/1.1 \(status) "))
        #expect(fixture.publisher.published.isEmpty)
    }

    @Test func `a change of the webhook is obeyed by the next call`() {
        let fixture = Fixture()
        _ = fixture.send("POST /in/hub", signed("{}"), "{}")
        #expect(fixture.publisher.published.count == 1)
        _ = fixture.end(.success(Self.stored))
        fixture.webhooks[Name("hub")!]?.kind = .github(secret: Secret("another"))
        #expect(fixture.send("POST /in/hub", signed("{}"), "{}").hasPrefix("HTTP/1.1 401 "))
        fixture.webhooks[Name("hub")!] = nil
        #expect(fixture.send("POST /in/hub", signed("{}"), "{}").hasPrefix("HTTP/1.1 404 "))
        #expect(fixture.publisher.published.count == 1)
    }

    @Test func `the handshake of CloudEvents webhooks is answered`() {
        let fixture = Fixture()
        let answer = fixture.send(
            "OPTIONS /in/shop", [("WebHook-Request-Origin", "eventgrid.azure.net"), ("WebHook-Request-Rate", "120")])
        #expect(answer.hasPrefix("HTTP/1.1 204 "))
        #expect(answer.contains("WebHook-Allowed-Origin: eventgrid.azure.net\r\n"))
        #expect(answer.contains("WebHook-Allowed-Rate: *\r\n"))
        let plain = fixture.send("OPTIONS /in/shop", [])
        #expect(plain.contains("Allow: POST, OPTIONS\r\n") && !plain.contains("WebHook"))
        #expect(fixture.send("OPTIONS /in/nobody", []).hasPrefix("HTTP/1.1 404 "))
    }

    @Test(.enabled(if: !RealGitHubEvents.all.isEmpty, "shared/real-events is not beside the repository"))
    func `every real payload of GitHub lies in the log byte for byte, in order per repository`() throws {
        let harness = PublisherHarness()
        let fixture = Fixture(publisher: harness.publisher)
        var sent: [String?: [[UInt8]]] = [:]
        for payload in RealGitHubEvents.all {
            let body = String(decoding: payload.body, as: UTF8.self)
            _ = fixture.send("POST /in/hub", signed(body, payload.event), body)
            harness.clock.runUntilIdle()
            #expect(fixture.answer().hasPrefix("HTTP/1.1 202 "), "\(payload)")
            sent[try JSONValue.parse(payload.body)["repository"]?["full_name"]?.string, default: []].append(
                payload.body)
        }
        let topic = try #require(harness.log.topics[TopicName("events")!])
        var stored: [String?: [[UInt8]]] = [:]
        let session = harness.log.session(on: harness.loop)
        for partition in topic.partitions {
            session.read(partition, from: .zero, maxBytes: 1 << 30) { result in
                for record in (try? result.get().flatMap { try $0.records().map(EventView.init) }) ?? [] {
                    stored[record.subject?.text, default: []].append([UInt8](record.data!))
                }
            }
        }
        harness.clock.runUntilIdle()
        // Events without an entity are spread over the partitions, in no order.
        let spread = (sent.removeValue(forKey: nil) ?? [], stored.removeValue(forKey: nil) ?? [])
        #expect(Set(spread.0) == Set(spread.1) && spread.0.count == spread.1.count)
        #expect(stored == sent)
        #expect(sent["Codertocat/Hello-World"]?.count == 184)
    }
}
