// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What the records of groups add up to; taken in one after another, in the order of their offsets.
package struct GroupState: Sendable, Hashable {
    /// One group's part.
    struct Image: Sendable, Hashable {
        /// Nil for a group that never had members.
        var record: GroupRecord?
        var offsets = GroupOffsets()
        /// Nil for a group of the classic protocol.
        var coordinated: Coordinated?

        var isEmpty: Bool { record == nil && offsets.isEmpty && coordinated == nil }
    }

    /// What is recorded of a group whose partitions the server shares out.
    struct Coordinated: Sendable, Hashable {
        var epoch: Int32 = 0
        var members: [String: CoordinatedMember] = [:]
    }

    private(set) var groups: [String: Image] = [:]

    /// The state before any record.
    package init() {}

    /// Takes in a record.
    /// - Throws: when it cannot be understood; nothing changed then, and the others still count.
    package mutating func fold(_ record: StoredRecord) throws(RecordError) {
        switch try GroupKey(record.key) {
        case .group(let group):
            let read = try record.value.map { value throws(RecordError) in try GroupRecord(value: value) }
            groups[group, default: Image()].record = read
            drop(group)
        case .coordinated(let group):
            guard let value = record.value else {
                groups[group]?.coordinated = nil
                return drop(group)
            }
            let epoch = try CoordinatedRecord.epoch(value)
            groups[group, default: Image()].coordinated = Coordinated(
                epoch: epoch, members: groups[group]?.coordinated?.members ?? [:])
        case .member(let group, let id):
            let member = try record.value.map { value throws(RecordError) in try CoordinatedRecord.member(id, value) }
            var coordinated = groups[group]?.coordinated ?? Coordinated()
            if member == nil, groups[group]?.coordinated == nil { return }
            coordinated.members[id] = member
            groups[group, default: Image()].coordinated = coordinated
        case .offset(let group, let partition):
            if let value = record.value {
                change(group, .commit(partition, try CommittedOffset.read(value)))
            } else {
                change(group, .forget(partition))
            }
        case .pending(let group, let producer, let partition):
            if let value = record.value {
                let (epoch, offset) = try CommittedOffset.readPending(value)
                change(group, .pend(ProducerIdentity(id: producer, epoch: epoch), partition, offset))
            } else {
                change(group, .unpend(producer: producer, partition))
            }
        }
    }

    private mutating func change(_ group: String, _ change: OffsetChange) {
        groups[group, default: Image()].offsets.apply(change)
        drop(group)
    }

    private mutating func drop(_ group: String) {
        if groups[group]?.isEmpty == true { groups[group] = nil }
    }
}
