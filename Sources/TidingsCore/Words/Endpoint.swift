// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Where a subscription pushes to, and how a request looks.
public struct Endpoint: Hashable, Sendable {
    /// One header of every request.
    public struct Header: Hashable, Sendable {
        /// Its name, in lower case.
        public let name: String
        /// Its value; shown to everyone who may read the subscription.
        public let value: String

        /// Creates a header.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The address.
    public var url: EndpointURL
    /// How an event becomes a request; structured by default.
    public var mode: EndpointMode
    /// Headers added to every request, by name; none by default.
    public var headers: [Header]
    /// Sent as `Authorization: Bearer …`; none by default.
    public var bearer: Secret?
    /// The key requests are signed with, as Standard Webhooks write it: `whsec_` and 24 to 64 bytes in base64.
    public var secret: Secret
    /// How long each part of an attempt may take.
    public var timeouts: EndpointTimeouts

    /// The most headers an endpoint has.
    public static let mostHeaders = 32
    /// The most bytes of one header's name and value together.
    public static let longestHeader = 4096

    /// Describes an endpoint.
    public init(
        url: EndpointURL, mode: EndpointMode = .structured, headers: [Header] = [], bearer: Secret? = nil,
        secret: Secret, timeouts: EndpointTimeouts = EndpointTimeouts()
    ) {
        self.url = url
        self.mode = mode
        self.headers = headers
        self.bearer = bearer
        self.secret = secret
        self.timeouts = timeouts
    }
}

/// How an event becomes a request.
public enum EndpointMode: String, Hashable, Sendable, CaseIterable {
    /// CloudEvents JSON: the whole event is the body, and so is signed.
    case structured
    /// The data byte for byte as the body, the attributes as `ce-` headers, which are not signed.
    case binary
    /// The plain form of the publish API.
    case plain
}

/// How long each part of an attempt may take.
public struct EndpointTimeouts: Hashable, Sendable {
    /// Until the connection stands (name, TCP and TLS); 3 s by default.
    public var connect: Duration
    /// From the last byte sent to the answer's headers; 15 s by default.
    public var headers: Duration
    /// For the whole attempt; 30 s by default.
    public var answer: Duration

    /// What each may be.
    public static let allowed: ClosedRange<Duration> = .milliseconds(1)...(.seconds(600))

    /// Sets the limits.
    public init(
        connect: Duration = .seconds(3), headers: Duration = .seconds(15), answer: Duration = .seconds(30)
    ) {
        self.connect = connect
        self.headers = headers
        self.answer = answer
    }
}
