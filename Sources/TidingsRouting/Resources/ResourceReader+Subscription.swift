// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension ResourceReader {
    func subscription(_ name: Name, _ reader: inout ObjectReader) -> Subscription? {
        var before: Subscription?
        if case .subscription(let subscription)? = existing { before = subscription }
        let consumer = reader.parsed("consumer", "name", "must be \(Name.rule)") { Name($0) }
        let types = Self.types(&reader, atLeast: 1)
        let topics = reader.uniqueList("topics", atLeast: 1, isRequired: false, "topic", Self.topicSentence, Self.topic)
        let filters = FilterReader(faults).filters(&reader)
        let endpoint = endpoint(&reader, before: before?.endpoint)
        let order = reader.word("order", SubscriptionOrder.entity)
        let concurrency = reader.integer(
            "concurrency", Subscription.allowedConcurrency, Subscription.defaultConcurrency)
        let retry = retry(&reader)
        let exhausted = reader.word("exhausted", ExhaustedPolicy.park)
        let start = start(&reader, before: before?.start)
        let isPaused = reader.bool("paused", false)
        let identity = identity(&reader, before: before)
        guard let endpoint, let identity else { return nil }
        return Subscription(
            uuid: identity.uuid, name: name, created: identity.created, since: identity.since, consumer: consumer,
            types: types, topics: topics, filters: filters, endpoint: endpoint, order: order,
            concurrency: concurrency, retry: retry, exhausted: exhausted, start: start, isPaused: isPaused)
    }

    /// Where it begins. A time back from now is one when the subscription is made, and stays what it was then.
    private func start(_ reader: inout ObjectReader, before: StartPosition?) -> StartPosition {
        let sentence = "must be 'now', 'beginning', or \(TimeText.rule), and not lie in the future"
        return reader.parsed("start", "start", sentence) { text -> StartPosition? in
            switch text {
            case "now": return .now
            case "beginning": return .beginning
            default:
                if text.hasPrefix("-"), TimeText.parse(text, now: now) != nil, case .time? = before { return before }
                guard let time = TimeText.parse(text, now: now) else { return nil }
                return origin == .record || before == .time(time) || time <= now ? .time(time) : nil
            }
        } ?? .now
    }

    private func identity(
        _ reader: inout ObjectReader, before: Subscription?
    ) -> (uuid: UUID128, created: WallTime, since: UInt64)? {
        if let before { return (before.uuid, before.created, before.since) }
        guard origin == .record else { return (UUID128.random(from: random), now, 0) }
        let uuid = reader.requiredParsed("uuid", "uuid", "must be a UUID") { UUID128($0) }
        let created = reader.requiredParsed("created", "rfc3339", "must be a time") { RFC3339.wallTime($0) }
        let since = reader.integer("since", 0...Int.max, 0)
        guard let uuid, let created else { return nil }
        return (uuid, created, UInt64(since))
    }

    private func retry(_ reader: inout ObjectReader) -> RetryPolicy {
        let standard = RetryPolicy()
        guard let value = reader.value("retry") else { return standard }
        var reader = ObjectReader(value, at: reader.place("retry"), faults)
        let attempts = reader.integer("attempts", RetryPolicy.allowedAttempts, standard.attempts)
        let first = reader.duration("first", RetryPolicy.allowedPauses, standard.first)
        let factor = reader.double("factor", RetryPolicy.allowedFactors, standard.factor)
        // One that is shorter than `first` shortens it as well: the longest pause is the longest.
        let longest = reader.duration("longest", RetryPolicy.allowedPauses, max(standard.longest, first))
        let jitter = reader.double("jitter", RetryPolicy.allowedJitter, standard.jitter)
        reader.finish()
        return RetryPolicy(attempts: attempts, first: first, factor: factor, longest: longest, jitter: jitter)
    }

    // MARK: Endpoint

    private func endpoint(_ reader: inout ObjectReader, before: Endpoint?) -> Endpoint? {
        guard let value = reader.required("endpoint") else { return nil }
        var reader = ObjectReader(value, at: reader.place("endpoint"), faults)
        let url = reader.requiredParsed("url", "url", "must be \(EndpointURL.rule)") { EndpointURL($0) }
        let mode = reader.word("mode", EndpointMode.structured)
        let headers = headers(&reader)
        let bearer = secret(
            &reader, "bearer", before: before?.bearer, "bearer", "must be visible ASCII characters without spaces",
            Self.isBearer)
        let signing = secret(
            &reader, "secret", before: before?.secret, "secret",
            "must be 'whsec_' and 24 to 64 bytes in base64", Self.isSigningSecret)
        let timeouts = timeouts(&reader)
        reader.finish()
        let secret = signing ?? before?.secret ?? makeSigningSecret()
        return url.map { url in
            Endpoint(url: url, mode: mode, headers: headers, bearer: bearer, secret: secret, timeouts: timeouts)
        }
    }

    private func timeouts(_ reader: inout ObjectReader) -> EndpointTimeouts {
        let standard = EndpointTimeouts()
        guard let value = reader.value("timeouts") else { return standard }
        var reader = ObjectReader(value, at: reader.place("timeouts"), faults)
        let timeouts = EndpointTimeouts(
            connect: reader.duration("connect", EndpointTimeouts.allowed, standard.connect),
            headers: reader.duration("headers", EndpointTimeouts.allowed, standard.headers),
            answer: reader.duration("answer", EndpointTimeouts.allowed, standard.answer))
        reader.finish()
        return timeouts
    }

    private func headers(_ reader: inout ObjectReader) -> [Endpoint.Header] {
        guard let value = reader.value("headers") else { return [] }
        let pointer = reader.place("headers")
        guard let object = value.object else {
            faults.note(pointer, "object", "must be an object, not \(value.kindName)")
            return []
        }
        guard object.members.count <= Endpoint.mostHeaders else {
            faults.note(
                pointer, "size", "must have at most \(Endpoint.mostHeaders) headers", found: "\(object.members.count)")
            return []
        }
        var headers: [String: String] = [:]
        for member in object.members {
            let place = pointer + JSONPointer(tokens: [member.name]).description
            let name = member.name.lowercased()
            guard let text = faults.string(member.value, at: place) else { continue }
            if !HeaderRules.isName(name) {
                faults.note(place, "header-name", "is no header's name", found: member.name)
            } else if HeaderRules.isReserved(name) {
                let advice =
                    name == "authorization" ? ": 'bearer' sets it and keeps it secret" : " by the server itself"
                faults.note(place, "header-reserved", "is set\(advice)", found: member.name)
            } else if !HeaderRules.isValue(text) || name.utf8.count + text.utf8.count > Endpoint.longestHeader {
                faults.note(
                    place, "header-value",
                    "must be at most \(Endpoint.longestHeader) bytes of ASCII without control characters", found: text)
            } else if headers.updateValue(text, forKey: name) != nil {
                faults.note(place, "unique", "must not be there twice", found: member.name)
            }
        }
        return headers.sorted { $0.key < $1.key }.map { Endpoint.Header($0.key, $0.value) }
    }

    // MARK: Secrets

    /// A secret: new, or the stored one when the member is absent or masked; nil when there is none.
    func secret(
        _ reader: inout ObjectReader, _ name: String, before: Secret?, _ rule: String, _ sentence: String,
        _ isValid: (String) -> Bool
    ) -> Secret? {
        guard let value = reader.value(name, keepsNull: true) else { return before }
        if value.isNull { return nil }
        guard let text = faults.string(value, at: reader.place(name)) else { return nil }
        if text.contains(Secret.mask) {
            if let before, text == before.masked { return before }
            faults.noteConflict(
                reader.place(name), "masked",
                "is masked and not the mask of what is stored: send it whole or leave it out")
            return nil
        }
        guard text.utf8.count <= Secret.longest, isValid(text) else {
            // What was found is not shown: it may be a secret with a slip of the pen.
            faults.note(reader.place(name), rule, sentence)
            return nil
        }
        return Secret(text)
    }

    private static func isBearer(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func isSigningSecret(_ text: String) -> Bool {
        guard text.hasPrefix("whsec_"), let key = Base64.decode(String(text.dropFirst(6))) else { return false }
        return (24...64).contains(key.count)
    }

    /// A new key to sign with: 32 random bytes, as Standard Webhooks write it.
    private func makeSigningSecret() -> Secret {
        var key: [UInt8] = []
        for _ in 0..<4 { withUnsafeBytes(of: random.next()) { key.append(contentsOf: $0) } }
        let secret = Secret("whsec_" + Base64.encode(key))
        made.secret = secret
        return secret
    }
}

/// What may stand in the headers of a request that a resource describes.
enum HeaderRules {
    private static let reserved: Set<String> = [
        "authorization", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
        "keep-alive", "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Whether a name in lower case is a token of RFC 9110.
    static func isName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether Tidings writes the header itself, or connections live by it.
    static func isReserved(_ name: String) -> Bool {
        reserved.contains(name) || ["ce-", "webhook-", "proxy-"].contains { name.hasPrefix($0) }
    }

    /// Whether a value can neither break a header nor be read in two ways: printable ASCII, no space at its ends.
    static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { (0x20...0x7E).contains($0) } && value.utf8.first != 0x20 && value.utf8.last != 0x20
    }
}
