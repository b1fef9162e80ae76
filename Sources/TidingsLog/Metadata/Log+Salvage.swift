// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Whose records a quarantined range holds, as far as its bytes can still be read.
package struct QuarantineContent: Sendable, Hashable {
    /// How many keys are named at most.
    package static let mostKeys = 100
    /// How many bytes are looked into.
    static let mostBytes = 4 << 20

    /// The keys of its records as text, each once, in the order found.
    package var keys: [String] = []
    /// How many records could be made out.
    package var records = 0
    /// Whether everything could be made out, and every key is named.
    package var isWhole = false
}

extension Log {
    /// Looks into what was set aside of a range. `then` runs once, on a thread that may block, or at once when there is
    /// nothing to look into.
    package func content(of quarantine: LogQuarantine, then: @escaping @Sendable (QuarantineContent) -> Void) {
        guard !quarantine.copy.isEmpty else { return then(QuarantineContent()) }
        let disk = disk
        let isTaken = reads.submit {
            guard let (bytes, isAll) = try? Self.beginning(of: quarantine.copy, on: disk) else {
                return then(QuarantineContent())
            }
            var content = QuarantineContent()
            var seen: Set<String> = []
            var namesAll = true
            let isReadable = bytes.withUnsafeBytes { bytes in
                RecordSalvage.forEachKey(in: bytes) { key in
                    content.records += 1
                    guard let key else { return }
                    let text = String(decoding: key, as: UTF8.self)
                    guard seen.count < QuarantineContent.mostKeys else {
                        if !seen.contains(text) { namesAll = false }
                        return
                    }
                    if seen.insert(text).inserted { content.keys.append(text) }
                }
            }
            content.isWhole = isAll && isReadable && namesAll
            then(content)
        }
        if !isTaken { then(QuarantineContent()) }
    }

    private static func beginning(
        of path: String, on disk: any Disk
    ) throws(DiskError) -> (bytes: [UInt8], isAll: Bool) {
        let file = try disk.open(path, .read)
        let size = try file.size()
        let count = Int(min(size, Int64(QuarantineContent.mostBytes)))
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
        defer { room.deallocate() }
        let read = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]), at: 0)
        return ([UInt8](room[..<read]), Int64(read) == size)
    }
}
