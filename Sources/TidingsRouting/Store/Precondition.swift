// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a request asks of the version it changes: `If-Match` and `If-None-Match` (RFC 9110 §13).
package struct Precondition: Sendable, Hashable {
    private enum Tags: Hashable, Sendable {
        case any
        case of([String])
    }

    private let ifMatch: Tags?
    private let ifNoneMatch: Tags?

    /// Asks nothing.
    package static let none = Precondition(nil, nil)

    private init(_ ifMatch: Tags?, _ ifNoneMatch: Tags?) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
    }

    /// Reads the two headers.
    /// - Throws: `bad-request` when one of them is no list of entity tags.
    package init(ifMatch: String?, ifNoneMatch: String?) throws(Problem) {
        self.init(
            try ifMatch.map { text throws(Problem) in try Self.tags(text, "if-match") },
            try ifNoneMatch.map { text throws(Problem) in try Self.tags(text, "if-none-match") })
    }

    private static func tags(_ text: String, _ header: String) throws(Problem) -> Tags {
        let refusal = Problem(
            .badRequest, "the header \(header) must be '*' or entity tags in quotes",
            [.init("header:\(header)", "entity-tag", found: text)])
        var rest = Substring(text).drop { $0 == " " || $0 == "\t" }
        if rest.hasPrefix("*"), rest.dropFirst().allSatisfy({ $0 == " " || $0 == "\t" }) { return .any }
        var tags: [String] = []
        while true {
            let isWeak = rest.hasPrefix("W/")
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { throw refusal }
            tags.append((isWeak ? "W/" : "") + rest[...end])
            rest = rest[rest.index(after: end)...].drop { $0 == " " || $0 == "\t" }
            if rest.isEmpty { return .of(tags) }
            guard rest.first == ",", tags.count < 64 else { throw refusal }
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
        }
    }

    /// Compares with what is stored: the version's entity tag, nil when there is none.
    /// - Throws: `precondition-failed`.
    package func check(_ current: String?) throws(Problem) {
        switch (ifMatch, current) {
        case (nil, _), (.any, .some): break
        case (.of(let tags), let current?) where tags.contains(current): break
        case (_, nil): throw Problem(.preconditionFailed, "there is nothing that If-Match could match")
        case (_, let current?):
            throw Problem(.preconditionFailed, "the version is \(current), which is none of those in If-Match")
        }
        if isUnchanged(current) {
            throw Problem(.preconditionFailed, "the version is \(current ?? ""), which If-None-Match rules out")
        }
    }

    /// Whether `If-None-Match` names the version: what a `GET` answers with 304.
    package func isUnchanged(_ current: String?) -> Bool {
        guard let current else { return false }
        return switch ifNoneMatch {
        case nil: false
        case .any: true
        case .of(let tags): tags.contains { $0 == current || $0 == "W/" + current }
        }
    }
}
