// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsDelivery
import TidingsRouting
import TidingsTesting

@testable import TidingsAPI

@Suite struct TopicAPITests {
    @Test func `settings are shown with what nobody said, and can be put back`() throws {
        let harness = try AdminHarness()
        let made = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 2, "durability": "interval"}"#)
        #expect(made.status == 201 && made.json["status"]?["relaxed"]?.bool == true)
        let read = harness.send("GET", "/v1/topics/orders")
        #expect(read.json["retention"]?.text == #"{"time":"7d","bytes":null}"#)
        let defaults = (read.json["status"]?["defaults"]?.array ?? []).compactMap(\.string)
        #expect(defaults.count == TopicSettingName.allCases.count - 1 && !defaults.contains("/durability"))
        #expect(defaults.contains("/retention/time") && defaults.contains("/compaction/dirty_percent"))
        let tag = try #require(read.header("ETag"))
        let back = harness.send("PUT", "/v1/topics/orders", read.body, ["If-Match": tag])
        #expect(back.status == 200 && back.header("ETag") == tag)
        let patched = harness.send("PATCH", "/v1/topics/orders", #"{"retention": {"time": "1d"}, "durability": null}"#)
        #expect(patched.status == 200 && patched.header("ETag") != tag)
        #expect(patched.json["retention"]?["time"]?.string == "1d" && patched.json["durability"]?.string == "synced")
        #expect(patched.json["status"]?["relaxed"]?.bool == false && patched.json["partitions"]?.integer == 2)
        #expect(harness.send("PATCH", "/v1/topics/orders", "{}", ["If-Match": tag]).status == 412)
        #expect(harness.send("GET", "/v1/topics").json["items"]?[0]?["durability"]?.string == "synced")
    }

