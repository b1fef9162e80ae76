// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Records as they lie: written and read without an event's rules.
extension APIDescription {
    private static let topic = APIOperation.Parameter.path("name", "TopicName", "The topic.")

    static let records: [APIOperation] = [
        APIOperation(
            method: "post", path: "/v1/topics/{name}/records", id: "produceRecords", tag: "Records",
            summary: "Stores records as they are, all in one round or none.",
            about: """
                A record with a key goes where Kafka's Java clients would put it (murmur2); the others of a request go to one \
                partition. A record without value is a tombstone.
                """,
            parameters: [topic], body: [.json("Records")],
            answers: [.json(201, "They are durable: where each lies, in the order sent.", "RecordPlaces")],
            problems: [409, 415, 429]),
        APIOperation(
            method: "get", path: "/v1/topics/{name}/records", id: "consumeRecords", tag: "Records",
            summary: "The next records, as they lie, by partition and offset.",
            about: """
                `positions` of the answer says where to go on, also when nothing was there. Keys, values and those of headers are \
                texts, or in base64 where they are no UTF-8: what is read here can be written.
                """,
            parameters: [
                topic,
                .query(
                    "partitions", APISchemas.text("^[0-9]{1,4}(?:,[0-9]{1,4})*$"),
                    "Only these, separated by commas; at most 100."),
                .query(
                    "from",
                    #"{"anyOf": [\#(APISchemas.text(APIPatterns.place)), \#(APISchemas.integer(0, Int64.max - 1))]}"#,
                    "Where to begin in each partition: the beginning when not said. Not with `positions`."),
                .query(
                    "positions", APISchemas.text("^[0-9]{1,4}:[0-9]{1,18}(?:,[0-9]{1,4}:[0-9]{1,18})*$"),
                    "Where to begin, as PARTITION:OFFSET, separated by commas: what the answer before said."),
                .query(
                    "isolation", #"{"enum": ["committed", "uncommitted"]}"#,
                    "Whether records of open and aborted transactions are shown; committed when not said."),
                .query("limit", APISchemas.integer(1, 10_000), "How many; 500 when not said."),
                .query(
                    "wait", APISchemas.text("^(?:(?:[0-9]|[12][0-9]|30)s|[1-9][0-9]{0,3}ms)$"),
                    "How long to wait for the first one where none is there; at most 30s."),
            ], answers: [.json(200, "What is there.", "RecordFeed")], problems: [409]),
    ]
}
