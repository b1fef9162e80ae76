// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CSystem

/// The checksum of Kafka's record batches (Castagnoli's polynomial), by hardware instructions where there are any.
package enum CRC32C {
    /// The checksum of `bytes`, continuing from the checksum of what lies before them (0 for nothing).
    package static func checksum(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        tidings_crc32c(previous, bytes.baseAddress, bytes.count)
    }
}
