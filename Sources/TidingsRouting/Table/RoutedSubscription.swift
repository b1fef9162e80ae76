// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A subscription as the table holds it: with its filters ready for use. One object from one change of the
/// subscription to the next, shared by all versions of the table in between.
package final class RoutedSubscription: Sendable {
    /// The subscription.
    package let subscription: Subscription
    /// A small number that is this subscription's from its making to its removal; given again afterwards, so that
    /// arrays may be indexed by it after a look at the ``TidingsCore/Subscription/uuid``.
    package let slot: Int
    /// Which change of the table wrote it.
    package let revision: Int64
    /// Its filters; nil when it has none.
    package let matcher: FilterMatcher?

    init(_ subscription: Subscription, slot: Int, revision: Int64) {
        self.subscription = subscription
        self.slot = slot
        self.revision = revision
        matcher = subscription.filters.isEmpty ? nil : FilterMatcher(subscription.filters)
    }

    /// Whether its filters let an event through. No allocation.
    package func accepts(_ event: EventView) -> Bool {
        guard let matcher else { return true }
        return matcher.holds { event.attribute(named: $0) }
    }
}
