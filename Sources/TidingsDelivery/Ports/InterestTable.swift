// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Which subscriptions want an event: the routing table as delivery sees it, at one version.
///
/// - Concurrency: immutable, swapped whole; any thread.
package protocol InterestTable: AnyObject, Sendable {
    /// Hands `body` every subscription that wants `event` as it lies in `topic`: its slot (a small number that is its
    /// own as long as it exists) and its identity. Each once; no allocation.
    func forEachSubscription(
        wanting event: borrowing EventView, in topic: TopicName, _ body: (_ slot: Int, _ uuid: UUID128) -> Void)

    /// Whether that subscription wants `event` as it lies in `topic`; false when there is no such subscription.
    func wants(_ uuid: UUID128, _ event: borrowing EventView, in topic: TopicName) -> Bool

    /// The topics whose events the subscription may want; of topics that come later it learns by their events.
    func topics(of uuid: UUID128) -> TopicChoice

    /// Whether any subscription reads the topic; what lies in others is not looked at.
    func isRead(_ topic: TopicName) -> Bool

    /// Whether all subscriptions are in it; false when records of the table could not be read. Then nothing is forgotten
    /// of those that are not there.
    var isWhole: Bool { get }

    /// Every subscription with its slot, in no order.
    var allSubscriptions: [(slot: Int, subscription: Subscription)] { get }
}

extension InterestTable {
    /// A table that is made of no records has no hole.
    package var isWhole: Bool { true }

    /// Every topic is looked at where nobody knows better.
    package func isRead(_ topic: TopicName) -> Bool { true }
}
