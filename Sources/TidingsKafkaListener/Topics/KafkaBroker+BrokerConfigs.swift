// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsGroups

/// The server's own settings, as far as Kafka has a name for them. They are changed in the settings file.
extension KafkaBroker {
    func brokerEntries(toldTo answer: KafkaAnswer) -> [ConfigEntry] {
        let (host, port) = advertised(answer)
        let standard = KafkaListenerSettings()
        let groups = coordinator.groupLimits
        let transactions = coordinator.transactionLimits
        let own = [
            plain("node.id", settings.nodeID, "The server's number."),
            plain("broker.id", settings.nodeID, "The server's number."),
            entry(
                "advertised.listeners", "PLAINTEXT://\(host):\(port)", .list, isOwn: settings.advertisedHost != nil,
                "Where clients are told to connect to: kafka.advertised."),
            plain(
                "num.partitions", settings.partitions, "Partitions of a topic that says none: kafka.partitions.",
                unlike: Int64(standard.partitions)),
            entry(
                "auto.create.topics.enable", String(settings.createsTopics), .boolean, isOwn: !settings.createsTopics,
                "Whether a topic is made when it is named: kafka.no_auto_create."),
            plain("default.replication.factor", 1, "There is one copy."),
            entry("delete.topic.enable", "true", .boolean, isOwn: false, "Topics can be deleted."),
            plain(
                "socket.request.max.bytes", settings.requestBytes, "The longest request: kafka.max_request_bytes.",
                unlike: Int64(standard.requestBytes)),
            plain(
                "fetch.max.bytes", settings.fetchBytes, "The longest answer to a fetch: kafka.max_fetch_bytes.",
                unlike: Int64(standard.fetchBytes)),
            plain(
                "max.connections", settings.connections, "Connections open at once: kafka.max_connections.",
                unlike: Int64(standard.connections)),
            plain(
                "connections.max.idle.ms", settings.idleTime.millis, "How long a connection may rest: kafka.idle_time.",
                unlike: Int64(standard.idleTime.millis), kind: .long),
            plain("group.max.size", groups.members, "Members of one group."),
            plain("group.min.session.timeout.ms", groups.shortestSession.millis, "The shortest session of a member."),
            plain("group.max.session.timeout.ms", groups.longestSession.millis, "The longest session of a member."),
            plain(
                "group.initial.rebalance.delay.ms", groups.initialRebalanceDelay.millis,
                "How long a new group waits for more members."),
            plain(
                "offsets.retention.minutes", groups.offsetRetention.millis / 60_000,
                "How long offsets stay of a group that nobody reads with."),
            plain("offset.metadata.max.bytes", groups.offsetMetadataBytes, "What may be noted beside an offset."),
            plain(
                "transaction.max.timeout.ms", transactions.longestTimeout.millis,
                "The longest a transaction may ask to stay open."),
            plain(
                "transactional.id.expiration.ms", transactions.idRetention.millis,
                "How long a transactional id is known that nobody uses."),
        ]
        // What a topic has that says nothing.
        let topics = ConfigEntry.all(of: TopicSettings(), log: settings).compactMap { topic in
            topic.inherited.map {
                entry($0.name, $0.value, topic.kind, isOwn: false, topic.documentation)
            }
        }
        return (own + topics).sorted { $0.name < $1.name }
    }

    private func plain(
        _ name: String, _ value: some BinaryInteger, _ documentation: String, unlike standard: Int64? = nil,
        kind: ConfigEntry.Kind = .int
    ) -> ConfigEntry {
        entry(name, String(value), kind, isOwn: standard.map { $0 != value } ?? false, documentation)
    }

    private func entry(
        _ name: String, _ value: String, _ kind: ConfigEntry.Kind, isOwn: Bool, _ documentation: String
    ) -> ConfigEntry {
        ConfigEntry(
            name: name, value: value, source: isOwn ? .staticBroker : .standard, kind: kind,
            documentation: documentation)
    }
}
