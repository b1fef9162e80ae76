// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Entities that wait, dead letters, and what is done about them.
extension APISchemas {
    private static let place = answer(
        """
        "partition": \(number),
        "offset": \(number),
        "type": \(string),
        "id": \(string)
        """, optional: #""topic": \#(string)"#)

    private static func letter(attempts: String, optional: String = "") -> String {
        answer(
            """
            "id": \(string),
            "event": \(place),
            "entity": \(maybeString),
            "type": \(string),
            "time": \(moment),
            "reason": \(string),
            "attempts": \(attempts),
            "blocking": \(flag),
            "redriving": \(flag)
            """, optional: optional)
    }

    /// The id of a dead letter.
    static let letterID = text("^dl-[0-9]{1,18}$")

    static let mendingAnswers: [(String, String)] = [
        (
            "WaitingEntity",
            answer(
                """
                "entity": \(maybeString),
                "state": {"enum": ["parked", "resting"]},
                "since": \(moment),
                "until": {"type": ["string", "null"], "format": "date-time"},
                "waiting": \(number),
                "event": \(place),
                "failures": \(number),
                "dead_letter": \(maybeString)
                """)
        ),
        ("WaitingEntityPage", page("WaitingEntity")),
        ("DeadLetter", letter(attempts: number)),
        (
            "DeadLetterDetails",
            letter(
                attempts: list(reference("Attempt")),
                optional: #""data": {"description": "What replaces the event's data in redrives."}"#)
        ),
        ("DeadLetterPage", page("DeadLetter")),
        (
            "Redrive",
            #"{"type": "object", "additionalProperties": false, "properties": {"data": {"description": "Any JSON value."}}}"#
        ),
        (
            "RedriveMany",
            """
            {"type": "object", "additionalProperties": false, "properties": {
              "ids": {"type": "array", "maxItems": 1000, "items": \(letterID)},
              "filter": {"type": "object", "additionalProperties": false, "properties": {
                "entity": \(string), "blocking": \(flag), "reason": \(string),
                "type": \(text(APIPatterns.typePattern, least: 1))}},
              "dry_run": \(flag)},
             "oneOf": [{"required": ["ids"]}, {"required": ["filter"]}]}
            """
        ),
        (
            "RedriveCount",
            answer(
                """
                "redriven": \(number),
                "under_way": \(number),
                "missing": \(number),
                "dry_run": \(flag)
                """)
        ),
    ]
}
