// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsTesting

/// What happens when the real server has no file descriptors left.
@Suite(.serialized) struct ExhaustionTests {
    @Test func `a server without file descriptors lives on, and serves again when there are some`() throws {
        let server = try ServerUnderTest(fileLimit: 96)
        try server.start()
        let event = #"{"event_type":"load.made","entity_id":"e","data":{}}"#
        let first = server.client()
        #expect(first.send("POST", "/v1/events", json: event)?.status == 201)
        do {
            // More connections than it has descriptors for: connected by the system, at rest in its queue.
            let crowd = (0..<200).map { _ in PlainClient(port: server.port) }
            #expect(crowd.count { $0.connect() } == 200)
            #expect(first.send("POST", "/v1/events", json: event)?.status == 201, "who was there first is still served")
        }
        // The crowd is gone.
        var answer: PlainClient.Answer?
        let deadline = ContinuousClock.now + .seconds(10)
        while answer?.status != 201, ContinuousClock.now < deadline {
            answer = server.client().send("POST", "/v1/events", json: event)
        }
        #expect(answer?.status == 201)
        #expect(server.stop() == 0)
    }
}
