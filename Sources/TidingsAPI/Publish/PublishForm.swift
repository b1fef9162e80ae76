// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// In which form a request brings events; its content type decides, and whether it has `ce-` headers.
enum PublishForm {
    case structured, batch, binary, plain, lines

    /// What is taken, for refusals.
    static let accepted =
        "application/json, application/x-ndjson, application/cloudevents+json, application/cloudevents-batch+json, "
        + "or any type with ce- headers"

    /// The form of a request.
    /// - Throws: `unsupported-media-type`.
    static func of(_ request: borrowing HTTPRequest) throws(Problem) -> PublishForm {
        if let encoding = request.header("content-encoding"), !encoding.isEqualIgnoringCase(to: "identity") {
            throw Problem(
                .unsupportedMediaType, "Bodies are not decompressed yet; found Content-Encoding \(encoding.text).",
                [Problem.Violation("header:content-encoding", "identity", found: encoding.text)])
        }
        guard let type = request.header("content-type") else {
            if hasEventHeaders(request) { return .binary }
            throw refusal(nil)
        }
        let essence = MediaType.essence(type)
        if essence.isEqualIgnoringCase(to: "application/cloudevents+json") {
            try checkCharset(type)
            return .structured
        }
        if essence.isEqualIgnoringCase(to: "application/cloudevents-batch+json") {
            try checkCharset(type)
            return .batch
        }
        // By CloudEvents' rule the prefix alone says that the event is not in binary form.
        if type.hasPrefixIgnoringCase("application/cloudevents") { throw refusal(type) }
        if hasEventHeaders(request) { return .binary }
        if essence.isEqualIgnoringCase(to: "application/json") {
            try checkCharset(type)
            return .plain
        }
        if essence.isEqualIgnoringCase(to: "application/x-ndjson")
            || essence.isEqualIgnoringCase(to: "application/ndjson")
        {
            try checkCharset(type)
            return .lines
        }
        throw refusal(type)
    }

    private static func hasEventHeaders(_ request: borrowing HTTPRequest) -> Bool {
        for place in 0..<request.headerCount
        where request.header(at: place).name.hasPrefixIgnoringCase("ce-") { return true }
        return false
    }

    private static func checkCharset(_ type: UnsafeRawBufferPointer) throws(Problem) {
        guard let semicolon = type.firstIndex(of: UInt8(ascii: ";")) else { return }
        let parameters = type.part(semicolon..<type.count).text.lowercased()
        guard let charset = parameters.firstRange(of: "charset=") else { return }
        let name = parameters[charset.upperBound...].prefix { $0 != ";" }.filter { $0 != "\"" && $0 != " " }
        guard name == "utf-8" || name == "utf8" || name == "us-ascii" else { throw refusal(type) }
    }

    private static func refusal(_ type: UnsafeRawBufferPointer?) -> Problem {
        let found = type?.text
        return Problem(
            .unsupportedMediaType,
            "Events are taken as \(accepted), in UTF-8; found \(found.map { "Content-Type \($0)" } ?? "no Content-Type").",
            [Problem.Violation("header:content-type", "media-type", found: found)])
    }
}
