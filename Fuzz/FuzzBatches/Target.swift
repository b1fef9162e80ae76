// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Record batches: as they come (the checksum refuses nearly all), and with length and checksum put right; what a client
/// may send, what compaction makes of them, and the streams of all codecs alone.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    decode(bytes)
    stream(bytes)
    _ = RecordSalvage(bytes)
    guard count > 21 else { return 0 }
    let patched = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
    defer { patched.deallocate() }
    patched.copyMemory(from: bytes)
    patched.storeBytes(of: Int32(count - 12).bigEndian, toByteOffset: 8, as: Int32.self)
    patched[16] = 2
    let sum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: patched[21...]))
    patched.storeBytes(of: sum.bigEndian, toByteOffset: 17, as: UInt32.self)
    decode(UnsafeRawBufferPointer(patched))
    rebuild(UnsafeRawBufferPointer(patched))
    check(patched)
    return 0
}

private func decode(_ bytes: UnsafeRawBufferPointer) {
    guard let header = try? RecordBatchHeader(verifying: bytes) else { return }
    let owner = SharedBytes(copying: bytes)
    let batch = StoredBatch(
        partition: PartitionID(TopicID(1), 0), baseOffset: Offset(header.baseOffset),
        lastOffset: Offset(header.baseOffset),
        round: 1, owner: owner, range: 0..<header.totalByteCount)
    _ = try? TransactionMarker(reading: bytes)
    guard let records = try? batch.records() else { return }
    var buffer = ByteBuffer()
    var renderer = EventRenderer()
    let lens = EventLens()
    for record in records {
        let event = lens.event(record, in: TopicName("t")!, 0)
        buffer.removeAll()
        renderer.structured(event, into: &buffer)
        buffer.removeAll()
        renderer.plain(event, into: &buffer)
    }
}

/// The first byte chooses the codec; what comes out is bounded, and what went in comes out again.
private func stream(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first, let codec = RecordCodec(rawValue: Int16(first % 5)) else { return }
    let content = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    let limit = 256 * 1_024
    if let inflated = try? codec.decompress(content, limit: limit) {
        precondition(inflated.count <= limit, "\(inflated.count) bytes came out")
    }
    var compressed = ByteBuffer()
    guard codec.compress(content, into: &compressed),
        let again = try? codec.decompress(compressed.bytes, limit: content.count)
    else { preconditionFailure("\(codec) does not read what it wrote") }
    precondition(again.buffer.elementsEqual(content), "\(codec) reads something else than it wrote")
}

/// What a rebuilt batch still says is what the old one said of the records that stay.
private func rebuild(_ bytes: UnsafeRawBufferPointer) {
    var rebuilder = BatchRebuilder()
    for horizon in [nil, WallTime(millis: 1_700_000_000_000)] {
        var kept: [Int64] = []
        var next = bytes.count
        let outcome = try? rebuilder.rebuild(bytes, deleteHorizon: horizon, limit: 1 << 20) { record in
            next = next &* 31 &+ 7
            guard next & 4 == 0 else { return false }
            kept.append(record.offset.value)
            return true
        }
        switch outcome {
        case nil, .unchanged: break
        case .rebuilt(let made), .emptied(let made):
            guard let header = try? RecordBatchHeader(verifying: made),
                let old = try? RecordBatchHeader(reading: bytes),
                let decoded = try? DecodedBatch(made)
            else { preconditionFailure("a rebuilt batch cannot be read") }
            precondition(header.lastOffset == old.lastOffset && header.lastSequence == old.lastSequence)
            precondition(Int(decoded.header.recordCount) == kept.count)
        }
    }
}

private func check(_ batch: UnsafeMutableRawBufferPointer) {
    guard let header = try? RecordBatchHeader.check(UnsafeRawBufferPointer(batch), isAlone: false) else { return }
    let whole = UnsafeMutableRawBufferPointer(rebasing: batch[..<header.totalByteCount])
    RecordBatchHeader.place(whole, at: Offset(7), leaderEpoch: 3)
    RecordBatchHeader.stamp(whole, appendTime: WallTime(millis: 5))
    let stamped = try? RecordBatchHeader(verifying: UnsafeRawBufferPointer(whole), isFresh: true)
    precondition(stamped?.hasAppendTime == true && stamped?.baseOffset == 7, "a stamped batch cannot be read")
}
