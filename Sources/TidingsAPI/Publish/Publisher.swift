// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsRouting

/// Routes checked events and stores them: who may publish a type, where it goes, by which key, with which copies.
///
/// All events of a request are one append, so they are durable together. Events without a key are spread over the
/// partitions request by request. A topic that a route names is made on first use.
///
/// - Concurrency: lives on one loop; one per loop.
package final class Publisher: EventPublisher {
    private let log: any EventLog
    private let session: any LogSession
    private let loop: any Loop
    private let routing: RoutingReader
    private let time: any TimeSource
    private let published: Counter
    private let refused: Counter
    private var reader: EventReader
    private var set = PublishSet()
    /// How long an event is placed again while its topic gets more partitions.
    private static let longestPlacing: Duration = .seconds(10)

    /// Which partition of a topic this request's events without a key go to.
    private var turn: UInt32
    /// The topics of the plan that came last: most events are of the type of the one before.
    private var lastPlan: TypePlan?
    private var lastTopics: [TopicDescription?] = []
    private var topics = TopicTable([])
    private var now = WallTime(millis: 0)

    /// Makes the loop's publisher.
    package init(
        log: any EventLog, loop: any Loop, routing: RoutingStore, random: any RandomSource, metrics: Metrics,
        limits: EventLimits = EventLimits()
    ) {
        self.log = log
        session = log.session(on: loop)
        self.loop = loop
        self.routing = RoutingReader(routing)
        time = loop.time
        reader = EventReader(limits: limits, time: loop.time, random: random)
        published = metrics.counter("tidings_published_events_total", "Events that were stored.")
        refused = metrics.counter("tidings_refused_events_total", "Events that were refused before they were stored.")
        turn = UInt32(truncatingIfNeeded: random.next())
    }

    // MARK: - One event

    package func publish(
        _ draft: inout EventDraft, trace: TraceContext?, then: @escaping (Result<PublishedEvent, Problem>) -> Void
    ) {
        begin()
        do throws(Problem) {
            if draft[.id] == nil { reader.makeID(&draft) }
            let plan = try plan(for: &draft)
            try reader.check(draft)
            try add(&draft, plan, trace: trace)
        } catch {
            refused.add()
            return then(.failure(error))
        }
        commit(
            { set in
                guard case .stored(let entry, let topic)? = set.outcomes.first else {
                    preconditionFailure("the event was added")
                }
                let stored = set.buffer.entries[entry]
                let event = set.identity(entry)
                return PublishedEvent(
                    id: event.id.text, source: event.source.text, type: event.type.text, topic: topic,
                    partition: stored.partition.index, offset: stored.offset)
            }, then: then)
    }

    // MARK: - A request's events

    /// Begins a request: what was added before and not committed is forgotten.
    func begin() {
        set.removeAll()
        now = time.wall
        let topics = log.topics
        self.topics = topics
        lastPlan = nil
        turn &+= 1
    }

    /// Adds an event that was read and checked, or what was found wrong with it; its answer stands at the same place.
    func add(_ draft: inout EventDraft, _ problem: Problem?, trace: TraceContext?) {
        do throws(Problem) {
            if let problem { throw problem }
            let plan = try plan(for: &draft)
            try add(&draft, plan, trace: trace)
        } catch {
            refused.add()
            set.outcomes.append(.refused(error))
        }
    }

    /// The first event's refusal; nil when it was taken.
    var firstRefusal: Problem? {
        if case .refused(let problem)? = set.outcomes.first { problem } else { nil }
    }

    /// Stores what was added, together, and answers once it is durable.
    /// - Parameter make: makes the answer of what was stored; offsets are known then, and nobody has been told.
    func commit<Answer>(
        _ make: @escaping (borrowing PublishSet) -> Answer, then: @escaping (Result<Answer, Problem>) -> Void
    ) {
        if set.homeless.isEmpty {
            append(&set, make, then)
            return
        }
        let held = Held()
        swap(&held.set, &set)
        var topics: [TopicName] = []
        for record in held.set.homeless where !topics.contains(record.topic) { topics.append(record.topic) }
        settle(held, topics[...]) { [self] problem in
            if let problem { return then(.failure(problem)) }
            append(&held.set, make, then)
        }
    }

    /// - Parameter since: when the first try was refused because a topic got more partitions.
    private func append<Answer>(
        _ set: inout PublishSet, _ make: @escaping (borrowing PublishSet) -> Answer,
        _ then: @escaping (Result<Answer, Problem>) -> Void, since: MonotonicTime? = nil
    ) {
        var stored = 0
        for outcome in set.outcomes { if case .stored = outcome { stored += 1 } }
        guard stored > 0 else { return then(.success(make(set))) }
        // The box is filled after the append, whose answer never comes before it returns.
        let answer = Box<Answer?>(nil)
        do throws(LogError) {
            try session.append(&set.buffer) { [published] result in
                switch result {
                case .success:
                    published.add(stored)
                    guard let answer = answer.value else { preconditionFailure("the append has returned") }
                    then(.success(answer))
                case .failure(let error): then(.failure(Problem(error)))
                }
            }
            answer.value = make(set)
        } catch {
            let since = since ?? time.now
            guard error.code == .layoutChanged, time.now - since < Self.longestPlacing else {
                return then(.failure(Problem(error)))
            }
            let held = Held()
            swap(&held.set, &set)
            _ = loop.schedule(after: .milliseconds(2)) { [self] in
                held.set.placeAgain(in: log.topics)
                append(&held.set, make, then, since: since)
            }
        }
    }

    // MARK: - Routing

    /// What the table says about the event's type; gives it its owner's source when it brings none.
    private func plan(for draft: inout EventDraft) throws(Problem) -> TypePlan {
        guard let type = draft[.type], !type.isEmpty else {
            throw Problem(.invalidEvent, "/type is missing", [Problem.Violation("/type", "required")])
        }
        let plan = routing.table.plan(forType: type)
        if draft[.source] == nil { draft.set(.source, try plan.sourceWhenAbsent()) }
        if let source = draft[.source], let refusal = plan.refusal(ofSource: source) { throw refusal }
        return plan
    }

    private func add(_ draft: inout EventDraft, _ plan: TypePlan, trace: TraceContext?) throws(Problem) {
        if let trace, draft.attribute(named: "traceparent") == nil {
            draft.addExtension("traceparent") { trace.format(into: &$0) }
        }
        if plan !== lastPlan {
            lastPlan = plan
            lastTopics.removeAll(keepingCapacity: true)
            for destination in plan.destinations { lastTopics.append(topics[destination.topic]) }
        }
        let entry = set.buffer.entries.count
        for (place, destination) in plan.destinations.enumerated() {
            let key = Self.key(of: draft, destination.key)
            var home = (partition: PartitionID(TopicID(0), 0), among: Int32(0))
            if let topic = lastTopics[place] {
                home = PublishSet.place(in: topic, key, turn)
            } else {
                set.homeless.append(PublishSet.Homeless(entry: set.buffer.entries.count, topic: destination.topic))
            }
            set.buffer.add(to: home.partition, among: home.among, at: now) { body in
                EventRecord.encodeBody(
                    draft, key: key, headers: destination.isCopy ? Self.copyHeaders : [], into: &body)
            }
        }
        set.outcomes.append(.stored(entry: entry, topic: plan.target.topic))
        plan.noteSeen(at: now)
    }

    private static var copyHeaders: [RecordHeader] {
        [RecordHeader(RouteTarget.copyHeader.bytes, ("" as StaticString).bytes)]
    }

    private static func key(of draft: borrowing EventDraft, _ choice: RouteKey) -> UnsafeRawBufferPointer? {
        switch choice {
        case .entity: return draft[.subject]
        case .type: return draft[.type]
        case .source: return draft[.source]
        case .id: return draft[.id]
        case .none: return nil
        case .extension(var name):
            return name.withUTF8 { draft.attribute(named: UnsafeRawBufferPointer($0)) }
        }
    }

    // MARK: - Topics that do not exist yet

    /// Makes the topics that records wait for, one after another, and gives the records their partitions.
    private func settle(_ held: Held, _ topics: ArraySlice<TopicName>, then: @escaping (Problem?) -> Void) {
        guard let topic = topics.first else { return then(nil) }
        session.createTopic(topic, partitions: TopicResource.defaultPartitions) { [self] result in
            switch result {
            case .failure(let error): then(Problem(error))
            case .success(let description):
                for record in held.set.homeless where record.topic == topic {
                    held.set.place(record.entry, in: description, turn)
                }
                settle(held, topics.dropFirst(), then: then)
            }
        }
    }

    private final class Held {
        var set = PublishSet()
    }

    private final class Box<Value> {
        var value: Value
        init(_ value: Value) { self.value = value }
    }
}
