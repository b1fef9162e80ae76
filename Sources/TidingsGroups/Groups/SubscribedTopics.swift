// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads the topics off a consumer's subscription. All versions of the format begin as the first one did, so that this
/// part is read and the rest is not looked at.
enum SubscribedTopics {
    /// The names; nil when the bytes are no subscription.
    static func read(_ metadata: [UInt8]) -> Set<String>? {
        metadata.withUnsafeBytes { bytes in
            var at = 0
            func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
                let size = MemoryLayout<Number>.size
                guard bytes.count - at >= size else { return nil }
                defer { at += size }
                return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
            }
            guard let version = number(Int16.self), version >= 0, let count = number(Int32.self), count >= 0,
                Int(count) <= (bytes.count - at) / 2
            else { return nil }
            var topics: Set<String> = []
            for _ in 0..<count {
                guard let length = number(Int16.self), length >= 0, Int(length) <= bytes.count - at else { return nil }
                topics.insert(bytes.part(at..<at + Int(length)).text)
                at += Int(length)
            }
            return topics
        }
    }
}
