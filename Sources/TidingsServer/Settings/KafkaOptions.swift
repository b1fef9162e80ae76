// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsKafkaListener

/// Settings of the Kafka listener.
package enum KafkaOptions {
    package static let listen = Setting.addressOrOff(
        "kafka.listen", "127.0.0.1:9092", flag: "kafka",
        "where to listen for Kafka's clients; port 0 picks a free one and prints it; off")
    package static let advertised = Setting.list(
        "kafka.advertised", "HOST:PORT that clients are told to connect to; where they came in when it is not set"
    ) { ListenAddress($0) == nil ? "is not HOST:PORT" : nil }
    package static let refusesReplication = Setting.flag(
        "kafka.refuse_replication", "refuses a replication factor above 1, which else means 1")
    package static let makesNoTopics = Setting.flag(
        "kafka.no_auto_create", "makes no topic only because a client names it")

    private static let closed = "the connection is closed"

    /// All limits, by the fields of ``KafkaListenerSettings``.
    package static let limits = SettingTable(
        KafkaListenerSettings(),
        [
            .count(
                "kafka.max_connections", \.connections, 1...1_000_000, "connections open at once",
                effect: "a further connection is closed at once"),
            .bytes(
                "kafka.max_request_bytes", \.requestBytes, "64KiB", "1GiB", "one request", effect: closed),
            .bytes(
                "kafka.max_collected_bytes", \.collectedBytes, "1MiB", "64GiB",
                "all requests that are being received on one event loop", effect: closed),
            .count(
                "kafka.max_in_flight", \.inFlight, 1...10_000, "unanswered requests of one connection",
                effect: "no more are read until one is answered"),
            .bytes(
                "kafka.max_waiting_bytes", \.waitingBytes, "64KiB", "1GiB",
                "record batches on one event loop that wait for their sync; with all loops' at most three quarters of "
                    + "storage.max_waiting_bytes",
                effect: "no more are read until they are synced"),
            .bytes(
                "kafka.max_answered_bytes", \.answeredBytes, "1KiB", "1GiB",
                "answers of one connection that wait behind one that is owed",
                effect: "no more requests are read until they have left"),
            .bytes(
                "kafka.max_fetched_bytes", \.fetchedBytes, "1MiB", "64GiB",
                "stored batches on one event loop that are read for fetches, or not sent yet",
                effect: "a fetch reads one batch"),
            .bytes(
                "kafka.max_fetch_bytes", \.fetchBytes, "1KiB", "1GiB", "one answer to a fetch",
                effect: "the rest comes with the next fetch"),
            .duration(
                "kafka.max_fetch_wait", \.fetchWait, "0s", "1h", "how long a fetch may wait for records",
                effect: "it is answered with what is there"),
            .count(
                "kafka.max_fetch_partitions", \.fetchPartitions, 1...1_000_000, "partitions of one fetch session",
                effect: "INVALID_REQUEST"),
            .duration(
                "kafka.idle_time", \.idleTime, "1s", "1d",
                "how long a connection may rest between requests, or take nothing of an answer", effect: closed),
            .count32(
                "kafka.partitions", \.partitions, 1...10_000, "partitions of a topic whose maker says none"),
            .count32(
                "kafka.max_partitions", \.mostPartitions, 1...100_000, "partitions a client may ask for, for one topic",
                effect: "INVALID_PARTITIONS"),
        ])

    static var all: [SettingDescription] {
        [listen.description, advertised.description, refusesReplication.description, makesNoTopics.description]
            + limits.descriptions
    }

    /// What the listener is told.
    static func read(_ settings: Settings) -> KafkaListenerSettings {
        var result = limits.read(settings)
        if let advertised = settings[advertised].first.flatMap({ ListenAddress($0) }) {
            result.advertisedHost = advertised.host
            result.advertisedPort = advertised.port
        }
        result.acceptsReplication = !settings[refusesReplication]
        result.createsTopics = !settings[makesNoTopics]
        return result
    }
}
