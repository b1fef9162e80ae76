// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A partner's call that becomes an event: `POST /in/<name>`.
public struct InboundWebhook: Hashable, Sendable {
    /// Its name.
    public let name: Name
    /// How the partner calls.
    public var kind: Kind

    /// The ways partners call.
    public enum Kind: Hashable, Sendable {
        /// As GitHub does; the secret is the one set there, checked against `X-Hub-Signature-256`.
        case github(secret: Secret)
        /// Any JSON body.
        case generic(GenericInbound)
    }

    /// Describes an inbound webhook.
    public init(name: Name, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// Where in a partner's JSON body the attributes of its event lie.
public struct GenericInbound: Hashable, Sendable {
    /// Points to the type.
    public var type: JSONPointer
    /// Points to the entity; nil: none.
    public var entity: JSONPointer?
    /// Points to the id; nil: the server makes one.
    public var id: JSONPointer?
    /// How a call proves that it is the partner's; nil, which must be said: everyone may call.
    public var verify: Verification?

    /// A keyed hash of the raw body in a header.
    public struct Verification: Hashable, Sendable {
        /// The header, in lower case.
        public var header: String
        /// The hash; HMAC with SHA-256 by default.
        public var algorithm: Algorithm
        /// How the hash is written; hexadecimal by default.
        public var encoding: Encoding
        /// What stands before the hash in the header's value; empty by default.
        public var prefix: String
        /// The key, as UTF-8.
        public var secret: Secret

        /// The hashes there are.
        public enum Algorithm: String, Hashable, Sendable, CaseIterable {
            case hmacSHA256 = "hmac-sha256"
            case hmacSHA512 = "hmac-sha512"
            case hmacSHA1 = "hmac-sha1"
        }
        /// The ways to write a hash.
        public enum Encoding: String, Hashable, Sendable, CaseIterable { case hex, base64 }

        /// Describes a check.
        public init(
            header: String, algorithm: Algorithm = .hmacSHA256, encoding: Encoding = .hex, prefix: String = "",
            secret: Secret
        ) {
            self.header = header
            self.algorithm = algorithm
            self.encoding = encoding
            self.prefix = prefix
            self.secret = secret
        }
    }

    /// Describes where attributes lie.
    public init(type: JSONPointer, entity: JSONPointer? = nil, id: JSONPointer? = nil, verify: Verification?) {
        self.type = type
        self.entity = entity
        self.id = id
        self.verify = verify
    }
}

/// A place in a JSON document (RFC 6901).
public struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The names and indices from the outside in; empty for the whole document.
    public let tokens: [String]

    /// The most bytes of a pointer.
    public static let longest = 512
    /// The rule a pointer keeps, for refusals.
    public static let rule = "a JSON pointer (RFC 6901) such as /order/id, at most 512 bytes"

    /// Names a place by its tokens.
    public init(tokens: [String]) { self.tokens = tokens }

    /// Reads a pointer from outside: nil when it breaks ``rule``.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.hasPrefix("/") else { return nil }
        var read: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var token = ""
            var escaped = false
            for character in part.unicodeScalars {
                if escaped {
                    guard character == "0" || character == "1" else { return nil }
                    token.unicodeScalars.append(character == "0" ? "~" : "/")
                    escaped = false
                } else if character == "~" {
                    escaped = true
                } else {
                    token.unicodeScalars.append(character)
                }
            }
            guard !escaped else { return nil }
            read.append(token)
        }
        tokens = read
    }

    /// The place one step further in.
    public func appending(_ token: String) -> JSONPointer { JSONPointer(tokens: tokens + [token]) }

    /// The pointer as written.
    public var description: String {
        tokens.map { token in
            "/"
                + String(
                    String.UnicodeScalarView(
                        token.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                            switch scalar {
                            case "~": ["~", "0"]
                            case "/": ["~", "1"]
                            default: [scalar]
                            }
                        }))
        }.joined()
    }
}
