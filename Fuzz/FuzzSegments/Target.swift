// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import FuzzFolder
import KafkaProtocol
import TidingsCore
import TidingsTesting

/// Segments of a folder that was left cleanly, changed anywhere; of every other input the batches' checksums are right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var changes = FuzzChanges(UnsafeRawBufferPointer(start: start, count: count))
    let segments = FuzzFolder.clean.files(".log")
    let disk = FuzzFolder.clean.copied()
    let isPutRight = changes.choice(2) == 0
    let isCut = changes.choice(4) == 0
    while changes.hasMore {
        let (path, whole) = segments[changes.choice(segments.count)]
        var bytes = disk.bytes(of: path) ?? whole
        changes.change(&bytes)
        if isPutRight { putRight(&bytes) }
        if isCut { bytes.removeLast(min(bytes.count, 1 + changes.choice(200))) }
        disk.replace(path, with: bytes)
    }
    FuzzFolder.read(disk)
    return 0
}

/// Computes the checksums of the batches, as far as their lengths lead from one to the next.
private func putRight(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { raw in
        var at = 0
        while at + 61 <= raw.count {
            let length = Int(Int32(bigEndian: raw.loadUnaligned(fromByteOffset: at + 8, as: Int32.self)))
            guard length >= 49, at + 12 + length <= raw.count else { return }
            let sum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[at + 21..<at + 12 + length]))
            raw.storeBytes(of: sum.bigEndian, toByteOffset: at + 17, as: UInt32.self)
            at += 12 + length
        }
    }
}
