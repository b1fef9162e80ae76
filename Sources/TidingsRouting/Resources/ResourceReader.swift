// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads resources from JSON: as `PUT` brings them, or as a record of the routing table keeps them.
///
/// Everything that is wrong is told at once, each by its JSON pointer; unknown members are refused with the nearest
/// known name.
package struct ResourceReader {
    /// Where the JSON comes from.
    enum Origin {
        /// From outside: secrets may be masked or left out, `status` is ignored.
        case request
        /// From the server's own record: with what the server adds.
        case record
    }

    let origin: Origin
    let existing: RoutingResource?
    let now: WallTime
    let random: any RandomSource
    let faults = ResourceFaults()
    let made = Made()

    /// What a request asks for.
    package struct Requested: Sendable {
        /// The resource.
        package let resource: RoutingResource
        /// The key to sign with that was made because the request brought none.
        package let madeSecret: Secret?
    }

    /// What is made while a request is read.
    final class Made {
        var secret: Secret?
    }

    private init(_ origin: Origin, existing: RoutingResource?, now: WallTime, random: any RandomSource) {
        self.origin = origin
        self.existing = existing
        self.now = now
        self.random = random
    }

    /// Reads what a `PUT` brings.
    /// - Parameters:
    ///   - body: the request's body.
    ///   - existing: what is stored under that name; gives secrets that are left out or masked, and the identity.
    /// - Throws: `unreadable-body`, or `invalid-resource` with every broken rule.
    package static func read(
        _ key: ResourceKey, from body: UnsafeRawBufferPointer, existing: RoutingResource?, now: WallTime,
        random: any RandomSource
    ) throws(Problem) -> Requested {
        let reader = ResourceReader(.request, existing: existing, now: now, random: random)
        let resource = try reader.read(key, try json(body))
        return Requested(resource: resource, madeSecret: reader.made.secret)
    }

    /// Reads a record of the server's own.
    package static func read(
        _ key: ResourceKey, record: UnsafeRawBufferPointer, random: any RandomSource
    ) throws(Problem) -> RoutingResource {
        try ResourceReader(.record, existing: nil, now: WallTime(millis: 0), random: random).read(key, try json(record))
    }

    /// Reads what a `PUT` of a topic brings; an empty body asks for the defaults.
    /// - Throws: `unreadable-body`, or `invalid-resource` with every broken rule.
    package static func readTopic(_ name: TopicName, from body: UnsafeRawBufferPointer) throws(Problem) -> TopicResource
    {
        try readTopic(name, body.isEmpty ? .object(JSONObject()) : try json(body))
    }

    /// Reads what a `PATCH` of a topic brings: a merge patch (RFC 7396).
    /// - Throws: `unreadable-body`, or `invalid-resource` with every broken rule.
    package static func readTopic(
        _ topic: TopicDescription, changedBy patch: UnsafeRawBufferPointer
    ) throws(Problem) -> TopicResource {
        let patch = try json(patch)
        guard patch.object != nil else {
            throw Problem(
                .invalidResource, "the body must be an object, not \(patch.kindName)",
                [.init("", "object", found: patch.kindName)])
        }
        return try readTopic(topic.name, TopicResource.json(of: topic).merged(with: patch))
    }

    private static func readTopic(_ name: TopicName, _ json: JSONValue) throws(Problem) -> TopicResource {
        let faults = ResourceFaults()
        var reader = ObjectReader(json, at: "", faults)
        checkName(&reader, name.text)
        let allowed = TopicResource.allowedPartitions
        let count = reader.integer("partitions", Int(allowed.lowerBound)...Int(allowed.upperBound), 0)
        let settings = TopicSettingsJSON.read(&reader)
        reader.ignore("status")
        reader.finish()
        if let problem = faults.problem { throw problem }
        return TopicResource(name: name, partitions: count == 0 ? nil : Int32(count), settings: settings)
    }

    static func json(_ body: UnsafeRawBufferPointer) throws(Problem) -> JSONValue {
        do {
            return try JSONValue.parse(body)
        } catch {
            throw Problem(.unreadableBody, "the body is not JSON: \(error)", [.init("", "json")])
        }
    }

    private func read(_ key: ResourceKey, _ json: JSONValue) throws(Problem) -> RoutingResource {
        let name = try Self.name(of: key)
        var reader = ObjectReader(json, at: "", faults)
        Self.checkName(&reader, key.name)
        if origin == .request { reader.ignore("status") }
        let resource: RoutingResource? =
            switch key.kind {
            case .producers: name.flatMap { producer($0, &reader) }.map(RoutingResource.producer)
            case .types: .type(declaration(key.name, &reader))
            case .routes: name.flatMap { route($0, &reader) }.map(RoutingResource.route)
            case .subscriptions: name.flatMap { subscription($0, &reader) }.map(RoutingResource.subscription)
            case .inbound: name.flatMap { inbound($0, &reader) }.map(RoutingResource.inbound)
            }
        reader.finish()
        if let problem = faults.problem { throw problem }
        guard let resource else { throw Problem(.internalError, "\(key) could not be read, and nothing says why") }
        return resource
    }

    /// Checks the name in a path; nil for type declarations, whose name is a type.
    private static func name(of key: ResourceKey) throws(Problem) -> Name? {
        if key.kind == .types {
            guard let pattern = TypePattern(key.name), !pattern.isPrefix else {
                throw Problem(
                    .invalidParameter, "'\(key.name)' is no event type: \(TypePattern.rule)",
                    [.init("path:type", "type", found: key.name)])
            }
            return nil
        }
        guard let name = Name(key.name) else {
            throw Problem(
                .invalidParameter, "'\(key.name)' is no name: \(Name.rule)",
                [.init("path:name", "name", found: key.name)])
        }
        return name
    }

    private static func checkName(_ reader: inout ObjectReader, _ name: String) {
        guard let found = reader.string("name"), found != name else { return }
        reader.faults.note(reader.place("name"), "name", "must be the name in the path or be left out", found: found)
    }
}

