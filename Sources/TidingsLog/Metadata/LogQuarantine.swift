// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A range of a partition (or a folder without an owner) that could not be read and was set aside, never deleted.
package struct LogQuarantine: Sendable, Hashable {
    /// What people call it by: eight digits that follow from everything else but the entities and who knows of it.
    package let id: String
    /// The partition; nil for what belongs to none that is known.
    package let partition: PartitionID?
    /// The topic's name, or the folder's.
    package let name: String
    /// The offsets that cannot be read; empty when they are not known.
    package let offsets: Range<Offset>
    /// Where the bytes were put, below the data folder; empty when there were none.
    package let copy: String
    /// When it was found.
    package let foundAt: WallTime
    /// What was found, in a sentence.
    package let reason: String
    /// Entities of records that lie in the range, as far as they can still be read; at most 100.
    package let entities: [String]
    /// Whether these are all.
    package let namesAllEntities: Bool
    /// Since when somebody knows of it: it is no warning any more.
    package var acceptedAt: WallTime?

    /// Describes a quarantined range.
    /// - Parameter content: what can still be read of it; nil for nothing.
    package init(
        partition: PartitionID?, name: String, offsets: Range<Offset>, copy: String, foundAt: WallTime, reason: String,
        content: RecordSalvage? = nil
    ) {
        self.init(
            partition, name, offsets, copy, foundAt, reason, content?.entities ?? [], content?.isWhole ?? false)
    }

    private init(
        _ partition: PartitionID?, _ name: String, _ offsets: Range<Offset>, _ copy: String, _ foundAt: WallTime,
        _ reason: String, _ entities: [String], _ namesAllEntities: Bool
    ) {
        self.partition = partition
        self.name = name
        self.offsets = offsets
        self.copy = copy
        self.foundAt = foundAt
        self.reason = reason
        self.entities = entities
        self.namesAllEntities = namesAllEntities
        var place = ByteBuffer()
        Self.encode(partition, name, offsets, copy, foundAt, reason, into: &place)
        let digits = String(CRC32C.checksum(place.bytes), radix: 16)
        id = String(repeating: "0", count: 8 - digits.count) + digits
    }

    func encode(into buffer: inout ByteBuffer) {
        Self.encode(partition, name, offsets, copy, foundAt, reason, into: &buffer)
        buffer.append(bigEndian: UInt16(entities.count))
        for entity in entities { buffer.append(counted: entity) }
        buffer.append(namesAllEntities ? 1 : 0 as UInt8)
        buffer.append(bigEndian: acceptedAt?.millis ?? .min)
    }

    private static func encode(
        _ partition: PartitionID?, _ name: String, _ offsets: Range<Offset>, _ copy: String, _ foundAt: WallTime,
        _ reason: String, into buffer: inout ByteBuffer
    ) {
        buffer.append(bigEndian: partition?.topic.number ?? 0)
        buffer.append(bigEndian: partition?.index ?? -1)
        buffer.append(counted: name)
        buffer.append(bigEndian: offsets.lowerBound.value)
        buffer.append(bigEndian: offsets.upperBound.value)
        buffer.append(counted: copy)
        buffer.append(bigEndian: foundAt.millis)
        buffer.append(counted: reason)
    }

    /// Reads what metadata of that version has: version 1 knew no entities, version 2 nobody who knows of it.
    init?(_ reader: inout ByteReader, _ version: UInt32) {
        guard let topic = reader.number(UInt32.self), let index = reader.number(Int32.self),
            let name = reader.text(), let low = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
            let high = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }), low <= high,
            let copy = reader.text(), let millis = reader.number(Int64.self), let reason = reader.text(),
            let count = version >= 2 ? reader.number(UInt16.self) : 0
        else { return nil }
        var entities: [String] = []
        for _ in 0..<count {
            guard let entity = reader.text() else { return nil }
            entities.append(entity)
        }
        guard let namesAll = version >= 3 ? reader.number(UInt8.self) : 0,
            let accepted = version >= 3 ? reader.number(Int64.self) : .min
        else { return nil }
        self.init(
            index < 0 ? nil : PartitionID(TopicID(topic), index), name, low..<high, copy, WallTime(millis: millis),
            reason, entities, namesAll == 1)
        acceptedAt = accepted == .min ? nil : WallTime(millis: accepted)
    }
}
