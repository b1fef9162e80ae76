// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CRDKafka

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One client of librdkafka's and the topic it works on.
///
/// - Concurrency: librdkafka's handles may be used by any thread.
final class Client: @unchecked Sendable {
    let handle: OpaquePointer
    /// The topic; only to be asked for when it is there, since asking for it may make it.
    private(set) lazy var topic: OpaquePointer = {
        isTopicKnown = true
        return rd_kafka_topic_new(handle, KafkaBench.topic, nil)
    }()
    private var isTopicKnown = false

    /// Makes a client.
    init(_ kind: rd_kafka_type_t, _ settings: [String: String]) {
        let configuration = rd_kafka_conf_new()
        var all = settings
        all["bootstrap.servers"] = KafkaBench.broker
        all["log.connection.close"] = "false"
        var text = [CChar](repeating: 0, count: 512)
        for (name, value) in all
        where rd_kafka_conf_set(configuration, name, value, &text, text.count) != RD_KAFKA_CONF_OK {
            KafkaBench.fail(
                "\(name)=\(value): \(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))"
            )
        }
        if kind == RD_KAFKA_PRODUCER {
            rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, _ in
                if let message, message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
                    KafkaBench.fail("not stored: \(String(cString: rd_kafka_err2str(message.pointee.err)))")
                }
            }
        }
        guard let handle = rd_kafka_new(kind, configuration, &text, text.count) else {
            KafkaBench.fail(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        self.handle = handle
    }

    deinit {
        if isTopicKnown { rd_kafka_topic_destroy(topic) }
        rd_kafka_destroy(handle)
    }

    /// Waits until everything sent is answered.
    func drain() {
        while rd_kafka_outq_len(handle) > 0 { rd_kafka_poll(handle, 10) }
    }

    /// Asks until the server knows the topic's partitions, which also makes the topic where it may.
    func waitForTopic() {
        for _ in 0..<200 {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            if rd_kafka_metadata(handle, 0, topic, &metadata, 1_000) == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata {
                defer { rd_kafka_metadata_destroy(metadata) }
                let found = metadata.pointee.topics[0]
                if found.err == RD_KAFKA_RESP_ERR_NO_ERROR, found.partition_cnt >= KafkaBench.partitions { return }
            }
            usleep(20_000)
        }
        KafkaBench.fail("topic \(KafkaBench.topic) does not have \(KafkaBench.partitions) partitions")
    }
}

/// Nanoseconds of a clock that only goes forward.
func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Runs `body` on a thread of its own.
func onThread(_ body: @escaping @Sendable () -> Void) -> () -> Void {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let failed = pthread_create(
        &thread, nil,
        { raw in
            Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    if failed != 0 { KafkaBench.fail("no thread") }
    return { pthread_join(thread, nil) }
}
