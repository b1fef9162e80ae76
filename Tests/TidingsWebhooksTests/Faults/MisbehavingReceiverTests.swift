// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore
import TidingsDelivery
import TidingsTesting

@testable import TidingsWebhooks

/// The whole way from the log to a receiver that misbehaves and then behaves: nothing is lost, nothing out of order.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MisbehavingReceiverTests {
    static let entities = ["o-1", "o-2", "o-3", "o-4"]

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        var greeting = ReceiverGreeting.read
        var behaviour = ReceiverBehaviour.answer(204)
        var testDescription: String { name }
    }

    static let faults: [Fault] = [
        Fault(name: "500", behaviour: .answer(500, body: [UInt8]("no".utf8))),
        Fault(name: "429 with Retry-After", behaviour: .answer(429, headers: [("retry-after", "3")])),
        Fault(
            name: "503 with a date",
            behaviour: .answer(503, headers: [("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT")])),
        Fault(name: "a redirect", behaviour: .answer(302, headers: [("location", "http://127.0.0.1:1/")])),
        Fault(name: "hangs", behaviour: .hang),
        Fault(name: "a reset", behaviour: .reset),
        Fault(name: "a close", behaviour: .close),
        Fault(name: "a slow body", behaviour: .slowBody(500, piece: [120], pause: .milliseconds(1))),
        Fault(name: "an endless body", behaviour: .endlessBody(500)),
        Fault(name: "endless headers", behaviour: .endlessHeaders(200)),
        Fault(name: "garbage", behaviour: .raw([0, 1, 2, 3, 13, 10, 13, 10])),
        Fault(name: "half an answer", behaviour: .raw([UInt8]("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab".utf8))),
        Fault(name: "answers that close", behaviour: .answerAndClose(503)),
        Fault(name: "closes at once", greeting: .close),
        Fault(name: "resets at once", greeting: .reset),
        Fault(
            name: "answers before the request",
            greeting: .speakFirst([UInt8]("HTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".utf8))),
        Fault(name: "never reads", greeting: .ignore),
    ]

    @Test(arguments: faults)
    func `nothing is lost and the order is kept`(_ fault: Fault) async throws {
        let receiver = try Receiver(greeting: fault.greeting) { $0.number < 7 ? fault.behaviour : .answer(204) }
        let fixture = try await EngineFixture([EngineFixture.subscription(1, to: receiver.url)])
        await fixture.publish(3, of: Self.entities)
        if case .read = fault.greeting {
        } else {
            #expect(await fixture.drive(receivers: [receiver]) { receiver.connectionCount >= 5 })
            receiver.greeting = .read
        }
        await fixture.publish(2, of: Self.entities, from: 3)
        let isDone = try await fixture.drive(step: .milliseconds(200), receivers: [receiver]) {
            try await fixture.status().delivered >= 20
        }
        #expect(isDone, "after \(receiver.receivedCount) requests")
        try check(receiver.received, events: 5)
        let status = try await fixture.status()
        #expect(status.lag == 0 && status.parkedEntities == 0 && status.deadLetters == 0 && status.waiting == 0)
        receiver.stop()
    }

    /// What a receiver got: every event, first receipts in order per entity, one `webhook-id` per event, valid signatures.
    private func check(_ received: [ReceivedRequest], events: Int) throws {
        let signer = try #require(WebhookSigner(WebhookWriterTests.secret))
        var ids: [String: String] = [:]
        var firsts: [String: [String]] = [:]
        var delivered: Set<String> = []
        for request in received {
            let event = try #require(request[header: "ce-id"])
            let entity = try #require(request[header: "ce-subject"])
            let id = try #require(request[header: "webhook-id"])
            if let known = ids[event] {
                #expect(known == id, "the id is the same in all attempts")
            } else {
                ids[event] = id
                firsts[entity, default: []].append(event)
            }
            if request.answered.map({ $0 < 300 }) == true { delivered.insert(event) }
            var signature = ByteBuffer()
            let timestamp = try #require(request[header: "webhook-timestamp"].flatMap { Int64($0) })
            id.utf8.withContiguousStorageIfAvailable { id in
                request.body.withUnsafeBytes {
                    signer.appendSignature(
                        id: UnsafeRawBufferPointer(id), timestamp: timestamp, body: $0, to: &signature)
                }
            }
            #expect(request[header: "webhook-signature"] == signature.text())
        }
        for entity in Self.entities { #expect(firsts[entity] == (0..<events).map { "\(entity)-\($0)" }) }
        #expect(delivered.count == Self.entities.count * events)
        #expect(Set(ids.values).count == ids.count && !ids.values.contains { $0.contains(".") })
    }

    /// Keeps the moments of requests on a clock that tests move.
    private final class Moments: Sendable {
        private let kept = Mutex<[MonotonicTime]>([])
        private let clock = Mutex<ManualClock?>(nil)
        func follow(_ clock: ManualClock) { self.clock.withLock { $0 = clock } }
        func note() { if let now = clock.withLock({ $0 })?.now { kept.withLock { $0.append(now) } } }
        var gaps: [Duration] {
            let moments = kept.withLock { $0 }
            return zip(moments.dropFirst(), moments).map { $0 - $1 }
        }
    }

    @Test(arguments: [("7", Duration.seconds(7)), ("3600", .seconds(3600)), ("999999999", .seconds(86_400))])
    func `Retry-After is obeyed, for a day at most`(_ header: String, _ pause: Duration) async throws {
        let moments = Moments()
        let receiver = try Receiver { request in
            moments.note()
            return request.number == 0 ? .answer(429, headers: [("retry-after", header)]) : .answer(204)
        }
        let fixture = try await EngineFixture([EngineFixture.subscription(1, to: receiver.url)])
        moments.follow(fixture.parts.clock)
        await fixture.publish(1, of: ["o-1"])
        let step = pause / 70
        #expect(await fixture.drive(step: step, receivers: [receiver]) { receiver.receivedCount == 2 })
        let gap = try #require(moments.gaps.first)
        #expect(gap >= pause && gap <= pause + step * 2)
        receiver.stop()
    }

    @Test func `410 pauses the subscription until somebody resumes it`() async throws {
        let receiver = try Receiver { $0.number == 0 ? .answer(410) : .answer(204) }
        let fixture = try await EngineFixture([EngineFixture.subscription(1, to: receiver.url)])
        await fixture.publish(1, of: ["o-1"])
        #expect(try await fixture.drive(receivers: [receiver]) { try await fixture.status().state == .paused })
        await fixture.publish(1, of: ["o-2"])
        fixture.parts.advance(by: .seconds(86_400))
        for _ in 0..<10 { #expect(await fixture.parts.callCount() == 0) }
        #expect(receiver.receivedCount == 1)
        try await fixture.resume()
        #expect(try await fixture.drive(receivers: [receiver]) { try await fixture.status().delivered == 2 })
        receiver.stop()
    }

    @Test func `an endpoint that refuses connections for an hour costs no attempts`() async throws {
        let receiver = try Receiver()
        let retry = RetryPolicy(attempts: 3, first: .seconds(1), jitter: 0)
        let fixture = try await EngineFixture([EngineFixture.subscription(1, to: receiver.url, retry: retry)])
        receiver.refuse()
        await fixture.publish(5, of: Self.entities)
        let end = fixture.parts.clock.now + .seconds(3600)
        #expect(await fixture.drive(step: .seconds(5), receivers: []) { fixture.parts.clock.now >= end })
        #expect(try await fixture.status().state == .resting)
        try receiver.acceptAgain()
        #expect(
            try await fixture.drive(step: .seconds(1), receivers: [receiver]) {
                try await fixture.status().delivered == 20
            })
        try check(receiver.received, events: 5)
        #expect(receiver.receivedCount == 20, "nothing that was refused had arrived")
        #expect(try await fixture.status().deadLetters == 0)
        receiver.stop()
    }

    @Test func `a poisoned entity parks and the others go on`() async throws {
        let receiver = try Receiver { $0[header: "ce-subject"] == "o-2" ? .answer(500) : .answer(204) }
        let retry = RetryPolicy(attempts: 3, first: .seconds(2), jitter: 0)
        let fixture = try await EngineFixture([EngineFixture.subscription(1, to: receiver.url, retry: retry)])
        await fixture.publish(5, of: Self.entities)
        #expect(
            try await fixture.drive(receivers: [receiver]) { try await fixture.status().parkedEntities == 1 })
        #expect(try await fixture.drive(receivers: [receiver]) { try await fixture.status().delivered == 15 })
        let poisoned = receiver.received.filter { $0[header: "ce-subject"] == "o-2" }
        #expect(poisoned.map { $0[header: "ce-id"] } == ["o-2-0", "o-2-0", "o-2-0"])
        let status = try await fixture.status()
        #expect(status.deadLetters == 1)
        #expect(status.waiting == 5, "the one given up on, and four behind it")
        receiver.stop()
    }

    @Test func `an endpoint that hangs costs the others nothing`() async throws {
        let bad = try Receiver(script: [.hang])
        let good = try Receiver()
        let fixture = try await EngineFixture([
            EngineFixture.subscription(1, to: bad.url), EngineFixture.subscription(2, to: good.url),
        ])
        let before = fixture.parts.clock.now
        await fixture.publish(50, of: Self.entities)
        #expect(await good.gets(200), "no time passes, so nothing of the one that hangs times out")
        #expect(fixture.parts.clock.now == before)
        #expect(try await fixture.drive(receivers: [bad]) { try await fixture.status(1).delivered == 200 })
        bad.stop()
        good.stop()
    }

    @Test func `a forbidden endpoint is never connected to`() async throws {
        let receiver = try Receiver()
        let fixture = try await EngineFixture(
            [EngineFixture.subscription(1, to: receiver.url)], policy: AddressPolicy(listensOnLoopbackOnly: false))
        await fixture.publish(2, of: Self.entities)
        #expect(try await fixture.drive(receivers: [receiver]) { try await fixture.status().lastFailure != nil })
        let status = try await fixture.status()
        #expect(status.state == .resting)
        #expect(status.reason?.contains("delivery.allow_networks") == true)
        #expect(receiver.connectionCount == 0)
        receiver.stop()
    }
}
