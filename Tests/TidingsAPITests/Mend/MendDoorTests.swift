// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsAPI

@Suite struct MendDoorTests {
    private let letters = "/v1/subscriptions/email/dead-letters"

    @Test func `dead letters and parked entities are listed, page by page and filtered`() throws {
        let harness = try MendHarness()
        harness.giveUp(on: ["a", "b", "c", "a"])
        let first = harness.send("GET", "\(letters)?limit=2")
        #expect(first.status == 200 && first.json["items"]?.array?.count == 2)
        let next = try #require(first.json["next"]?.string)
        let second = harness.send("GET", "\(letters)?limit=2&cursor=\(next)")
        #expect(second.json["items"]?[0]?["entity"]?.string == "c" && second.json["next"]?.isNull == true)
        let one = harness.send("GET", "\(letters)?entity=b&blocking=true&type=order.*&reason=422")
        #expect(one.json["items"]?.array?.count == 1)
        #expect(harness.send("GET", "\(letters)?blocking=false").json["items"]?.array?.isEmpty == true)

        let entities = harness.send("GET", "/v1/subscriptions/email/entities?state=parked")
        let parked = try #require(entities.json["items"]?[0])
        #expect(entities.json["items"]?.array?.count == 3)
        #expect(parked["entity"]?.string == "a" && parked["waiting"]?.integer == 1)
        #expect(parked["dead_letter"]?.string == "dl-1" && parked["event"]?["topic"]?.string == "events")
    }

    @Test func `one is shown with its attempts, redriven with edited data, and gone`() throws {
        let harness = try MendHarness()
        harness.giveUp(on: ["a", "a"])
        let shown = harness.send("GET", "\(letters)/dl-1")
        let attempt = try #require(shown.json["attempts"]?[0])
        #expect(attempt["status"]?.integer == 422 && attempt["response"]?["body"]?.string == "no")
        let redriven = harness.send("POST", "\(letters)/dl-1/redrive", #"{"data": {"total": 4.20}}"#)
        #expect(redriven.status == 202 && redriven.json["redriving"]?.bool == true)
        harness.clock.advance(by: .seconds(1))
        #expect(harness.endpoint.delivered == [#"{"total":4.20}"#])
        #expect(harness.send("GET", "\(letters)/dl-1").status == 404)
        // The one behind it was tried then, and given up on in turn.
        #expect(harness.send("POST", "\(letters)/dl-2/discard").status == 204)
        #expect(harness.send("GET", letters).json["items"]?.array?.isEmpty == true)
    }

    @Test func `many are counted first, then redriven`() throws {
        let harness = try MendHarness()
        harness.giveUp(on: ["a", "b", "c"])
        let dry = harness.send("POST", "\(letters)/redrive", #"{"filter": {"entity": "b"}, "dry_run": true}"#)
        #expect(dry.status == 200 && dry.json["redriven"]?.integer == 1)
        let some = harness.send("POST", "\(letters)/redrive", #"{"ids": ["dl-1", "dl-9"]}"#)
        #expect(some.json["redriven"]?.integer == 1 && some.json["missing"]?.integer == 1)
    }

    @Test(
        arguments: [
            ("GET", "/v1/subscriptions/nobody/dead-letters", nil, 404),
            ("GET", "/v1/subscriptions/email/dead-letters/dl-+1", nil, 404),
            ("POST", "/v1/subscriptions/email/dead-letters/dl-77/redrive", nil, 404),
            ("POST", "/v1/subscriptions/email/dead-letters/dl-77/discard", nil, 404),
            ("GET", "/v1/subscriptions/email/dead-letters?cursor=x", nil, 422),
            ("GET", "/v1/subscriptions/email/dead-letters?blocking=maybe", nil, 422),
            ("GET", "/v1/subscriptions/email/entities?state=dead", nil, 422),
            ("POST", "/v1/subscriptions/email/dead-letters/redrive", "{}", 422),
            ("POST", "/v1/subscriptions/email/dead-letters/redrive", #"{"ids": [], "filter": {}}"#, 422),
            ("POST", "/v1/subscriptions/email/dead-letters/redrive", #"{"ids": [7]}"#, 422),
            ("POST", "/v1/subscriptions/email/dead-letters/redrive", #"{"filter": {"entityy": "a"}}"#, 422),
            ("POST", "/v1/subscriptions/email/dead-letters/redrive", "{", 400),
            ("POST", "/v1/subscriptions/email/dead-letters/dl-1/redrive", #"{"dta": 1}"#, 422),
        ] as [(String, String, String?, Int)])
    func `what cannot be is refused`(_ method: String, _ path: String, _ body: String?, _ status: Int) throws {
        let harness = try MendHarness()
        harness.giveUp(on: ["a"])
        #expect(harness.send(method, path, body).status == status)
    }
}
