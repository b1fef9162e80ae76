// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is recorded of a transactional id; all that a coordinator needs to go on after a restart.
struct TransactionRecord: Sendable, Hashable {
    /// The highest epoch of a producer that works: the one above is for fencing it.
    static let lastUsableEpoch = Int16.max - 1

    /// Epoch -1 until the first one is stored.
    var producer: ProducerIdentity
    /// The producer id before this one; -1 for none.
    var previousID: Int64 = -1
    /// The producer id from the end of the transaction on, when epochs of this one are used up; -1 for none.
    var nextID: Int64 = -1
    /// The epoch before this one, when it was raised for the same client; else -1.
    var lastEpoch: Int16 = -1
    var timeout: Duration
    var phase = TransactionPhase.empty
    var partitions: Set<PartitionID> = []
    var groups: Set<String> = []
    /// When the open transaction began.
    var started: WallTime?
    /// When somebody last used it.
    var updated: WallTime
    /// The epoch in which the transaction wrote that is being ended; the producer's may be higher by then.
    var endedEpoch: Int16 = -1

    /// Whether no epoch is left that a client may be given.
    var isExhausted: Bool { producer.epoch >= Self.lastUsableEpoch }

    private static let version: UInt8 = 1
    private static let keyKind: UInt8 = 1

    /// The record of an id.
    static func key(_ id: String) -> [UInt8] {
        var bytes = ByteBuffer(capacity: 32)
        bytes.append(keyKind)
        bytes.append(record: id)
        return bytes.array()
    }

    /// The id a key is of.
    static func id(_ key: [UInt8]) throws(RecordError) -> String {
        try RecordReader.read(key) { reader throws(RecordError) in
            let kind = try reader.byte()
            guard kind == keyKind else { throw RecordError("a key has the unknown kind \(kind)") }
            return try reader.text()
        }
    }

    /// The value of its record.
    var value: [UInt8] {
        var bytes = ByteBuffer(capacity: 64)
        bytes.append(Self.version)
        bytes.append(varint: producer.id)
        bytes.append(varint: Int64(producer.epoch))
        bytes.append(varint: previousID)
        bytes.append(varint: nextID)
        bytes.append(varint: Int64(lastEpoch))
        bytes.append(varint: Int64(endedEpoch))
        bytes.append(varint: timeout.millis)
        bytes.append(phase.rawValue)
        bytes.append(UInt8(started == nil ? 0 : 1))
        if let started { bytes.append(varint: started.millis) }
        bytes.append(varint: updated.millis)
        bytes.append(varint: Int64(partitions.count))
        for partition in partitions.sorted() { bytes.append(record: partition) }
        bytes.append(varint: Int64(groups.count))
        for group in groups.sorted() { bytes.append(record: group) }
        return bytes.array()
    }

    /// Reads a record's value.
    static func read(_ value: [UInt8]) throws(RecordError) -> TransactionRecord {
        try RecordReader.read(value) { reader throws(RecordError) in
            try reader.version(version)
            let producer = ProducerIdentity(id: try reader.number(), epoch: try reader.number(as: Int16.self))
            guard producer.id >= 0, producer.epoch >= 0 else { throw RecordError("a producer is negative") }
            var record = TransactionRecord(producer: producer, timeout: .zero, updated: WallTime(millis: 0))
            record.previousID = try reader.number()
            record.nextID = try reader.number()
            record.lastEpoch = try reader.number(as: Int16.self)
            record.endedEpoch = try reader.number(as: Int16.self)
            record.timeout = try reader.span()
            let phase = try reader.byte()
            guard let phase = TransactionPhase(rawValue: phase) else { throw RecordError("a phase is \(phase)") }
            guard phase != .ongoing || producer.isUsable else { throw RecordError("a producer has no epoch left") }
            record.phase = phase
            record.started = try reader.flag() ? try reader.wall() : nil
            record.updated = try reader.wall()
            for _ in 0..<(try reader.count(ofAtLeast: 2)) { record.partitions.insert(try reader.partition()) }
            for _ in 0..<(try reader.count()) { record.groups.insert(try reader.text()) }
            return record
        }
    }
}

extension ProducerIdentity {
    /// Whether a client may have been given the epoch; the highest one is for fencing.
    var isUsable: Bool { epoch <= TransactionRecord.lastUsableEpoch }
}

/// What the records of transactions add up to; taken in one after another, in the order of their offsets.
package struct TransactionState: Sendable, Hashable {
    private(set) var ids: [String: TransactionRecord] = [:]

    /// The state before any record.
    package init() {}

    /// Takes in a record.
    /// - Throws: when it cannot be understood; nothing changed then, and the others still count.
    package mutating func fold(_ record: StoredRecord) throws(RecordError) {
        let id = try TransactionRecord.id(record.key)
        ids[id] = try record.value.map { value throws(RecordError) in try TransactionRecord.read(value) }
    }
}
