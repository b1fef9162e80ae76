// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The routing table while it is being changed: the resources, and the indexes that answer for a type.
/// A value: a copy shares what did not change.
struct RoutingState: Sendable {
    /// The most resources of each kind.
    static let mostResources = 20_000
    /// Types that begin so are the server's own.
    static let reservedPrefix = Array("tidings.".utf8)
    /// The topic of the server's own events.
    static let reservedTopic = TopicName("tidings")!
    /// Where events go that no route is for.
    static let defaultTopic = TopicName("events")!

    private(set) var producers: [Name: Revised<Producer>] = [:]
    private(set) var types: [[UInt8]: Revised<EventTypeDeclaration>] = [:]
    private(set) var routes: [Name: Revised<Route>] = [:]
    private(set) var subscriptions: [Name: RoutedSubscription] = [:]
    private(set) var identities: [UUID128: RoutedSubscription] = [:]
    private(set) var inbound: [Name: Revised<InboundWebhook>] = [:]

    private(set) var claims = PatternIndex<[Name]>()
    private(set) var routing = PatternIndex<Name>()
    private(set) var wanted = PatternIndex<[Name]>()
    /// Where routes store events of some types, or once did: what lies there is still to be delivered.
    private(set) var placements = PatternIndex<[TopicName]>()

    /// What of ``placements`` records of their own keep, which outlive those of the routes.
    private(set) var keptPlacements: [TypePattern: [TopicName]] = [:]
    /// Every pattern that routes have, or once had.
    private(set) var placedPatterns: Set<TypePattern> = []
    /// What could not be read and has not been written again or given up.
    private(set) var losses: [RoutingLoss] = []

    private var freeSlots: [Int] = []
    private var usedSlots = 0

    /// Takes a change without asking whether it may be: one of the records that were asked when they were written.
    mutating func fold(_ change: RoutingChange, revision: Int64) {
        removeOld(change.key, isReplaced: change.resource != nil)
        if !losses.isEmpty { losses.removeAll { $0.resource == change.key } }
        switch change.resource {
        case .producer(let producer):
            producers[producer.name] = Revised(value: producer, revision: revision)
            for pattern in producer.types { claims[pattern, default: []].append(producer.name) }
        case .type(let declaration):
            types[Array(declaration.type.utf8)] = Revised(value: declaration, revision: revision)
        case .route(let route):
            routes[route.name] = Revised(value: route, revision: revision)
            for pattern in route.types {
                routing[pattern] = route.name
                place(pattern, [route.target.topic])
            }
        case .subscription(let subscription):
            let slot = subscriptions[subscription.name]?.slot ?? takeSlot()
            let routed = RoutedSubscription(subscription, slot: slot, revision: revision)
            subscriptions[subscription.name] = routed
            identities[subscription.uuid] = routed
            for pattern in subscription.types { wanted[pattern, default: []].append(subscription.name) }
        case .inbound(let webhook):
            inbound[webhook.name] = Revised(value: webhook, revision: revision)
        case nil: break
        }
    }

    /// Takes in a record that is no resource.
    mutating func fold(_ note: RoutingNote) {
        switch note {
        case .placements(let pattern, let topics):
            place(pattern, topics)
            keptPlacements[pattern] = topics
        case .acceptedLosses(let below): losses.removeAll { $0.offsets.upperBound <= below }
        }
    }

    /// Notes what could not be read.
    mutating func note(_ loss: RoutingLoss) { losses.append(loss) }

    private mutating func place(_ pattern: TypePattern, _ topics: [TopicName]) {
        let known = placements[pattern] ?? []
        placements[pattern] = known + topics.filter { !known.contains($0) }
        placedPatterns.insert(pattern)
    }

    /// The placements of these patterns that no route of now implies and no record of its own keeps yet.
    func unkeptPlacements(of patterns: some Sequence<TypePattern>) -> [RoutingNote] {
        patterns.compactMap { pattern in
            let all = placements[pattern] ?? []
            let implied = routing[pattern].flatMap { routes[$0]?.value.target.topic }
            let kept = keptPlacements[pattern] ?? []
            return all.allSatisfy { $0 == implied || kept.contains($0) } ? nil : .placements(pattern, all)
        }
    }

    /// What has to be recorded with a change, so that compaction of the topic forgets no placement.
    func notes(with change: RoutingChange) -> [RoutingNote] {
        guard change.key.kind == .routes, let name = Name(change.key.name), let old = routes[name]?.value else {
            return []
        }
        var after = self
        after.fold(change, revision: 0)
        return after.unkeptPlacements(of: old.types)
    }

    private mutating func takeSlot() -> Int {
        if let slot = freeSlots.popLast() { return slot }
        usedSlots += 1
        return usedSlots - 1
    }

    private mutating func removeOld(_ key: ResourceKey, isReplaced: Bool) {
        switch key.kind {
        case .types: types[Array(key.name.utf8)] = nil
        case .producers:
            guard let name = Name(key.name), let old = producers.removeValue(forKey: name) else { return }
            for pattern in old.value.types { claims.remove(name, from: pattern) }
        case .routes:
            guard let name = Name(key.name), let old = routes.removeValue(forKey: name) else { return }
            for pattern in old.value.types where routing[pattern] == name { routing[pattern] = nil }
        case .subscriptions:
            guard let name = Name(key.name), let old = subscriptions[name] else { return }
            for pattern in old.subscription.types { wanted.remove(name, from: pattern) }
            identities[old.subscription.uuid] = nil
            if !isReplaced {
                subscriptions[name] = nil
                freeSlots.append(old.slot)
            }
        case .inbound:
            if let name = Name(key.name) { inbound[name] = nil }
        }
    }

    /// The resource of that name, and the change that wrote it.
    subscript(key: ResourceKey) -> Revised<RoutingResource>? {
        if key.kind == .types {
            return types[Array(key.name.utf8)].map { Revised(value: .type($0.value), revision: $0.revision) }
        }
        guard let name = Name(key.name) else { return nil }
        switch key.kind {
        case .types: return nil
        case .producers: return producers[name].map { Revised(value: .producer($0.value), revision: $0.revision) }
        case .routes: return routes[name].map { Revised(value: .route($0.value), revision: $0.revision) }
        case .subscriptions:
            return subscriptions[name].map {
                Revised(value: .subscription($0.subscription), revision: $0.revision)
            }
        case .inbound: return inbound[name].map { Revised(value: .inbound($0.value), revision: $0.revision) }
        }
    }

    /// How many resources of a kind there are.
    func count(of kind: ResourceKind) -> Int {
        switch kind {
        case .producers: producers.count
        case .types: types.count
        case .routes: routes.count
        case .subscriptions: subscriptions.count
        case .inbound: inbound.count
        }
    }
}

extension PatternIndex {
    /// What is kept for a pattern, or `fallback`.
    subscript(pattern: TypePattern, default fallback: Value) -> Value {
        get { self[pattern] ?? fallback }
        set { self[pattern] = newValue }
    }
}

extension PatternIndex where Value == [Name] {
    /// Takes one name off a pattern's list.
    mutating func remove(_ name: Name, from pattern: TypePattern) {
        guard var names = self[pattern] else { return }
        names.removeAll { $0 == name }
        self[pattern] = names.isEmpty ? nil : names
    }
}
