// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What can still be told from bytes that are no whole batch any more.
enum DamagedBytes {
    /// The most entities that are kept of one range.
    static let maxEntities = 100
    private static let maxEntityBytes = 512
    private static let header: StaticString = "ce_subject"

    /// The entities of events among the bytes, as far as they can be read: what stands behind the name of their header. Of
    /// compressed records nothing can be told.
    static func entities(in bytes: UnsafeRawBufferPointer) -> [String] {
        var found: [String] = []
        let name = header.bytes
        var at = 0
        while at + name.count + 1 < bytes.count, found.count < maxEntities {
            guard bytes[at] == name[0], bytes.part(at..<at + name.count).isEqual(to: header) else {
                at += 1
                continue
            }
            at += name.count
            guard let (count, size) = length(bytes, at), count <= maxEntityBytes, at + size + count <= bytes.count,
                let text = String(validating: bytes.part(at + size..<at + size + count), as: UTF8.self),
                !text.isEmpty, !found.contains(text)
            else { continue }
            found.append(text)
        }
        return found
    }

    /// A length in Kafka's form (zig-zag, 7 bits a byte): two bytes are enough here.
    private static func length(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (count: Int, size: Int)? {
        guard at < bytes.count else { return nil }
        if bytes[at] < 0x80 { return bytes[at] & 1 == 0 ? (Int(bytes[at]) >> 1, 1) : nil }
        guard at + 1 < bytes.count, bytes[at + 1] < 0x80, bytes[at] & 1 == 0 else { return nil }
        return ((Int(bytes[at] & 0x7F) | Int(bytes[at + 1]) << 7) >> 1, 2)
    }
}
