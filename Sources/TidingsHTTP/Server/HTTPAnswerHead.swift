// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The head of an answer.
struct HTTPAnswerHead {
    let exchange: HTTPExchange
    let status: HTTPStatus
    let closes: Bool

    /// Writes it.
    /// - Parameter length: the body's bytes; nil for a stream.
    func append(
        contentType: String, fields: HTTPFields?, length: Int?, server: HTTPServer, to out: inout ByteBuffer
    ) {
        out.append("HTTP/1.1 ")
        out.append(decimal: UInt64(status.code))
        out.append(UInt8(32))
        out.append(status.reason)
        out.append(server.date.bytes)
        if length != 0, !contentType.isEmpty, contentType.utf8.allSatisfy(HTTPBytes.isFieldValue) {
            out.append("Content-Type: ")
            out.append(contentType)
            out.append("\r\n")
        }
        if !status.isBodiless {
            if let length {
                out.append("Content-Length: ")
                out.append(decimal: UInt64(length))
                out.append("\r\n")
            } else if exchange.minorVersion == 1 {
                out.append("Transfer-Encoding: chunked\r\n")
            }
        }
        if server.settings.requestIDs {
            out.append("x-request-id: ")
            if let id = exchange.givenID { out.append(id) } else { server.appendID(exchange.idNumber, to: &out) }
            out.append("\r\n")
        }
        if closes {
            out.append("Connection: close\r\n")
        } else if exchange.minorVersion == 0 {
            out.append("Connection: keep-alive\r\n")
        }
        if let fields { out.append(fields.wire) }
        out.append("\r\n")
    }
}

/// A refusal as `application/problem+json` (RFC 9457).
package enum ProblemBody {
    /// The media type.
    package static let contentType = "application/problem+json"

    /// Where each code has its page.
    package static let typePrefix = "https://tidings.dev/problems/"

    /// Appends a refusal as a JSON object.
    package static func append(_ problem: Problem, to out: inout ByteBuffer) {
        JSONWriter.write(into: &out) { json in write(problem, to: &json) }
    }

    /// Writes a refusal as a JSON object: for answers that hold one among others.
    package static func write(_ problem: Problem, to json: inout JSONWriter) {
        json.object { json in
            json.key("type")
            json.string(typePrefix + problem.code.rawValue)
            json.key("title")
            json.string(problem.code.title)
            json.key("status")
            json.number(Int64(problem.code.status))
            json.key("detail")
            json.string(problem.detail)
            guard !problem.violations.isEmpty else { return }
            json.key("errors")
            json.array { json in
                for violation in problem.violations {
                    json.object { json in
                        json.key("pointer")
                        json.string(violation.pointer)
                        json.key("rule")
                        json.string(violation.rule)
                        if let found = violation.found {
                            json.key("found")
                            json.string(found)
                        }
                    }
                }
            }
        }
    }

    /// Whole seconds for `Retry-After`, at least 1; nil when there is nothing to say.
    static func retryAfter(_ problem: Problem) -> Int64? {
        guard let delay = problem.retryAfter else { return nil }
        return max(1, (delay.millis + 999) / 1000)
    }
}
