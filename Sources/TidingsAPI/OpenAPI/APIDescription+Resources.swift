// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Producers, types, topics, routes, subscriptions, inbound webhooks: written whole, read, listed, removed.
extension APIDescription {
    private struct Kind {
        let path: String
        let schema: String
        let one: String
        let many: String
        var parameter = "name"
        var parameterSchema = "Name"
        var listQuery: [APIOperation.Parameter] = []
        var isBodyRequired = true

        var stored: String { "Stored\(schema)" }
    }

    private static let typeQuery = APIOperation.Parameter.query(
        "type", APISchemas.text(APIPatterns.typePattern), "Only those that have to do with this type, or these types.")
    private static let topicQuery = APIOperation.Parameter.query(
        "topic", APISchemas.freeText, "Only those that name this topic.")

    private static let kinds: [Kind] = [
        Kind(path: "producers", schema: "Producer", one: "producer", many: "producers", listQuery: [typeQuery]),
        Kind(
            path: "types", schema: "EventType", one: "type", many: "types", parameter: "type",
            parameterSchema: APISchemas.text(APIPatterns.eventType), listQuery: [typeQuery]),
        Kind(
            path: "topics", schema: "Topic", one: "topic", many: "topics", parameterSchema: "TopicName",
            isBodyRequired: false),
        Kind(path: "routes", schema: "Route", one: "route", many: "routes", listQuery: [typeQuery, topicQuery]),
        Kind(
            path: "subscriptions", schema: "Subscription", one: "subscription", many: "subscriptions",
            listQuery: [
                typeQuery, topicQuery, .query("consumer", APISchemas.freeText, "Only those of this consumer."),
            ]),
        Kind(path: "inbound", schema: "Inbound", one: "inbound webhook", many: "inbound webhooks"),
    ]

    private static func title(_ kind: Kind, _ verb: String) -> String {
        verb + kind.one.split(separator: " ").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func operations(_ kind: Kind) -> [APIOperation] {
        let list = "/v1/\(kind.path)"
        let one = "\(list)/{\(kind.parameter)}"
        let name = APIOperation.Parameter.path(kind.parameter, kind.parameterSchema, "Which \(kind.one).")
        let paging: [APIOperation.Parameter] = [
            .query("limit", "Limit", "How many; 100 when not said."),
            .query("cursor", APISchemas.freeText, "What `next` of the page before said."),
        ]
        return [
            APIOperation(
                method: "get", path: list, id: title(kind, "list") + "s", tag: "Resources",
                summary: "All \(kind.many), by name.", parameters: kind.listQuery + paging,
                answers: [.json(200, "A page.", "\(kind.schema)Page")]),
            APIOperation(
                method: "get", path: one, id: title(kind, "get"), tag: "Resources",
                summary: "One \(kind.one), and how it stands.", parameters: [name],
                answers: [.json(200, "It.", kind.stored), .empty(304, "It is as If-None-Match says.")],
                problems: [412]),
            APIOperation(
                method: "put", path: one, id: title(kind, "put"), tag: "Resources",
                summary: "Writes a \(kind.one) whole.", parameters: [name], body: [.json(kind.schema)],
                isBodyRequired: kind.isBodyRequired,
                answers: [
                    .json(200, "It was there; what it is now.", kind.stored), .json(201, "It is new.", kind.stored),
                ], problems: [409, 412, 415, 429]),
            APIOperation(
                method: "delete", path: one, id: title(kind, "delete"), tag: "Resources",
                summary: "Removes a \(kind.one).", parameters: [name],
                answers: [.empty(204, "It is gone.")], problems: [409, 412, 429]),
        ]
    }

    static let administration: [APIOperation] =
        kinds.flatMap(operations) + [
            APIOperation(
                method: "patch", path: "/v1/topics/{name}", id: "patchTopic", tag: "Resources",
                summary: "Changes single settings of a topic: a merge patch (RFC 7396).",
                about: "A member that is null is as when nothing is said.",
                parameters: [.path("name", "TopicName", "Which topic.")], body: [.json("Topic")],
                answers: [.json(200, "What it is now.", "StoredTopic")], problems: [409, 412, 415, 429]),
            APIOperation(
                method: "post", path: "/v1/topics/{name}/delete-records", id: "deleteRecords", tag: "Resources",
                summary: "Gives up the oldest records of a topic for good, or only says which.",
                about: "The start of each partition moves; space comes back by whole segments.",
                parameters: [.path("name", "TopicName", "Which topic.")], body: [.json("DeleteRecords")],
                answers: [.json(200, "What goes, and who had not answered it.", "DeletedRecords")],
                problems: [409, 415, 429]),
            APIOperation(
                method: "get", path: "/v1/quarantine", id: "listQuarantine", tag: "Watch",
                summary: "Damaged ranges that were set aside, with the entities in them as far as readable.",
                parameters: [
                    .query("topic", APISchemas.freeText, "Only of this topic."),
                    .query("limit", "Limit", "How many; 100 when not said."),
                    .query("cursor", APISchemas.freeText, "What `next` of the page before said."),
                ], answers: [.json(200, "A page.", "QuarantinedPage")]),
            APIOperation(
                method: "post", path: "/v1/quarantine/accept", id: "acceptQuarantined", tag: "Watch",
                summary: "Says that somebody knows of damaged ranges: they stay listed, and are no warnings any more.",
                body: [.json("AcceptQuarantined")],
                answers: [.json(200, "Those that were named.", "QuarantinedPage")], problems: [404, 415]),
            APIOperation(
                method: "get", path: "/v1/routing/losses", id: "listRoutingLosses", tag: "Watch",
                summary: "Records of the routing table that could not be read when the server started.",
                answers: [.json(200, "All of them.", "RoutingLossPage")]),
            APIOperation(
                method: "post", path: "/v1/routing/losses/accept", id: "acceptRoutingLosses", tag: "Watch",
                summary: "Gives up what could not be read: the routing table counts as whole again.",
                body: [.json("Nothing")], isBodyRequired: false,
                answers: [.json(200, "What was given up.", "RoutingLossPage")], problems: [415, 429]),
            APIOperation(
                method: "get", path: "/v1/routing", id: "getRouting", tag: "Resources",
                summary: "What the routing table says about a type: who produces it, where it goes, who gets it.",
                parameters: [.query("type", APISchemas.text(APIPatterns.eventType), "The type.")],
                answers: [.json(200, "It.", "Routing")], requiredQuery: ["type"]),
            APIOperation(
                method: "post", path: "/in/{name}", id: "callInbound", tag: "Inbound",
                summary: "What a partner calls: its call becomes an event.",
                parameters: [.path("name", "Name", "Which inbound webhook.")],
                body: [.json("{}")], isBodyRequired: false,
                answers: [.json(202, "The event is durable.", "Receipt")], problems: [401, 409, 415, 429]),
            APIOperation(
                method: "options", path: "/in/{name}", id: "greetInbound", tag: "Inbound",
                summary: "The handshake of CloudEvents webhooks.",
                parameters: [.path("name", "Name", "Which inbound webhook.")],
                answers: [.empty(200, "It may send."), .empty(204, "It may send.")]),
        ]
}
