// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// Letting a group read on from another place: `POST /v1/groups/{name}/reset`.
extension AdminAPI {
    /// Where a group is to read on.
    private enum Target {
        case place(SeekRequest.Target)
        /// So many records further, or back.
        case shift(Int64)
    }

    /// What a reset does in one partition.
    private struct Step {
        let topic: TopicName
        let partition: PartitionID
        /// What was committed; nil for nothing.
        let from: Int64?
        let to: Offset
        var again: Int64 { from.map { max(0, $0 - to.value) } ?? 0 }
        var skipped: Int64 { from.map { max(0, to.value - max(0, $0)) } ?? 0 }
    }

    func resetGroup(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let groups = try groupsOrRefuse()
        let name = try request.parameter(0)
        let body = try ActionBody(request, known: ["to", "shift", "topics", "dry_run"])
        let target = try target(body)
        let wanted = try wantedPartitions(body)
        let isDryRun = try body.flag("dry_run")
        groups.group(name, on: loop) { [self] result in
            let group: ClientGroup
            switch result {
            case .success(let found): group = found
            // A group may get its places before its first member comes.
            case .failure(let problem) where problem.code == .notFound && wanted != nil:
                group = ClientGroup(name: name, since: loop.time.wall)
            case .failure(let problem): return responder.refuse(problem)
            }
            guard !group.hasMembers else {
                return responder.refuse(
                    Problem(.conflict, "group '\(name)' has members: its offsets are reset once they have left"))
            }
            plan(target, wanted, group) { [self] plan in
                switch plan {
                case .failure(let problem): responder.refuse(problem)
                case .success(let steps) where isDryRun: answer(steps, isDryRun: true, responder)
                case .success(let steps):
                    groups.setOffsets(of: name, steps.map { ($0.partition, $0.to) }, on: loop) { [self] result in
                        if case .failure(let problem) = result { return responder.refuse(problem) }
                        answer(steps, isDryRun: false, responder)
                    }
                }
            }
        }
    }

    // MARK: - What is asked for

    private func target(_ body: ActionBody) throws(Problem) -> Target {
        guard let shift = try body.signed("shift") else { return .place(try body.place("to", now: loop.time.wall)) }
        if body.has("to") {
            throw ActionBody.refusal(
                "'/to' and '/shift' both say where to go: leave one of them out", "/shift", "alone", String(shift))
        }
        return .shift(shift)
    }

    /// The partitions that are named, of topics that are there; nil when none are.
    private func wantedPartitions(_ body: ActionBody) throws(Problem) -> [PartitionID]? {
        guard let items = try body.objects("topics", known: ["topic", "partitions"]) else { return nil }
        var wanted: [PartitionID] = []
        for (index, item) in items.enumerated() {
            let at = "/topics/\(index)"
            guard let name = item["topic"]?.string else {
                throw ActionBody.refusal("'\(at)/topic' must be a topic's name", "\(at)/topic", "required", nil)
            }
            guard let topic = TopicName(name).flatMap({ log.topics[$0] }), !topic.name.isInternal else {
                throw Problem(.notFound, "there is no topic '\(name)'", [.init("\(at)/topic", "topic", found: name)])
            }
            guard let partitions = item["partitions"] else {
                wanted += topic.partitions
                continue
            }
            let numbers = partitions.array?.compactMap(\.integer) ?? []
            guard !numbers.isEmpty, numbers.count == partitions.array?.count else {
                throw ActionBody.refusal(
                    "'\(at)/partitions' must be a list of whole numbers", "\(at)/partitions", "integers",
                    partitions.kindName)
            }
            for number in numbers {
                guard (0..<Int64(topic.partitionCount)).contains(number) else {
                    throw Problem(
                        .notFound, "topic '\(name)' has \(topic.partitionCount) partitions, no number \(number)",
                        [.init("\(at)/partitions", "partition", found: String(number))])
                }
                wanted.append(topic.partitions[Int(number)])
            }
        }
        return Array(Set(wanted))
    }

    // MARK: - What follows

    private func plan(
        _ target: Target, _ wanted: [PartitionID]?, _ group: ClientGroup,
        then: @escaping (Result<[Step], Problem>) -> Void
    ) {
        var committed: [PartitionID: Int64] = [:]
        for position in group.positions { committed[position.partition] = position.offset }
        let topics = log.topics
        let partitions = (wanted ?? Array(committed.keys)).filter { topics[$0.topic] != nil }
        Gathering<PartitionID, Result<Offset, LogError>>(partitions) { partitions, places in
            var steps: [Step] = []
            for (partition, place) in zip(partitions, places) {
                guard let name = topics[partition.topic]?.name else { continue }
                switch place {
                case .success(let place)?:
                    steps.append(Step(topic: name, partition: partition, from: committed[partition], to: place))
                case .failure(let error)?: return then(.failure(Problem(error)))
                case nil:
                    return then(
                        .failure(
                            Problem(
                                .conflict,
                                "the group has committed no offset of topic '\(name)', partition \(partition.index), that "
                                    + "could be shifted")))
                }
            }
            then(.success(steps.sorted { ($0.topic, $0.partition.index) < ($1.topic, $1.partition.index) }))
        }.gather { [self] partition, then in find(target, from: committed[partition], in: partition, then: then) }
    }

    /// Where to read on; what lies outside of what is stored becomes its beginning or end, as Kafka's tools have it.
    private func find(
        _ target: Target, from committed: Int64?, in partition: PartitionID,
        then: @escaping (Result<Offset, LogError>?) -> Void
    ) {
        let bounds = log.bounds(of: partition) ?? PartitionBounds(start: .zero, end: .zero, byteCount: 0)
        func bounded(_ offset: Int64) -> Offset { Offset(min(max(offset, bounds.start.value), bounds.end.value)) }
        switch target {
        case .place(.beginning): then(.success(bounds.start))
        case .place(.now): then(.success(bounds.end))
        case .place(.offset(let offset)): then(.success(bounded(offset.value)))
        case .place(.time(let time)):
            session.offset(in: partition, atTime: time) { then($0.map { bounded($0.offset.value) }) }
        case .shift(let change):
            guard let committed else { return then(nil) }
            let (sum, overflow) = committed.addingReportingOverflow(change)
            then(.success(bounded(overflow ? (change < 0 ? 0 : .max) : sum)))
        }
    }

    private func answer(_ steps: [Step], isDryRun: Bool, _ responder: HTTPResponder) {
        responder.respond(.ok, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in
                json.object { json in
                    json.member("dry_run", isDryRun)
                    json.member("again", steps.reduce(0) { $0 + $1.again })
                    json.member("skipped", steps.reduce(0) { $0 + $1.skipped })
                    json.key("partitions")
                    json.array { json in for step in steps { json.object { Self.write(step, &$0) } } }
                }
            }
        }
    }

    private static func write(_ step: Step, _ json: inout JSONWriter) {
        json.member("topic", step.topic.text)
        json.member("partition", step.partition.index)
        json.key("from")
        json.optional(step.from)
        json.member("to", step.to.value)
        json.member("again", step.again)
        json.member("skipped", step.skipped)
    }
}
