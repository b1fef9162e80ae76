// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Writes resources as JSON: for people, with secrets masked, or for the server's own records, with all there is.
/// What it shows can be put back.
package struct ResourceWriter {
    /// Whether it is for the server's own record.
    private let showsSecrets: Bool
    /// A secret that is shown all the same.
    private var shownSecret: Secret?

    /// Appends a resource's members, secrets masked, to an object that was begun: for answers that add a status.
    /// - Parameter madeSecret: a secret to show in clear: one the server just made.
    package static func writeMembers(
        of resource: RoutingResource, showing madeSecret: Secret? = nil, _ json: inout JSONWriter
    ) {
        ResourceWriter(showsSecrets: false, shownSecret: madeSecret).members(resource, &json)
    }

    /// Appends what a record keeps of a resource.
    package static func writeRecord(_ resource: RoutingResource, into buffer: inout ByteBuffer) {
        JSONWriter.write(into: &buffer) { json in
            json.object { ResourceWriter(showsSecrets: true).members(resource, &$0) }
        }
    }

    private func members(_ resource: RoutingResource, _ json: inout JSONWriter) {
        json.member("name", resource.key.name)
        switch resource {
        case .producer(let producer):
            strings("sources", producer.sources, &json)
            strings("types", producer.types.map(\.text), &json)
        case .type(let declaration):
            json.member("shared", declaration.isShared)
            json.key("description")
            text(declaration.about, &json)
        case .route(let route):
            strings("types", route.types.map(\.text), &json)
            target(route.target, &json)
            json.key("copies")
            json.array { json in
                for copy in route.copies { json.object { target(copy, &$0) } }
            }
        case .subscription(let subscription): self.subscription(subscription, &json)
        case .inbound(let webhook): inbound(webhook, &json)
        }
    }

    private func target(_ target: RouteTarget, _ json: inout JSONWriter) {
        json.member("channel", target.channel.text)
        json.member("topic", target.topic.text)
        json.member("key", target.key.description)
    }

    private func subscription(_ subscription: Subscription, _ json: inout JSONWriter) {
        json.member("consumer", subscription.consumer.text)
        strings("types", subscription.types.map(\.text), &json)
        if let topics = subscription.topics {
            strings("topics", topics.map(\.text), &json)
        } else {
            json.key("topics")
            json.null()
        }
        json.key("filters")
        json.array { json in for filter in subscription.filters { self.filter(filter, &json) } }
        json.key("endpoint")
        json.object { endpoint(subscription.endpoint, &$0) }
        json.member("order", subscription.order.rawValue)
        json.member("concurrency", subscription.concurrency)
        json.key("retry")
        json.object { json in
            json.member("attempts", subscription.retry.attempts)
            json.member("first", DurationText.format(subscription.retry.first))
            json.key("factor")
            number(subscription.retry.factor, &json)
            json.member("longest", DurationText.format(subscription.retry.longest))
            json.key("jitter")
            number(subscription.retry.jitter, &json)
        }
        json.member("exhausted", subscription.exhausted.rawValue)
        switch subscription.start {
        case .now: json.member("start", "now")
        case .beginning: json.member("start", "beginning")
        case .time(let time): json.member("start", RFC3339.format(time))
        }
        json.member("paused", subscription.isPaused)
        if showsSecrets {
            json.member("uuid", subscription.uuid.description)
            json.member("created", RFC3339.format(subscription.created))
            if subscription.since > 0 { json.member("since", Int64(clamping: subscription.since)) }
        }
    }

    private func endpoint(_ endpoint: Endpoint, _ json: inout JSONWriter) {
        json.member("url", endpoint.url.text)
        json.member("mode", endpoint.mode.rawValue)
        json.key("headers")
        json.object { json in
            for header in endpoint.headers {
                json.key(header.name)
                json.string(header.value)
            }
        }
        json.key("bearer")
        text(endpoint.bearer.map(shown), &json)
        json.member("secret", shown(endpoint.secret))
        json.key("timeouts")
        json.object { json in
            json.member("connect", DurationText.format(endpoint.timeouts.connect))
            json.member("headers", DurationText.format(endpoint.timeouts.headers))
            json.member("answer", DurationText.format(endpoint.timeouts.answer))
        }
    }

    private func inbound(_ webhook: InboundWebhook, _ json: inout JSONWriter) {
        switch webhook.kind {
        case .github(let secret):
            json.member("kind", "github")
            json.member("secret", shown(secret))
        case .generic(let generic):
            json.member("kind", "generic")
            json.member("type", generic.type.description)
            json.key("entity")
            text(generic.entity?.description, &json)
            json.key("id")
            text(generic.id?.description, &json)
            json.key("verify")
            guard let verify = generic.verify else {
                json.null()
                return
            }
            json.object { json in
                json.member("header", verify.header)
                json.member("algorithm", verify.algorithm.rawValue)
                json.member("encoding", verify.encoding.rawValue)
                json.member("prefix", verify.prefix)
                json.member("secret", shown(verify.secret))
            }
        }
    }

    private func filter(_ filter: Filter, _ json: inout JSONWriter) {
        json.object { json in
            switch filter {
            case .exact(let pairs): comparisons("exact", pairs, &json)
            case .prefix(let pairs): comparisons("prefix", pairs, &json)
            case .suffix(let pairs): comparisons("suffix", pairs, &json)
            case .all(let filters): self.filters("all", filters, &json)
            case .any(let filters): self.filters("any", filters, &json)
            case .not(let inner):
                json.key("not")
                self.filter(inner, &json)
            }
        }
    }

    private func comparisons(_ name: StaticString, _ pairs: [Filter.Comparison], _ json: inout JSONWriter) {
        json.key(name)
        json.object { json in
            for pair in pairs {
                json.key(pair.attribute)
                json.string(pair.value)
            }
        }
    }

    private func filters(_ name: StaticString, _ filters: [Filter], _ json: inout JSONWriter) {
        json.key(name)
        json.array { json in for filter in filters { self.filter(filter, &json) } }
    }

    private func strings(_ name: StaticString, _ values: [String], _ json: inout JSONWriter) {
        json.key(name)
        json.array { json in for value in values { json.string(value) } }
    }

    private func text(_ text: String?, _ json: inout JSONWriter) {
        if let text { json.string(text) } else { json.null() }
    }

    /// A whole number without its fraction, as people write it.
    private func number(_ value: Double, _ json: inout JSONWriter) {
        if let whole = Int64(exactly: value) { json.number(whole) } else { json.number(value) }
    }

    private func shown(_ secret: Secret) -> String {
        showsSecrets || secret == shownSecret ? secret.reveal() : secret.masked
    }
}
