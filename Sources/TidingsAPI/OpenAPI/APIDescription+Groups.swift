// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Who reads: groups of Kafka's clients, and the table of all readers.
extension APIDescription {
    private static let name = APIOperation.Parameter.path("name", APISchemas.groupName, "Which group.")
    private static let paging: [APIOperation.Parameter] = [
        .query("topic", APISchemas.freeText, "Only those that read this topic."),
        .query("limit", "Limit", "How many; 100 when not said."),
    ]
    private static let isOff = "While the server does not listen to Kafka's clients, it keeps no groups: 409."

    static let groups: [APIOperation] = [
        APIOperation(
            method: "get", path: "/v1/readers", id: "listReaders", tag: "Read",
            summary: "Who reads, how far behind, since when: groups of Kafka's clients, then subscriptions.",
            parameters: paging + [
                .query(
                    "cursor", APISchemas.text(#"^(?:group|subscription):[^\u0000]*$"#),
                    "What `next` of the page before said.")
            ], answers: [.json(200, "A page.", "ReaderPage")]),
        APIOperation(
            method: "get", path: "/v1/groups", id: "listGroups", tag: "Read",
            summary: "All groups of Kafka's clients, by name.", about: isOff,
            parameters: paging + [.query("cursor", APISchemas.freeText, "What `next` of the page before said.")],
            answers: [.json(200, "A page.", "GroupPage")], problems: [409]),
        APIOperation(
            method: "get", path: "/v1/groups/{name}", id: "getGroup", tag: "Read",
            summary: "One group: its members, and how far it is in each partition.", about: isOff, parameters: [name],
            answers: [.json(200, "It.", "Group")], problems: [409]),
        APIOperation(
            method: "delete", path: "/v1/groups/{name}", id: "deleteGroup", tag: "Read",
            summary: "Deletes a group that has no members, with its offsets.", parameters: [name],
            answers: [.empty(204, "It is gone.")], problems: [409]),
        APIOperation(
            method: "delete", path: "/v1/groups/{name}/offsets/{topic}", id: "deleteGroupOffsets", tag: "Read",
            summary: "Forgets a group's offsets in a topic that none of its members reads.",
            parameters: [name, .path("topic", "TopicName", "Which topic.")],
            answers: [.empty(204, "They are gone.")], problems: [409]),
        APIOperation(
            method: "post", path: "/v1/groups/{name}/reset", id: "resetGroup", tag: "Read",
            summary:
                "Lets a group without members read on from another place, or only says what that would repeat or skip.",
            about: """
                Without `topics` all partitions move of which the group has committed an offset. An offset outside of what is \
                stored becomes its beginning or end. A group that is not there is made where topics are named.
                """,
            parameters: [name], body: [.json("GroupReset")],
            answers: [.json(200, "What it does, by partition.", "GroupResetSteps")], problems: [409, 415]),
    ]
}
