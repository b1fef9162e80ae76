// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import FuzzFolder
import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Rounds of a write-ahead log whose checksums are right, whatever else is in them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var changes = FuzzChanges(UnsafeRawBufferPointer(start: start, count: count))
    let disk = FuzzFolder.crashed.copied()
    let blocks = FuzzFolder.crashed.files(".wal")
    let (path, whole) = blocks[changes.choice(blocks.count)]
    var bytes = whole
    while changes.hasMore {
        // A change of a round's first bytes, where header and table are, or of any byte.
        let page = changes.choice(bytes.count / RoundHeader.alignment) * RoundHeader.alignment
        if changes.choice(3) == 0 {
            changes.change(&bytes)
        } else {
            var head = Array(bytes[page..<min(page + 256, bytes.count)])
            changes.change(&head)
            bytes.replaceSubrange(page..<page + head.count, with: head)
        }
    }
    putRight(&bytes)
    disk.replace(path, with: bytes)
    FuzzFolder.read(disk)
    return 0
}

/// Computes the checksums of every page that begins like a round.
private func putRight(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { raw in
        for page in stride(from: 0, to: raw.count - RoundHeader.byteCount, by: RoundHeader.alignment) {
            func number<Value: FixedWidthInteger>(_ at: Int, _: Value.Type) -> Value {
                Value(bigEndian: raw.loadUnaligned(fromByteOffset: page + at, as: Value.self))
            }
            func store(_ value: UInt32, _ at: Int) {
                raw.storeBytes(of: value.bigEndian, toByteOffset: page + at, as: UInt32.self)
            }
            guard number(0, UInt64.self) == RoundHeader.magic else { continue }
            let entries = min(Int(number(20, UInt32.self)), 1 << 16)
            let batches = Int(clamping: min(number(48, UInt64.self), 1 << 30))
            let table = page + RoundHeader.byteCount
            let tableEnd = table + entries * RoundEntry.byteCount
            guard tableEnd <= raw.count else { continue }
            store(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[table..<tableEnd])), 56)
            if tableEnd + batches <= raw.count {
                store(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[tableEnd..<tableEnd + batches])), 60)
            }
            let head = UnsafeRawBufferPointer(rebasing: raw[page..<page + RoundHeader.byteCount - 4])
            store(CRC32C.checksum(head), RoundHeader.byteCount - 4)
        }
    }
}
