// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting

/// Reading on from another place: `POST /v1/subscriptions/{name}/seek`.
extension AdminAPI {
    func registerSeek(on router: Router) {
        router.add(.post, "/v1/subscriptions/{name}/seek", body: .collect(atMost: ActionBody.largest)) {
            [self] request, responder throws(Problem) in
            try seek(request, responder)
        }
    }

    private func seek(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) throws(Problem) {
        let name = try request.parameter(0)
        guard let subscription = Name(name).flatMap({ reader.table.subscription($0) })?.subscription else {
            throw Self.missing(ResourceKey(.subscriptions, name))
        }
        let body = try ActionBody(request, known: ["to", "topic", "partition", "dry_run"])
        let target = try body.place("to", now: loop.time.wall)
        let topic = try body.text("topic").map { text throws(Problem) in
            guard let topic = TopicName(text).flatMap({ log.topics[$0] }), !topic.name.isInternal else {
                throw Problem(.notFound, "there is no topic '\(text)'", [.init("/topic", "topic", found: text)])
            }
            return topic
        }
        let partition = try body.number("partition", below: Int64(TopicResource.allowedPartitions.upperBound))
        if let partition {
            guard let topic else {
                throw ActionBody.refusal(
                    "'/partition' goes together with '/topic'", "/partition", "topic", String(partition))
            }
            guard partition < Int64(topic.partitionCount) else {
                throw Self.noPartition(topic, partition)
            }
        }
        if case .offset(let offset) = target, partition == nil {
            throw ActionBody.refusal(
                "'/to' is an offset only together with '/topic' and '/partition'", "/to", "place", offset.description)
        }
        let isDryRun = try body.flag("dry_run")
        let seek = SeekRequest(target, topic: topic?.id, partition: partition.map { Int32($0) })
        delivery.seek(of: subscription.uuid, seek, dryRun: isDryRun, on: loop) { [self] result in
            switch result {
            case .failure(let problem): responder.refuse(problem)
            case .success(let steps):
                responder.respond(.ok, contentType: "application/json") { body in
                    JSONWriter.write(into: &body) { json in json.object { write(steps, isDryRun: isDryRun, &$0) } }
                }
            }
        }
    }

    /// The refusal of a partition that a topic does not have.
    static func noPartition(_ topic: TopicDescription, _ partition: Int64) -> Problem {
        Problem(
            .notFound, "topic '\(topic.name)' has \(topic.partitionCount) partitions, no number \(partition)",
            [.init("/partition", "partition", found: String(partition))])
    }

    private func write(_ steps: [SeekStep], isDryRun: Bool, _ json: inout JSONWriter) {
        json.member("dry_run", isDryRun)
        json.member("again", steps.reduce(0) { $0 + $1.again })
        json.member("skipped", steps.reduce(0) { $0 + $1.skipped })
        json.key("partitions")
        json.array { json in
            for step in steps {
                json.object { json in
                    json.member("topic", log.topics[step.partition.topic]?.name.text)
                    json.member("partition", step.partition.index)
                    json.member("from", step.from.value)
                    json.member("to", step.to.value)
                    json.member("again", step.again)
                    json.member("skipped", step.skipped)
                }
            }
        }
    }
}
