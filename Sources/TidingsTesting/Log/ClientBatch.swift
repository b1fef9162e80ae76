// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Batches as Kafka's clients send them.
package enum ClientBatch {
    /// A batch again, with its records numbered by a producer, as part of a transaction or not.
    package static func of(
        _ batch: UnsafeRawBufferPointer, producer: Int64, epoch: Int16 = 0, sequence: Int32 = 0,
        isTransactional: Bool = false
    ) -> [UInt8] {
        var bytes = [UInt8](batch)
        func store(_ value: some FixedWidthInteger, _ at: Int) {
            withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(at..<at + $0.count, with: $0) }
        }
        let attributes = Int16(bytes[21]) << 8 | Int16(bytes[22])
        store(attributes & ~0x10 | (isTransactional ? 0x10 : 0), 21)
        store(producer, 43)
        store(epoch, 51)
        store(sequence, 53)
        let crc = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[RecordBatchHeader.checkedFrom...]))
        }
        store(crc, 17)
        return bytes
    }
}
