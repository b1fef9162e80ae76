// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The shapes of bodies, as JSON Schema 2020-12, by name. What a request may bring is described exactly: what a schema
/// lets through is taken, what it does not is refused.
enum APISchemas {
    /// Names in the order of the document.
    static let all: [(String, String)] =
        shared + events + resources + standing

    // MARK: - Building blocks

    /// A text that matches a pattern.
    static func text(_ pattern: String, isNullable: Bool = false, least: Int? = nil, _ about: String = "") -> String {
        let type = isNullable ? #"["string", "null"]"# : #""string""#
        let least = least.map { #", "minLength": \#($0)"# } ?? ""
        let about = about.isEmpty ? "" : #", "description": "\#(about)""#
        return #"{"type": \#(type)\#(least), "pattern": "\#(pattern)"\#(about)}"#
    }

    /// A whole number.
    static func integer(_ least: Int64, _ most: Int64, isNullable: Bool = false) -> String {
        #"{"type": \#(isNullable ? #"["integer", "null"]"# : #""integer""#), "minimum": \#(least), "maximum": \#(most)}"#
    }

    /// An object of required members, as answers have it.
    static func answer(_ members: String, optional: String = "") -> String {
        let names = members.split(separator: "\n").compactMap { line in
            line.hasPrefix("\"") ? line.dropFirst().prefix { $0 != "\"" } : nil
        }
        let required = names.map { "\"\($0)\"" }.joined(separator: ", ")
        let all = optional.isEmpty ? members : "\(members), \(optional)"
        // On one line, so that it can be a member of another.
        return
            #"{"type": "object", "additionalProperties": false, "required": [\#(required)], "properties": {\#(all)}}"#
            .replacing("\n", with: " ")
    }

    /// A page of a list.
    static func page(_ item: String) -> String {
        answer(
            """
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/\(item)"}},
            "next": {"type": ["string", "null"]}
            """)
    }

    /// A text in a query: NUL is refused there.
    static let freeText = text(#"^[^\u0000]*$"#)
    static let number = #"{"type": "integer"}"#
    static let string = #"{"type": "string"}"#
    static let maybeString = #"{"type": ["string", "null"]}"#
    static let flag = #"{"type": "boolean"}"#
    static let moment = #"{"type": "string", "format": "date-time"}"#

    static func reference(_ name: String) -> String { ##"{"$ref": "#/components/schemas/\##(name)"}"## }
    static func list(_ item: String) -> String { #"{"type": "array", "items": \#(item)}"# }

    // MARK: - Shared

    static let shared: [(String, String)] = [
        (
            "Problem",
            """
            {"type": "object", "required": ["type", "title", "status", "detail"], "properties": {
              "type": {"type": "string", "pattern": "^https://tidings[.]dev/problems/[a-z-]+$"},
              "title": {"type": "string"},
              "status": {"type": "integer", "minimum": 400, "maximum": 599},
              "detail": {"type": "string"},
              "errors": {"type": "array", "items": {"type": "object", "required": ["pointer", "rule"], "properties": {
                "pointer": {"type": "string", "description": "A JSON pointer into the body, or header:…, query:…, path:…"},
                "rule": {"type": "string"},
                "found": {"type": "string"}}}}}}
            """
        ),
        ("Name", text(APIPatterns.name)),
        ("TopicName", text(APIPatterns.topic)),
        ("Limit", #"{"type": "integer", "minimum": 1, "maximum": 1000}"#),
    ]

    // MARK: - Events

    private static let extensionValue = """
        {"anyOf": [{"type": "string", "pattern": "\(APIPatterns.text)"}, {"type": "boolean"},
          {"type": "integer", "minimum": -2147483648, "maximum": 2147483647}, {"type": "null"}]}
        """

    /// What holds for data in both JSON forms: one of two members, and a string where the type is not JSON.
    private static let dataRules = """
        "not": {"required": ["data", "data_base64"], "properties": {"data_base64": {"type": "string"}}},
        "if": {"required": ["datacontenttype"], "properties": {"datacontenttype":
          {"type": "string", "not": {"pattern": "\(APIPatterns.jsonType)"}}}},
        "then": {"properties": {"data": {"type": "string"}}}
        """

    private static let commonMembers = """
        "time": \(text(APIPatterns.time, isNullable: true)),
        "datacontenttype": \(text(APIPatterns.mediaType, isNullable: true)),
        "dataschema": \(text(APIPatterns.uri, isNullable: true)),
        "data": {"description": "Any JSON value."},
        "data_base64": \(text(APIPatterns.base64, isNullable: true))
        """

    static let events: [(String, String)] = [
        (
            "PlainEvent",
            """
            {"type": "object", "required": ["event_type"], "properties": {
              "event_type": \(text(APIPatterns.text, least: 1)),
              "entity_id": \(text(APIPatterns.text, isNullable: true, least: 1)),
              "event_id": \(text(APIPatterns.text, isNullable: true, least: 1)),
              "source": \(text(APIPatterns.reference, isNullable: true, least: 1)),
              \(commonMembers),
              "specversion": false, "id": false, "type": false, "subject": false,
              "eventid": false, "entityid": false, "eventtype": false},
             "propertyNames": {"pattern": "^(?:event_type|entity_id|event_id|data_base64|[a-z0-9]{1,64})$"},
             "additionalProperties": \(extensionValue), \(dataRules)}
            """
        ),
        (
            "CloudEvent",
            """
            {"type": "object", "required": ["specversion", "id", "source", "type"], "properties": {
              "specversion": {"const": "1.0"},
              "id": \(text(APIPatterns.text, least: 1)),
              "source": \(text(APIPatterns.reference, least: 1)),
              "type": \(text(APIPatterns.text, least: 1)),
              "subject": \(text(APIPatterns.text, isNullable: true, least: 1)),
              \(commonMembers)},
             "propertyNames": {"pattern": "^(?:data_base64|[a-z0-9]{1,64})$"},
             "additionalProperties": \(extensionValue), \(dataRules)}
            """
        ),
        (
            "EventBatch",
            #"{"type": "array", "description": "At most 10,000.", "items": {"description": "A CloudEvent; each has its own result."}}"#
        ),
        (
            "StoredEvent",
            """
            {"type": "object", "description": "An event as it is stored; one written by another Kafka client may break rules.",
             "required": ["specversion", "id", "source", "type"],
             "properties": {"specversion": {"const": "1.0"}, "id": \(string), "source": \(string), "type": \(string)}}
            """
        ),
        (
            "Receipt",
            answer(
                """
                "id": \(string),
                "source": \(string),
                "type": \(string),
                "topic": \(string),
                "partition": \(number),
                "offset": \(number)
                """)
        ),
        (
            "BatchResult",
            answer(
                """
                "accepted": \(number),
                "refused": \(number),
                "results": {"type": "array", "items": {"anyOf": [\(reference("BatchReceipt")), \(reference("BatchRefusal"))]}}
                """)
        ),
        (
            "BatchReceipt",
            answer(
                """
                "id": \(string),
                "topic": \(string),
                "partition": \(number),
                "offset": \(number)
                """)
        ),
        ("BatchRefusal", answer(#""problem": \#(reference("Problem"))"#)),
        (
            "PlacedRecord",
            answer(
                """
                "topic": \(string),
                "partition": \(number),
                "offset": \(number),
                "timestamp": \(moment),
                "key": \(maybeString),
                "headers": \(list(reference("RecordHeader"))),
                "value": \(maybeString)
                """)
        ),
        (
            "RecordHeader",
            answer(#""name": \#(string)"#, optional: #""value": \#(maybeString), "value_base64": \#(string)"#)
        ),
        (
            "PlacedEvent",
            answer(
                """
                "partition": \(number),
                "offset": \(number)
                """,
                optional: """
                    "timestamp": \(moment), "event": \(reference("StoredEvent")), "unreadable": \(string),
                    "to": {"type": "integer", "description": "Of a range that cannot be read: its last offset."}
                    """)
        ),
        ("EventPage", page("PlacedEvent")),
        (
            "ServerSentEvent",
            """
            {"type": "object", "description": "One of the stream: id is the place in the log's order, event the type.",
             "properties": {"id": \(string), "event": \(string),
              "data": {"type": "string", "contentMediaType": "application/cloudevents+json"}}}
            """
        ),
    ]
}