    @Test(
        arguments: [
            ("PATCH", "/v1/topics/none", "{}", 404, ""), ("PATCH", "/v1/topics/orders", "{", 400, " json"),
            ("PATCH", "/v1/topics/orders", "[]", 422, " object"), ("PATCH", "/v1/topics/orders", "", 400, " json"),
            ("PATCH", "/v1/topics/orders", #"{"partitions": 1}"#, 409, "/partitions fewer"),
            ("PATCH", "/v1/topics/orders", #"{"retention": {"time": "soon"}}"#, 422, "/retention/time duration"),
            ("PUT", "/v1/topics/orders", #"{"durabilty": "os"}"#, 422, "/durabilty unknown-field"),
            ("PATCH", "/v1/topics/__tidings.routing", "{}", 422, "path:name reserved"),
            ("POST", "/v1/topics/none/delete-records", #"{"before": "now"}"#, 404, ""),
            ("POST", "/v1/topics/__tidings.routing/delete-records", #"{"before": "now"}"#, 404, ""),
            ("POST", "/v1/topics/orders/delete-records", "", 422, "/before required"),
            ("POST", "/v1/topics/orders/delete-records", "[]", 422, " object"),
            ("POST", "/v1/topics/orders/delete-records", "{", 400, " json"),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": "soon"}"#, 422, "/before place"),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": -1}"#, 422, "/before place"),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": 1.5}"#, 422, "/before place"),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": null}"#, 422, "/before place"),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": 1}"#, 422, "/before place"),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": 9, "partition": 0}"#, 409, "/before range"),
            (
                "POST", "/v1/topics/orders/delete-records", #"{"before": 9, "partition": 7}"#, 404,
                "/partition partition"
            ),
            (
                "POST", "/v1/topics/orders/delete-records", #"{"before": "now", "partition": "0"}"#, 422,
                "/partition integer"
            ),
            (
                "POST", "/v1/topics/orders/delete-records", #"{"before": "now", "dry_rn": 1}"#, 422,
                "/dry_rn unknown-field"
            ),
            ("POST", "/v1/topics/orders/delete-records", #"{"before": "now", "dry_run": 1}"#, 422, "/dry_run boolean"),
            ("POST", "/v1/subscriptions/none/seek", #"{"to": "now"}"#, 404, ""),
            ("POST", "/v1/subscriptions/email/seek", "{}", 422, "/to required"),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": "end"}"#, 422, "/to place"),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": 5}"#, 422, "/to place"),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": 5, "topic": "orders"}"#, 422, "/to place"),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": "now", "topic": "none"}"#, 404, "/topic topic"),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": "now", "partition": 0}"#, 422, "/partition topic"),
            (
                "POST", "/v1/subscriptions/email/seek", #"{"to": "now", "topic": "orders", "partition": 2}"#, 404,
                "/partition partition"
            ),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": ["now"]}"#, 422, "/to place"),
            ("POST", "/v1/subscriptions/email/seek", #"{"to": "2999-01-01T00:00:00Z"}"#, 422, "/to not-in-the-future"),
            (
                "POST", "/v1/topics/orders/delete-records", #"{"before": "2999-01-01T00:00:00Z"}"#, 422,
                "/before not-in-the-future"
            ),
            ("GET", "/v1/quarantine?limit=0", nil, 422, "query:limit integer 1..1000"),
            ("GET", "/v1/quarantine?tpic=x", nil, 422, "query:tpic known-parameter"),
            ("POST", "/v1/quarantine/accept", "{}", 422, "/ids required"),
            ("POST", "/v1/quarantine/accept", #"{"ids": []}"#, 422, "/ids strings"),
            ("POST", "/v1/routing/losses/accept", #"{"all": true}"#, 422, "/all unknown-field"),
            (
                "PUT", "/v1/subscriptions/new",
                #"{"types": ["a"], "endpoint": {"url": "http://127.0.0.1:9/"}, "start": "later"}"#, 422, "/start start"
            ),
            (
                "PUT", "/v1/subscriptions/new",
                #"{"types": ["a"], "endpoint": {"url": "http://127.0.0.1:9/"}, "start": "2999-01-01T00:00:00Z"}"#, 422,
                "/start start"
            ),
        ] as [(String, String, String?, Int, String)])
    func `what is refused names the place, the rule and what was found`(
        _ method: String, _ path: String, _ body: String?, _ status: Int, _ broken: String
    ) throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 2}"#)
        _ = harness.send("PUT", "/v1/subscriptions/email", AdminAPITests.email)
        let answer = harness.send(method, path, body)
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.brokenRules == (broken.isEmpty ? [] : [broken]), "\(answer.body)")
        #expect(harness.delivery.seeks.isEmpty)
    }

    private func append(_ harness: AdminHarness, _ count: Int) throws {
        let topic = try #require(harness.log.topics[TopicName("orders")!])
        for _ in 0..<count {
            var buffer = AppendBuffer()
            for partition in topic.partitions {
                buffer.add(to: partition, at: harness.clock.wall) {
                    EventRecord.encodeBody(key: nil, value: nil, into: &$0)
                }
            }
            try harness.log.session(on: harness.loop).append(&buffer) { _ in }
            harness.clock.advance(by: .seconds(10))
        }
    }

    @Test func `the oldest records are deleted once it was said what goes`() throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 2}"#)
        try append(harness, 10)
        harness.readers.found = [
            TopicReader(
                name: "email",
                positions: [
                    .init(partition: 0, offset: Offset(3), lag: 7), .init(partition: 1, offset: Offset(10), lag: 0),
                ])
        ]
        let path = "/v1/topics/orders/delete-records"
        let plan = harness.send("POST", path, #"{"before": "-45s", "dry_run": true}"#).json
        #expect(plan["records"]?.integer == 12 && plan["dry_run"]?.bool == true)
        #expect(plan["readers"]?.text == #"[{"kind":"subscription","name":"email","unanswered":3}]"#)
        func starts() -> [Int64?] {
            (harness.send("GET", "/v1/topics/orders").json["status"]?["partitions"]?.array ?? []).map {
                $0["start"]?.integer
            }
        }
        #expect(starts() == [0, 0])
        #expect(harness.send("POST", path, #"{"before": "-45s"}"#).json["records"]?.integer == 12)
        #expect(starts() == [6, 6])
        #expect(harness.send("POST", path, #"{"before": 8, "partition": 1}"#).json["records"]?.integer == 2)
        #expect(starts() == [6, 8])
        #expect(harness.send("POST", path, #"{"before": "beginning"}"#).json["records"]?.integer == 0)
        #expect(harness.send("POST", path, #"{"before": "now"}"#).json["records"]?.integer == 6)
        #expect(starts() == [10, 10])
    }

    @Test func `a seek is handed on as it was meant, and answered by partition`() throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 2}"#)
        _ = harness.send("PUT", "/v1/subscriptions/email", AdminAPITests.email)
        let path = "/v1/subscriptions/email/seek"
        let topic = try #require(harness.log.topics[TopicName("orders")!]).id
        let now = harness.clock.wall
        for (body, request, isDryRun) in [
            (#"{"to": "beginning", "dry_run": true}"#, SeekRequest(.beginning), true),
            (#"{"to": "now", "topic": "orders"}"#, SeekRequest(.now, topic: topic), false),
            (#"{"to": "-1m"}"#, SeekRequest(.time(WallTime(millis: max(0, now.millis - 60_000)))), false),
            (
                #"{"to": 42, "topic": "orders", "partition": 1}"#,
                SeekRequest(.offset(Offset(42)), topic: topic, partition: 1), false
            ),
        ] {
            #expect(harness.send("POST", path, body).status == 200)
            #expect(harness.delivery.seeks.last?.request == request)
            #expect(harness.delivery.seeks.last?.dryRun == isDryRun)
        }
        harness.delivery.steps = .failure(Problem(.conflict, "it reads nothing there"))
        #expect(harness.send("POST", path, #"{"to": "now"}"#).status == 409)
    }

    @Test func `a subscription's start is kept as the time it became`() throws {
        let harness = try AdminHarness()
        harness.clock.advance(by: .seconds(100_000))
        let body = String(AdminAPITests.email.dropLast() + #", "start": "-1h"}"#)
        let made = harness.send("PUT", "/v1/subscriptions/email", body)
        let start = try #require(made.json["start"]?.string)
        #expect(RFC3339.wallTime(start)?.millis == harness.clock.wall.millis - 3_600_000)
        harness.clock.advance(by: .seconds(10))
        let again = harness.send("PUT", "/v1/subscriptions/email", body)
        #expect(again.header("ETag") == made.header("ETag"), "the same file twice changes nothing")
        let read = harness.send("GET", "/v1/subscriptions/email")
        #expect(harness.send("PUT", "/v1/subscriptions/email", read.body).header("ETag") == made.header("ETag"))
    }

    @Test func `how near retention is, and what expired, stands in the status`() throws {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 2}"#)
        _ = harness.send("PUT", "/v1/subscriptions/email", AdminAPITests.email)
        let status = harness.send("GET", "/v1/subscriptions/email").json["status"]
        #expect(status?["expired"]?.integer == 0 && status?["retention"] == .null)
        let topic = try #require(harness.log.topics[TopicName("orders")!]).id
        harness.delivery.status.expired = 3
        harness.delivery.status.retention = RetentionUse(partition: PartitionID(topic, 1), percent: 81, by: .bytes)
        let later = harness.send("GET", "/v1/subscriptions/email").json["status"]
        #expect(later?["expired"]?.integer == 3)
        #expect(later?["retention"]?.text == #"{"percent":81,"by":"bytes","topic":"orders","partition":1}"#)
    }

    @Test func `the quarantine is listed page by page with the entities in it`() throws {
        let harness = try AdminHarness()
        #expect(harness.send("GET", "/v1/quarantine").body == #"{"items":[],"next":null}"#)
        for number in 0..<5 {
            let partition: Int32? = number == 3 ? nil : Int32(number)
            let offsets = Offset(Int64(number))..<Offset(number == 3 ? 3 : 10)
            harness.quarantines.entries.append(
                QuarantineEntry(
                    id: "q\(number)", topic: number == 4 ? "other" : "orders", partition: partition, offsets: offsets,
                    foundAt: harness.clock.wall, reason: "rot", copy: number == 0 ? "" : "log/quarantine/x",
                    entities: ["o-\(number)"], namesAllEntities: false, acceptedAt: nil))
        }
        let page = harness.send("GET", "/v1/quarantine?limit=2&topic=orders").json
        #expect(page["items"]?[0]?["copy"] == .null && page["items"]?[1]?["entities"]?.text == #"["o-1"]"#)
        #expect(page["items"]?[1]?["entities_complete"]?.bool == false)
        let next = try #require(page["next"]?.string)
        let rest = harness.send("GET", "/v1/quarantine?topic=orders&cursor=\(next)").json
        #expect(rest["items"]?[0]?["from"]?.integer == 2 && rest["items"]?[0]?["to"]?.integer == 9, "with the last one")
        #expect(rest["items"]?[1]?["from"] == .null && rest["items"]?[1]?["to"] == .null && rest["next"] == .null)
        #expect(rest["items"]?[1]?["partition"] == .null)

        let accepted = harness.send("POST", "/v1/quarantine/accept", #"{"ids": ["q1", "q4"]}"#)
        #expect(accepted.status == 200 && accepted.json["items"]?.array?.map { $0["id"]?.string } == ["q1", "q4"])
        let all = harness.send("GET", "/v1/quarantine").json["items"]?.array ?? []
        #expect(all.map { $0["accepted_at"] == .null } == [true, false, true, true, false])
        #expect(harness.send("POST", "/v1/quarantine/accept", #"{"ids": ["q0", "q9"]}"#).status == 404)
        #expect(harness.quarantines.entries[0].acceptedAt == nil, "all or none")
    }

    @Test func `losses of the routing table are shown and given up`() throws {
        let harness = try AdminHarness()
        #expect(harness.send("GET", "/v1/routing/losses").body == #"{"items":[],"next":null}"#)
        #expect(harness.send("POST", "/v1/routing/losses/accept").status == 200)
    }
}
