// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsAPI
import TidingsCore

/// What an operator wants to know of groups of Kafka's clients, made when somebody scrapes. Groups beyond a limit are counted
/// and not shown.
struct GroupGauges {
    let groups: KafkaGroups
    let log: any EventLog
    /// How many pairs of a group and a topic are shown.
    let most: Int

    /// Hands over everything in Prometheus's text format; nothing while groups are being read.
    func expose(on loop: any Loop, then: @escaping (String) -> Void) {
        groups.groups(of: nil, after: nil, limit: .max, on: loop) { result in
            guard case .success(let found) = result else { return then("") }
            then(text(found))
        }
    }

    func text(_ found: [ClientGroup]) -> String {
        let topics = log.topics
        var (lags, members, rebalances) = ("", "", "")
        var (shown, hidden) = (0, 0)
        for group in found {
            var byTopic: [TopicName: Int64] = [:]
            for position in group.positions {
                guard let topic = topics[position.partition.topic], let bounds = log.bounds(of: position.partition)
                else {
                    continue
                }
                byTopic[topic.name, default: 0] += max(0, bounds.end.value - max(0, position.offset))
            }
            shown += max(1, byTopic.count)
            guard shown <= most else {
                hidden += 1
                continue
            }
            let name = "group=\"\(Self.escaped(group.name))\""
            for (topic, lag) in byTopic.sorted(by: { $0.key < $1.key }) {
                lags += "tidings_group_lag_records{\(name),topic=\"\(topic)\"} \(lag)\n"
            }
            members += "tidings_group_members{\(name)} \(group.members.count)\n"
            rebalances += "tidings_group_rebalances_total{\(name)} \(group.generation)\n"
        }
        return Self.family(
            "tidings_group_lag_records", "gauge", "Records between what a group committed and the end, by topic.", lags)
            + Self.family("tidings_group_members", "gauge", "Members of a group of Kafka's clients.", members)
            + Self.family(
                "tidings_group_rebalances_total", "counter", "How often a group's members were brought together.",
                rebalances)
            + Self.family("tidings_groups", "gauge", "Groups of Kafka's clients.", "tidings_groups \(found.count)\n")
            + Self.family(
                "tidings_groups_not_shown", "gauge", "Groups beyond what metrics show.",
                "tidings_groups_not_shown \(hidden)\n")
    }

    /// A group's name is a client's choice.
    private static func escaped(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func family(_ name: String, _ type: String, _ help: String, _ lines: String) -> String {
        lines.isEmpty ? "" : "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(lines)"
    }
}
