// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// The ``AddressPolicy`` in force, for all who ask: it is made when the server starts and completed when its listeners
/// stand and their ports are known.
///
/// - Concurrency: any thread.
package final class AddressGate: Sendable {
    private let shared: Locked<AddressPolicy>

    /// Begins with a policy.
    package init(_ policy: AddressPolicy) { shared = Locked(policy) }

    /// The policy in force.
    package var policy: AddressPolicy {
        get { shared.withLock { $0 } }
        set { shared.withLock { $0 = newValue } }
    }

    /// Why a connection to this address is not made; nil allows it. The form in which an HTTP client asks.
    package func judge(_ address: SocketAddress, isSecure: Bool) -> String? {
        policy.judge(address, isSecure: isSecure)
    }

    /// Refuses a subscription whose endpoint may not be called, as far as its URL tells.
    /// - Throws: `.invalidResource` at `/endpoint/url`, with the rule, and a sentence that names the setting if one helps.
    package func check(_ subscription: Subscription) throws(Problem) {
        let url = subscription.endpoint.url
        guard let refusal = policy.refusal(of: url) else { return }
        throw Problem(
            .invalidResource, "the endpoint \(url) may not be called: \(refusal.description)",
            [.init("/endpoint/url", refusal.rule, found: url.text)])
    }
}
