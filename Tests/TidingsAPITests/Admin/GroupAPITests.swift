// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsHTTP
import TidingsTesting

@testable import TidingsAPI

@Suite struct GroupAPITests {
    /// A topic of two partitions with ten records each, ten seconds apart, and a group that is somewhere in it.
    private func harness(hasMembers: Bool = false) throws -> AdminHarness {
        let harness = try AdminHarness()
        _ = harness.send("PUT", "/v1/topics/orders", #"{"partitions": 2}"#)
        let topic = try #require(harness.log.topics[TopicName("orders")!])
        for _ in 0..<10 {
            var buffer = AppendBuffer()
            for partition in topic.partitions {
                buffer.add(to: partition, at: harness.clock.wall) {
                    EventRecord.encodeBody(key: nil, value: nil, into: &$0)
                }
            }
            try harness.log.session(on: harness.loop).append(&buffer) { _ in }
            harness.clock.advance(by: .seconds(10))
        }
        var group = ClientGroup(name: "billing", since: harness.clock.wall)
        group.positions = [.init(partition: topic.partitions[0], offset: 4, committed: harness.clock.wall)]
        if hasMembers {
            group.state = .stable
            group.protocolType = "consumer"
            group.members = [
                .init(
                    id: "m-1", instance: nil, client: "app", host: "127.0.0.1", since: harness.clock.wall,
                    assigned: [.init(topic: "orders", partition: 0), .init(topic: "orders", partition: 1)])
            ]
        }
        harness.groups.found = [group]
        return harness
    }

    @Test func `a group shows its members, and how far behind it is and since when`() throws {
        let harness = try harness(hasMembers: true)
        let group = harness.send("GET", "/v1/groups/billing").json
        #expect(group["lag"]?.integer == 6 && group["oldest_age"]?.string == "1m", "\(group.text)")
        #expect(group["members"]?.array?.first?["assigned"]?.array?.count == 2)
        let rows = group["partitions"]?.array ?? []
        #expect(rows.map { $0["offset"]?.integer } == [4, nil] && rows.map { $0["lag"]?.integer } == [6, nil])
        #expect(rows.map { $0["end"]?.integer } == [10, 10] && rows.allSatisfy { $0["member"]?.string == "m-1" })

        #expect(group["group_protocol"]?.string == "classic" && group["assignment_epoch"] == .null)
        #expect(group["members"]?.array?.first?["target"] == .null)
        // Where the server shares out, a member may not have got there yet.
        harness.groups.found[0].state = .reconciling
        harness.groups.found[0].generation = 4
        harness.groups.found[0].assignmentEpoch = 4
        harness.groups.found[0].members[0].epoch = 3
        harness.groups.found[0].members[0].target = [.init(topic: "orders", partition: 1)]
        let shared = harness.send("GET", "/v1/groups/billing").json
        #expect(shared["state"]?.string == "reconciling" && shared["group_protocol"]?.string == "consumer")
        #expect(shared["assignment_epoch"]?.integer == 4)
        let member = shared["members"]?.array?.first
        #expect(member?["epoch"]?.integer == 3 && member?["target"]?.array?.count == 1, "\(shared.text)")

        let readers = harness.send("GET", "/v1/readers").json["items"]?.array ?? []
        #expect(readers.first?["kind"]?.string == "group" && readers.first?["oldest_age"]?.string == "1m")
        #expect(readers.first?["lag"]?.integer == 6 && readers.first?["members"]?.integer == 1)
    }

    @Test func `groups and subscriptions stand in one table, page by page`() throws {
        let harness = try AdminHarness()
        // A name may begin with a mark that belongs to the character before it.
        let marked = "\u{301}g2"
        for name in ["g1", "g3", marked] {
            harness.groups.found.append(ClientGroup(name: name, since: harness.clock.wall))
        }
        for name in ["s1", "s2"] { _ = harness.send("PUT", "/v1/subscriptions/\(name)", AdminAPITests.email) }
        var seen: [[String]] = []
        var cursor = ""
        repeat {
            let page = harness.send("GET", "/v1/readers?limit=2\(cursor)").json
            seen.append((page["items"]?.array ?? []).map { $0["name"]?.string ?? "" })
            cursor = page["next"]?.string.map { "&cursor=\(PercentText.encode($0))" } ?? ""
        } while !cursor.isEmpty && seen.count < 9
        #expect(seen == [["g1", "g3"], [marked, "s1"], ["s2"]])
        #expect(harness.send("GET", "/v1/readers?cursor=group:%CC%81g2").status == 200)
        #expect(harness.send("GET", "/v1/groups?limit=2").json["next"]?.string == "g3")
        #expect(harness.send("GET", "/v1/groups?cursor=g3").json["items"]?.array?.count == 1)
    }

    @Test(
        arguments: [
            (#"{"to": "beginning"}"#, ["0 4 0 4 0"]), (#"{"to": "now"}"#, ["0 4 10 0 6"]),
            (#"{"to": "now", "topics": [{"topic": "orders"}]}"#, ["0 4 10 0 6", "1 - 10 0 0"]),
            (#"{"to": 3, "topics": [{"topic": "orders", "partitions": [1]}]}"#, ["1 - 3 0 0"]),
            // What lies outside becomes the end, or the beginning.
            (#"{"to": 99}"#, ["0 4 10 0 6"]), (#"{"shift": -9}"#, ["0 4 0 4 0"]), (#"{"shift": 3}"#, ["0 4 7 0 3"]),
            (#"{"shift": 9223372036854775807}"#, ["0 4 10 0 6"]), (#"{"to": "-35s"}"#, ["0 4 7 0 3"]),
        ] as [(String, [String])])
    func `a reset says what comes again and what is skipped, before it is done`(
        _ body: String, _ steps: [String]
    ) throws {
        let harness = try harness()
        func rows(_ answer: AdminHarness.Answer) -> [String] {
            (answer.json["partitions"]?.array ?? []).map { row in
                ["partition", "from", "to", "again", "skipped"].map { row[$0]?.integer.map(String.init) ?? "-" }
                    .joined(separator: " ")
            }
        }
        let plan = harness.send("POST", "/v1/groups/billing/reset", body.dropLast() + #", "dry_run": true}"#)
        #expect(plan.status == 200 && rows(plan) == steps, "\(plan.body)")
        #expect(harness.groups.calls.isEmpty)
        let done = harness.send("POST", "/v1/groups/billing/reset", body)
        #expect(rows(done) == steps && done.json["dry_run"]?.bool == false)
        let set = steps.map { $0.split(separator: " ") }.map { "\($0[0]):\($0[2])" }.sorted()
        let call = try #require(harness.groups.calls.first)
        #expect(call.split(separator: " ").last?.split(separator: ",").map(String.init).sorted() == set, "\(call)")
    }

    @Test(
        arguments: [
            ("GET", "/v1/groups/none", nil, 404, ""), ("DELETE", "/v1/groups/none", nil, 404, ""),
            ("DELETE", "/v1/groups/billing/offsets/none", nil, 404, ""),
            ("GET", "/v1/readers?cursor=x", nil, 422, "query:cursor cursor"),
            ("GET", "/v1/groups?tpic=x", nil, 422, "query:tpic known-parameter"),
            ("POST", "/v1/groups/billing/reset", "", 422, "/to required"),
            ("POST", "/v1/groups/billing/reset", #"{"to": "end"}"#, 422, "/to place"),
            ("POST", "/v1/groups/billing/reset", #"{"to": "now", "shift": 1}"#, 422, "/shift alone"),
            ("POST", "/v1/groups/billing/reset", #"{"shift": 1.5}"#, 422, "/shift integer"),
            ("POST", "/v1/groups/billing/reset", #"{"to": "now", "topics": []}"#, 422, "/topics objects"),
            ("POST", "/v1/groups/billing/reset", #"{"to": "now", "topics": [{}]}"#, 422, "/topics/0/topic required"),
            (
                "POST", "/v1/groups/billing/reset", #"{"to": "now", "topics": [{"topic": "orders", "part": 1}]}"#, 422,
                "/topics/0/part unknown-field"
            ),
            (
                "POST", "/v1/groups/billing/reset", #"{"to": "now", "topics": [{"topic": "none"}]}"#, 404,
                "/topics/0/topic topic"
            ),
            (
                "POST", "/v1/groups/billing/reset",
                #"{"to": "now", "topics": [{"topic": "orders", "partitions": [2]}]}"#, 404,
                "/topics/0/partitions partition"
            ),
            (
                "POST", "/v1/groups/billing/reset",
                #"{"to": "now", "topics": [{"topic": "orders", "partitions": ["0"]}]}"#, 422,
                "/topics/0/partitions integers"
            ),
            ("POST", "/v1/groups/billing/reset", #"{"shift": 1, "topics": [{"topic": "orders"}]}"#, 409, ""),
            ("POST", "/v1/groups/none/reset", #"{"to": "now"}"#, 404, ""),
            ("POST", "/v1/groups/none/reset", #"{"to": "now", "topics": [{"topic": "orders"}]}"#, 200, ""),
            ("DELETE", "/v1/groups/billing/offsets/orders", nil, 204, ""),
            ("DELETE", "/v1/groups/billing", nil, 204, ""),
        ] as [(String, String, String?, Int, String)])
    func `what is refused names the place and the rule`(
        _ method: String, _ path: String, _ body: String?, _ status: Int, _ broken: String
    ) throws {
        let harness = try harness()
        let answer = harness.send(method, path, body)
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.brokenRules == (broken.isEmpty ? [] : [broken]), "\(answer.body)")
    }

    @Test func `a group with members is not reset, and without a listener there are none`() throws {
        let harness = try harness(hasMembers: true)
        let answer = harness.send("POST", "/v1/groups/billing/reset", #"{"to": "now", "dry_run": true}"#)
        #expect(answer.status == 409 && answer.body.contains("has members"))
        let without = try AdminHarness(keepsGroups: false)
        #expect(without.send("GET", "/v1/groups").status == 409)
        #expect(without.send("GET", "/v1/readers").json["items"]?.array?.isEmpty == true)
    }
}
