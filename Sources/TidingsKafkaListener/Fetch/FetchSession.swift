// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Which partitions a client reads, kept from one fetch to the next so that it names only what changes (KIP-227).
///
/// It lives with its connection: a client that comes back begins a new one, as the protocol has it.
struct FetchSession {
    /// A partition of the session.
    struct Entry {
        let topic: String
        let index: Int32
        var offset: Int64
        var maxBytes: Int32
        var leaderEpoch: Int32
        /// What was told last: nothing of it is told again.
        var told: Told?
    }

    struct Told: Hashable {
        let end: Int64
        let lastStable: Int64
        let start: Int64
        let error: Int16
    }

    struct Key: Hashable {
        let topic: String
        let index: Int32
    }

    /// What to do with a request.
    enum Start: Equatable {
        /// All partitions are in the request, and none is kept.
        case sessionless
        /// All partitions are in the request, and a new session keeps them.
        case new
        /// The request says what changes.
        case incremental
        case unknownSession
        case wrongEpoch
    }

    let id: Int32
    private var epoch: Int32 = 0
    private(set) var entries: [Entry] = []
    private var places: [Key: Int] = [:]

    init(id: Int32) { self.id = id }

    /// Judges what a request says of its session.
    static func start(_ id: Int32, _ epoch: Int32, in current: FetchSession?) -> Start {
        if epoch == -1 { return .sessionless }
        if epoch == 0 { return .new }
        guard id != 0, let current, current.id == id else { return .unknownSession }
        return current.nextEpoch == epoch ? .incremental : .wrongEpoch
    }

    /// The epoch that the next request has.
    private var nextEpoch: Int32 { epoch == .max ? 1 : epoch + 1 }

    /// Notes that a request of the next epoch has come.
    mutating func advance() { epoch = nextEpoch }

    /// Adds a partition, or changes what is read of it.
    mutating func set(_ topic: String, _ index: Int32, offset: Int64, maxBytes: Int32, leaderEpoch: Int32) {
        if let place = places[Key(topic: topic, index: index)] {
            entries[place].offset = offset
            entries[place].maxBytes = maxBytes
            entries[place].leaderEpoch = leaderEpoch
        } else {
            places[Key(topic: topic, index: index)] = entries.count
            entries.append(
                Entry(
                    topic: topic, index: index, offset: offset, maxBytes: maxBytes, leaderEpoch: leaderEpoch, told: nil)
            )
        }
    }

    /// Takes a partition out.
    mutating func forget(_ topic: String, _ index: Int32) {
        guard let place = places.removeValue(forKey: Key(topic: topic, index: index)) else { return }
        entries.remove(at: place)
        for later in place..<entries.count {
            places[Key(topic: entries[later].topic, index: entries[later].index)] = later
        }
    }

    /// Notes what is told of a partition; whether it is news.
    mutating func tell(_ topic: String, _ index: Int32, _ told: Told) -> Bool {
        guard let place = places[Key(topic: topic, index: index)] else { return true }
        defer { entries[place].told = told }
        return entries[place].told != told
    }

    /// Puts the partition that was first behind the others: each comes first in turn.
    mutating func rotate() {
        guard entries.count > 1 else { return }
        entries.append(entries.removeFirst())
        for (place, entry) in entries.enumerated() { places[Key(topic: entry.topic, index: entry.index)] = place }
    }
}
