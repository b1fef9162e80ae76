// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Record batches: as they come (the checksum refuses nearly all), and with the checksum put right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    decode(bytes)
    guard count > 21 else { return 0 }
    let patched = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { patched.deallocate() }
    patched.copyMemory(from: bytes)
    patched.storeBytes(of: Int32(count - 12).bigEndian, toByteOffset: 8, as: Int32.self)
    patched[16] = 2
    let sum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: patched[21...]))
    patched.storeBytes(of: sum.bigEndian, toByteOffset: 17, as: UInt32.self)
    decode(UnsafeRawBufferPointer(patched))
    return 0
}

private func decode(_ bytes: UnsafeRawBufferPointer) {
    guard let header = try? RecordBatchHeader(verifying: bytes) else { return }
    let owner = SharedBytes(copying: bytes)
    let batch = StoredBatch(
        partition: PartitionID(TopicID(1), 0), baseOffset: Offset(header.baseOffset),
        lastOffset: Offset(header.baseOffset),
        round: 1, owner: owner, range: 0..<header.totalByteCount)
    guard let records = try? batch.records() else { return }
    var buffer = ByteBuffer()
    var renderer = EventRenderer()
    for record in records {
        let event = EventView(record)
        buffer.removeAll()
        renderer.structured(event, into: &buffer)
        buffer.removeAll()
        renderer.plain(event, into: &buffer)
    }
}
