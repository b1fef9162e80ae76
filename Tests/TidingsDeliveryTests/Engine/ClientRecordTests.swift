// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery

/// Records that Kafka clients write without an event's headers are delivered like events.
@Suite struct ClientRecordTests {
    static func records(
        _ world: DeliveryWorld, _ topic: TopicDescription, _ records: [(key: String?, value: String?)],
        at time: WallTime? = nil
    ) throws {
        let session = world.log.session(on: world.loop)
        var builder = RecordBatchBuilder()
        for (key, value) in records {
            var body = ByteBuffer()
            func with(_ text: String?, _ use: (UnsafeRawBufferPointer?) -> Void) {
                guard let text else { return use(nil) }
                [UInt8](text.utf8).withUnsafeBytes(use)
            }
            with(key) { key in
                with(value) { EventRecord.encodeBody(key: key, value: $0, into: &body) }
            }
            _ = builder.add(body: body.bytes, timestamp: time ?? world.clock.wall)
        }
        let batch = Array(builder.seal(baseOffset: .zero))
        _ = try batch.withUnsafeBytes { try session.append(batch: $0, to: topic.partitions[0]) { _ in } }
        world.clock.runUntilIdle()
    }

    @Test func `records are delivered in the order of their keys, parked, edited and redriven`() throws {
        let world = DeliveryWorld()
        let topic = world.topic(partitions: 1)
        world.start()
        let own = world.subscribe(types: "orders", retry: RetryPolicy(attempts: 1))
        let others = world.subscribe("others", types: "order.*")
        world.endpoints.answer = { $0.event.offset == .zero && $0.edited == nil ? .status(400) : .ok }
        try Self.records(world, topic, [("a", "1"), ("a", "2"), ("b", "{}"), (nil, "x"), ("b", nil)])
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.requests.allSatisfy { $0.type == "orders" && $0.uuid == own.uuid })
        let before = world.endpoints.requests.filter { $0.event.offset > .zero }.map(\.event.offset.value)
        #expect(before.sorted() == [2, 3, 4], "what follows of the parked key waits")
        #expect(world.status(own).parkedEntities == 1 && world.status(others).lag == 0)
        let letters = world.ask {
            world.engine.deadLetters(of: own.uuid, where: .init(), after: nil, limit: 9, on: world.loop, then: $0)
        }
        let letter = try #require(letters.items.first)
        #expect(letter.type == "orders" && letter.eventID == "orders-0-0")
        world.ask {
            world.engine.redrive(of: own.uuid, id: letter.id, data: [UInt8]("3".utf8), on: world.loop, then: $0)
        }
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.requests.last?.event.offset == Offset(1) && world.status(own).deadLetters == 0)

        world.restart()
        try Self.records(world, topic, [("a", "4")])
        world.clock.advance(by: .seconds(1))
        #expect(world.endpoints.requests.last?.event.offset == Offset(5) && world.status(own).lag == 0)
    }

    @Test(arguments: [Int64.min, -1, Int64.max])
    func `a client's time may be anything`(_ millis: Int64) throws {
        let world = DeliveryWorld()
        let topic = world.topic(partitions: 1)
        world.start()
        let subscription = world.subscribe(types: "orders")
        world.endpoints.answer = { _ in .status(500) }
        try Self.records(world, topic, [("a", "1"), (nil, "2")], at: WallTime(millis: millis))
        for _ in 0..<5 {
            world.clock.advance(by: .seconds(60))
            #expect(world.status(subscription).oldestAge != nil)
        }
        world.restart()
        world.endpoints.answer = { _ in .ok }
        world.clock.advance(by: .seconds(3_600))
        #expect(world.status(subscription).lag == 0 && world.status(subscription).waiting == 0)
    }
}
