// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// All that the table of one version says about one event type: who may publish it, where it goes, who gets it.
///
/// - Concurrency: immutable; any thread.
package final class TypePlan: @unchecked Sendable {
    /// A producer that claims the type.
    package struct Owner: Sendable {
        /// The producer.
        package let name: Name
        /// The sources it publishes from, as UTF-8.
        let sources: [[UInt8]]
    }

    /// One place the event is stored in.
    package struct Destination: Sendable, Hashable {
        /// The topic, made on first use.
        package let topic: TopicName
        /// What the record's key is taken from.
        package let key: RouteKey
        /// Whether this is a copy: its record carries ``TidingsCore/RouteTarget/copyHeader``, and subscriptions that
        /// name no topics never get it.
        package let isCopy: Bool
    }

    /// Who gets an event of the type that lies in one topic.
    struct Readers: Sendable {
        let topic: TopicName
        /// Of the event itself; nil where that has to be worked out: no route would have put it there.
        let ofEvents: [RoutedSubscription]?
        /// Of a copy.
        let ofCopies: [RoutedSubscription]
    }

    /// Who gets an event of the type, by the topic it lies in.
    struct ReadersByTopic: Sendable {
        /// Of the topics that routes store the type in, and of those that subscriptions name.
        let known: [Readers]
        /// Those that name no topics.
        let anywhere: [RoutedSubscription]
    }

    /// In how many other topics the readers of a type are remembered; of more they are worked out each time.
    static let mostStrays = 1_024

    /// The producers that claim the type; empty when nobody does, several only when it is shared.
    package let owners: [Owner]
    /// Whether the type is declared shared.
    package let isShared: Bool
    /// Whether only the server itself publishes the type.
    package let isReserved: Bool
    /// The route that applies; nil for the default one.
    package let route: Name?
    /// Where the event is stored: the target first, then the copies.
    package let destinations: [Destination]
    /// In which topics the routes of today or of an earlier day store events of the type, copies apart.
    package let homes: [TopicName]
    private let readers: ReadersByTopic
    /// Who gets events of the type that lie where no route put them, as far as such were seen.
    private let strays = Locked<[TopicName: [RoutedSubscription]]>([:])
    private let type: UnsafeMutableRawBufferPointer
    private let count: Int
    private let sightings: TypeSightings
    private let sighting = AtomicLazyReference<TypeSightings.Sighting>()

    init(
        type: [UInt8], owners: [Owner], isShared: Bool, isReserved: Bool, route: Name?, destinations: [Destination],
        homes: [TopicName], readers: ReadersByTopic, sightings: TypeSightings
    ) {
        self.type = .allocate(byteCount: max(type.count, 1), alignment: 1)
        self.type.copyBytes(from: type)
        count = type.count
        self.owners = owners
        self.isShared = isShared
        self.isReserved = isReserved
        self.route = route
        self.destinations = destinations
        self.homes = homes
        self.readers = readers
        self.sightings = sightings
        if let sighting = sightings.find(type) { _ = self.sighting.storeIfNil(sighting) }
    }

    deinit { type.deallocate() }

    /// The type as UTF-8; valid while the plan lives.
    package var typeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: type[..<count]) }

    /// Where the event itself is stored.
    package var target: Destination { destinations[0] }

    /// The subscriptions that want an event of the type that lies in `topic`; nil where ``strays(in:reads:)`` says it.
    func subscribers(in topic: TopicName, isCopy: Bool) -> [RoutedSubscription]? {
        for reader in readers.known where reader.topic == topic { return isCopy ? reader.ofCopies : reader.ofEvents }
        return isCopy || readers.anywhere.isEmpty ? [] : nil
    }

    /// The subscriptions that want an event of the type that lies in `topic`, where no route would have put it: those that
    /// name the topic, and those that read it for another reason.
    func strays(in topic: TopicName, reads: (RoutedSubscription) -> Bool) -> [RoutedSubscription] {
        if let known = strays.withLock({ $0[topic] }) { return known }
        let here = readers.known.first { $0.topic == topic }?.ofCopies ?? []
        let found = readers.anywhere.filter(reads) + here
        strays.withLock { if $0.count < Self.mostStrays { $0[topic] = found } }
        return found
    }

    /// Everyone who gets events of the type, by whatever topic, before filters.
    package var receivers: [RoutedSubscription] {
        var seen: Set<UUID128> = []
        return (readers.anywhere + readers.known.flatMap { $0.ofCopies }).filter {
            seen.insert($0.subscription.uuid).inserted
        }
        .sorted { $0.subscription.name < $1.subscription.name }
    }

    func isFor(_ other: UnsafeRawBufferPointer) -> Bool {
        count == other.count && (count == 0 || memcmp(type.baseAddress!, other.baseAddress!, count) == 0)
    }

    // MARK: Sightings

    /// Notes that an event of the type was published. Costs a store.
    package func noteSeen(at time: WallTime) {
        if let sighting = sighting.load() { return sighting.note(time) }
        guard let made = sightings.make(Array(typeBytes)) else { return }
        sighting.storeIfNil(made).note(time)
    }

    /// When an event of the type was last published, by any version of the table; nil when none was since the process
    /// began.
    package var lastSeen: WallTime? { sighting.load()?.time ?? sightings.find(Array(typeBytes))?.time }

    // MARK: The right to publish

    /// Why an event of the type from `source` (UTF-8) is refused; nil when it may be published. No allocation then.
    package func refusal(ofSource source: UnsafeRawBufferPointer) -> Problem? {
        if isReserved {
            return Problem(
                .notOwner, "types that begin with 'tidings.' are published by the server itself",
                [.init("/type", "reserved", found: text)])
        }
        if owners.isEmpty { return nil }
        for owner in owners {
            for allowed in owner.sources
            where allowed.count == source.count && allowed.withUnsafeBytes({ $0.elementsEqual(source) }) {
                return nil
            }
        }
        let names = owners.map(\.name.text).joined(separator: " and ")
        let sources = owners.flatMap(\.sources).map { "'\(String(decoding: $0, as: UTF8.self))'" }
        let shown = sources.prefix(5).joined(separator: ", ") + (sources.count > 5 ? ", …" : "")
        let found = String(decoding: source, as: UTF8.self)
        return Problem(
            .notOwner, "'\(text)' belongs to \(names), which publishes it from \(shown); found source '\(found)'",
            [.init("/source", "owner", found: found)])
    }

    /// The source of an event in the plain form that names none: the owner's if it has one, `/` if nobody owns the
    /// type.
    /// - Throws: `invalid-event` at `/source` when there are several.
    package func sourceWhenAbsent() throws(Problem) -> String {
        let sources = owners.flatMap(\.sources)
        switch sources.count {
        case 0: return "/"
        case 1: return String(decoding: sources[0], as: UTF8.self)
        default:
            throw Problem(
                .invalidEvent, "'\(text)' is published from several sources: the event has to name its own",
                [.init("/source", "required")])
        }
    }

    /// The type as text.
    package var text: String { String(decoding: typeBytes, as: UTF8.self) }
}
