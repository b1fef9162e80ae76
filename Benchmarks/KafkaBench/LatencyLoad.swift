// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CRDKafka
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sends events at a fixed rate, every one its own request, and times each from its send to a consumer's hands.
struct LatencyLoad {
    private let rate = KafkaBench.number("rate", 10_000)
    private let seconds = KafkaBench.number("seconds", 4)
    private let size = max(KafkaBench.number("size", 100), 16)

    /// What the consumer has seen.
    private final class Seen {
        var nanos: [Int64] = []
        let since: Int64
        init(since: Int64) { self.since = since }
    }

    func run() -> String {
        let count = rate * seconds
        let warm = rate
        let producer = Client(
            RD_KAFKA_PRODUCER,
            [
                "acks": "all", "linger.ms": KafkaBench.option("linger") ?? "0",
                "batch.num.messages": KafkaBench.option("linger") == nil ? "1" : "10000",
                "queue.buffering.max.messages": "1000000", "socket.nagle.disable": "true",
                "delivery.report.only.error": "true", "max.in.flight.requests.per.connection": "1000",
            ])
        producer.waitForTopic()
        let isReading = Atomic(false)
        let result = Mutex<[Int64]>([])
        let join = onThread {
            let client = Client(
                RD_KAFKA_CONSUMER, ["fetch.wait.max.ms": "500", "fetch.min.bytes": "1", "socket.nagle.disable": "true"])
            client.waitForTopic()
            guard rd_kafka_consume_start(client.topic, 0, Int64(RD_KAFKA_OFFSET_END)) == 0 else {
                KafkaBench.fail("partition 0 cannot be read")
            }
            usleep(500_000)
            isReading.store(true, ordering: .releasing)
            let seen = Seen(since: 0)
            seen.nanos.reserveCapacity(count + warm)
            let opaque = Unmanaged.passUnretained(seen).toOpaque()
            while seen.nanos.count < count + warm {
                rd_kafka_consume_callback(
                    client.topic, 0, 100,
                    { message, opaque in
                        guard let message, message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
                        let seen = Unmanaged<Seen>.fromOpaque(opaque!).takeUnretainedValue()
                        let sent = message.pointee.payload.loadUnaligned(as: Int64.self)
                        seen.nanos.append(nanoseconds() - sent)
                    }, opaque)
            }
            rd_kafka_consume_stop(client.topic, 0)
            result.withLock { $0 = Array(seen.nanos.dropFirst(warm)) }
        }
        while !isReading.load(ordering: .acquiring) { usleep(1_000) }
        var payload = [UInt8](repeating: UInt8(ascii: "x"), count: size)
        let began = nanoseconds()
        var behind: Int64 = 0
        for number in 0..<(count + warm) {
            let due = began + Int64(number) * 1_000_000_000 / Int64(rate)
            var now = nanoseconds()
            while now < due {
                if due - now > 80_000 { usleep(UInt32((due - now - 60_000) / 1_000)) }
                now = nanoseconds()
            }
            behind = max(behind, now - due)
            // Timed from when it was due: who falls behind is not excused.
            payload.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: due, as: Int64.self)
                while rd_kafka_produce(
                    producer.topic, 0, RD_KAFKA_MSG_F_COPY, bytes.baseAddress, bytes.count, nil, 0, nil) != 0
                {
                    rd_kafka_poll(producer.handle, 1)
                }
            }
            if number % 100 == 0 { rd_kafka_poll(producer.handle, 0) }
        }
        producer.drain()
        let took = Double(nanoseconds() - began) / 1e9
        join()
        let sorted = result.withLock { $0.sorted() }
        func micros(_ percent: Double) -> Double {
            Double(sorted[min(Int(Double(sorted.count) * percent / 100), sorted.count - 1)]) / 1_000
        }
        return
            #"{"count":\#(sorted.count),"p50":\#(micros(50)),"p95":\#(micros(95)),"p99":\#(micros(99)),"p999":\#(micros(99.9)),"behind":\#(Double(behind) / 1e3),"achieved":\#(Double(count + warm) / took)}"#
    }
}
