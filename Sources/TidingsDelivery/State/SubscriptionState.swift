// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is recorded of one subscription: how far it is, what waits out of the way, what was given up on.
struct SubscriptionState: Hashable {
    /// A position: everything below `next` is answered, except `outstanding`.
    struct Position: Hashable {
        var next: Offset
        /// Ascending.
        var outstanding: [Offset]
    }

    /// Names a lane for good: by its key, or, for an event without one or out of order, by its place.
    struct LaneName: Hashable {
        let partition: PartitionID
        let key: [UInt8]?
        /// Its first event, when the key does not name it alone: without a key the lane is that event's; with one it was
        /// chained to another lane of the key, which may lie in the same partition.
        let lone: Offset?
    }

    /// Where in the topic of attempts the records of an event's attempts lie: a chain, each naming the one before.
    struct AttemptChain: Hashable {
        var first: Offset
        var last: Offset
        var count: Int
    }

    /// What the event in front of a lane has been through.
    struct Head: Hashable {
        var failures = 0
        /// When the next attempt is due; nil when it is due at once, or the lane is parked.
        var until: WallTime?
        /// How long that was from when it was recorded: a wall clock that was set back does not make it longer.
        var pause: Duration?
        /// Since when the lane is out of the way.
        var since: WallTime
        /// When the event in front was stored.
        var stored: WallTime
        var chain: AttemptChain?
        /// The dead letter that is redriven, or that blocks the lane.
        var deadLetter: UInt64?
        var isParked = false

        /// Whether it was more than held behind another lane of its key.
        var wasTried: Bool { isParked || failures > 0 || until != nil || deadLetter != nil || chain != nil }
    }

    /// A lane out of the way.
    struct Lane: Hashable {
        var head: Head
        /// Its events in order; the one in front first.
        var waiting: [Offset]
    }

    /// A delivery given up on.
    struct DeadLetter: Hashable {
        let id: UInt64
        let event: EventReference
        let key: [UInt8]?
        let type: String
        let eventID: String
        var time: WallTime
        var reason: String
        var attempts: Int
        var isBlocking: Bool
        var isRedriven: Bool
        var chain: AttemptChain?
        /// Where the data lies that replaces the event's.
        var edit: Offset?
    }

    var positions: [PartitionID: Position] = [:]
    var lanes: [LaneName: Lane] = [:]
    var deadLetters: [UInt64: DeadLetter] = [:]
    /// The highest number a dead letter was given.
    var lastDeadLetter: UInt64 = 0
    /// Why the engine itself paused it; nil when it did not.
    var stopped: String?

    /// The offsets in a partition that are needed to go on: taken and not answered, waiting, given up on.
    func references(in partition: PartitionID) -> [Offset] {
        (positions[partition]?.outstanding ?? [])
            + lanes.filter { $0.key.partition == partition }.flatMap(\.value.waiting)
            + deadLetters.values.filter { $0.event.partition == partition }.map(\.event.offset)
    }

    /// The first record of attempts that is still needed; nil when none is.
    var firstNote: Offset? {
        let chains = lanes.values.map(\.head.chain) + deadLetters.values.map(\.chain)
        return (chains.compactMap { $0?.first } + deadLetters.values.compactMap(\.edit)).min()
    }

    /// What referred to records that are not there any more.
    struct Lost: Hashable {
        /// Where those positions were that are at the end of their partition now.
        var positions: [PartitionID: Offset] = [:]
        /// Lanes that have fewer events now, or are gone.
        var lanes: Set<LaneName> = []
        var deadLetters: [UInt64] = []

        var isEmpty: Bool { positions.isEmpty && lanes.isEmpty && deadLetters.isEmpty }
    }

    /// Moves back to the ends of the partitions: a power loss may have taken records that were answered and not synced, and
    /// the next ones get their offsets.
    mutating func moveBack(to end: (PartitionID) -> Offset?) -> Lost {
        var lost = Lost()
        for (partition, position) in positions {
            guard let end = end(partition), position.next > end else { continue }
            lost.positions[partition] = position.next
            positions[partition] = Position(next: end, outstanding: position.outstanding.filter { $0 < end })
        }
        for (name, lane) in lanes {
            guard let end = end(name.partition), let last = lane.waiting.last, last >= end else { continue }
            lost.lanes.insert(name)
            let waiting = lane.waiting.filter { $0 < end }
            lanes[name] = waiting.isEmpty ? nil : Lane(head: lane.head, waiting: waiting)
        }
        for (id, letter) in deadLetters {
            guard let end = end(letter.event.partition), letter.event.offset >= end else { continue }
            lost.deadLetters.append(id)
            deadLetters[id] = nil
        }
        return lost
    }

    /// Takes in a record's entries.
    mutating func apply(_ entry: StateEntry) {
        switch entry {
        case .position(let partition, let position): positions[partition] = position
        case .lane(let name, let head, let dropped, let added):
            var lane = lanes[name] ?? Lane(head: head, waiting: [])
            lane.head = head
            lane.waiting.removeFirst(min(dropped, lane.waiting.count))
            lane.waiting += added
            lanes[name] = lane
        case .laneClosed(let name): lanes[name] = nil
        case .deadLetter(let letter):
            deadLetters[letter.id] = letter
            lastDeadLetter = max(lastDeadLetter, letter.id)
        case .deadLetterGone(let id):
            deadLetters[id] = nil
            lastDeadLetter = max(lastDeadLetter, id)
        case .stopped(let reason): stopped = reason
        case .lastDeadLetter(let id): lastDeadLetter = max(lastDeadLetter, id)
        }
    }
}

/// One change of a subscription's state, as a record holds it.
enum StateEntry: Hashable {
    case position(PartitionID, SubscriptionState.Position)
    /// A lane's head now; so many of its events are done, and these joined at the end.
    case lane(SubscriptionState.LaneName, SubscriptionState.Head, dropped: Int, added: [Offset])
    case laneClosed(SubscriptionState.LaneName)
    case deadLetter(SubscriptionState.DeadLetter)
    case deadLetterGone(UInt64)
    case stopped(String?)
    case lastDeadLetter(UInt64)
}
