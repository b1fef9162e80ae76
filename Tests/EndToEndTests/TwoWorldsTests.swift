// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

/// One log, two worlds: what a Kafka client writes is pushed, what is published is read by a Kafka client.
@Suite struct TwoWorldsTests {
    @Test func `a record becomes a webhook, an event becomes a record`() async throws {
        let port = try Receiver().port
        let server = try ServerUnderTest(["--kafka", "127.0.0.1:\(port)"])
        try server.start()
        let client = server.client()
        let receiver = try Receiver()
        let wire = try KafkaWire(port: port)
        func put(_ path: String, _ json: String) throws {
            let answer = try #require(client.send("PUT", path, json: json))
            try #require(answer.status == 201, "\(answer.text)")
        }
        try put(
            "/v1/subscriptions/records",
            #"{"types":["orders","order.*"],"endpoint":{"url":"\#(receiver.url)"}}"#)
        try put("/v1/topics/invoices", #"{"partitions":1}"#)
        try put("/v1/routes/invoices", #"{"types":["invoice.*"],"topic":"invoices"}"#)

        try wire.makeTopic("orders")
        try wire.produce(
            [
                ("o-17", #"{"total":42}"#, []), ("o-17", "paid", [("ce_type", "order.paid")]),
                (
                    "o-17", #"{"specversion":"1.0","id":"1","source":"/shop","type":"order.sent","data":[1]}"#,
                    [("content-type", "application/cloudevents+json")]
                ),
                ("o-17", nil, []), ("o-17", "{}", [("ce_type", "nobody.wants")]),
            ], to: "orders")
        #expect(await receiver.gets(4))
        let time = #""time":"2026-01-01T00:00:00.000Z""#
        #expect(
            receiver.received.map(\.text) == [
                #"{"specversion":"1.0","id":"orders-0-0","source":"/topics/orders","type":"orders","subject":"o-17",\#(time),"#
                    + #""datacontenttype":"application/json","data":{"total":42}}"#,
                #"{"specversion":"1.0","id":"orders-0-1","source":"/topics/orders","type":"order.paid","subject":"o-17",\#(time),"#
                    + #""datacontenttype":"text/plain; charset=utf-8","data":"paid"}"#,
                #"{"specversion":"1.0","id":"1","source":"/shop","type":"order.sent","datacontenttype":"application/json","data":[1]}"#,
                #"{"specversion":"1.0","id":"orders-0-3","source":"/topics/orders","type":"orders","subject":"o-17",\#(time)}"#,
            ])

        let event =
            #"{"event_id":"7","event_type":"invoice.sent","entity_id":"i-1","source":"/shop","tenant":"x","data":{"a": 1}}"#
        #expect(client.send("POST", "/v1/events", json: event)?.status == 201)
        let record = try #require(try wire.fetch("invoices").first)
        #expect(record.key == "i-1" && record.value == #"{"a": 1}"#)
        #expect(
            record.headers == [
                "ce_specversion": "1.0", "ce_id": "7", "ce_source": "/shop", "ce_type": "invoice.sent",
                "ce_subject": "i-1", "ce_tenant": "x", "content-type": "application/json",
            ])
        #expect(server.stop() == 0)
    }
}
