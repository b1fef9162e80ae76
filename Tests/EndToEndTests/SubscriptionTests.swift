// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

/// Subscriptions come and go while the real server works.
@Suite(.serialized) struct SubscriptionTests {
    @Test func `one added at run time gets its first event at once, a deleted one none after its 204`() async throws {
        let server = try ServerUnderTest()
        try server.start()
        let client = server.client()
        let receiver = try Receiver()
        func publish(_ number: Int) throws {
            let body = #"{"event_id":"\#(number)","event_type":"load.made","entity_id":"e-\#(number % 10)","data":{}}"#
            let answer = try #require(client.send("POST", "/v1/events", json: body))
            try #require(answer.status == 201, "\(answer.text)")
        }
        for number in 0..<100 { try publish(number) }

        let began = ContinuousClock.now
        let made = try #require(
            client.send(
                "PUT", "/v1/subscriptions/late",
                json: #"{"consumer":"late","types":["load.*"],"endpoint":{"url":"\#(receiver.url)"}}"#))
        #expect(made.status == 201, "\(made.text)")
        try publish(100)
        #expect(await receiver.gets(1, within: .seconds(1)), "the first event did not come within a second")
        print("subscription: first event \((ContinuousClock.now - began).millis) ms after the PUT began")
        #expect(
            receiver.received.allSatisfy { $0.text.contains(#""id":"100""#) }, "only what came after it, by start now")

        // Deleted while events keep coming from another thread of the test.
        let goesOn = Atomic(true)
        let load = Task.detached { [port = server.port] in
            let client = PlainClient(port: port)
            var number = 1_000
            while goesOn.load(ordering: .relaxed) {
                _ = client.send(
                    "POST", "/v1/events",
                    json:
                        #"{"event_id":"\#(number)","event_type":"load.made","entity_id":"e-\#(number % 10)","data":{}}"#
                )
                number += 1
            }
            return number
        }
        #expect(await receiver.gets(50, within: .seconds(10)))
        let gone = try #require(client.send("DELETE", "/v1/subscriptions/late"))
        #expect(gone.status == 204)
        let after = receiver.receivedCount
        for number in 0..<200 { try publish(5_000 + number) }
        goesOn.store(false, ordering: .relaxed)
        let published = await load.value
        #expect(receiver.receivedCount == after, "\(receiver.receivedCount - after) events came after the 204")
        print(
            "subscription: \(after) received before the 204, 0 of \(published - 1_000 + 200) published around and after it"
        )

        // Made again under the old name it inherits nothing.
        let again = try #require(
            client.send(
                "PUT", "/v1/subscriptions/late",
                json: #"{"consumer":"late","types":["load.*"],"endpoint":{"url":"\#(receiver.url)"}}"#))
        #expect(again.status == 201)
        try publish(9_999)
        #expect(await receiver.gets(after + 1, within: .seconds(1)))
        #expect(receiver.received.last?.text.contains(#""id":"9999""#) == true)
        #expect(server.stop() == 0)
    }

    @Test func `a trace goes from the producer's request to the consumer's`() async throws {
        let server = try ServerUnderTest()
        try server.start()
        let receiver = try Receiver()
        let client = server.client()
        let made = try #require(
            client.send(
                "PUT", "/v1/subscriptions/traced",
                json: #"{"consumer":"traced","types":["load.*"],"endpoint":{"url":"\#(receiver.url)"}}"#))
        #expect(made.status == 201)
        let headers = [
            ("Content-Type", "application/json"), ("tracestate", "vendor=opaque,other=1"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ]
        let body = Array(#"{"event_type":"load.made","data":{}}"#.utf8)
        #expect(client.send("POST", "/v1/events", headers: headers, body: body)?.status == 201)
        #expect(await receiver.gets(1))
        let request = try #require(receiver.received.first)
        #expect(request[header: "traceparent"]?.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") == true)
        #expect(
            request[header: "traceparent"]?.contains("00f067aa0ba902b7") == false, "the attempt is a span of its own")
        #expect(request[header: "tracestate"] == "vendor=opaque,other=1")
        #expect(server.stop() == 0)
    }
}
