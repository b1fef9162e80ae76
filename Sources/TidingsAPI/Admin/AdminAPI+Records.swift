// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// Giving up the oldest records of a topic: `POST /v1/topics/{name}/delete-records`.
extension AdminAPI {
    /// What a deletion does in one partition.
    private struct Cut {
        let partition: PartitionID
        let start: Offset
        let before: Offset
        var records: Int64 { before - start }
    }

    /// Who has not taken what goes.
    private struct Losing {
        let kind: TopicReader.Kind
        let name: String
        let unanswered: Int64
    }

    func registerRecords(on router: Router) {
        router.add(.post, "/v1/topics/{name}/delete-records", body: .collect(atMost: ActionBody.largest)) {
            [self] request, responder throws(Problem) in
            try deleteRecords(request, responder)
        }
    }

    private func deleteRecords(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let topic = try topic(request)
        let body = try ActionBody(request, known: ["before", "partition", "dry_run"])
        let before = try body.place("before", now: loop.time.wall)
        var partitions = topic.partitions
        if let index = try body.number("partition", below: Int64(TopicResource.allowedPartitions.upperBound)) {
            guard index < Int64(topic.partitionCount) else { throw Self.noPartition(topic, index) }
            partitions = [topic.partitions[Int(index)]]
        } else if case .offset(let offset) = before, partitions.count > 1 {
            throw ActionBody.refusal(
                "'/before' is an offset only together with '/partition'", "/before", "place", offset.description)
        }
        if case .offset(let offset) = before, let bounds = log.bounds(of: partitions[0]), offset > bounds.end {
            throw Problem(
                .conflict, "'/before' must not lie behind the partition's end, which is \(bounds.end)",
                [.init("/before", "range", found: offset.description)])
        }
        let isDryRun = try body.flag("dry_run")
        Gathering<PartitionID, Result<Offset, LogError>>(partitions) { [self] partitions, places in
            var cuts: [Cut] = []
            for (partition, place) in zip(partitions, places) {
                switch place {
                case .success(let place)?:
                    let start = log.bounds(of: partition)?.start ?? place
                    cuts.append(Cut(partition: partition, start: start, before: max(start, place)))
                case .failure(let error)?: return responder.refuse(Problem(error))
                case nil: return
                }
            }
            askReaders(topic, cuts, isDryRun: isDryRun, responder)
        }.gather { [self] partition, then in find(before, in: partition, then: then) }
    }

    private func find(
        _ place: SeekRequest.Target, in partition: PartitionID, then: @escaping (Result<Offset, LogError>?) -> Void
    ) {
        let bounds = log.bounds(of: partition)
        switch place {
        case .offset(let offset): then(.success(offset))
        case .beginning: then(.success(bounds?.start ?? .zero))
        case .now: then(.success(bounds?.end ?? .zero))
        case .time(let time): session.offset(in: partition, atTime: time) { then($0.map(\.offset)) }
        }
    }

    /// Who has not answered what goes; asked before it goes.
    private func askReaders(_ topic: TopicDescription, _ cuts: [Cut], isDryRun: Bool, _ responder: HTTPResponder) {
        guard let readers else { return cut(cuts, [], isDryRun: isDryRun, responder) }
        readers.readers(of: topic.id, on: loop) { [self] readers in
            let losing = readers.map { reader in
                let count = reader.positions.reduce(Int64(0)) { sum, position in
                    let cut = cuts.first { $0.partition.index == position.partition }
                    return sum + max(0, (cut?.before ?? .zero) - max(position.offset, cut?.start ?? .zero))
                }
                return Losing(kind: reader.kind, name: reader.name, unanswered: count)
            }
            cut(cuts, losing.filter { $0.unanswered > 0 }, isDryRun: isDryRun, responder)
        }
    }

    private func cut(
        _ cuts: [Cut], _ losing: [Losing], isDryRun: Bool, _ responder: HTTPResponder
    ) {
        if isDryRun { return answer(cuts, losing, isDryRun: true, responder) }
        Gathering<Cut, Result<Offset, LogError>>(cuts) { [self] cuts, results in
            for case .failure(let error)? in results { return responder.refuse(Problem(error)) }
            answer(cuts, losing, isDryRun: false, responder)
        }.gather { [self] cut, then in
            session.deleteRecords(cut.partition, before: cut.before) { then($0) }
        }
    }

    private func answer(
        _ cuts: [Cut], _ losing: [Losing], isDryRun: Bool, _ responder: HTTPResponder
    ) {
        responder.respond(.ok, contentType: "application/json") { body in
            JSONWriter.write(into: &body) { json in
                json.object { json in
                    json.member("dry_run", isDryRun)
                    json.member("records", cuts.reduce(0) { $0 + $1.records })
                    json.key("partitions")
                    json.array { json in
                        for cut in cuts {
                            json.object { json in
                                json.member("partition", cut.partition.index)
                                json.member("start", cut.start.value)
                                json.member("before", cut.before.value)
                                json.member("records", cut.records)
                            }
                        }
                    }
                    json.key("readers")
                    json.array { json in
                        for reader in losing {
                            json.object { json in
                                json.member("kind", reader.kind.rawValue)
                                json.member("name", reader.name)
                                json.member("unanswered", reader.unanswered)
                            }
                        }
                    }
                }
            }
        }
    }
}
