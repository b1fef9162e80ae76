// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Resources: what PUT takes, and what GET gives, which is the same and how it stands.
extension APISchemas {
    /// What a resource has that its reader passes over: the name of the path, and how it stands.
    private static let readOnly =
        #""name": {"type": "string", "readOnly": true}, "status": {"type": ["object", "null"], "readOnly": true}"#

    private static func writable(_ members: String, required: String) -> String {
        #"{"type": "object", "additionalProperties": false, "required": [\#(required)], "properties": {\#(members), \#(readOnly)}}"#
    }

    private static func patterns(least: Int, isNullable: Bool = false) -> String {
        let type = isNullable ? #"["array", "null"]"# : #""array""#
        return
            #"{"type": \#(type), "minItems": \#(least), "maxItems": 1024, "uniqueItems": true, "items": \#(text(APIPatterns.typePattern, least: 1))}"#
    }

    private static func word(_ words: String...) -> String {
        let values = (words.map { #""\#($0)""# } + ["null"]).joined(separator: ", ")
        return #"{"enum": [\#(values)]}"#
    }

    private static func number(_ least: Double, _ most: Double) -> String {
        #"{"type": ["number", "null"], "minimum": \#(least), "maximum": \#(most)}"#
    }

    private static let maybeFlag = #"{"type": ["boolean", "null"]}"#

    private static let target = """
        "channel": \(word("log")),
        "topic": \(reference("TopicName")),
        "key": \(text(APIPatterns.routeKey, isNullable: true, "What the record's key is taken from; entity when not said."))
        """

    private static let comparisons = """
        {"type": "object", "minProperties": 1, "propertyNames": {"pattern": "\(APIPatterns.attribute)"},
         "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 1024}}
        """

    private static let retry = """
        {"type": ["object", "null"], "additionalProperties": false, "properties": {
          "attempts": \(integer(1, 1_000, isNullable: true)),
          "first": \(text(APIPatterns.pause, isNullable: true)),
          "factor": \(number(1, 100)),
          "longest": \(text(APIPatterns.pause, isNullable: true)),
          "jitter": \(number(0, 0.9))}}
        """

    private static let endpoint = """
        {"type": "object", "additionalProperties": false, "required": ["url"], "properties": {
          "url": \(text(APIPatterns.endpoint)),
          "mode": \(word("structured", "binary", "plain")),
          "headers": {"type": ["object", "null"], "maxProperties": 32, "propertyNames": {"pattern": "\(APIPatterns.headerName)"},
            "additionalProperties": \(text(APIPatterns.headerValue))},
          "bearer": \(text(APIPatterns.bearer, isNullable: true, "Sent as Authorization; reads back masked.")),
          "secret": \(text(APIPatterns.signingSecret, isNullable: true, "Signs requests; made when not said, and shown once.")),
          "timeouts": {"type": ["object", "null"], "additionalProperties": false, "properties": {
            "connect": \(text(APIPatterns.timeout, isNullable: true)),
            "headers": \(text(APIPatterns.timeout, isNullable: true)),
            "answer": \(text(APIPatterns.timeout, isNullable: true))}}}}
        """

    private static let secretText = text(
        APIPatterns.secret, "Reads back masked; left out, the stored one stays, or one is made and shown once.")

    private static let verify = """
        {"type": ["object", "null"], "additionalProperties": false, "required": ["header"], "properties": {
          "header": \(text("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")),
          "algorithm": \(word("hmac-sha256", "hmac-sha512", "hmac-sha1")),
          "encoding": \(word("hex", "base64")),
          "prefix": \(text("^[ -~]{0,64}$", isNullable: true)),
          "secret": \(secretText)}}
        """

    static let resources: [(String, String)] = [
        (
            "Producer",
            writable(
                """
                "sources": {"type": "array", "minItems": 1, "maxItems": 1024, "uniqueItems": true,
                  "items": \(text(APIPatterns.reference, least: 1))},
                "types": \(patterns(least: 0, isNullable: true))
                """, required: #""sources""#)
        ),
        (
            "EventType",
            writable(
                """
                "shared": \(maybeFlag),
                "description": {"type": ["string", "null"], "maxLength": 4096}
                """, required: "")
        ),
        (
            "Topic",
            writable(
                """
                "partitions": \(integer(1, 1_024, isNullable: true)),
                "durability": \(word("synced", "interval", "os")),
                "cleanup": \(word("delete", "compact", "compact_and_delete")),
                "retention": {"type": ["object", "null"], "additionalProperties": false, "properties": {
                  "time": \(text(APIPatterns.retention, isNullable: true)),
                  "bytes": \(integer(0, Int64.max, isNullable: true))}},
                "segment": {"type": ["object", "null"], "additionalProperties": false, "properties": {
                  "bytes": \(integer(4_096, Int64(Int32.max), isNullable: true)),
                  "time": \(text(APIPatterns.longPause, isNullable: true))}},
                "max_batch_bytes": \(integer(1_024, 64 << 20, isNullable: true)),
                "timestamp": \(word("created", "appended")),
                "timestamp_past": \(text(APIPatterns.longPauseOrNone, isNullable: true)),
                "timestamp_future": \(text(APIPatterns.longPauseOrNone, isNullable: true)),
                "compaction": {"type": ["object", "null"], "additionalProperties": false, "properties": {
                  "lag": \(text(APIPatterns.longPauseOrNone, isNullable: true)),
                  "max_lag": \(text(APIPatterns.longPause, isNullable: true)),
                  "tombstones": \(text(APIPatterns.longPauseOrNone, isNullable: true)),
                  "dirty_percent": \(integer(0, 100, isNullable: true))}}
                """, required: "")
        ),
        (
            "Route",
            writable(
                """
                "types": \(patterns(least: 1)),
                \(target),
                "copies": {"type": ["array", "null"], "maxItems": 16, "items": {"type": "object", "additionalProperties": false,
                  "required": ["topic"], "properties": {\(target)}}}
                """, required: #""types", "topic""#)
        ),
        (
            "Filter",
            """
            {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "properties": {
              "exact": \(comparisons),
              "prefix": \(comparisons),
              "suffix": \(comparisons),
              "all": {"type": "array", "minItems": 1, "items": \(reference("Filter"))},
              "any": {"type": "array", "minItems": 1, "items": \(reference("Filter"))},
              "not": \(reference("Filter"))}}
            """
        ),
        (
            "Subscription",
            writable(
                """
                "consumer": \(text(APIPatterns.name, isNullable: true)),
                "types": \(patterns(least: 1)),
                "topics": {"type": ["array", "null"], "minItems": 1, "maxItems": 1024, "uniqueItems": true,
                  "items": \(reference("TopicName"))},
                "filters": {"type": ["array", "null"], "maxItems": 256, "items": \(reference("Filter"))},
                "endpoint": \(endpoint),
                "order": \(word("entity", "none")),
                "concurrency": \(integer(1, 1_024, isNullable: true)),
                "retry": \(retry),
                "exhausted": \(word("park", "let_go")),
                "start": \(text(APIPatterns.place, isNullable: true, "now, beginning, or a time that has passed.")),
                "paused": \(maybeFlag)
                """, required: #""types", "endpoint""#)
        ),
        (
            "GitHubInbound",
            writable(
                """
                "kind": {"const": "github"},
                "secret": \(secretText)
                """, required: #""kind""#)
        ),
        (
            "GenericInbound",
            writable(
                """
                "kind": {"const": "generic"},
                "type": \(text(APIPatterns.pointer, "Points to the event's type.")),
                "entity": \(text(APIPatterns.pointer, isNullable: true, "Points to the entity.")),
                "id": \(text(APIPatterns.pointer, isNullable: true, "Points to the event's id.")),
                "verify": \(verify)
                """, required: #""kind", "type", "verify""#)
        ),
        ("Inbound", #"{"oneOf": [\#(reference("GitHubInbound")), \#(reference("GenericInbound"))]}"#),
    ]

    // MARK: - Answers

    private static let destination = answer(
        """
        "channel": \(string),
        "topic": \(string),
        "key": \(string),
        "copy": \(flag)
        """)

    private static let receiver = answer(
        """
        "name": \(string),
        "consumer": \(string),
        "filtered": \(flag)
        """)

    private static let plan = """
        "producers": \(list(string)),
        "route": \(maybeString),
        "topic": \(string),
        "destinations": \(list(destination)),
        "subscriptions": \(list(receiver)),
        "last_seen": {"type": ["string", "null"], "format": "date-time"}
        """

    private static let bounds = answer(
        """
        "partition": \(number),
        "start": \(number),
        "end": \(number),
        "last_stable": \(number),
        "bytes": \(number)
        """)

    private static let maybeNumber = #"{"type": ["integer", "null"]}"#

    private static let topicStatus = """
        "relaxed": \(flag),
        "defaults": \(list(string)),
        "partitions": \(list(bounds))
        """

    private static let retentionUse = answer(
        """
        "percent": \(number),
        "by": {"enum": ["time", "bytes"]},
        "partition": \(number)
        """, optional: #""topic": \#(string)"#)

    private static let topicReader = answer(
        """
        "kind": \(readerKind),
        "name": \(string),
        "lag": \(number),
        "partitions": \(list(answer("\"partition\": \(number),\n\"position\": \(number),\n\"lag\": \(number)")))
        """)

    static let stringList = list(string)

    static let standing: [(String, String)] =
        [
            ("StoredProducer", answer("\"name\": \(string),\n\"sources\": \(stringList),\n\"types\": \(stringList)")),
            (
                "StoredEventType",
                answer(
                    """
                    "name": \(string),
                    "shared": \(flag),
                    "description": \(maybeString),
                    "status": \(answer(plan))
                    """)
            ),
            ("Routing", answer("\"type\": \(string),\n\"shared\": \(flag),\n\(plan)")),
            (
                "StoredTopic",
                answer(
                    """
                    "name": \(string),
                    "partitions": \(number),
                    "durability": \(string),
                    "cleanup": \(string),
                    "retention": \(answer("\"time\": \(string),\n\"bytes\": \(maybeNumber)")),
                    "segment": \(answer("\"bytes\": \(maybeNumber),\n\"time\": \(string)")),
                    "max_batch_bytes": \(maybeNumber),
                    "timestamp": \(string),
                    "timestamp_past": \(maybeString),
                    "timestamp_future": \(maybeString),
                    "compaction": \(answer("\"lag\": \(string),\n\"max_lag\": \(maybeString),\n\"tombstones\": \(string),\n\"dirty_percent\": \(number)")),
                    "status": \(answer(topicStatus, optional: #""readers": \#(list(topicReader))"#))
                    """)
            ),
            (
                "StoredRoute",
                answer(
                    """
                    "name": \(string),
                    "types": \(stringList),
                    "channel": \(string),
                    "topic": \(string),
                    "key": \(string),
                    "copies": \(list(answer("\"channel\": \(string),\n\"topic\": \(string),\n\"key\": \(string)")))
                    """)
            ),
            (
                "StoredSubscription",
                answer(
                    """
                    "name": \(string),
                    "consumer": \(string),
                    "types": \(stringList),
                    "topics": {"type": ["array", "null"], "items": \(string)},
                    "filters": \(list(reference("Filter"))),
                    "endpoint": {"type": "object", "required": ["url", "mode", "headers", "bearer", "secret", "timeouts"]},
                    "order": \(string),
                    "concurrency": \(number),
                    "retry": {"type": "object", "required": ["attempts", "first", "factor", "longest", "jitter"]},
                    "exhausted": \(string),
                    "start": \(string),
                    "paused": \(flag)
                    """, optional: #""status": \#(reference("SubscriptionStatus"))"#)
            ),
            (
                "SubscriptionStatus",
                answer(
                    """
                    "state": {"enum": ["delivering", "resting", "paused"]},
                    "reason": \(maybeString),
                    "lag": \(number),
                    "oldest_age": \(maybeString),
                    "in_flight": \(number),
                    "delivered": \(number),
                    "failed_attempts": \(number),
                    "waiting": \(number),
                    "parked_entities": \(number),
                    "dead_letters": \(number),
                    "expired": \(number),
                    "retention": {"anyOf": [\(retentionUse), {"type": "null"}]},
                    "last_failure": {"anyOf": [\(reference("Attempt")), {"type": "null"}]}
                    """)
            ),
            (
                "Attempt",
                answer(
                    """
                    "time": \(moment),
                    "duration": \(string),
                    "status": {"type": ["integer", "null"]},
                    "fault": \(maybeString),
                    "reason": \(string)
                    """, optional: #""response": {"type": "object", "required": ["head"]}"#)
            ),
            (
                "StoredInbound",
                """
                {"type": "object", "required": ["name", "kind"], "properties": {"name": \(string),
                  "kind": {"enum": ["github", "generic"]}}}
                """
            ),
            ("ProducerPage", page("StoredProducer")), ("EventTypePage", page("StoredEventType")),
            ("TopicPage", page("StoredTopic")), ("RoutePage", page("StoredRoute")),
            ("SubscriptionPage", page("StoredSubscription")), ("InboundPage", page("StoredInbound")),
        ] + mendingAnswers + placeShapes + groupShapes + recordShapes
}
