// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What record batches cost: a client's batch checked, beside its checksum alone; records encoded, beside a copy of the
/// same bytes; batches decoded, per codec.
enum BatchBench {
    private static let sizes = [("1 KiB", 1 << 10), ("16 KiB", 16 << 10), ("256 KiB", 256 << 10), ("1 MiB", 1 << 20)]

    static func run() -> String {
        let checks = sizes.map { name, size in
            let batch = batch(bytes: size, codec: .none)
            let (check, sum) = batch.withUnsafeBytes { bytes in
                paired({ use(try? RecordBatchHeader.check(bytes)) }) {
                    use(CRC32C.checksum(bytes.part(RecordBatchHeader.checkedFrom..<bytes.count)))
                }
            }
            return #"{"what":"\#(name)","check":\#(check),"sum":\#(sum)}"#
        }
        let encodings = [("100 B", 100), ("1 KiB", 1_024)].map { name, size in
            let body = body(size, seed: 3)
            var builder = RecordBatchBuilder(capacity: 1 << 20)
            var copy = ByteBuffer(capacity: 1 << 20)
            let count = 500
            let (encode, copying) = body.withUnsafeBytes { bytes in
                paired({
                    builder.removeAll()
                    encodeRecords(bytes, count, into: &builder)
                }) {
                    copy.removeAll()
                    for _ in 0..<count { copy.append(bytes) }
                    use(copy.count)
                }
            }
            return #"{"what":"\#(name)","encode":\#(encode / Double(count)),"copy":\#(copying / Double(count))}"#
        }
        let codecs = RecordCodec.allCases.map { codec in
            let batch = batch(bytes: 256 << 10, codec: codec)
            let count = batch.withUnsafeBytes { (try? RecordBatchHeader.check($0))?.recordCount ?? 0 }
            let nanos = batch.withUnsafeBytes { bytes in
                paired({ use(try? DecodedBatch(bytes)) }) {}.0
            }
            return
                #"{"what":"\#(codec)","decode":\#(nanos / Double(max(count, 1))),"rate":\#(Double(256 << 10) / nanos * 1e9)}"#
        }
        return #"{"checks":[\#(checks.joined(separator: ","))],"encodings":[\#(encodings.joined(separator: ","))],"#
            + #""codecs":[\#(codecs.joined(separator: ","))]}"#
    }

    /// Does one thing `count` times, for a tool that counts instructions and allocations: what two runs differ in is
    /// what the difference of their counts cost.
    static func repeated(_ what: String, _ count: Int) {
        let plain = batch(bytes: 16 << 10, codec: .none)
        switch what {
        case "check":
            plain.withUnsafeBytes { bytes in for _ in 0..<count { use(try? RecordBatchHeader.check(bytes)) } }
        case "sum":
            plain.withUnsafeBytes { bytes in
                for _ in 0..<count { use(CRC32C.checksum(bytes.part(RecordBatchHeader.checkedFrom..<bytes.count))) }
            }
        case "encode":
            // Batches of 100 records of 100 bytes.
            let body = body(100, seed: 3)
            var builder = RecordBatchBuilder(capacity: 1 << 20)
            body.withUnsafeBytes { bytes in
                for _ in 0..<count {
                    builder.removeAll()
                    encodeRecords(bytes, 100, into: &builder)
                }
            }
        default: plain.withUnsafeBytes { bytes in for _ in 0..<count { use(try? DecodedBatch(bytes)) } }
        }
    }

    @inline(never)
    private static func encodeRecords(
        _ body: UnsafeRawBufferPointer, _ count: Int, into builder: inout RecordBatchBuilder
    ) {
        for number in 0..<count {
            builder.add(body: body, timestamp: WallTime(millis: 1_700_000_000_000 + Int64(number / 10)))
        }
        use(builder.seal(baseOffset: .zero, compresses: false).count)
    }

    private static func batch(bytes: Int, codec: RecordCodec) -> [UInt8] {
        var builder = RecordBatchBuilder(capacity: bytes)
        var number = 0
        while builder.byteCount < bytes - 130 || number == 0 {
            body(100, seed: number).withUnsafeBytes {
                _ = builder.add(body: $0, timestamp: WallTime(millis: 1_700_000_000_000 + Int64(number)))
            }
            number += 1
        }
        return Array(builder.seal(baseOffset: .zero, codec: codec))
    }

    /// A record's body of so many bytes: a key, a value that looks like JSON, no headers.
    private static func body(_ count: Int, seed: Int) -> [UInt8] {
        var body = ByteBuffer()
        body.append(varint: 6)
        body.append("o-\(1000 + seed % 9000)")
        let value = count - body.count - (count > 80 ? 3 : 2)
        body.append(varint: Int64(value))
        let text = #"{"total":\#(seed &* 7_919 % 100_000),"currency":"EUR","customer":"c-\#(seed % 331)"}"#
        for place in 0..<value { body.append(Array(text.utf8)[place % text.utf8.count]) }
        body.append(varint: 0)
        return body.array()
    }

    /// Nanoseconds of each, in alternating rounds; the round with the median ratio counts.
    private static func paired(_ ours: () -> Void, _ theirs: () -> Void) -> (Double, Double) {
        let clock = ContinuousClock()
        func nanos(_ work: () -> Void, _ times: Int) -> Double {
            let began = clock.now
            for _ in 0..<times { work() }
            return Double((clock.now - began).nanos) / Double(times)
        }
        let times = max(Int(1_000_000 / max(nanos(ours, 20), 1)), 1)
        let rounds = (0..<41).map { _ in (nanos(ours, times), nanos(theirs, times)) }
        return rounds.sorted { $0.0 / $0.1 < $1.0 / $1.1 }[rounds.count / 2]
    }

    /// Keeps the optimiser from leaving work out.
    @inline(never) private static func use(_ value: some Any) { withExtendedLifetime(value) {} }
}
