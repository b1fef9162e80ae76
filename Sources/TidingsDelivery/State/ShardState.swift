// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// The recorded state of the subscriptions of one shard: a snapshot and the records after it, folded.
///
/// A subscription's shard follows from its identity and never changes; a shard is one partition of
/// `__tidings.delivery` and one of `__tidings.dead-letters`, and lives on one loop.
struct ShardState {
    /// How many shards there are; at least as many as there can be loops. Never changed: it is in the data.
    static let count = 8

    /// The shard a subscription belongs to.
    static func shard(of uuid: UUID128) -> Int { Int(truncatingIfNeeded: (uuid.high ^ uuid.low) % UInt64(count)) }

    private static let version: UInt8 = 1

    var subscriptions: [UUID128: SubscriptionState] = [:]
    /// The number of the last record taken in; a record that comes twice is known by it.
    var lastRecord: Int64 = 0
    /// Where the records lie that are not in the snapshot.
    var next = Offset.zero

    // MARK: - Records

    /// Appends the body of a record: the state's version, the record's number, then entries that `write` appends.
    /// An empty list of entries with `forgets` is the end of the subscription.
    static func encodeRecord(
        number: Int64, of uuid: UUID128, forgets: Bool, entries: UnsafeRawBufferPointer, into body: inout ByteBuffer
    ) {
        var value = ByteBuffer(capacity: entries.count + 16)
        value.append(version)
        value.append(varint: number)
        value.append(UInt8(forgets ? 1 : 0))
        value.append(entries)
        var key = (uuid.high.bigEndian, uuid.low.bigEndian)
        withUnsafeBytes(of: &key) { EventRecord.encodeBody(key: $0, value: value.bytes, into: &body) }
    }

    /// Takes in a record; one that was taken in before changes nothing.
    mutating func apply(_ record: RecordView) throws(StateError) {
        guard let key = record.key, key.count == 16, let value = record.value else {
            throw StateError("the record at \(record.offset) is no record of a subscription")
        }
        let uuid = UUID128(
            high: UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        var reader = StateReader(value)
        let version = try reader.byte()
        guard version == Self.version else { throw StateError("a record has version \(version)") }
        let number = try reader.number()
        let forgets = try reader.byte() == 1
        guard number > lastRecord else { return }
        if forgets {
            subscriptions[uuid] = nil
        } else {
            var state = subscriptions.removeValue(forKey: uuid) ?? SubscriptionState()
            // Entries before one that cannot be read are kept: they are true.
            defer { subscriptions[uuid] = state }
            while !reader.isAtEnd { state.apply(try StateEntry(&reader)) }
        }
        lastRecord = number
        next = record.offset.next
    }

    // MARK: - Snapshots

    /// Appends what begins a snapshot; the subscriptions follow, each by ``encode(_:_:into:)``.
    static func beginSnapshot(lastRecord: Int64, next: Offset, into bytes: inout ByteBuffer) {
        bytes.append(version)
        bytes.append(varint: lastRecord)
        bytes.append(state: next)
    }

    /// Appends one subscription's entries.
    static func encode(_ uuid: UUID128, entries: UnsafeRawBufferPointer, into bytes: inout ByteBuffer) {
        bytes.append(bigEndian: uuid.high)
        bytes.append(bigEndian: uuid.low)
        bytes.append(varint: Int64(entries.count))
        bytes.append(entries)
    }

    /// Reads a snapshot.
    init(snapshot: UnsafeRawBufferPointer) throws(StateError) {
        var reader = StateReader(snapshot)
        let version = try reader.byte()
        guard version == Self.version else { throw StateError("a snapshot has version \(version)") }
        lastRecord = try reader.number()
        next = try reader.offset()
        while !reader.isAtEnd {
            let uuid = try reader.bytes(16)
            let name = UUID128(
                high: UInt64(bigEndian: uuid.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: uuid.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            let count = try reader.count()
            var entries = StateReader(try reader.bytes(count))
            var state = SubscriptionState()
            while !entries.isAtEnd { state.apply(try StateEntry(&entries)) }
            subscriptions[name] = state
        }
    }

    init() {}
}
