// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CRDKafka

/// Makes and deletes the topics that are measured.
enum Topics {
    /// Makes the topic and waits until it is there.
    static func create() {
        let client = Client(RD_KAFKA_PRODUCER, [:])
        var text = [CChar](repeating: 0, count: 512)
        var topic = rd_kafka_NewTopic_new(KafkaBench.topic, KafkaBench.partitions, 1, &text, text.count)
        let queue = rd_kafka_queue_new(client.handle)
        rd_kafka_CreateTopics(client.handle, &topic, 1, nil, queue)
        let event = rd_kafka_queue_poll(queue, 30_000)
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            KafkaBench.fail("topic \(KafkaBench.topic): \(String(cString: rd_kafka_event_error_string(event)))")
        }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        if count == 1, let result = results?[0], rd_kafka_topic_result_error(result) != RD_KAFKA_RESP_ERR_NO_ERROR {
            KafkaBench.fail("topic \(KafkaBench.topic): \(String(cString: rd_kafka_topic_result_error_string(result)))")
        }
        rd_kafka_event_destroy(event)
        rd_kafka_NewTopic_destroy(topic)
        rd_kafka_queue_destroy(queue)
        client.waitForTopic()
    }

    /// Deletes the topic.
    static func delete() {
        let client = Client(RD_KAFKA_PRODUCER, [:])
        var topic = rd_kafka_DeleteTopic_new(KafkaBench.topic)
        let queue = rd_kafka_queue_new(client.handle)
        rd_kafka_DeleteTopics(client.handle, &topic, 1, nil, queue)
        rd_kafka_event_destroy(rd_kafka_queue_poll(queue, 30_000))
        rd_kafka_DeleteTopic_destroy(topic)
        rd_kafka_queue_destroy(queue)
    }
}
