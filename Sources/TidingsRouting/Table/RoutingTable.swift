// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Producers, types, routes, subscriptions and inbound webhooks of one version, and what follows from them for a type.
///
/// - Concurrency: immutable, swapped whole; any thread. What was worked out for a type is kept with the version.
package final class RoutingTable: Sendable {
    /// Grows with every change: the revision of the last one; -1 for the empty table.
    package let version: Int64
    let state: RoutingState
    let sightings: TypeSightings
    private let memo = PlanMemo()
    /// Which topics are read, as far as somebody asked.
    private let readTopics = Locked<[TopicName: Bool]>([:])
    /// What subscriptions read, by slot, as far as somebody asked.
    private let choices = Locked<[Int: TopicChoice]>([:])
    /// The lists that were asked for, sorted.
    private let lists = Locked<[ResourceKind: [Revised<RoutingResource>]]>([:])

    /// The table before the first change.
    package convenience init() { self.init(RoutingState(), version: -1) }

    init(_ state: RoutingState, version: Int64, sightings: TypeSightings = TypeSightings()) {
        self.state = state
        self.version = version
        self.sightings = sightings
    }

    /// A table of these resources, as the store would fold them; for programs that have no store.
    /// - Throws: `conflict` when they break a rule between resources.
    package convenience init(_ resources: [RoutingResource]) throws(Problem) {
        var state = RoutingState()
        for (place, resource) in resources.enumerated() {
            try state.apply(.put(resource), revision: Int64(place))
        }
        self.init(state, version: Int64(resources.count) - 1)
    }

    /// The table after one more change.
    /// - Throws: `conflict` or `invalid-resource` when the change breaks a rule between resources.
    package func applying(_ change: RoutingChange, revision: Int64) throws(Problem) -> RoutingTable {
        var next = state
        try next.apply(change, revision: revision)
        return RoutingTable(next, version: revision, sightings: sightings)
    }

    /// Records that could not be read when the server started, and that nobody has written again or given up since.
    /// While there are any, resources may be missing.
    package var losses: [RoutingLoss] { state.losses }

    // MARK: By type

    /// What this version says about a type (UTF-8). Worked out on first sight, then found in some 20 ns, however
    /// many routes there are.
    package func plan(forType type: UnsafeRawBufferPointer) -> TypePlan {
        let hash = PlanMemo.hash(type)
        if let plan = memo.find(type, hash) { return plan }
        return workOut(type, hash)
    }

    /// What this version says about a type.
    package func plan(forType type: String) -> TypePlan {
        var type = type
        return type.withUTF8 { plan(forType: UnsafeRawBufferPointer($0)) }
    }

    @inline(never)
    private func workOut(_ bytes: UnsafeRawBufferPointer, _ hash: UInt64) -> TypePlan {
        let type = Array(bytes)
        let isReserved = type.starts(with: RoutingState.reservedPrefix)
        let route = isReserved ? nil : state.routing.mostSpecific(for: type).flatMap { state.routes[$0]?.value }
        let home = isReserved ? RoutingState.reservedTopic : RoutingState.defaultTopic
        let destinations =
            if let route {
                [TypePlan.Destination(topic: route.target.topic, key: route.target.key, isCopy: false)]
                    + route.copies.map { .init(topic: $0.topic, key: $0.key, isCopy: true) }
            } else {
                [TypePlan.Destination(topic: home, key: .entity, isCopy: false)]
            }
        // The default topic is always one: an event may have been stored before there was a route.
        var homes = [home]
        if !isReserved {
            state.placements.forEachMatch(type) { topics in
                for topic in topics where !homes.contains(topic) { homes.append(topic) }
            }
        }
        let plan = TypePlan(
            type: type, owners: isReserved ? [] : owners(of: type),
            isShared: state.types[type]?.value.isShared ?? false,
            isReserved: isReserved, route: route?.name, destinations: destinations, homes: homes,
            readers: readers(of: type, homes: homes), sightings: sightings)
        let isNamed = state.routing.names(type) || state.claims.names(type) || state.wanted.names(type)
        return memo.add(plan, hash, isNamed: isNamed)
    }

    private func owners(of type: [UInt8]) -> [TypePlan.Owner] {
        var names: [Name] = []
        state.claims.forEachMatch(type) { more in
            for name in more where !names.contains(name) { names.append(name) }
        }
        return names.compactMap { name in
            state.producers[name].map { .init(name: name, sources: $0.value.sources.map { Array($0.utf8) }) }
        }
    }

    private func readers(of type: [UInt8], homes: [TopicName]) -> TypePlan.ReadersByTopic {
        var seen: Set<Int> = []
        var anywhere: [RoutedSubscription] = []
        var bound: [TopicName: [RoutedSubscription]] = [:]
        state.wanted.forEachMatch(type) { names in
            for name in names {
                guard let routed = state.subscriptions[name], seen.insert(routed.slot).inserted else { continue }
                guard let topics = routed.subscription.topics else {
                    anywhere.append(routed)
                    continue
                }
                for topic in topics { bound[topic, default: []].append(routed) }
            }
        }
        var readers: [TypePlan.Readers] = []
        for topic in homes {
            let here = bound.removeValue(forKey: topic) ?? []
            if anywhere.isEmpty && here.isEmpty { continue }
            readers.append(.init(topic: topic, ofEvents: anywhere + here, ofCopies: here))
        }
        // Where none of those that name no topic could want it, nothing more has to be found out.
        for (topic, here) in bound {
            readers.append(.init(topic: topic, ofEvents: anywhere.isEmpty ? here : nil, ofCopies: here))
        }
        return TypePlan.ReadersByTopic(known: readers, anywhere: anywhere)
    }

    /// The topics whose events a subscription gets, if they are of its types: those it names, or those where routes store
    /// events of its types, now or earlier, and those whose own records are of its types.
    package func topics(of subscription: Subscription) -> TopicChoice {
        if let topics = subscription.topics { return TopicChoice(names: Set(topics)) }
        var found: Set<TopicName> = []
        for pattern in subscription.types {
            let isOwn = RoutingState.isReserved(pattern)
            if !isOwn { found.insert(RoutingState.defaultTopic) }
            if isOwn || RoutingState.reservedPrefix.starts(with: pattern.bytes) && pattern.isPrefix {
                found.insert(RoutingState.reservedTopic)
            }
            if !isOwn { state.placements.forEachOverlap(pattern) { _, topics in found.formUnion(topics) } }
        }
        return TopicChoice(names: found, ofTypes: subscription.types)
    }

    /// The subscriptions that want an event of a type (UTF-8) that lies in `topic`, before their filters. No allocation,
    /// but for the first event of its type in a topic that no route would have put it into.
    /// - Parameter isCopy: whether its record carries ``TidingsCore/RouteTarget/copyHeader``.
    package func subscribers(
        ofType type: UnsafeRawBufferPointer, in topic: TopicName, isCopy: Bool = false
    ) -> [RoutedSubscription] {
        let plan = plan(forType: type)
        return plan.subscribers(in: topic, isCopy: isCopy) ?? plan.strays(in: topic) { choice(of: $0).contains(topic) }
    }

    /// Whether any subscription reads a topic. Worked out once per topic and version.
    package func isRead(_ topic: TopicName) -> Bool {
        readTopics.withLock { known in
            if let isRead = known[topic] { return isRead }
            let isRead = state.subscriptions.values.contains { choice(of: $0).contains(topic) }
            if known.count < Self.mostTopicsRemembered { known[topic] = isRead }
            return isRead
        }
    }

    /// How many topics are remembered to be read or not, and how many choices of subscriptions; others are worked out
    /// each time.
    static let mostTopicsRemembered = 65_536

    private func choice(of routed: RoutedSubscription) -> TopicChoice {
        choices.withLock { known in
            if let choice = known[routed.slot] { return choice }
            let choice = topics(of: routed.subscription)
            known[routed.slot] = choice
            return choice
        }
    }

    // MARK: By name

    /// The resource of that name; nil when there is none.
    package subscript(key: ResourceKey) -> Revised<RoutingResource>? { state[key] }

    /// The subscription of that name.
    package func subscription(_ name: Name) -> RoutedSubscription? { state.subscriptions[name] }

    /// The subscription of that identity.
    package func subscription(_ uuid: UUID128) -> RoutedSubscription? { state.identities[uuid] }

    /// All subscriptions, in no order.
    package var subscriptions: some Collection<RoutedSubscription> & Sendable { state.subscriptions.values }

    /// The inbound webhook of that name.
    package func inbound(_ name: Name) -> InboundWebhook? { state.inbound[name]?.value }

    /// The producer of that name.
    package func producer(_ name: Name) -> Producer? { state.producers[name]?.value }

    /// All resources of a kind, by name; sorted once per version.
    package func resources(_ kind: ResourceKind) -> [Revised<RoutingResource>] {
        lists.withLock { lists in
            if let list = lists[kind] { return list }
            let list = all(kind).sorted { $0.value.key.name < $1.value.key.name }
            lists[kind] = list
            return list
        }
    }

    private func all(_ kind: ResourceKind) -> [Revised<RoutingResource>] {
        switch kind {
        case .producers: state.producers.values.map { Revised(value: .producer($0.value), revision: $0.revision) }
        case .types: state.types.values.map { Revised(value: .type($0.value), revision: $0.revision) }
        case .routes: state.routes.values.map { Revised(value: .route($0.value), revision: $0.revision) }
        case .subscriptions:
            state.subscriptions.values.map { Revised(value: .subscription($0.subscription), revision: $0.revision) }
        case .inbound: state.inbound.values.map { Revised(value: .inbound($0.value), revision: $0.revision) }
        }
    }
}
