// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A refusal in the shape of RFC 9457: what HTTP answers, and what the command line prints.
public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
    /// One rule that the input broke.
    public struct Violation: Sendable, Hashable {
        /// Where, as a JSON pointer into the body (`/time`), or a header (`header:ce-id`) or query parameter (`query:limit`).
        public let pointer: String
        /// The rule's stable name.
        public let rule: String
        /// What was found there, shortened to 200 characters; nil when nothing was.
        public let found: String?

        /// Names a broken rule.
        public init(_ pointer: String, _ rule: String, found: String? = nil) {
            self.pointer = pointer
            self.rule = rule
            self.found = found.map { $0.count > 200 ? String($0.prefix(199)) + "…" : $0 }
        }
    }

    /// The stable code: the last part of `https://tidings.dev/problems/<code>`.
    public let code: Code
    /// What happened, for people: one sentence that names field, rule and value.
    public let detail: String
    /// Every broken rule that was found.
    public let violations: [Violation]
    /// When to try again, if that can help.
    public let retryAfter: Duration?

    /// Creates a refusal.
    public init(_ code: Code, _ detail: String, _ violations: [Violation] = [], retryAfter: Duration? = nil) {
        self.code = code
        self.detail = detail
        self.violations = violations
        self.retryAfter = retryAfter
    }

    public var description: String { detail }

    /// The kinds of refusal, each with its HTTP status and title. Codes are added, never renamed.
    public enum Code: String, Sendable, CaseIterable {
        case unreadableBody = "unreadable-body"
        case badRequest = "bad-request"
        case invalidEvent = "invalid-event"
        case invalidResource = "invalid-resource"
        case invalidParameter = "invalid-parameter"
        case notOwner = "not-owner"
        case forbiddenHost = "forbidden-host"
        case badSignature = "bad-signature"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case conflict = "conflict"
        case preconditionFailed = "precondition-failed"
        case tooLarge = "too-large"
        case uriTooLong = "uri-too-long"
        case unsupportedMediaType = "unsupported-media-type"
        case headersTooLarge = "headers-too-large"
        case requestTimeout = "request-timeout"
        case expectationFailed = "expectation-failed"
        case notImplemented = "not-implemented"
        case versionNotSupported = "version-not-supported"
        case tooManyRequests = "too-many-requests"
        case diskFull = "disk-full"
        case unavailable = "unavailable"
        case shuttingDown = "shutting-down"
        case internalError = "internal-error"

        /// The HTTP status it is answered with.
        public var status: Int {
            switch self {
            case .unreadableBody, .badRequest: 400
            case .badSignature: 401
            case .notOwner, .forbiddenHost: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .requestTimeout: 408
            case .conflict: 409
            case .preconditionFailed: 412
            case .tooLarge: 413
            case .uriTooLong: 414
            case .unsupportedMediaType: 415
            case .expectationFailed: 417
            case .invalidEvent, .invalidResource, .invalidParameter: 422
            case .tooManyRequests: 429
            case .headersTooLarge: 431
            case .internalError: 500
            case .notImplemented: 501
            case .versionNotSupported: 505
            case .diskFull, .unavailable, .shuttingDown: 503
            }
        }

        /// The title: the code as words.
        public var title: String {
            let words = rawValue.split(separator: "-").joined(separator: " ")
            return words.prefix(1).uppercased() + words.dropFirst()
        }
    }
}
