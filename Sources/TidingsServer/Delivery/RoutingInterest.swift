// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsDelivery
import TidingsRouting

/// The routing table as deliveries see it: who wants which event. One object per version of the table.
final class RoutingInterest: InterestTable {
    /// The version it shows.
    let table: RoutingTable

    init(_ table: RoutingTable) { self.table = table }

    func forEachSubscription(
        wanting event: borrowing EventView, in topic: TopicName, _ body: (_ slot: Int, _ uuid: UUID128) -> Void
    ) {
        let event = copy event
        for routed in table.subscribers(ofType: event.type, in: topic, isCopy: event.isCopy)
        where routed.accepts(event) {
            body(routed.slot, routed.subscription.uuid)
        }
    }

    func wants(_ uuid: UUID128, _ event: borrowing EventView, in topic: TopicName) -> Bool {
        let event = copy event
        return table.subscribers(ofType: event.type, in: topic, isCopy: event.isCopy).contains { routed in
            routed.subscription.uuid == uuid && routed.accepts(event)
        }
    }

    func topics(of uuid: UUID128) -> TopicChoice {
        table.subscription(uuid).map { table.topics(of: $0.subscription) } ?? []
    }

    func isRead(_ topic: TopicName) -> Bool { table.isRead(topic) }

    var isWhole: Bool { table.losses.isEmpty }

    var allSubscriptions: [(slot: Int, subscription: Subscription)] {
        table.subscriptions.map { ($0.slot, $0.subscription) }
    }
}
