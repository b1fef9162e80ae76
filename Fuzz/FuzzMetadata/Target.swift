// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import FuzzFolder
import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The log's metadata with its checksum put right: of any content, or a real one that was changed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var changes = FuzzChanges(UnsafeRawBufferPointer(start: start, count: count))
    let folder = changes.choice(2) == 0 ? FuzzFolder.clean : FuzzFolder.crashed
    let version = UInt32(1 + changes.choice(3))
    let slot = folder.files("meta/a")[0].bytes
    var content = Array(slot.dropFirst(LogMetadata.prefixBytes))
    if changes.choice(4) == 0 {
        content = changes.rest()
    } else {
        while changes.hasMore { changes.change(&content) }
    }
    var whole = ByteBuffer()
    whole.append(bigEndian: LogMetadata.magic)
    whole.append(bigEndian: version)
    whole.append(bigEndian: UInt64(content.count))
    let checksum = content.withUnsafeBytes { CRC32C.checksum($0, after: CRC32C.checksum(whole.bytes)) }
    whole.append(bigEndian: checksum)
    whole.append(content)
    let bytes = whole.array()
    if let metadata = bytes.withUnsafeBytes({ LogMetadata(decoding: $0) }) {
        let again = metadata.encoded().withUnsafeBytes { LogMetadata(decoding: $0) }
        precondition(again == metadata, "what was read is written and read again")
        // A segment of gigabytes that is said to be there would be one of zeros in memory.
        let isSmall = metadata.topics.flatMap(\.partitions).allSatisfy {
            $0.activeBytes <= 1 << 20 && max($0.indexEntries, $0.roundEntries, $0.timeEntries) <= 1 << 16
        }
        if !isSmall { return 0 }
    }
    let disk = folder.copied()
    for path in ["log/meta/a", "log/meta/b"] { disk.replace(path, with: bytes) }
    FuzzFolder.read(disk)
    return 0
}
