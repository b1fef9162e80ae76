// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsWebhooks

/// Settings of push delivery.
package enum DeliveryOptions {
    /// Networks that endpoints may lie in although they are private or loopback.
    package static let allowNetworks = Setting.list(
        "delivery.allow_networks",
        "networks (CIDR) that may be called besides public addresses; loopback and private ones may be called anyway "
            + "while the server itself listens on loopback only",
        check: { AddressRange($0) == nil ? "is not " + AddressRange.rule : nil })

    /// All limits, by the fields of ``DeliveryLimits``.
    package static let limits = SettingTable(
        DeliveryLimits(),
        [
            .count(
                "delivery.window", \.window, 16...1_000_000, "events of one subscription in flight or queued in memory",
                effect: "it reads on when there is room"),
            .count(
                "delivery.max_waiting", \.waiting, 100...10_000_000,
                "events of one subscription that wait behind entities that rest or are parked",
                effect: "the subscription rests until there is room"),
            .count(
                "delivery.max_dead_letters", \.deadLetters, 100...10_000_000, "dead letters kept of one subscription",
                effect: "the subscription rests until some are mended"),
            .duration(
                "delivery.longest_rest_on_the_way", \.longestRestOnTheWay, "10ms", "1m",
                "how long an entity may rest without leaving the way", effect: "its events wait out of the way"),
            .duration(
                "delivery.record_after", \.recordAfter, "1ms", "10s", "after how long a change of position is recorded",
                effect: "a crash repeats what was answered since"),
            .duration(
                "delivery.record_idle_after", \.recordIdleAfter, "1s", "1h",
                "after how long positions are recorded that moved only over events nobody wanted"),
            .duration(
                "delivery.longest_probe_pause", \.longestProbePause, "1s", "1h",
                "the longest pause between two probes of an endpoint that is down"),
            .duration(
                "delivery.longest_retry_after", \.longestRetryAfter, "1s", "7d",
                "the longest Retry-After that is obeyed",
                effect: "it is taken for this long"),
            .duration(
                "delivery.deletion_grace", \.deletionGrace, "0s", "10m",
                "how long attempts in flight of a deleted subscription may still take", effect: "they are broken off"),
        ])
}
