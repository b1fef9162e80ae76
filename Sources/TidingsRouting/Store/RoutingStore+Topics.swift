// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Topics, which the log keeps: made and deleted in turn with the changes of the table, so that both see each other.
extension RoutingStore {
    /// What became of a `PUT` of a topic.
    package struct WrittenTopic: Sendable {
        /// Whether it is new; else it was there with as many partitions.
        package let isNew: Bool
        /// What it is.
        package let topic: TopicDescription
    }

    /// Makes a topic, or finds it there with as many partitions.
    /// - Parameter then: runs on `loop`, once: `conflict` when it has another number of partitions.
    package func putTopic(
        _ resource: TopicResource, _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void
    ) {
        enqueue(refuse: { problem in loop.post { then(.failure(problem)) } }) { [self] in
            let existing = log.topics[resource.name]
            do throws(Problem) {
                try Self.checkOpen(resource.name)
                try precondition.check(existing?.entityTag)
                if let existing {
                    guard existing.partitionCount == resource.partitions else {
                        throw Problem(
                            .conflict,
                            "topic '\(resource.name)' has \(existing.partitionCount) partitions; that cannot be changed yet",
                            [.init("/partitions", "fixed", found: "\(resource.partitions)")])
                    }
                    loop.post { then(.success(WrittenTopic(isNew: false, topic: existing))) }
                    return
                }
            } catch {
                loop.post { then(.failure(error)) }
                return
            }
            sessionOnLoop?.createTopic(resource.name, partitions: resource.partitions) { result in
                switch result {
                case .success(let topic): loop.post { then(.success(WrittenTopic(isNew: true, topic: topic))) }
                case .failure(let error): loop.post { then(.failure(Problem(error))) }
                }
            }
        }
    }

    /// Deletes a topic with its records.
    /// - Parameter then: runs on `loop`, once: `conflict` when a route or a subscription names the topic.
    package func removeTopic(
        _ name: TopicName, _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<Void, Problem>) -> Void
    ) {
        enqueue(refuse: { problem in loop.post { then(.failure(problem)) } }) { [self] in
            do throws(Problem) {
                try Self.checkOpen(name)
                guard let existing = log.topics[name] else {
                    throw Problem(.notFound, "there is no topic '\(name)'")
                }
                try precondition.check(existing.entityTag)
                if let user = table.state.firstUser(of: name) {
                    throw Problem(.conflict, "topic '\(name)' is named by \(user)")
                }
                sessionOnLoop?.deleteTopic(existing.id) { result in
                    loop.post { then(result.mapError { Problem($0) }) }
                }
            } catch {
                loop.post { then(.failure(error)) }
            }
        }
    }

    private static func checkOpen(_ name: TopicName) throws(Problem) {
        guard !name.isInternal else {
            throw Problem(
                .invalidParameter, "topics that begin with '__' are the server's own",
                [.init("path:name", "reserved", found: name.text)])
        }
    }
}

extension TopicDescription {
    /// What HTTP calls the topic's settings.
    package var entityTag: String { "\"t\(uuid)\"" }
}

extension RoutingState {
    /// The first route or subscription that names a topic, as a sentence has it; nil when none does.
    func firstUser(of topic: TopicName) -> String? {
        let routes = routes.values.map(\.value).filter { route in
            route.target.topic == topic || route.copies.contains { $0.topic == topic }
        }
        if let route = routes.min(by: { $0.name < $1.name }) { return "route '\(route.name)'" }
        let readers = subscriptions.values.map(\.subscription).filter { $0.topics?.contains(topic) == true }
        return readers.min { $0.name < $1.name }.map { "subscription '\($0.name)'" }
    }
}
