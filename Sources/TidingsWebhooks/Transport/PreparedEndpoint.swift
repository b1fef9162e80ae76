// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// What all requests to one endpoint share, worked out once: its signer and the header fields that never change.
///
/// - Concurrency: immutable; any thread may read.
final class PreparedEndpoint: Sendable {
    /// The endpoint as it was given.
    let endpoint: Endpoint
    /// Signs for it; nil when its secret is none, which registration does not let happen.
    let signer: WebhookSigner?
    /// Fields as they go on the wire: user agent, bearer, the endpoint's own.
    let fields: [UInt8]
    /// How long each part of an attempt may take.
    let timeouts: HTTPClientTimeouts

    /// Works out what does not change from one attempt to the next.
    /// - Parameter userAgent: what requests call their sender: `Tidings/<version>`.
    init(_ endpoint: Endpoint, userAgent: String) {
        self.endpoint = endpoint
        signer = WebhookSigner(endpoint.secret)
        timeouts = HTTPClientTimeouts(
            connect: endpoint.timeouts.connect, headers: endpoint.timeouts.headers, answer: endpoint.timeouts.answer)
        var fields: [UInt8] = []
        func add(_ name: String, _ value: String) {
            // A value that could end its line never leaves, whatever a stored resource says.
            guard name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }), !name.isEmpty,
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { return }
            fields += Array("\(name): \(value)\r\n".utf8)
        }
        if !endpoint.headers.contains(where: { $0.name == "user-agent" }) { add("user-agent", userAgent) }
        if let bearer = endpoint.bearer { add("authorization", "Bearer \(bearer.reveal())") }
        for header in endpoint.headers { add(header.name, header.value) }
        self.fields = fields
    }
}
