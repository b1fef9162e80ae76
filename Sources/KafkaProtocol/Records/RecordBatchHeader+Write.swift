// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What the log changes in a batch or says of it, without touching its records.
extension RecordBatchHeader {
    /// Gives a batch its place: writes the base offset and the leader epoch, which the checksum does not cover.
    package static func place(_ batch: UnsafeMutableRawBufferPointer, at baseOffset: Offset, leaderEpoch: Int32 = 0) {
        precondition(batch.count >= byteCount, "a batch header is \(byteCount) bytes")
        batch.storeBytes(of: baseOffset.value.bigEndian, toByteOffset: 0, as: Int64.self)
        batch.storeBytes(of: leaderEpoch.bigEndian, toByteOffset: 12, as: Int32.self)
    }

    /// Gives all records of a whole, checked batch the time of their append. The records stay as they are; the checksum
    /// becomes another one.
    package static func stamp(_ batch: UnsafeMutableRawBufferPointer, appendTime: WallTime) {
        precondition(batch.count >= byteCount, "a batch header is \(byteCount) bytes")
        batch[22] |= 8
        batch.storeBytes(of: appendTime.millis.bigEndian, toByteOffset: 35, as: Int64.self)
        seal(batch)
    }

    /// Writes the header in front of the records in `batch`: with the length of the whole, and its checksum.
    func write(to batch: UnsafeMutableRawBufferPointer) {
        precondition(batch.count >= Self.byteCount, "a batch header is \(Self.byteCount) bytes")
        func store(_ number: some FixedWidthInteger, _ at: Int) {
            batch.storeBytes(of: number.bigEndian, toByteOffset: at, as: type(of: number))
        }
        store(baseOffset, 0)
        store(Int32(batch.count - Self.lengthOverhead), 8)
        store(partitionLeaderEpoch, 12)
        store(2 as Int8, 16)
        store(attributes, 21)
        store(lastOffsetDelta, 23)
        store(baseTimestamp, 27)
        store(maxTimestamp, 35)
        store(producerID, 43)
        store(producerEpoch, 51)
        store(baseSequence, 53)
        store(recordCount, 57)
        Self.seal(batch)
    }

    private static func seal(_ batch: UnsafeMutableRawBufferPointer) {
        let sum = CRC32C.checksum(UnsafeRawBufferPointer(batch).part(checkedFrom..<batch.count))
        batch.storeBytes(of: sum.bigEndian, toByteOffset: 17, as: UInt32.self)
    }
}
