// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The hash that Java's Kafka clients choose partitions by.
package enum Murmur2 {
    /// The hash of a key, bit for bit as `org.apache.kafka.common.utils.Utils.murmur2`.
    package static func hash(_ key: UnsafeRawBufferPointer) -> Int32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: key.count)
        var at = 0
        while at + 4 <= key.count {
            var word = UInt32(littleEndian: key.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = (hash &* multiplier) ^ word
            at += 4
        }
        let left = key.count - at
        if left > 0 {
            if left > 2 { hash ^= UInt32(key[at + 2]) << 16 }
            if left > 1 { hash ^= UInt32(key[at + 1]) << 8 }
            hash ^= UInt32(key[at])
            hash = hash &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return Int32(bitPattern: hash)
    }

    /// The partition a key belongs to, as Java's default partitioner has it.
    package static func partition(of key: UnsafeRawBufferPointer, count: Int32) -> Int32 {
        precondition(count > 0, "a topic has at least one partition")
        return (hash(key) & 0x7FFF_FFFF) % count
    }
}
