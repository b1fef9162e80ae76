// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A lane by a hash of its key, in one topic: found without copying the key. Should two keys ever share a hash, they
/// share a lane: more order than promised, never less.
struct LaneID: Hashable {
    let topic: TopicID
    let hash: UInt64

    /// - Parameter seed: random per process, so that nobody can choose keys that collide.
    init(topic: TopicID, key: UnsafeRawBufferPointer, seed: UInt64) {
        self.topic = topic
        var sum = seed ^ UInt64(truncatingIfNeeded: key.count)
        var at = 0
        while at + 8 <= key.count {
            sum = Self.mix(sum ^ key.loadUnaligned(fromByteOffset: at, as: UInt64.self), seed | 1)
            at += 8
        }
        var rest: UInt64 = 0
        while at < key.count {
            rest = rest << 8 | UInt64(key[at])
            at += 1
        }
        hash = Self.mix(Self.mix(sum ^ rest, 0x9E37_79B9_7F4A_7C15), seed ^ 0xA076_1D64_78BD_642F | 1)
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low &+ 0xE703_7ED1_A0B4_28DB
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// Names made of where an event lies and who gets it.
package enum DeliveryNames {
    /// The `webhook-id` of an event to a subscription: the same in every attempt, in no producer's hand.
    package static func messageID(_ uuid: UUID128, _ partition: PartitionID, _ offset: Offset) -> String {
        var halves = (UInt64(0x243F_6A88_85A3_08D3), UInt64(0x1319_8A2E_0370_7344))
        let place = UInt64(partition.topic.number) << 32 | UInt64(UInt32(bitPattern: partition.index))
        func mix(_ word: UInt64) {
            halves.0 = scramble(halves.0 ^ word)
            halves.1 = scramble(halves.1 &+ word &* 0x9E37_79B9_7F4A_7C15)
        }
        mix(uuid.high)
        mix(uuid.low)
        mix(place)
        mix(UInt64(bitPattern: offset.value))
        let words = (halves.0, halves.1 ^ halves.0 << 1)
        return String(unsafeUninitializedCapacity: 36) { text in
            text[0] = UInt8(ascii: "m")
            text[1] = UInt8(ascii: "s")
            text[2] = UInt8(ascii: "g")
            text[3] = UInt8(ascii: "_")
            for digit in 0..<16 {
                let shift = UInt64(60 - 4 * digit)
                text[4 + digit] = Hex.digit(UInt8(truncatingIfNeeded: words.0 >> shift))
                text[20 + digit] = Hex.digit(UInt8(truncatingIfNeeded: words.1 >> shift))
            }
            return 36
        }
    }

    private static func scramble(_ word: UInt64) -> UInt64 {
        var word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
