// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsAPI
import TidingsCore
import TidingsLog
import TidingsRouting

/// How well the server is, and what people should know of it when it is ready all the same.
final class ServerHealth: Sendable {
    /// How many topics a warning names.
    private static let mostNamed = 10

    private let log: Log
    private let routing: RoutingStore
    private let groups: KafkaGroups?

    init(log: Log, routing: RoutingStore, groups: KafkaGroups?) {
        self.log = log
        self.routing = routing
        self.groups = groups
    }

    /// What the server is asked for: a log that serves, a disk with room for events, and the groups of Kafka's clients
    /// where it listens to them. Without the last two it is ready all the same, since everything else goes on.
    var checks: [TelemetryDoor.Check] {
        let log = log
        let groups = groups.map { groups in TelemetryDoor.Check("groups", isBearable: true) { groups.fault } }
        return [
            TelemetryDoor.Check("log") { log.refusal.flatMap { $0.code == .diskFull ? nil : $0.description } },
            TelemetryDoor.Check("disk", isBearable: true) {
                log.refusal.flatMap { $0.code == .diskFull ? $0.description : nil }
            },
        ] + (groups.map { [$0] } ?? [])
    }

    /// One sentence each; none when all is as it should be. Any thread.
    @Sendable func warnings() -> [String] {
        [relaxedTopics, quarantines, routingLosses].compactMap(\.self)
    }

    private var relaxedTopics: String? {
        let relaxed = log.topics.all.filter { $0.settings.durability.isRelaxed }.sorted { $0.name < $1.name }
        if relaxed.isEmpty { return nil }
        let named = relaxed.prefix(Self.mostNamed).map { "\($0.name) (\($0.settings.durability.rawValue))" }
        let more = relaxed.count > Self.mostNamed ? ", and \(relaxed.count - Self.mostNamed) more" : ""
        return "relaxed durability: a power failure may take acknowledged events of "
            + named.joined(separator: ", ") + more
    }

    private var quarantines: String? {
        let count = log.quarantines.count { $0.acceptedAt == nil }
        return count == 0
            ? nil : "\(count) damaged \(count == 1 ? "range is" : "ranges are") in quarantine: see /v1/quarantine"
    }

    private var routingLosses: String? {
        let losses = routing.table.losses
        return losses.isEmpty
            ? nil
            : "\(losses.count) records of the routing table cannot be read, resources may be missing: see "
                + "/v1/routing/losses"
    }
}

/// The log's quarantine for those who look at it.
final class LogQuarantines: QuarantineList {
    private struct Callback: @unchecked Sendable { let run: (Result<Void, Problem>) -> Void }

    private let log: Log

    init(_ log: Log) { self.log = log }

    var entries: [QuarantineEntry] {
        log.quarantines.map { quarantine in
            QuarantineEntry(
                id: quarantine.id, topic: quarantine.name, partition: quarantine.partition?.index,
                offsets: quarantine.offsets, foundAt: quarantine.foundAt, reason: quarantine.reason,
                copy: quarantine.copy, entities: quarantine.entities, namesAllEntities: quarantine.namesAllEntities,
                acceptedAt: quarantine.acceptedAt)
        }
    }

    func accept(_ ids: Set<String>, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void) {
        let then = Callback(run: then)
        log.acceptQuarantines(ids) { result in loop.post { then.run(result.mapError { Problem($0) }) } }
    }
}
