// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A partition's producers at one offset, as a file holds them: `<offset>.snapshot`.
///
/// Big-endian: magic "TIDPRODS", version, bytes that follow, CRC-32C of all but itself; then the offset and the
/// producers, each with its epochs, time, open transaction and latest batches.
struct ProducerSnapshot: Sendable, Hashable {
    private static let magic: UInt64 = 0x5449_4450_524F_4453
    private static let version: UInt32 = 1
    private static let prefixBytes = 24

    /// Every batch below it is in the table, none from it on.
    let offset: Offset
    let table: ProducerTable

    init(offset: Offset, table: ProducerTable) {
        self.offset = offset
        self.table = table
    }

    func encoded() -> [UInt8] {
        var content = ByteBuffer(capacity: 64 + table.entries.count * 160)
        content.append(bigEndian: offset.value)
        content.append(bigEndian: UInt32(table.entries.count))
        for (producer, entry) in table.entries.sorted(by: { $0.key < $1.key }) {
            content.append(bigEndian: producer)
            content.append(bigEndian: entry.epoch)
            content.append(bigEndian: entry.coordinatorEpoch)
            content.append(bigEndian: entry.time.millis)
            content.append(bigEndian: entry.known)
            content.append(bigEndian: entry.transaction?.value ?? -1)
            content.append(UInt8(entry.batches.count))
            for batch in entry.batches {
                content.append(bigEndian: batch.firstSequence)
                content.append(bigEndian: batch.lastSequence)
                content.append(bigEndian: batch.baseOffset.value)
                content.append(bigEndian: batch.lastOffset.value)
            }
        }
        var bytes = ByteBuffer(capacity: content.count + Self.prefixBytes)
        bytes.append(bigEndian: Self.magic)
        bytes.append(bigEndian: Self.version)
        bytes.append(bigEndian: UInt64(content.count))
        bytes.append(bigEndian: CRC32C.checksum(content.bytes, after: CRC32C.checksum(bytes.bytes)))
        bytes.append(content.bytes)
        return bytes.array()
    }

    /// Reads a snapshot; nil when it is not whole, or not of this version. Nothing in the bytes traps.
    init?(decoding bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard reader.number(UInt64.self) == Self.magic, reader.number(UInt32.self) == Self.version,
            let count = reader.number(UInt64.self), let checksum = reader.number(UInt32.self),
            count == UInt64(reader.left),
            checksum
                == CRC32C.checksum(
                    bytes.part(Self.prefixBytes..<bytes.count),
                    after: CRC32C.checksum(bytes.part(0..<Self.prefixBytes - 4))),
            let offset = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
            let producers = reader.number(UInt32.self)
        else { return nil }
        var table = ProducerTable()
        for _ in 0..<producers {
            guard let producer = reader.number(Int64.self), let entry = ProducerEntry(&reader) else { return nil }
            table.restore(producer, entry)
        }
        self.init(offset: offset, table: table)
    }
}

extension ProducerEntry {
    fileprivate init?(_ reader: inout ByteReader) {
        guard let epoch = reader.number(Int16.self), let coordinator = reader.number(Int32.self),
            let millis = reader.number(Int64.self), let known = reader.number(Int64.self), known >= 0,
            let transaction = reader.number(Int64.self), let count = reader.number(UInt8.self),
            count <= UInt8(Self.keptBatches)
        else { return nil }
        self.init(epoch: epoch, time: WallTime(millis: millis))
        self.known = min(known, Self.knownLimit)
        self.transaction = Offset(decoding: transaction)
        coordinatorEpoch = coordinator
        for _ in 0..<count {
            guard let first = reader.number(Int32.self), let last = reader.number(Int32.self), first >= 0, last >= 0,
                let base = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let end = reader.number(Int64.self).flatMap({ Offset(decoding: $0) })
            else { return nil }
            batches.append(Batch(firstSequence: first, lastSequence: last, baseOffset: base, lastOffset: end))
        }
    }
}
