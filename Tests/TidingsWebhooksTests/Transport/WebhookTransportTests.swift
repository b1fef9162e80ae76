// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsDelivery
import TidingsTesting

@testable import TidingsWebhooks

/// The transport against a receiver that misbehaves, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct WebhookTransportTests {
    static let manyX = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)

    @Test(arguments: EndpointMode.allCases)
    func `a delivery arrives signed`(_ mode: EndpointMode) async throws {
        let receiver = try Receiver()
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url + "events?a=b", mode)
        #expect(result.isSuccess)
        let request = try #require(receiver.received.first)
        #expect(request.method == "POST")
        #expect(request.target == "/events?a=b")
        #expect(request[header: "host"] == "127.0.0.1:\(receiver.port)")
        #expect(request[header: "webhook-id"] == "msg_1")
        #expect(request[header: "user-agent"] == "Tidings/1.2.3")
        #expect(request[header: "traceparent"] == WebhookWriterTests.trace.description)
        let seconds = try #require(request[header: "webhook-timestamp"].flatMap { Int64($0) })
        #expect(seconds == fixture.clock.wall.millis / 1000)
        let signer = try #require(WebhookSigner(WebhookWriterTests.secret))
        var signature = ByteBuffer()
        request.body.withUnsafeBytes {
            signer.appendSignature(id: ("msg_1" as StaticString).bytes, timestamp: seconds, body: $0, to: &signature)
        }
        #expect(request[header: "webhook-signature"] == signature.text())
        receiver.stop()
    }

    @Test(arguments: [
        (ReceiverBehaviour.answer(200), 200), (.answer(204), 204), (.answer(299, body: manyX), 299),
        (.endlessBody(200), 200), (.answer(500), 500), (.answer(410), 410), (.answer(404, body: manyX), 404),
        (.answer(301, headers: [("location", "/elsewhere")]), 301), (.endlessBody(500), 500),
        (.answerAndClose(503), 503),
    ])
    func `an answer is known by its status`(_ behaviour: ReceiverBehaviour, _ status: Int) async throws {
        let receiver = try Receiver(script: [behaviour])
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url)
        #expect(result.outcome == .answered(status: status))
        #expect(result.isSuccess == (200..<300).contains(status))
        #expect(result.reason.isEmpty == result.isSuccess)
        if !result.isSuccess {
            #expect(String(decoding: result.responseHead, as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
        }
        if status == 404 { #expect(result.responseBody == Array(Self.manyX.prefix(4096))) }
        if status == 301 { #expect(result.reason.contains("/elsewhere")) }
        #expect(receiver.receivedCount == 1, "a redirect is not followed, a failure not repeated")
        receiver.stop()
    }

    @Test(arguments: [
        (429, "7", Duration.seconds(7) as Duration?), (503, "120", .seconds(120)), (429, "soon", nil), (429, nil, nil),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", .zero),
    ])
    func `Retry-After is handed on`(_ status: Int, _ header: String?, _ expected: Duration?) async throws {
        let headers = header.map { [("Retry-After", $0)] } ?? []
        let receiver = try Receiver(script: [.answer(status, headers: headers)])
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url)
        #expect(result.outcome == .answered(status: status))
        #expect(result.retryAfter == expected)
        receiver.stop()
    }

    @Test(arguments: [
        ReceiverBehaviour.reset, .close, .raw([UInt8]("no HTTP at all\r\n\r\n".utf8)), .raw([0xFF, 0, 13, 10]),
        .raw([UInt8]("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab".utf8)),
        .raw([UInt8]("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".utf8)),
        .raw([UInt8]("HTTP/1.1 2000 OK\r\n\r\n".utf8)), .endlessHeaders(200),
    ])
    func `what breaks off or is no HTTP is told as broken`(_ behaviour: ReceiverBehaviour) async throws {
        let receiver = try Receiver(script: [behaviour])
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url)
        #expect(result.outcome == .failed(.broken))
        #expect(!result.reason.isEmpty)
        #expect(
            receiver.receivedCount == 1, "an event that may have arrived is not sent again behind the engine's back")
        receiver.stop()
    }

    @Test(arguments: [ReceiverGreeting.close, .reset])
    func `a connection that closes at once is broken or refused`(_ greeting: ReceiverGreeting) async throws {
        let receiver = try Receiver(greeting: greeting)
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url)
        #expect([.failed(.broken), .failed(.unreachable)].contains(result.outcome))
        receiver.stop()
    }

    @Test func `an answer to nothing is not taken for the next one's`() async throws {
        let early = [UInt8]("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".utf8)
        let receiver = try Receiver(script: [.raw(early + early), .answer(500)])
        let fixture = try TransportFixture()
        #expect(try await fixture.send(to: receiver.url).isSuccess)
        #expect(try await fixture.send(to: receiver.url).outcome == .answered(status: 500))
        receiver.stop()
    }

    @Test func `an answer before the request was read ends the attempt`() async throws {
        let receiver = try Receiver(
            greeting: .speakFirst([UInt8]("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".utf8)))
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url)
        #expect([.answered(status: 503), .failed(.broken)].contains(result.outcome))
        receiver.stop()
    }

    enum Slowness: CaseIterable { case silent, slowBody, neverReads }

    @Test(arguments: [(Slowness.silent, 15), (.slowBody, 30), (.neverReads, 15)])
    func `what takes too long is broken off`(_ slowness: Slowness, _ seconds: Int) async throws {
        let behaviour: ReceiverBehaviour =
            slowness == .silent ? .hang : .slowBody(200, piece: [120], pause: .milliseconds(5))
        let receiver = try Receiver(greeting: slowness == .neverReads ? .ignore : .read) { _ in behaviour }
        let fixture = try TransportFixture()
        async let result = fixture.send(to: receiver.url)
        if slowness == .neverReads {
            while receiver.connectionCount == 0 { await Task.yield() }
        } else {
            #expect(await receiver.gets(1))
        }
        // The turn in which the attempt began has ended when the loop answers.
        await fixture.onLoop {}
        fixture.advance(by: .seconds(15) - .milliseconds(1))
        #expect(await fixture.callCount() == 1, "the limit for headers has not passed")
        fixture.advance(by: .seconds(seconds - 15) + .milliseconds(1))
        // The receiver may know of the connection before the loop does, which then counts from a later moment.
        while slowness == .neverReads, await fixture.callCount() > 0 { fixture.advance(by: .seconds(1)) }
        let outcome = try await result.outcome
        #expect(outcome == .failed(.timedOut))
        receiver.stop()
    }

    @Test func `nobody listens`() async throws {
        let receiver = try Receiver()
        receiver.refuse()
        let fixture = try TransportFixture()
        let result = try await fixture.send(to: receiver.url)
        #expect(result.outcome == .failed(.unreachable))
        try receiver.acceptAgain()
        #expect(try await fixture.send(to: receiver.url).isSuccess)
        receiver.stop()
    }

    @Test func `a forbidden address gets no connection`() async throws {
        let receiver = try Receiver()
        let fixture = try TransportFixture(policy: AddressPolicy(listensOnLoopbackOnly: false))
        let result = try await fixture.send(to: receiver.url)
        #expect(result.outcome == .failed(.forbidden))
        #expect(result.reason.contains("delivery.allow_networks"))
        #expect(receiver.connectionCount == 0)
        receiver.stop()
    }

    @Test func `a name without address and a server without TLS are told apart`() async throws {
        let receiver = try Receiver(greeting: .speakFirst([UInt8]("I speak no TLS\r\n".utf8)))
        let fixture = try TransportFixture()
        #expect(try await fixture.send(to: "http://nowhere.invalid/").outcome == .failed(.unresolved))
        let secure = "https://127.0.0.1:\(receiver.port)/"
        #expect(try await fixture.send(to: secure).outcome == .failed(.untrusted))
        receiver.stop()
    }

    @Test func `connections are kept, and a dead one costs nothing`() async throws {
        let receiver = try Receiver(script: [.answer(204), .answer(204), .answerAndClose(204), .answer(204)])
        let fixture = try TransportFixture()
        for number in 0..<5 {
            #expect(try await fixture.send(to: receiver.url).isSuccess)
            // The close may come a moment later than the answer.
            while number == 2, await fixture.connectionCount() > 0 { await Task.yield() }
        }
        #expect(receiver.received.map(\.connection) == [0, 0, 0, 1, 1])
        receiver.stop()
    }

    @Test func `a cancelled attempt is not reported`() async throws {
        let receiver = try Receiver(script: [.hang])
        let fixture = try TransportFixture()
        let target = TransportFixture.target(receiver.url)
        let attempt = try TransportFixture.attempt(target)
        let handle = await fixture.onLoop { [transport = fixture.transport!] in
            Handle(transport.send(attempt) { _ in Issue.record("it was reported") })
        }
        #expect(await receiver.gets(1))
        await fixture.onLoop { handle.handle.cancel() }
        await fixture.onLoop { handle.handle.cancel() }
        #expect(await fixture.callCount() == 0)
        receiver.stop()
    }

    private struct Handle: @unchecked Sendable {
        let handle: any AttemptHandle
        init(_ handle: any AttemptHandle) { self.handle = handle }
    }
}
