// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CRDKafka
import Synchronization

/// Reads every partition from the beginning, or from the end while somebody produces, by several consumers at once.
struct ConsumeLoad {
    private let count = KafkaBench.number("count", 1_000_000)
    private let consumers = KafkaBench.number("consumers", 1)
    private let isTail = KafkaBench.option("from") == "tail"

    /// What one consumer has seen.
    private struct Seen {
        var count = 0
        var bytes = 0
    }

    func run() -> String {
        let (count, isTail) = (count, isTail)
        let begin = Atomic<Int64>(0)
        // When the first event of all came.
        let first = Atomic<Int64>(.max)
        let end = Atomic<Int64>(0)
        let bytes = Atomic(0)
        let starts = (0..<consumers).map { _ in
            onThread {
                let client = Client(
                    RD_KAFKA_CONSUMER,
                    [
                        "fetch.wait.max.ms": "100", "fetch.message.max.bytes": "4194304",
                        "fetch.error.backoff.ms": "20",
                        "queued.min.messages": "200000", "queued.max.messages.kbytes": "65536", "check.crcs": "false",
                    ])
                client.waitForTopic()
                let queue = rd_kafka_queue_new(client.handle)
                _ = begin.compareExchange(expected: 0, desired: nanoseconds(), ordering: .relaxed)
                for partition in 0..<KafkaBench.partitions {
                    let from = Int64(isTail ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING)
                    guard rd_kafka_consume_start_queue(client.topic, partition, from, queue) == 0 else {
                        KafkaBench.fail("partition \(partition) cannot be read")
                    }
                }
                let seen = UnsafeMutablePointer<Seen>.allocate(capacity: 1)
                seen.initialize(to: Seen())
                defer { seen.deallocate() }
                var hasBegun = false
                while seen.pointee.count < count {
                    rd_kafka_consume_callback_queue(
                        queue, 100,
                        { message, opaque in
                            guard let message, message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
                            let seen = opaque!.assumingMemoryBound(to: Seen.self)
                            seen.pointee.count += 1
                            seen.pointee.bytes += message.pointee.len
                        }, seen)
                    if seen.pointee.count > 0, !hasBegun {
                        hasBegun = true
                        first.min(nanoseconds(), ordering: .relaxed)
                    }
                }
                end.max(nanoseconds(), ordering: .relaxed)
                bytes.add(seen.pointee.bytes, ordering: .relaxed)
                for partition in 0..<KafkaBench.partitions { rd_kafka_consume_stop(client.topic, partition) }
                rd_kafka_queue_destroy(queue)
            }
        }
        for join in starts { join() }
        let seconds = Double(end.load(ordering: .relaxed) - begin.load(ordering: .relaxed)) / 1e9
        let busy = Double(end.load(ordering: .relaxed) - first.load(ordering: .relaxed)) / 1e9
        let all = count * consumers
        let size = bytes.load(ordering: .relaxed)
        return
            #"{"count":\#(all),"bytes":\#(size),"seconds":\#(seconds),"busy":\#(busy),"rate":\#(Double(all) / seconds)}"#
    }
}
