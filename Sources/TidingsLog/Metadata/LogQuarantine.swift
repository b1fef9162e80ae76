// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A range of a partition (or a folder without an owner) that could not be read and was set aside, never deleted.
package struct LogQuarantine: Sendable, Hashable {
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
    /// Entities of events that lie in the range, as far as they can still be read; at most 100.
    package let entities: [String]

    /// Describes a quarantined range.
    package init(
        partition: PartitionID?, name: String, offsets: Range<Offset>, copy: String, foundAt: WallTime, reason: String,
        entities: [String] = []
    ) {
        self.partition = partition
        self.name = name
        self.offsets = offsets
        self.copy = copy
        self.foundAt = foundAt
        self.reason = reason
        self.entities = entities
    }

    func encode(into buffer: inout ByteBuffer) {
        buffer.append(bigEndian: partition?.topic.number ?? 0)
        buffer.append(bigEndian: partition?.index ?? -1)
        buffer.append(counted: name)
        buffer.append(bigEndian: offsets.lowerBound.value)
        buffer.append(bigEndian: offsets.upperBound.value)
        buffer.append(counted: copy)
        buffer.append(bigEndian: foundAt.millis)
        buffer.append(counted: reason)
        buffer.append(bigEndian: UInt16(entities.count))
        for entity in entities { buffer.append(counted: entity) }
    }

    /// Reads what metadata of that version has; version 1 knew no entities.
    init?(_ reader: inout ByteReader, _ version: UInt32) {
        guard let topic = reader.number(UInt32.self), let index = reader.number(Int32.self),
            let name = reader.text(), let low = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
            let high = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }), low <= high,
            let copy = reader.text(), let millis = reader.number(Int64.self), let reason = reader.text()
        else { return nil }
        var entities: [String] = []
        if version >= 2 {
            guard let count = reader.number(UInt16.self) else { return nil }
            for _ in 0..<count {
                guard let entity = reader.text() else { return nil }
                entities.append(entity)
            }
        }
        self.init(
            partition: index < 0 ? nil : PartitionID(TopicID(topic), index), name: name, offsets: low..<high,
            copy: copy, foundAt: WallTime(millis: millis), reason: reason,
            entities: entities)
    }
}
