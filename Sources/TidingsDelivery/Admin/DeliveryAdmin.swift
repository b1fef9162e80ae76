// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What people ask of and do to deliveries: the port behind the API's mending routes.
///
/// Every call may come from any loop and answers there: `then` runs on `loop`, once, later. Subscriptions are named by
/// their identity, so that a call meant for one never reaches another of the same name. A subscription that is not (or
/// no longer) there answers `not-found`. What a call changes is durable before it answers.
package protocol DeliveryAdmin: AnyObject, Sendable {
    /// How a subscription stands.
    func status(
        of uuid: UUID128, on loop: any Loop, then: @escaping (Result<SubscriptionStatus, Problem>) -> Void)

    /// The entities that are parked or rest, in the order of their first waiting event.
    /// - Parameter after: the `next` of the page before; nil for the first.
    func entities(
        of uuid: UUID128, in state: EntityState?, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<Page<WaitingEntity>, Problem>) -> Void)

    /// Dead letters, the oldest first.
    func deadLetters(
        of uuid: UUID128, where filter: DeadLetterFilter, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<Page<DeadLetterSummary>, Problem>) -> Void)

    /// One dead letter with all attempts.
    func deadLetter(
        of uuid: UUID128, id: DeadLetterID, on loop: any Loop,
        then: @escaping (Result<DeadLetterDetails, Problem>) -> Void)

    /// Tries a dead letter again, before everything that waits behind it. `conflict` when that is under way already.
    /// - Parameter data: replaces the event's data in this and later attempts; the stored event stays as it is.
    func redrive(
        of uuid: UUID128, id: DeadLetterID, data: [UInt8]?, on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void)

    /// Gives a dead letter up for good; its entity goes on. `conflict` while it is being redriven.
    func discard(
        of uuid: UUID128, id: DeadLetterID, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void)

    /// Redrives many, or only counts them.
    func redrive(
        of uuid: UUID128, _ selection: DeadLetterSelection, dryRun: Bool, on loop: any Loop,
        then: @escaping (Result<RedriveCount, Problem>) -> Void)

    /// Sends one marked event (`tidings.delivery.test`) outside of all order and answers what came of it.
    func test(of uuid: UUID128, on loop: any Loop, then: @escaping (Result<AttemptRecord, Problem>) -> Void)

    /// Lets a subscription go on that the engine itself paused (its endpoint answered 410), and probes an endpoint
    /// that is down at once. Whether the subscription's own `paused` is set is the routing table's matter.
    func resume(of uuid: UUID128, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void)

    /// Reads on from another place, or only says what that would do, by partition. What is on its way there is broken
    /// off; waiting events and dead letters stay.
    func seek(
        of uuid: UUID128, _ request: SeekRequest, dryRun: Bool, on loop: any Loop,
        then: @escaping (Result<[SeekStep], Problem>) -> Void)
}

/// A part of a list.
package struct Page<Item: Sendable>: Sendable {
    /// What was found.
    package let items: [Item]
    /// Where the next page begins; nil at the end.
    package let next: String?

    /// Makes a page.
    package init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}

/// How a subscription stands.
package struct SubscriptionStatus: Sendable {
    /// What it does.
    package enum State: String, Sendable { case delivering, resting, paused }

    /// What it does.
    package var state = State.delivering
    /// Why it does not deliver; nil when it does.
    package var reason: String?
    /// How many stored records lie between what it has answered and the end, wanted or not.
    package var lag: Int64 = 0
    /// How long its oldest undelivered event has been stored; nil when there is none.
    package var oldestAge: Duration?
    /// Attempts on their way.
    package var inFlight = 0
    /// Events delivered since the process began.
    package var delivered: UInt64 = 0
    /// Attempts that failed since the process began.
    package var failedAttempts: UInt64 = 0
    /// Events that wait out of the way: of entities that rest or are parked.
    package var waiting = 0
    /// Entities that wait for somebody.
    package var parkedEntities = 0
    /// Dead letters kept, blocking or not.
    package var deadLetters = 0
    /// The last attempt that failed.
    package var lastFailure: AttemptRecord?
    /// Records, wanted or not, that expired before they were taken, since the process began.
    package var expired: UInt64 = 0
    /// How near it is to losing records to retention; nil when it is not.
    package var retention: RetentionUse?

    /// Describes a subscription that has done nothing yet.
    package init() {}
}

/// Why an entity waits.
package enum EntityState: String, Sendable, CaseIterable {
    /// Until somebody redrives or discards its dead letter.
    case parked
    /// Until its next attempt.
    case resting
}

/// An entity whose events wait.
package struct WaitingEntity: Sendable {
    /// The key its events are stored under, as text; nil for an event without one.
    package let key: String?
    /// Why.
    package let state: EntityState
    /// Since when.
    package let since: WallTime
    /// When the next attempt is due; nil when parked.
    package let until: WallTime?
    /// How many events wait behind the one it stopped at.
    package let behind: Int
    /// The topic and place of the event it stopped at.
    package let event: EventReference
    /// How many attempts of that event failed.
    package let failures: Int
    /// The dead letter that blocks it.
    package let deadLetter: DeadLetterID?
    /// The type of the event it stopped at; nil when it would have to be read first.
    package let type: String?
    /// The id of the event it stopped at; nil when it would have to be read first.
    package let eventID: String?

    /// Describes an entity.
    package init(
        key: String?, state: EntityState, since: WallTime, until: WallTime?, behind: Int, event: EventReference,
        failures: Int, deadLetter: DeadLetterID?, type: String? = nil, eventID: String? = nil
    ) {
        self.key = key
        self.state = state
        self.since = since
        self.until = until
        self.behind = behind
        self.event = event
        self.failures = failures
        self.deadLetter = deadLetter
        self.type = type
        self.eventID = eventID
    }
}

/// Where an event lies.
package struct EventReference: Hashable, Sendable {
    /// Its partition.
    package let partition: PartitionID
    /// Its place there.
    package let offset: Offset

    /// Names a stored event.
    package init(_ partition: PartitionID, _ offset: Offset) {
        self.partition = partition
        self.offset = offset
    }
}