// MARK: - Producers, types, routes

extension ResourceReader {
    private func producer(_ name: Name, _ reader: inout ObjectReader) -> Producer? {
        let sources = reader.uniqueList(
            "sources", atLeast: 1, isRequired: true, "uri-reference", "must be a URI reference"
        ) {
            Self.isURIReference($0) ? $0 : nil
        }
        let types = Self.types(&reader, atLeast: 0)
        return Producer(name: name, sources: sources ?? [], types: types)
    }

    private func declaration(_ type: String, _ reader: inout ObjectReader) -> EventTypeDeclaration {
        let isShared = reader.bool("shared", false)
        let about = reader.parsed(
            "description", "size", "must have at most \(EventTypeDeclaration.longestAbout) bytes"
        ) { $0.utf8.count <= EventTypeDeclaration.longestAbout ? $0 : nil }
        return EventTypeDeclaration(type: type, isShared: isShared, about: about)
    }

    private func route(_ name: Name, _ reader: inout ObjectReader) -> Route? {
        let types = Self.types(&reader, atLeast: 1)
        let target = target(&reader)
        let faults = faults
        var topics: Set<TopicName> = target.map { [$0.topic] } ?? []
        let copies: [RouteTarget] =
            reader.list("copies", most: Route.mostCopies) { value, place in
                var reader = ObjectReader(value, at: place, faults)
                let copy = self.target(&reader)
                reader.finish()
                if let copy, !topics.insert(copy.topic).inserted {
                    faults.noteConflict(
                        place + "/topic", "unique",
                        "must be a topic that the route does not store the event in already",
                        found: copy.topic.text)
                }
                return copy
            } ?? []
        return target.map { Route(name: name, types: types, target: $0, copies: copies) }
    }

    private func target(_ reader: inout ObjectReader) -> RouteTarget? {
        let channel = reader.parsed("channel", "channel", "must be 'log', the only channel there is") {
            $0 == RouteTarget.log.text ? RouteTarget.log : nil
        }
        let topic = reader.requiredParsed("topic", "topic", Self.topicSentence, Self.topic)
        let key = reader.parsed("key", "key", "must be \(RouteKey.rule)") { RouteKey($0) }
        return topic.map { RouteTarget(channel: channel ?? RouteTarget.log, topic: $0, key: key ?? .entity) }
    }

    static let topicSentence = "must be \(TopicName.rule), and not begin with '__'"

    static func topic(_ text: String) -> TopicName? {
        guard let topic = TopicName(text), !topic.isInternal else { return nil }
        return topic
    }

    static func types(_ reader: inout ObjectReader, atLeast least: Int) -> [TypePattern] {
        reader.uniqueList("types", atLeast: least, isRequired: least > 0, "pattern", "must be \(TypePattern.rule)") {
            TypePattern($0)
        } ?? []
    }

    /// CloudEvents's rule for a source, of at most 1,024 bytes.
    static func isURIReference(_ text: String) -> Bool {
        guard (1...1024).contains(text.utf8.count) else { return false }
        var text = text
        return text.withUTF8 { URIText.isReference(UnsafeRawBufferPointer($0)) }
    }
}
