// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Records as they lie.
extension APISchemas {
    private static let maybeText = #"{"type": ["string", "null"]}"#
    private static let maybeBase64 = text(APIPatterns.base64, isNullable: true)

    private static let header = """
        {"type": "object", "additionalProperties": false, "required": ["name"],
          "not": {"required": ["value", "value_base64"]},
          "properties": {"name": \(string), "value": \(maybeText), "value_base64": \(maybeBase64)}}
        """

    /// Where what stands under `name` may stand under `name` and `_base64`.
    private static let readHeader = """
        {"type": "object", "additionalProperties": false, "required": ["name"],
          "properties": {"name": \(string), "value": \(maybeText), "value_base64": \(string)}}
        """

    static let recordShapes: [(String, String)] = [
        (
            "Records",
            """
            {"type": "object", "additionalProperties": false, "required": ["records"], "properties": {
              "records": {"type": "array", "minItems": 1, "maxItems": 10000, "items": {
                "type": "object", "additionalProperties": false,
                "not": {"anyOf": [{"required": ["key", "key_base64"]}, {"required": ["value", "value_base64"]}]},
                "properties": {
                  "key": \(maybeText), "key_base64": \(maybeBase64),
                  "value": \(maybeText), "value_base64": \(maybeBase64),
                  "headers": {"type": "array", "maxItems": 1000, "items": \(header)},
                  "partition": \(integer(0, 1_023)),
                  "timestamp": {"type": "string", "pattern": "\(APIPatterns.time)",
                    "description": "When it was made; now when not said. Of a topic of LogAppendTime it is not taken."}}}}}}
            """
        ),
        (
            "RecordPlaces",
            answer("\"records\": \(list(answer("\"partition\": \(number),\n\"offset\": \(number)")))")
        ),
        (
            "RecordFeed",
            answer(
                """
                "items": {"type": "array", "items": {"type": "object", "required": ["partition", "offset"], "properties": {
                  "partition": \(number), "offset": \(number), "timestamp": \(moment),
                  "key": \(maybeText), "key_base64": \(string), "value": \(maybeText), "value_base64": \(string),
                  "headers": \(list(readHeader)),
                  "to": {"type": "integer", "description": "The last offset of a range that cannot be read."},
                  "unreadable": {"type": "string", "description": "Why it cannot be read."}}}},
                "positions": \(string),
                "at_end": {"type": "boolean", "description": "Whether nothing more was there."}
                """)
        ),
    ]
}
