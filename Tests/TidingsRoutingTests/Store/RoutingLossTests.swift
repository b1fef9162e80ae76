// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsRouting

@Suite struct RoutingLossTests {
    @Test(arguments: [
        ("routes/a", "{", "routes/a"), ("routes/a", #"{"types": 1}"#, "routes/a"), ("later/a", "{}", nil),
        ("placements/x", "{", "?"), ("placements/x", #"{"topics": ["a b"]}"#, "?"),
    ])
    func `a record that cannot be read is a loss, one of a later kind is none`(
        _ key: String, _ value: String, _ lost: String?
    ) throws {
        let harness = StoreHarness()
        _ = try harness.put(.routes, "b", RoutingStoreTests.orders)
        try harness.plant(key, value)
        #expect(harness.restart() == nil)
        #expect(harness.store.table.resources(.routes).count == 1)
        #expect(harness.store.table.losses.map { $0.resource?.description ?? "?" } == (lost.map { [$0] } ?? []))
    }

    @Test func `a loss is mended by writing the resource again, or by removing it`() throws {
        let harness = StoreHarness()
        try harness.plant("routes/a", "{")
        try harness.plant("routes/b", "rot")
        harness.restart()
        #expect(harness.store.table.losses.count == 2)
        _ = try harness.put(.routes, "a", RoutingStoreTests.orders)
        #expect(harness.store.table.losses.map { $0.resource?.name } == ["b"])
        let removed = harness.remove(.routes, "b")
        harness.clock.runUntilIdle()
        try #require(removed.value).get()
        #expect(harness.store.table.losses.isEmpty)
        harness.restart()
        #expect(harness.store.table.losses.isEmpty && harness.store.table.resources(.routes).count == 1)
    }

    @Test func `what nobody can mend is given up, for good`() throws {
        let harness = StoreHarness()
        try harness.plant("placements/x", "rot")
        harness.restart()
        let accepted = Held<Int>()
        harness.store.acceptLosses(answerOn: harness.loop) { accepted.value = try? $0.get().count }
        harness.clock.runUntilIdle()
        #expect(accepted.value == 1 && harness.store.table.losses.isEmpty)
        harness.restart()
        #expect(harness.store.table.losses.isEmpty)
    }

    /// The table's topic as compaction leaves it: of each key the last record.
    private func compacted(_ log: InMemoryEventLog) throws -> [(key: String, value: String?)] {
        let topic = try #require(log.topics[RoutingStore.topic])
        var last: [(key: String, value: String?)] = []
        for batch in log.batches(of: PartitionID(topic.id, 0)) {
            for record in try batch.records() {
                let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
                last.removeAll { $0.key == key }
                last.append((key, record.value.map { String(decoding: $0, as: UTF8.self) }))
            }
        }
        return last.filter { $0.value != nil }
    }

    @Test func `compaction forgets no placement of a former route`() throws {
        let harness = StoreHarness()
        for topic in ["one", "two", "three"] {
            _ = try harness.put(.routes, "orders", #"{"types": ["order.*"], "topic": "\#(topic)"}"#)
        }
        _ = try harness.put(.routes, "gone", #"{"types": ["gone.x"], "topic": "former"}"#)
        _ = harness.remove(.routes, "gone")
        harness.clock.runUntilIdle()
        #expect(harness.log.topics[RoutingStore.topic]?.settings == RoutingStore.settings)

        let other = StoreHarness()
        for (key, value) in try compacted(harness.log) { try other.plant(key, value) }
        other.restart()
        func homes(_ type: String) -> [String] { other.store.table.plan(forType: type).homes.map(\.text).sorted() }
        #expect(homes("order.created") == ["events", "one", "three", "two"])
        #expect(homes("gone.x") == ["events", "former"])
        #expect(other.store.table.resources(.routes).count == 1 && other.store.table.losses.isEmpty)
    }

    @Test func `an older folder is compacted only once its placements have records of their own`() throws {
        let harness = StoreHarness()
        // What a version before this one wrote: routes, and nothing beside them.
        for topic in ["one", "two"] {
            try harness.plant("routes/orders", #"{"name": "orders", "types": ["order.*"], "topic": "\#(topic)"}"#)
        }
        harness.restart()
        let keys = try compacted(harness.log).map(\.key)
        #expect(keys.sorted() == ["placements/order.*", "routes/orders"])
        harness.restart()
        #expect(try compacted(harness.log).count == 2, "and not again at every start")
    }
}

@Suite struct TopicSettingsTests {
    static let keeps = #"{"partitions": 2, "retention": {"time": "30d"}, "durability": "os"}"#

    private func put(_ harness: StoreHarness, _ json: String) throws -> RoutingStore.WrittenTopic {
        let name = Fixture.topic("orders")
        let resource = try Fixture.bytes(json) { try ResourceReader.readTopic(name, from: $0) }
        let held = Held<Result<RoutingStore.WrittenTopic, Problem>>()
        harness.store.putTopic(resource, answerOn: harness.loop) { held.value = $0 }
        harness.clock.runUntilIdle()
        return try #require(held.value).get()
    }

    private func patch(_ harness: StoreHarness, _ json: String) throws -> RoutingStore.WrittenTopic {
        let held = Held<Result<RoutingStore.WrittenTopic, Problem>>()
        harness.store.patchTopic(Fixture.topic("orders"), Array(json.utf8), answerOn: harness.loop) { held.value = $0 }
        harness.clock.runUntilIdle()
        return try #require(held.value).get()
    }

    @Test func `settings are written whole, or one by one`() throws {
        let harness = StoreHarness()
        let made = try put(harness, Self.keeps)
        #expect(made.isNew && made.topic.settings.retentionTime == .seconds(30 * 86_400))
        #expect(made.topic.settings.durability == .os && made.topic.partitionCount == 2)
        let changed = try patch(harness, #"{"cleanup": "compact_and_delete", "retention": {"bytes": 1000}}"#)
        #expect(!changed.isNew && changed.topic.entityTag != made.topic.entityTag)
        #expect(changed.topic.settings.cleanup == [.compact, .delete])
        #expect(changed.topic.settings.retentionTime == .seconds(30 * 86_400))
        #expect(changed.topic.settings.retentionBytes == 1_000)
        let back = try patch(harness, #"{"cleanup": null, "retention": {"bytes": null}}"#)
        #expect(back.topic.entityTag == made.topic.entityTag)
        let forever = try put(harness, #"{"retention": {"time": "forever"}}"#)
        #expect(forever.topic.settings.retentionTime == nil && forever.topic.settings.durability == .synced)
        #expect(forever.topic.partitionCount == 2, "not said: as many as there are")
    }

    @Test(arguments: [
        (#"{"durability": "none"}"#, "/durability word"), (#"{"cleanup": "compact,delete"}"#, "/cleanup word"),
        (#"{"retention": 7}"#, "/retention object"), (#"{"retention": {"time": "7"}}"#, "/retention/time duration"),
        (#"{"retention": {"time": "0s"}}"#, "/retention/time duration"),
        (#"{"retention": {"time": 7}}"#, "/retention/time string"),
        (#"{"retention": {"bytes": -1}}"#, "/retention/bytes range"),
        (#"{"retention": {"tiem": "7d"}}"#, "/retention/tiem unknown-field"),
        (#"{"segment": {"bytes": 1}}"#, "/segment/bytes range"),
        (#"{"segment": {"time": "20000d"}}"#, "/segment/time duration"),
        (#"{"max_batch_bytes": 1e9}"#, "/max_batch_bytes integer"), (#"{"timestamp": "now"}"#, "/timestamp word"),
        (#"{"compaction": {"dirty_percent": 101}}"#, "/compaction/dirty_percent range"),
        (#"{"compaction": {"lag": "x"}}"#, "/compaction/lag duration"),
        (#"{"retention.ms": 1}"#, "/retention.ms unknown-field"),
        (#"{"partitions": 0}"#, "/partitions range"), (#"[]"#, " object"),
    ])
    func `a wrong setting is refused by its place and rule`(_ json: String, _ broken: String) throws {
        let harness = StoreHarness()
        let problem = #expect(throws: Problem.self) { try put(harness, json) }
        #expect(problem?.brokenRules == [broken])
        #expect(problem?.code == .invalidResource)
        _ = try put(harness, "{}")
        let patched = #expect(throws: Problem.self) { try patch(harness, json) }
        #expect(patched?.code == .invalidResource && patched?.brokenRules == problem?.brokenRules)
    }
}
