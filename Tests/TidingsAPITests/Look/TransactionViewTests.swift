// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsAPI

/// What pages and the live tail show of transactions.
@Suite struct TransactionViewTests {
    @Test(arguments: [true, false])
    func `a transaction is seen when it was committed, and holds up what follows it until its end`(
        _ commits: Bool
    ) throws {
        let harness = try DoorHarness()
        let session = harness.log.session(on: harness.loop)
        harness.publish(#"{"event_type":"t","event_id":"first","entity_id":"k"}"#)
        let topic = try #require(harness.log.topics[TopicName("events")!])
        let partition = try #require(topic.partitions.first { harness.log.bounds(of: $0)!.end > .zero })
        let stored = try #require(harness.log.batches(of: partition).first)
        let batch = ClientBatch.of(stored.bytes, producer: 5, isTransactional: true)
        let tail = harness.open("GET /v1/events/stream?from=beginning HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try batch.withUnsafeBytes { try session.append(batch: $0, to: partition) { _ in } }
        harness.publish(#"{"event_type":"t","event_id":"last","entity_id":"k"}"#)
        harness.clock.advance(by: .seconds(1))

        func ids(_ query: String = "") -> [String] {
            let page = harness.send("GET", "/v1/topics/events/events\(query)")
            return (page.json["items"]?.array ?? []).compactMap { $0["event"]?["id"]?.string }
        }
        let begun = tail.take()
        #expect(begun.contains("\"first\"") && !begun.contains("\"last\""))
        #expect(ids() == ["first"])
        #expect(ids("?isolation=uncommitted") == ["first", "first", "last"])
        let path = "/v1/topics/events/partitions/\(partition.index)/events/1"
        #expect(harness.send("GET", path).status == 404)
        #expect(harness.send("GET", path + "?as=record").status == 200)

        try session.append(TransactionEnd(producer: 5, epoch: 0, isCommit: commits), to: [partition]) { _ in }
        harness.clock.advance(by: .seconds(1))
        let rest = tail.take()
        #expect(rest.contains("\"first\"") == commits && rest.contains("\"last\""))
        #expect(ids() == (commits ? ["first", "first", "last"] : ["first", "last"]))
        #expect(harness.send("GET", path).status == (commits ? 200 : 404))
        #expect(ids("?isolation=uncommitted") == ["first", "first", "last"])
    }
}
