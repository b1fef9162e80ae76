// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One method at one path, as the API's description has it. Schemas are JSON texts, or names of ``APISchemas``.
struct APIOperation {
    /// A parameter of path, query or headers.
    struct Parameter {
        let name: String
        let place: String
        let schema: String
        let about: String

        static func path(_ name: String, _ schema: String, _ about: String) -> Parameter {
            Parameter(name: name, place: "path", schema: schema, about: about)
        }
        static func query(_ name: String, _ schema: String, _ about: String) -> Parameter {
            Parameter(name: name, place: "query", schema: schema, about: about)
        }
        static func header(_ name: String, _ schema: String, _ about: String) -> Parameter {
            Parameter(name: name, place: "header", schema: schema, about: about)
        }
    }

    /// A body by its media type.
    struct Content {
        let type: String
        let schema: String

        static func json(_ schema: String) -> Content { Content(type: "application/json", schema: schema) }
    }

    /// An answer that is no refusal.
    struct Answer {
        let status: Int
        let about: String
        let content: [Content]

        static func json(_ status: Int, _ about: String, _ schema: String) -> Answer {
            Answer(status: status, about: about, content: [.json(schema)])
        }
        static func empty(_ status: Int, _ about: String) -> Answer {
            Answer(status: status, about: about, content: [])
        }
    }

    let method: String
    let path: String
    /// Unique; how generated clients call it.
    let id: String
    let tag: String
    let summary: String
    var about = ""
    var parameters: [Parameter] = []
    var body: [Content] = []
    var isBodyRequired = true
    let answers: [Answer]
    /// Statuses of refusals beside those that any request may meet.
    var problems: [Int] = []
    /// Query parameters without which it is refused.
    var requiredQuery: [String] = []

    /// Refusals that any request may meet, from the HTTP server and the guard of the loopback.
    private static let usualProblems = [400, 403, 404, 405, 408, 413, 417, 422, 431, 500, 501, 503]

    func write(_ json: inout JSONWriter) {
        json.key(method)
        json.beginObject()
        json.member("operationId", id)
        json.key("tags")
        json.array { $0.string(tag) }
        json.member("summary", summary)
        if !about.isEmpty { json.member("description", about) }
        if !parameters.isEmpty {
            json.key("parameters")
            json.array { json in for parameter in parameters { write(parameter, &json) } }
        }
        if !body.isEmpty {
            json.key("requestBody")
            json.object { json in
                json.member("required", isBodyRequired)
                write(body, &json)
            }
        }
        json.key("responses")
        json.object { json in
            for answer in answers {
                json.key(String(answer.status))
                json.object { json in
                    json.member("description", answer.about)
                    write(answer.content, &json)
                }
            }
            let known = Set(answers.map(\.status))
            for status in Set(Self.usualProblems + problems).subtracting(known).sorted() {
                json.key(String(status))
                json.object { $0.member("$ref", "#/components/responses/Problem") }
            }
        }
        json.endObject()
    }

    private func write(_ parameter: Parameter, _ json: inout JSONWriter) {
        json.object { json in
            json.member("name", parameter.name)
            json.member("in", parameter.place)
            if parameter.place == "path" || requiredQuery.contains(parameter.name) { json.member("required", true) }
            json.member("description", parameter.about)
            json.key("schema")
            Self.writeSchema(parameter.schema, &json)
        }
    }

    private func write(_ content: [Content], _ json: inout JSONWriter) {
        guard !content.isEmpty else { return }
        json.key("content")
        json.object { json in
            for content in content {
                json.key(content.type)
                json.object { json in
                    json.key("schema")
                    Self.writeSchema(content.schema, &json)
                }
            }
        }
    }

    /// A schema by its name, or as it is.
    private static func writeSchema(_ schema: String, _ json: inout JSONWriter) {
        if schema.hasPrefix("{") {
            var schema = schema
            schema.withUTF8 { json.raw(UnsafeRawBufferPointer($0)) }
        } else {
            json.object { $0.member("$ref", "#/components/schemas/\(schema)") }
        }
    }
}
