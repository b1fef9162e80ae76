// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What is done to subscriptions, and to what they could not deliver.
extension APIDescription {
    private static let name = APIOperation.Parameter.path("name", "Name", "Which subscription.")
    private static let letter = APIOperation.Parameter.path("id", APISchemas.letterID, "Which dead letter.")

    static let subscriptions: [APIOperation] = [
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/pause", id: "pauseSubscription", tag: "Subscriptions",
            summary: "Pauses it.", parameters: [name],
            answers: [.json(200, "The subscription.", "StoredSubscription")], problems: [412, 429]),
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/resume", id: "resumeSubscription", tag: "Subscriptions",
            summary: "Lets it go on.", parameters: [name],
            answers: [.json(200, "The subscription.", "StoredSubscription")], problems: [412, 429]),
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/test", id: "testSubscription", tag: "Subscriptions",
            summary: "Sends one marked event, and says what came of it.", parameters: [name],
            answers: [.json(200, "The attempt.", "Attempt")], problems: [409, 429]),
    ]

    static let seeking: [APIOperation] = [
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/seek", id: "seekSubscription", tag: "Subscriptions",
            summary: "Reads on from another place, or only says what that would deliver again or pass over.",
            about: """
                Attempts on their way are broken off; waiting events and dead letters stay. Counts are of records, wanted or \
                not.
                """,
            parameters: [name], body: [.json("Seek")],
            answers: [.json(200, "What it does, by partition.", "SeekSteps")], problems: [409, 415, 429])
    ]

    static let mending: [APIOperation] = [
        APIOperation(
            method: "get", path: "/v1/subscriptions/{name}/entities", id: "listEntities", tag: "Mend",
            summary: "Entities that are parked or rest.",
            parameters: [
                name, .query("state", #"{"enum": ["parked", "resting"]}"#, "Only these."),
                .query("limit", "Limit", "How many; 100 when not said."),
                .query("cursor", APISchemas.text("^[0-9]{1,18}$"), "What `next` of the page before said."),
            ], answers: [.json(200, "A page.", "WaitingEntityPage")]),
        APIOperation(
            method: "get", path: "/v1/subscriptions/{name}/dead-letters", id: "listDeadLetters", tag: "Mend",
            summary: "Deliveries that were given up on.",
            parameters: [
                name, .query("entity", APISchemas.freeText, "Only of this entity."),
                .query("blocking", #"{"type": "boolean"}"#, "Only those that hold their entity up, or do not."),
                .query("reason", APISchemas.freeText, "Only those whose reason has this in it."),
                .query("type", APISchemas.text(APIPatterns.typePattern), "Only of this type, or these types."),
                .query("limit", "Limit", "How many; 100 when not said."),
                .query("cursor", APISchemas.text("^[0-9]{1,18}$"), "What `next` of the page before said."),
            ], answers: [.json(200, "A page.", "DeadLetterPage")]),
        APIOperation(
            method: "get", path: "/v1/subscriptions/{name}/dead-letters/{id}", id: "getDeadLetter", tag: "Mend",
            summary: "One with all attempts.", parameters: [name, letter],
            answers: [.json(200, "It.", "DeadLetterDetails")]),
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/dead-letters/{id}/redrive", id: "redrive", tag: "Mend",
            summary: "Delivers it again, with other data if wished; the stored event stays as it is.",
            parameters: [name, letter], body: [.json("Redrive")], isBodyRequired: false,
            answers: [.json(202, "It is on its way.", "DeadLetter")], problems: [409, 415, 429]),
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/dead-letters/{id}/discard", id: "discard", tag: "Mend",
            summary: "Gives it up for good; its entity goes on.", parameters: [name, letter],
            answers: [.empty(204, "It is gone.")], problems: [409, 429]),
        APIOperation(
            method: "post", path: "/v1/subscriptions/{name}/dead-letters/redrive", id: "redriveMany", tag: "Mend",
            summary: "Delivers many again, or only counts them.", parameters: [name], body: [.json("RedriveMany")],
            answers: [.json(200, "How many.", "RedriveCount")], problems: [409, 415, 429]),
    ]
}
