// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

extension APIDescription {
    static let publishing: [APIOperation] = [
        APIOperation(
            method: "post", path: "/v1/events", id: "publishEvents", tag: "Publish",
            summary: "Publishes one event, or many.",
            about: """
                The content type decides the form: the plain form (application/json; or application/x-ndjson, one event per line), \
                or CloudEvents 1.0: structured (application/cloudevents+json), batch (application/cloudevents-batch+json), or \
                binary (ce- headers and data of any type). One event is answered with 201 once it is durable, many with 200 and \
                one result each: the good ones are stored together, each bad one has its problem.
                """,
            body: [
                .json("PlainEvent"), .init(type: "application/cloudevents+json", schema: "CloudEvent"),
                .init(type: "application/cloudevents-batch+json", schema: "EventBatch"),
            ],
            answers: [
                .json(200, "Many events: what became of each, in the order sent.", "BatchResult"),
                .json(201, "One event, durable.", "Receipt"),
            ],
            problems: [409, 415, 429])
    ]

    static let looking: [APIOperation] = [
        APIOperation(
            method: "get", path: "/v1/topics/{name}/events", id: "listEvents", tag: "Look",
            summary: "The events of a topic, page by page.",
            about: "A request looks at a bounded amount and hands a cursor: a page may be empty and not the last.",
            parameters: [
                .path("name", "TopicName", "The topic."),
                .query("partition", APISchemas.integer(0, 1023), "Only this partition."),
                .query("type", APISchemas.text(APIPatterns.typePatterns), "Types, or patterns, separated by commas."),
                .query("entity", APISchemas.freeText, "Only of this entity."),
                .query("id", APISchemas.freeText, "Only with this id."),
                .query(
                    "since", APISchemas.text(APIPatterns.moment),
                    "In each partition from the first event on that was stored then or later; back from now: -1h."),
                .query(
                    "until", APISchemas.text(APIPatterns.moment),
                    "In each partition up to the first event that was stored then or later."),
                .query("limit", "Limit", "How many; 50 when not said."),
                .query("offset", APISchemas.integer(0, Int64.max - 1), "Where to begin; goes with partition."),
                .query("cursor", APISchemas.text("^[0-9]{1,9}[.][0-9]{1,18}$"), "What `next` of the page before said."),
                .query(
                    "isolation", #"{"enum": ["committed", "uncommitted"]}"#,
                    "Whether events of open and aborted transactions are shown; committed when not said."),
            ],
            answers: [.json(200, "A page.", "EventPage")], problems: [409]),
        APIOperation(
            method: "get", path: "/v1/topics/{name}/partitions/{partition}/events/{offset}", id: "getEvent",
            tag: "Look",
            summary: "One record by its place.",
            parameters: [
                .path("name", "TopicName", "The topic."),
                .path("partition", APISchemas.integer(0, 1023), "The partition."),
                .path("offset", APISchemas.integer(0, Int64.max - 1), "The offset."),
                .query("as", #"{"enum": ["cloudevent", "record"]}"#, "As an event (when not said), or as it lies."),
            ],
            answers: [
                .init(
                    status: 200, about: "The event, or the record.",
                    content: [
                        .init(type: "application/cloudevents+json", schema: "StoredEvent"), .json("PlacedRecord"),
                    ])
            ]),
        APIOperation(
            method: "get", path: "/v1/events/stream", id: "tailEvents", tag: "Look",
            summary: "The live tail: events in the log's one order, as Server-Sent Events.",
            about: "An event's id is its place in the order; sent back as Last-Event-ID, the tail goes on behind it.",
            parameters: [
                .query("types", APISchemas.text(APIPatterns.typePatterns), "Types, or patterns, separated by commas."),
                .query("entity", APISchemas.freeText, "Only of this entity."),
                .query(
                    "from", #"{"enum": ["now", "beginning"]}"#,
                    "Where to begin; now when not said. Not with `since`."),
                .query(
                    "since", APISchemas.text(APIPatterns.moment),
                    "Begins, in each partition, with the first event that was stored then or later."),
                .query(
                    "until", APISchemas.text(APIPatterns.moment),
                    "Ends, in each partition, before the first event that was stored then or later."),
                .query("limit", APISchemas.integer(1, 1_000_000), "Ends after so many events."),
                .query("timeout", APISchemas.text(APIPatterns.timeout), "Ends after that long."),
            ],
            answers: [
                .init(
                    status: 200, about: "Events.",
                    content: [.init(type: "text/event-stream", schema: "ServerSentEvent")])
            ]),
    ]

    private static let readiness = #"""
        {
          "type": "object", "required": ["status", "checks", "warnings", "recovery"],
          "properties": {
            "status": {"enum": ["ok", "degraded", "not ready"]},
            "checks": {
              "type": "object", "required": ["log", "disk"],
              "description": "ok, or what is wrong with it, in a sentence.",
              "additionalProperties": {"type": "string"}
            },
            "warnings": {"type": "array", "items": {"type": "string"}},
            "recovery": {
              "description": "null: the server had been stopped in good order, or the folder was new.",
              "type": ["object", "null"],
              "properties": {
                "rounds": {"type": "integer", "description": "Rounds brought into the partitions."},
                "cut_bytes": {"type": "integer", "description": "Bytes of a torn end, which nobody had been told of."},
                "damaged_rounds": {"type": "integer", "description": "Acknowledged rounds that are damaged or missing."},
                "old_metadata": {
                  "type": "boolean",
                  "description": "The metadata was older than the records; what it does not know of was recovered."
                },
                "quarantines": {"type": "integer", "description": "Ranges that were set aside."},
                "milliseconds": {"type": "integer"}
              }
            }
          }
        }
        """#

    static let telemetry: [APIOperation] = [
        APIOperation(
            method: "get", path: "/livez", id: "isAlive", tag: "Watch", summary: "Whether the process answers.",
            answers: [.json(200, "It does.", #"{"type": "object", "required": ["status"]}"#)]),
        APIOperation(
            method: "get", path: "/readyz", id: "isReady", tag: "Watch",
            summary: "Whether the server serves, and what is wrong.",
            answers: [
                .json(
                    200,
                    "It does: all of it (ok), or all but publishing (degraded: the disk is full). `warnings` are sentences for "
                        + "people; `recovery` says what the start found after an unclean end.", readiness),
                .json(503, "It does not, and why.", readiness),
            ]),
        APIOperation(
            method: "get", path: "/metrics", id: "metrics", tag: "Watch",
            summary: "Counters, gauges and histograms in Prometheus's text format.",
            answers: [
                .init(
                    status: 200, about: "The text.",
                    content: [.init(type: "text/plain", schema: #"{"type": "string"}"#)])
            ]),
        APIOperation(
            method: "get", path: "/openapi.json", id: "description", tag: "Watch", summary: "This description.",
            answers: [.json(200, "OpenAPI 3.1.", #"{"type": "object", "required": ["openapi", "paths"]}"#)]),
    ]
}
