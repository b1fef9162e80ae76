// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is recorded of a coordinated group: its epoch, and beside it each member under a key of its own.
struct CoordinatedRecord {
    var epoch: Int32

    private static let version: UInt8 = 1

    func record(of group: String) -> StoredRecord {
        var bytes = ByteBuffer(capacity: 8)
        bytes.append(Self.version)
        bytes.append(varint: Int64(epoch))
        return StoredRecord(key: GroupKey.coordinated(group).bytes, value: bytes.array())
    }

    static func epoch(_ value: [UInt8]) throws(RecordError) -> Int32 {
        try RecordReader.read(value) { reader throws(RecordError) in
            try reader.version(version)
            let epoch = try reader.number(as: Int32.self)
            guard epoch >= 0 else { throw RecordError("an epoch is \(epoch)") }
            return epoch
        }
    }

    static func record(_ member: CoordinatedMember, of group: String) -> StoredRecord {
        var bytes = ByteBuffer(capacity: 128)
        bytes.append(version)
        bytes.append(record: member.instanceID)
        bytes.append(record: member.rackID)
        bytes.append(record: member.clientID)
        bytes.append(record: member.clientHost)
        bytes.append(varint: member.since.millis)
        bytes.append(varint: member.rebalanceTimeout.millis)
        bytes.append(record: member.assignor?.rawValue)
        bytes.append(varint: Int64(member.epoch))
        bytes.append(varint: Int64(member.previousEpoch))
        bytes.append(UInt8(member.isAway ? 1 : 0))
        bytes.append(record: member.pattern)
        bytes.append(varint: Int64(member.topics.count))
        for topic in member.topics { bytes.append(record: topic) }
        for partitions in [member.assigned, member.revoking, member.target] {
            bytes.append(varint: Int64(partitions.count))
            for partition in partitions.sorted() { bytes.append(record: partition) }
        }
        return StoredRecord(key: GroupKey.member(group, member.id).bytes, value: bytes.array())
    }

    static func member(_ id: String, _ value: [UInt8]) throws(RecordError) -> CoordinatedMember {
        try RecordReader.read(value) { reader throws(RecordError) in
            try reader.version(version)
            var member = CoordinatedMember(
                id: id, instanceID: try reader.optionalText(), rackID: try reader.optionalText(),
                clientID: try reader.text(), clientHost: try reader.text(), since: try reader.wall(),
                rebalanceTimeout: try reader.span(), topics: [])
            member.assignor = try reader.optionalText().flatMap { Assignor(rawValue: $0) }
            member.epoch = try reader.number(as: Int32.self)
            member.previousEpoch = try reader.number(as: Int32.self)
            member.isAway = try reader.flag()
            member.pattern = try reader.optionalText()
            for _ in 0..<(try reader.count()) { member.topics.append(try reader.text()) }
            member.assigned = try reader.partitions()
            member.revoking = try reader.partitions()
            member.target = try reader.partitions()
            guard member.assigned.isDisjoint(with: member.revoking) else {
                throw RecordError("a member has and gives back the same partition")
            }
            return member
        }
    }
}

extension RecordReader {
    fileprivate mutating func partitions() throws(RecordError) -> Set<PartitionID> {
        var partitions: Set<PartitionID> = []
        for _ in 0..<(try count(ofAtLeast: 2)) { partitions.insert(try partition()) }
        return partitions
    }
}
