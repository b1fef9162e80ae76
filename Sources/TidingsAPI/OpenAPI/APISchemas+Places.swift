// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Seeks, deleted records, quarantined ranges, losses of the routing table.
extension APISchemas {
    /// A place in partitions; an offset is one only in a single partition.
    static let seekPlace = """
        {"anyOf": [\(text(APIPatterns.place)), \(integer(0, Int64.max - 1))]}
        """

    static func action(_ members: String, required: String, _ rules: String) -> String {
        #"{"type": "object", "additionalProperties": false, "required": [\#(required)], "properties": {\#(members)}, \#(rules)}"#
    }

    static let placeShapes: [(String, String)] = [
        (
            "Seek",
            action(
                """
                "to": \(seekPlace),
                "topic": {"type": "string"},
                "partition": \(integer(0, 1_023)),
                "dry_run": \(flag)
                """, required: #""to""#,
                """
                "dependentRequired": {"partition": ["topic"]},
                "if": {"required": ["to"], "properties": {"to": {"type": "integer"}}}, "then": {"required": ["topic", "partition"]}
                """)
        ),
        (
            "SeekSteps",
            answer(
                """
                "dry_run": \(flag),
                "again": \(number),
                "skipped": \(number),
                "partitions": \(list(seekStep))
                """)
        ),
        (
            "DeleteRecords",
            action(
                """
                "before": \(seekPlace),
                "partition": \(integer(0, 1_023)),
                "dry_run": \(flag)
                """, required: #""before""#,
                """
                "if": {"required": ["before"], "properties": {"before": {"type": "integer"}}}, "then": {"required": ["partition"]}
                """)
        ),
        (
            "DeletedRecords",
            answer(
                """
                "dry_run": \(flag),
                "records": \(number),
                "partitions": \(list(cut)),
                "readers": \(list(answer("\"kind\": \(readerKind),\n\"name\": \(string),\n\"unanswered\": \(number)")))
                """)
        ),
        (
            "Quarantined",
            answer(
                """
                "id": \(string),
                "topic": \(string),
                "partition": {"type": ["integer", "null"]},
                "from": {"type": ["integer", "null"], "description": "The first offset; null when none is known."},
                "to": {"type": ["integer", "null"], "description": "The last offset."},
                "found_at": \(moment),
                "reason": \(string),
                "copy": \(maybeString),
                "entities": \(stringList),
                "entities_complete": \(flag),
                "accepted_at": {"type": ["string", "null"], "format": "date-time"}
                """)
        ),
        ("QuarantinedPage", page("Quarantined")),
        (
            "AcceptQuarantined",
            """
            {
              "type": "object", "additionalProperties": false, "required": ["ids"],
              "properties": {"ids": {"type": "array", "minItems": 1, "items": \(string)}}
            }
            """
        ),
        (
            "RoutingLoss",
            answer(
                """
                "from": \(number),
                "to": {"type": "integer", "description": "The last offset."},
                "resource": \(maybeString),
                "reason": \(string)
                """)
        ),
        ("RoutingLossPage", page("RoutingLoss")),
        ("Nothing", #"{"type": "object", "additionalProperties": false}"#),
    ]

    private static let seekStep = answer(
        """
        "partition": \(number),
        "from": \(number),
        "to": \(number),
        "again": \(number),
        "skipped": \(number)
        """, optional: #""topic": \#(string)"#)

    private static let cut = answer(
        """
        "partition": \(number),
        "start": \(number),
        "before": \(number),
        "records": \(number)
        """)
}
