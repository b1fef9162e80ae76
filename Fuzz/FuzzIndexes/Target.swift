// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import FuzzFolder
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The offset, time and round indexes: changed bytes, and entries of any content whose checksums are right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var changes = FuzzChanges(UnsafeRawBufferPointer(start: start, count: count))
    let isClean = changes.choice(2) == 0
    let folder = isClean ? FuzzFolder.clean : FuzzFolder.crashed
    let indexes = folder.files(".rounds") + folder.files("index")
    let disk = folder.copied()
    while changes.hasMore {
        let (path, whole) = indexes[changes.choice(indexes.count)]
        var bytes = disk.bytes(of: path) ?? whole
        switch changes.choice(4) {
        case 0: changes.change(&bytes)
        case 1: bytes.removeLast(min(bytes.count, 1 + changes.choice(40)))
        default:
            if path.hasSuffix(".rounds") {
                let entry = RoundIndexEntry(
                    round: UInt64(changes.choice(256)), relativeOffset: UInt32(changes.choice(256)),
                    position: UInt32(changes.choice(256)) << UInt32(changes.choice(24)))
                var buffer = ByteBuffer()
                entry.append(to: &buffer)
                let place = changes.choice(max(1, bytes.count / RoundIndexEntry.byteCount)) * RoundIndexEntry.byteCount
                bytes.replaceSubrange(place..<min(place + RoundIndexEntry.byteCount, bytes.count), with: buffer.array())
            } else {
                changes.change(&bytes)
            }
        }
        disk.replace(path, with: bytes)
    }
    FuzzFolder.read(disk)
    return 0
}
