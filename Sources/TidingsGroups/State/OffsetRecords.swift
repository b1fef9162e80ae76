// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The keys of the groups' topic. The last record of a key is all that counts of it, so the topic may be compacted.
enum GroupKey: Hashable {
    case group(String)
    case offset(String, PartitionID)
    case pending(String, producer: Int64, PartitionID)
    case coordinated(String)
    case member(String, String)

    private enum Kind: UInt8 { case group = 1, offset, pending, coordinated, member }

    /// The key's bytes.
    var bytes: [UInt8] {
        var bytes = ByteBuffer(capacity: 64)
        switch self {
        case .group(let group):
            bytes.append(Kind.group.rawValue)
            bytes.append(record: group)
        case .offset(let group, let partition):
            bytes.append(Kind.offset.rawValue)
            bytes.append(record: group)
            bytes.append(record: partition)
        case .pending(let group, let producer, let partition):
            bytes.append(Kind.pending.rawValue)
            bytes.append(record: group)
            bytes.append(varint: producer)
            bytes.append(record: partition)
        case .coordinated(let group):
            bytes.append(Kind.coordinated.rawValue)
            bytes.append(record: group)
        case .member(let group, let member):
            bytes.append(Kind.member.rawValue)
            bytes.append(record: group)
            bytes.append(record: member)
        }
        return bytes.array()
    }

    /// Reads a key.
    init(_ bytes: [UInt8]) throws(RecordError) {
        self = try RecordReader.read(bytes) { reader throws(RecordError) in
            let kind = try reader.byte()
            switch Kind(rawValue: kind) {
            case .group: return .group(try reader.text())
            case .offset: return .offset(try reader.text(), try reader.partition())
            case .pending: return .pending(try reader.text(), producer: try reader.number(), try reader.partition())
            case .coordinated: return .coordinated(try reader.text())
            case .member: return .member(try reader.text(), try reader.text())
            case nil: throw RecordError("a key has the unknown kind \(kind)")
            }
        }
    }
}

extension CommittedOffset {
    private static let version: UInt8 = 1

    /// The value of its record; with an epoch it waits for that producer's transaction.
    func value(epoch: Int16? = nil) -> [UInt8] {
        var bytes = ByteBuffer(capacity: 32)
        bytes.append(Self.version)
        if let epoch { bytes.append(varint: Int64(epoch)) }
        bytes.append(varint: offset)
        bytes.append(varint: Int64(leaderEpoch))
        bytes.append(varint: committed.millis)
        bytes.append(varint: Int64(order))
        bytes.append(record: metadata)
        return bytes.array()
    }

    /// Reads the value of a committed offset.
    static func read(_ value: [UInt8]) throws(RecordError) -> CommittedOffset {
        try RecordReader.read(value) { reader throws(RecordError) in
            try reader.version(version)
            return try CommittedOffset(&reader)
        }
    }

    /// Reads the value of an offset that waits for a transaction of that epoch.
    static func readPending(_ value: [UInt8]) throws(RecordError) -> (epoch: Int16, CommittedOffset) {
        try RecordReader.read(value) { reader throws(RecordError) in
            try reader.version(version)
            return (try reader.number(as: Int16.self), try CommittedOffset(&reader))
        }
    }

    private init(_ reader: inout RecordReader) throws(RecordError) {
        let offset = try reader.number()
        let leaderEpoch = try reader.number(as: Int32.self)
        let committed = try reader.wall()
        let order = try reader.number()
        guard order >= 0 else { throw RecordError("an order is \(order)") }
        self.init(
            offset: offset, leaderEpoch: leaderEpoch, committed: committed, order: UInt64(order),
            metadata: try reader.text())
    }
}

extension OffsetChange {
    /// The record that holds the change.
    func record(of group: String) -> StoredRecord {
        switch self {
        case .commit(let partition, let offset):
            StoredRecord(key: GroupKey.offset(group, partition).bytes, value: offset.value())
        case .forget(let partition):
            StoredRecord(key: GroupKey.offset(group, partition).bytes, value: nil)
        case .pend(let producer, let partition, let offset):
            StoredRecord(
                key: GroupKey.pending(group, producer: producer.id, partition).bytes,
                value: offset.value(epoch: producer.epoch))
        case .unpend(let producer, let partition):
            StoredRecord(key: GroupKey.pending(group, producer: producer, partition).bytes, value: nil)
        }
    }
}
