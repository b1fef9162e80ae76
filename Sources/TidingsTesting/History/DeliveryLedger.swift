// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What was published and what each consumer really received, and so what was lost, repeated or out of order.
///
/// Order is judged per entity: an entity's events are published one after another, and a consumer's first receipts of
/// them must come in that order. An event given up on and redriven later (a *let go* dead letter) may be excused.
package struct DeliveryLedger {
    /// What one consumer's receipts come to.
    package struct Tally: Equatable {
        /// Acknowledged events that the consumer asked for.
        package var published = 0
        /// Of those, how many it received at least once.
        package var delivered = 0
        /// Receipts of an event that it had received before.
        package var duplicates = 0
        /// First receipts that came after a later event of the same entity.
        package var outOfOrder = 0
        /// Acknowledged events that never came.
        package var lost = 0
        /// Receipts of events that nobody published.
        package var unknown = 0

        /// Whether nothing was lost, invented or out of order.
        package var isClean: Bool { lost == 0 && outOfOrder == 0 && unknown == 0 }
    }

    private struct Published {
        let type: String
        let entity: String?
        /// The event's place among those of its entity.
        let sequence: Int
        var acknowledged = false
    }

    private var events: [String: Published] = [:]
    private var order: [String] = []
    private var sequences: [String: Int] = [:]
    private var receipts: [String: [String]] = [:]

    /// Makes an empty ledger.
    package init() {}

    /// Notes that an event is about to be published, after all events of its entity noted before.
    package mutating func publishing(id: String, type: String, entity: String?) {
        let sequence = entity.map { sequences[$0, default: 0] } ?? 0
        if let entity { sequences[entity] = sequence + 1 }
        events[id] = Published(type: type, entity: entity, sequence: sequence)
        order.append(id)
    }

    /// Notes that an event's publication was answered: from now on it must arrive.
    package mutating func acknowledged(id: String) { events[id]?.acknowledged = true }

    /// Notes that a consumer received an event.
    package mutating func received(by consumer: String, id: String) { receipts[consumer, default: []].append(id) }

    /// How many receipts a consumer has had so far.
    package func receiptCount(of consumer: String) -> Int { receipts[consumer]?.count ?? 0 }

    /// Acknowledged events so far.
    package var acknowledgedCount: Int { events.values.count { $0.acknowledged } }

    /// Sums up what a consumer received of the event types it wants.
    package func tally(of consumer: String, wanting wants: (String) -> Bool) -> Tally {
        var tally = Tally()
        var seen: Set<String> = []
        var latest: [String: Int] = [:]
        for id in receipts[consumer] ?? [] {
            guard let event = events[id] else {
                tally.unknown += 1
                continue
            }
            guard seen.insert(id).inserted else {
                tally.duplicates += 1
                continue
            }
            guard let entity = event.entity else { continue }
            if let last = latest[entity], last > event.sequence { tally.outOfOrder += 1 }
            latest[entity] = max(latest[entity] ?? -1, event.sequence)
        }
        for event in events where event.value.acknowledged && wants(event.value.type) {
            tally.published += 1
            if seen.contains(event.key) { tally.delivered += 1 } else { tally.lost += 1 }
        }
        return tally
    }

    /// The ids a consumer should have received and has not, oldest first.
    package func missing(of consumer: String, wanting wants: (String) -> Bool) -> [String] {
        let seen = Set(receipts[consumer] ?? [])
        return order.filter { id in
            guard let event = events[id] else { return false }
            return event.acknowledged && wants(event.type) && !seen.contains(id)
        }
    }
}
