// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Groups of Kafka's clients, and readers of all kinds.
extension APISchemas {
    /// A group's name in a path.
    static let groupName = text(#"^[^\u0000]{1,255}$"#)
    static let readerKind = #"{"enum": ["group", "subscription"]}"#
    private static let maybeMoment = #"{"type": ["string", "null"], "format": "date-time"}"#
    private static let maybeCount = #"{"type": ["integer", "null"]}"#
    private static let groupState =
        #"{"enum": ["empty", "preparing_rebalance", "completing_rebalance", "assigning", "reconciling", "stable", "dead"]}"#

    private static let groupSummary = """
        "name": \(string),
        "state": \(groupState),
        "since": {"type": "string", "format": "date-time", "description": "Since when it is in that state."},
        "protocol_type": {"type": "string", "description": "Empty for a group that only has offsets."},
        "protocol": \(string),
        "group_protocol": {"enum": ["classic", "consumer"], "description": "consumer: the server shares out (KIP-848)."},
        "generation": {"type": "integer", "description": "How often members were brought together; the group's epoch."},
        "member_count": \(number),
        "topics": \(list(string)),
        "lag": {"type": "integer", "description": "Records between what was committed and the end."},
        "last_commit": \(maybeMoment)
        """

    private static let groupMember = answer(
        """
        "id": \(string),
        "instance": {"type": ["string", "null"], "description": "The name that a static member keeps."},
        "client": \(string),
        "host": \(string),
        "since": \(moment),
        "assigned": \(list(groupPlace)),
        "epoch": {"type": ["integer", "null"],
          "description": "The group's epoch it has come to; negative while a static one is away; null in a classic group."},
        "target": {"type": ["array", "null"], "items": \(groupPlace),
          "description": "What the server gives it; null in a classic group."}
        """)
    private static let groupPlace = answer("\"topic\": \(string),\n\"partition\": \(number)")

    private static let groupPartition = answer(
        """
        "topic": \(string),
        "partition": \(number),
        "offset": {"type": ["integer", "null"], "description": "What it wants next; null when nothing was committed."},
        "end": \(number),
        "lag": \(maybeCount),
        "oldest_age": {"type": ["string", "null"], "description": "Of the first record it has not taken."},
        "committed_at": \(maybeMoment),
        "metadata": \(string),
        "member": {"type": ["string", "null"], "description": "The id of the member that reads it."}
        """)

    static let groupShapes: [(String, String)] = [
        (
            "Reader",
            answer(
                """
                "kind": \(readerKind),
                "name": \(string),
                "state": \(string),
                "reason": \(maybeString),
                "since": {"type": "string", "format": "date-time", "description": "Of a group: of its state."},
                "topics": \(list(string)),
                "lag": \(number),
                "oldest_age": {"type": ["string", "null"], "description": "null: nothing waits, or it was not looked up."},
                "members": {"type": ["integer", "null"], "description": "Of a group."}
                """)
        ),
        ("ReaderPage", page("Reader")),
        ("GroupSummary", answer(groupSummary)), ("GroupPage", page("GroupSummary")),
        (
            "Group",
            answer(
                """
                \(groupSummary),
                "assignment_epoch": {"type": ["integer", "null"],
                  "description": "The generation for which the server shared out last; null in a classic group."},
                "oldest_age": \(maybeString),
                "members": \(list(groupMember)),
                "partitions": \(list(groupPartition))
                """)
        ),
        (
            "GroupReset",
            action(
                """
                "to": \(seekPlace),
                "shift": {"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807,
                  "description": "So many records further, or back."},
                "topics": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": false,
                  "required": ["topic"], "properties": {"topic": \(string), "partitions": {"type": "array", "minItems": 1,
                    "description": "All when not said.", "items": \(integer(0, 1_023))}}}},
                "dry_run": \(flag)
                """, required: "", #""oneOf": [{"required": ["to"]}, {"required": ["shift"]}]"#)
        ),
        (
            "GroupResetSteps",
            answer(
                """
                "dry_run": \(flag),
                "again": \(number),
                "skipped": \(number),
                "partitions": \(list(resetStep))
                """)
        ),
    ]

    private static let resetStep = answer(
        """
        "topic": \(string),
        "partition": \(number),
        "from": \(maybeCount),
        "to": \(number),
        "again": \(number),
        "skipped": \(number)
        """)
}
