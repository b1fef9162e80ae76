// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// The description of the whole API in OpenAPI 3.1, made when somebody asks, and served at `/openapi.json`.
package enum APIDescription {
    static let operations: [APIOperation] =
        publishing + looking + administration + subscriptions + seeking + mending + records + groups
        + telemetry

    /// The document.
    /// - Parameter version: of this program.
    package static func text(version: String) -> [UInt8] {
        var buffer = ByteBuffer(capacity: 64 << 10)
        JSONWriter.write(into: &buffer) { json in
            json.object { json in
                json.member("openapi", "3.1.0")
                json.key("info")
                json.object { json in
                    json.member("title", "Tidings")
                    json.member("version", version)
                    json.member(
                        "description",
                        "Events in, routed, stored durably, delivered. Refusals are RFC 9457 problem details; resources are "
                            + "written whole by PUT, and what GET gives can be PUT back. If-Match and If-None-Match are obeyed."
                    )
                    json.key("license")
                    json.object { json in
                        json.member("name", "Apache-2.0")
                        json.member("identifier", "Apache-2.0")
                    }
                }
                json.key("paths")
                json.object { writePaths(&$0) }
                json.key("components")
                json.object { json in
                    json.key("responses")
                    json.object { json in
                        json.key("Problem")
                        raw(problemResponse, &json)
                    }
                    json.key("schemas")
                    json.object { json in
                        for (name, schema) in APISchemas.all {
                            json.key(name)
                            raw(schema, &json)
                        }
                    }
                }
            }
        }
        return buffer.array()
    }

    /// Adds `GET /openapi.json`.
    package static func register(on router: Router, version: String) {
        router.add(.get, "/openapi.json") { _, responder throws(Problem) in
            // Hardly anybody asks: it is made then, and nothing of it is kept.
            text(version: version).withUnsafeBytes { responder.respond(.ok, contentType: "application/json", body: $0) }
        }
    }

    private static func writePaths(_ json: inout JSONWriter) {
        var paths: [String] = []
        for operation in operations where !paths.contains(operation.path) { paths.append(operation.path) }
        for path in paths {
            json.key(path)
            json.object { json in
                for operation in operations where operation.path == path { operation.write(&json) }
            }
        }
    }

    private static let problemResponse = """
        {"description": "A refusal, or a failure.",
         "headers": {"Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}},
         "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        """

    private static func raw(_ text: String, _ json: inout JSONWriter) {
        var text = text
        text.withUTF8 { json.raw(UnsafeRawBufferPointer($0)) }
    }
}
