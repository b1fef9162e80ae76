// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Topics, which the log keeps: made, changed and deleted in turn with the changes of the table, so that both see each
/// other.
extension RoutingStore {
    /// What the topic of the table keeps: of each resource the last record, and every change for a while.
    package static let settings: TopicSettings = {
        var settings = TopicSettings()
        settings.cleanup = .compact
        settings.retentionTime = nil
        settings.minCompactionLag = history
        return settings
    }()

    /// What became of a `PUT` of a topic.
    package struct WrittenTopic: Sendable {
        /// Whether it is new; else it was there.
        package let isNew: Bool
        /// What it is.
        package let topic: TopicDescription
    }

    /// Makes a topic, or gives the one that is there other settings and more partitions.
    /// - Parameter then: runs on `loop`, once: `conflict` when it has more partitions already.
    package func putTopic(
        _ resource: TopicResource, _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void
    ) {
        writeTopic(resource.name, precondition, answerOn: loop, then: then) { _ in resource }
    }

    /// Changes single settings of a topic that is there.
    /// - Parameters:
    ///   - patch: a merge patch (RFC 7396).
    ///   - then: runs on `loop`, once: `not-found`, or `conflict` when it has more partitions already.
    package func patchTopic(
        _ name: TopicName, _ patch: [UInt8], _ precondition: Precondition = .none, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void
    ) {
        writeTopic(name, precondition, answerOn: loop, then: then) { existing throws(Problem) in
            guard let existing else { throw Problem(.notFound, "there is no topic '\(name)'") }
            let read: Result<TopicResource, Problem> = patch.withUnsafeBytes { bytes in
                do throws(Problem) {
                    return .success(try ResourceReader.readTopic(existing, changedBy: bytes))
                } catch {
                    return .failure(error)
                }
            }
            return try read.get()
        }
    }

    private func writeTopic(
        _ name: TopicName, _ precondition: Precondition, answerOn loop: any Loop,
        then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void,
        _ make: @escaping @Sendable (TopicDescription?) throws(Problem) -> TopicResource
    ) {
        enqueue(refuse: { problem in loop.post { then(.failure(problem)) } }) { [self] in
            let existing = log.topics[name]
            do throws(Problem) {
                try Self.checkOpen(name)
                try precondition.check(existing?.entityTag)
                let resource = try make(existing)
                guard let existing else { return create(resource, answerOn: loop, then) }
                try change(existing, to: resource, answerOn: loop, then)
            } catch {
                loop.post { then(.failure(error)) }
            }
        }
    }

    private func create(
        _ resource: TopicResource, answerOn loop: any Loop,
        _ then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void
    ) {
        let count = resource.partitions ?? TopicResource.defaultPartitions
        sessionOnLoop?.createTopic(resource.name, partitions: count, settings: resource.settings) { result in
            let result = result.map { WrittenTopic(isNew: true, topic: $0) }.mapError { Problem($0) }
            loop.post { then(result) }
        }
    }

    private func change(
        _ existing: TopicDescription, to resource: TopicResource, answerOn loop: any Loop,
        _ then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void
    ) throws(Problem) {
        let count = resource.partitions ?? existing.partitionCount
        guard count >= existing.partitionCount else {
            throw Problem(
                .conflict,
                "topic '\(resource.name)' has \(existing.partitionCount) partitions; none of them is taken away",
                [.init("/partitions", "fewer", found: "\(count)")])
        }
        guard count > existing.partitionCount else {
            return configure(existing, resource.settings, answerOn: loop, then)
        }
        sessionOnLoop?.addPartitions(existing.id, upTo: count) { [self] result in
            switch result {
            case .success(let topic):
                logger.info("a topic got more partitions", [("topic", topic.name.text), ("partitions", "\(count)")])
                configure(topic, resource.settings, answerOn: loop, then)
            case .failure(let error): loop.post { then(.failure(Problem(error))) }
            }
        }
    }

    private func configure(
        _ existing: TopicDescription, _ settings: TopicSettings, answerOn loop: any Loop,
        _ then: @escaping @Sendable (Result<WrittenTopic, Problem>) -> Void
    ) {
        guard settings != existing.settings else {
            return loop.post { then(.success(WrittenTopic(isNew: false, topic: existing))) }
        }
        sessionOnLoop?.configureTopic(existing.id, settings) { [self] result in
            if case .success(let topic) = result {
                let settings = topic.settings.overrides.map { "\($0.name.rawValue)=\($0.text)" }
                logger.info(
                    "a topic's settings were changed",
                    [("topic", topic.name.text), ("settings", settings.joined(separator: " "))])
            }
            let result = result.map { WrittenTopic(isNew: false, topic: $0) }.mapError { Problem($0) }
            loop.post { then(result) }
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
    /// What HTTP calls this version of the topic's settings.
    package var entityTag: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let text = "\(partitionCount)" + settings.overrides.map { ";\($0.name.rawValue)=\($0.text)" }.joined()
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\"t\(uuid)-\(String(hash, radix: 36))\""
    }
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
