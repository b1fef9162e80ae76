// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What deliveries need of the world, whichever loop they live on.
package struct DeliveryParts: Sendable {
    /// Where events and the deliveries' own state are kept.
    package let log: any EventLog
    /// The table of now; asked per batch, on any loop.
    package let interest: @Sendable () -> any InterestTable
    /// For jitter, spans, and hashes nobody can foresee.
    package let random: any RandomSource
    /// Where deliveries speak.
    package let logger: Logger
    /// Where deliveries are counted.
    package let metrics: Metrics
    /// What is held at most.
    package let limits: DeliveryLimits

    /// Puts the parts together.
    package init(
        log: any EventLog, interest: @escaping @Sendable () -> any InterestTable, random: any RandomSource,
        logger: Logger, metrics: Metrics, limits: DeliveryLimits = DeliveryLimits()
    ) {
        self.log = log
        self.interest = interest
        self.random = random
        self.logger = logger
        self.metrics = metrics
        self.limits = limits
    }
}

/// One loop that deliveries may live on, and what is its own.
///
/// - Concurrency: transport and `announce` are called on the loop only.
package struct DeliveryPlace: @unchecked Sendable {
    /// The loop.
    package let loop: any Loop
    /// What carries its attempts.
    package let transport: any PushTransport
    /// Publishes an operational event; its failure is the publisher's to log.
    package let announce: (OperationalEvent) -> Void

    /// Describes a place.
    package init(
        loop: any Loop, transport: any PushTransport, announce: @escaping (OperationalEvent) -> Void = { _ in }
    ) {
        self.loop = loop
        self.transport = transport
        self.announce = announce
    }
}
