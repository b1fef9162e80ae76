// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CRDKafka

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sends events as fast as librdkafka does and waits until all are acknowledged by all replicas.
struct ProduceLoad {
    private let count = KafkaBench.number("count", 1_000_000)
    private let size = KafkaBench.number("size", 100)
    private let rate = KafkaBench.number("rate", 0)

    /// Events that differ, so that a codec has work, and repeat words, so that it has success: as JSON does.
    static func payloads(_ count: Int, size: Int) -> [UInt8] {
        let words = ["\"order\":", "\"customer\":", "\"total\":", "\"currency\":\"EUR\",", "\"status\":\"paid\","]
        var state: UInt64 = 7400
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * (size + 32))
        for _ in 0..<count {
            let end = bytes.count + size
            while bytes.count < end {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes += Array(words[Int(state >> 60) % words.count].utf8)
                bytes += Array(String(state >> 40, radix: 10).utf8)
            }
            bytes.removeLast(bytes.count - end)
        }
        return bytes
    }

    func run() -> String {
        let client = Client(
            RD_KAFKA_PRODUCER,
            [
                "acks": "all", "linger.ms": KafkaBench.option("linger") ?? "5",
                "compression.codec": KafkaBench.option("codec") ?? "none", "batch.size": "1000000",
                "batch.num.messages": "10000", "queue.buffering.max.messages": "1000000",
                "queue.buffering.max.kbytes": "1048576", "delivery.report.only.error": "true",
                "max.in.flight.requests.per.connection": KafkaBench.option("flight") ?? "5",
            ])
        client.waitForTopic()
        let distinct = 1_000
        var bytes = Self.payloads(distinct, size: size)
        let batch = 500
        let began = nanoseconds()
        bytes.withUnsafeMutableBytes { bytes in
            var messages = [rd_kafka_message_t](repeating: rd_kafka_message_t(), count: batch)
            var sent = 0
            var turn = 0
            while sent < count {
                if rate > 0 {
                    let due = began + Int64(Double(sent) / Double(rate) * 1e9)
                    let now = nanoseconds()
                    if due > now { usleep(UInt32((due - now) / 1_000)) }
                }
                let now = min(batch, count - sent)
                for place in 0..<now {
                    messages[place].payload = bytes.baseAddress! + (sent + place) % distinct * size
                    messages[place].len = size
                    messages[place].err = RD_KAFKA_RESP_ERR_NO_ERROR
                }
                var first = 0
                while first < now {
                    // One partition after the other, in turns of a batch, as a sticky partitioner has it.
                    let partition = Int32(turn / 20 % Int(KafkaBench.partitions))
                    let taken = messages.withUnsafeMutableBufferPointer {
                        Int(
                            rd_kafka_produce_batch(
                                client.topic, partition, RD_KAFKA_MSG_F_COPY, $0.baseAddress! + first,
                                Int32(now - first)))
                    }
                    if taken < now - first { rd_kafka_poll(client.handle, 1) }
                    // librdkafka takes what it has room for, and marks the others.
                    var kept = first
                    for place in first..<now where messages[place].err != RD_KAFKA_RESP_ERR_NO_ERROR {
                        guard messages[place].err == RD_KAFKA_RESP_ERR__QUEUE_FULL else {
                            KafkaBench.fail(String(cString: rd_kafka_err2str(messages[place].err)))
                        }
                        kept += 1
                    }
                    first = now - (kept - first)
                    for place in first..<now { messages[place].err = RD_KAFKA_RESP_ERR_NO_ERROR }
                }
                turn += 1
                sent += now
            }
            client.drain()
        }
        let seconds = Double(nanoseconds() - began) / 1e9
        return #"{"count":\#(count),"seconds":\#(seconds),"rate":\#(Double(count) / seconds)}"#
    }
}
