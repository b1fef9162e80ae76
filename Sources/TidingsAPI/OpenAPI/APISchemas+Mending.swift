// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Entities that wait, dead letters, and what is done about them.
extension APISchemas {
    private static let letter = """
        "id": \(string),
        "event": {"type": "object"},
        "entity": \(maybeString),
        "type": \(string),
        "time": \(moment),
        "reason": \(string),
        "attempts": \(number),
        "blocking": \(flag),
        "redriving": \(flag)
        """

    /// The id of a dead letter.
    static let letterID = text("^dl-[0-9]{1,18}$")

    static let mendingAnswers: [(String, String)] = [
        ("WaitingEntity", #"{"type": "object", "required": ["entity", "state", "since"]}"#),
        ("WaitingEntityPage", page("WaitingEntity")),
        ("DeadLetter", #"{"type": "object", "required": ["id", "type", "reason"]}"#),
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
        ("RedriveCount", #"{"type": "object", "required": ["redriven"]}"#),
    ]
}
