// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A place in the total order of the whole log: a round, a partition in it, an offset there. Written as the id of a
/// live tail's events: `round.topic.partition.offset`, four numbers.
package struct LogCursor: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The round that made the record durable.
    package let round: UInt64
    /// Its partition.
    package let partition: PartitionID
    /// Its offset.
    package let offset: Offset

    /// Names a place.
    package init(round: UInt64, partition: PartitionID, offset: Offset) {
        self.round = round
        self.partition = partition
        self.offset = offset
    }

    /// Reads what ``description`` writes; nil for anything else.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let areDigits = parts.allSatisfy { part in
            (1...20).contains(part.count) && part.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
        }
        guard parts.count == 4, areDigits, let round = UInt64(parts[0].text), let topic = UInt32(parts[1].text),
            let index = Int32(parts[2].text), let offset = Int64(parts[3].text), offset < Int64.max
        else { return nil }
        self.init(round: round, partition: PartitionID(TopicID(topic), index), offset: Offset(offset))
    }

    package var description: String {
        "\(round).\(partition.topic.number).\(partition.index).\(offset.value)"
    }

    package static func < (left: LogCursor, right: LogCursor) -> Bool {
        (left.round, left.partition, left.offset) < (right.round, right.partition, right.offset)
    }

    /// Appends what ``description`` says.
    func format(into text: inout ByteBuffer) {
        text.append(decimal: round)
        text.append(UInt8(ascii: "."))
        text.append(decimal: UInt64(partition.topic.number))
        text.append(UInt8(ascii: "."))
        text.append(decimal: Int64(partition.index))
        text.append(UInt8(ascii: "."))
        text.append(decimal: offset.value)
    }
}

extension Substring.UTF8View {
    fileprivate var text: Substring { Substring(self) }
}
