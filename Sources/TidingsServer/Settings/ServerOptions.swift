// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Settings of the server as a whole.
package enum ServerOptions {
    package static let data = Setting.text(
        "data", "./tidings-data", "the folder that holds everything the server keeps")
    package static let insecure = Setting.flag(
        "insecure", "listens on an address other than loopback without TLS and authentication")
    package static let loops = Setting.count(
        "loops", 0, 0...64, "event loops, one thread each; 0: one per core, at most 8")
    package static let stopDeadline = Setting.duration(
        "stop_deadline", .seconds(10), .zero...(.seconds(3600)),
        "how long an orderly stop waits for what is in flight",
        effect: "what is still in flight is broken off, and delivered again after the next start")

    static var all: [SettingDescription] {
        [data.description, insecure.description, loops.description, stopDeadline.description]
    }
}

/// Settings of the lines the server writes about itself.
package enum LoggingOptions {
    /// The levels a line can have.
    static let levels = LogLevel.allCases.map { String(describing: $0) }
    /// The parts of the server that write lines.
    package static let subsystems = [
        "server", "settings", "log", "network", "http", "access", "api", "routing", "delivery", "webhooks", "inbound",
        "kafka",
    ]

    package static let level = Setting.text(
        "log.level", "info", type: .choice(levels), "lines of this level and above are written")
    package static let levelsBySubsystem = Setting.map(
        "log.levels", names: subsystems, values: levels,
        "levels of single subsystems, as in delivery=debug,http=warning")
    package static let format = Setting.text(
        "log.format", "text", type: .choice(["text", "json"]), "text for people or JSON lines for machines")

    static var all: [SettingDescription] {
        [level.description, levelsBySubsystem.description, format.description]
    }
}

/// Settings of what is shown to those who watch.
package enum TelemetryOptions {
    package static let mostPartitions = Setting.count(
        "metrics.max_partitions", 1_000, 0...100_000, "partitions with series of their own in /metrics",
        effect: "only their topics are shown")

    package static let mostGroups = Setting.count(
        "metrics.max_groups", 1_000, 0...100_000, "pairs of a group and a topic with series of their own in /metrics",
        effect: "further groups are counted, not shown")

    static var all: [SettingDescription] { [mostPartitions.description, mostGroups.description] }
}

extension SettingDescription {
    /// Every setting there is, in the order of the reference.
    package static let all: [SettingDescription] =
        ServerOptions.all + LoggingOptions.all + TelemetryOptions.all + HTTPOptions.all + KafkaOptions.all
        + EventOptions.limits.descriptions
        + StorageOptions.log.descriptions + [DeliveryOptions.allowNetworks.description]
        + DeliveryOptions.limits.descriptions
        + WebhookOptions.client.descriptions
}
