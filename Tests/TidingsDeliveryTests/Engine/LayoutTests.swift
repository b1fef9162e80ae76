// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

/// Order where a topic gets more partitions, and what readers see of transactions.
@Suite struct LayoutTests {
    /// A key whose partition changes when a topic of two partitions gets five.
    private static func movingKey(_ world: DeliveryWorld, _ old: Int32 = 2, _ new: Int32 = 5) -> String {
        (0...).lazy.map { "k\($0)" }.first { DeliveryWorld.place($0, old) != DeliveryWorld.place($0, new) }!
    }

    @Test func `a parked entity holds back what follows of it in another partition, over a restart too`() {
        let world = DeliveryWorld()
        let topic = world.topic()
        let key = Self.movingKey(world)
        var isMended = false
        world.endpoints.answer = { $0.key == key && !isMended ? .status(500) : .ok }
        world.start()
        let email = world.subscribe(retry: RetryPolicy(attempts: 2, first: .seconds(2), factor: 2, jitter: 0))
        world.publish([key, key])
        world.clock.advance(by: .seconds(30))
        let grown = world.grow(topic, upTo: 5)
        world.publish([key, "other", key], topic: grown)
        world.clock.advance(by: .seconds(30))
        #expect(world.endpoints.receipts.map(\.key) == ["other"])
        #expect(world.status(email).waiting == 4 && world.status(email).parkedEntities == 1)
        let entities = world.ask {
            world.engine.entities(of: email.uuid, in: nil, after: nil, limit: 10, on: world.loop, then: $0)
        }
        #expect(entities.items.count == 1 && entities.items.first?.behind == 3)
        world.restart()
        world.publish([key], topic: grown)
        world.clock.advance(by: .seconds(30))
        #expect(world.status(email).waiting == 5)
        isMended = true
        _ = world.ask {
            world.engine.redrive(of: email.uuid, .filter(.init()), dryRun: false, on: world.loop, then: $0)
        }
        world.clock.advance(by: .seconds(30))
        let receipts = world.endpoints.receipts.filter { $0.key == key }
        #expect(receipts.count == 5)
        #expect(receipts.map(\.number).isSorted)
        #expect(world.status(email).waiting == 0)
    }

    @Test func `nothing of the new layout is taken before all of the old one`() {
        let world = DeliveryWorld(recent: 1)
        let topic = world.topic()
        world.log.readDelay = .milliseconds(50)
        let key = Self.movingKey(world)
        world.start()
        for _ in 0..<20 { world.publishAndCommit([key, "a", "b", nil]) }
        let grown = world.grow(topic, upTo: 5)
        for _ in 0..<20 { world.publishAndCommit([key, "a", "b", nil], topic: grown) }
        world.subscribe("all", start: .beginning)
        world.clock.advance(by: .seconds(60))
        let receipts = world.endpoints.receipts(of: "all")
        #expect(receipts.count == 160)
        #expect(receipts.filter { $0.key == key }.map(\.number).isSorted)
    }

    @Test func `readers wait for a transaction's end and see nothing of an aborted one`() throws {
        let world = DeliveryWorld(recent: 2)
        let topic = world.topic("orders", partitions: 1)
        let partition = topic.partitions[0]
        world.start()
        let email = world.subscribe()
        world.publishAndCommit(["plain"])
        for (producer, key, commits) in [(Int64(5), "aborted", false), (6, "committed", true)] {
            try world.publish(batchOf: key, by: producer, to: partition)
            world.publishAndCommit(["after \(key)"])
            world.clock.advance(by: .seconds(5))
            #expect(world.endpoints.receipts.last?.key == (producer == 5 ? "plain" : "after aborted"))
            try world.end(producer, commits: commits, in: [partition])
            world.clock.advance(by: .seconds(5))
        }
        #expect(world.endpoints.receipts.map(\.key) == ["plain", "after aborted", "committed", "after committed"])
        #expect(world.status(email).lag == 0)
        world.subscribe("late", start: .beginning)
        world.clock.advance(by: .seconds(5))
        #expect(
            world.endpoints.receipts(of: "late").map(\.key) == [
                "plain", "after aborted", "committed", "after committed",
            ])
        world.restart()
        world.clock.advance(by: .seconds(5))
        #expect(world.endpoints.receipts.count == 8)
    }
}
