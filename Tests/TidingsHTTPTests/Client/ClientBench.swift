// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore
import TidingsNetwork
import TidingsTesting

@testable import TidingsHTTP

/// A client on a loop of its own, called from tests.
final class ClientBench: @unchecked Sendable {
    let loop: EventLoop
    // On the loop only.
    private(set) var client: HTTPClient!

    init(
        _ adjust: @Sendable (inout HTTPClientSettings) -> Void = { _ in },
        names: [String: [SocketAddress]] = [:], policy: (@Sendable (SocketAddress) -> String?)? = nil
    ) async throws {
        let loop = try EventLoop("client-test")
        self.loop = loop
        var settings = HTTPClientSettings()
        adjust(&settings)
        let fixed = settings
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            loop.post {
                let ways = HTTPWays(resolve: { host, port, then in
                    let found = names[host]?.map { $0.with(port: $0.port == 0 ? port : $0.port) }
                    then(found.map { .success($0) } ?? .failure(NetworkError(.nameNotFound, "no \(host)")))
                })
                self.client = HTTPClient(
                    loop: loop, settings: fixed, ways: ways,
                    addressPolicy: policy.map { policy in { address, _ in policy(address) } })
                done.resume()
            }
        }
    }

    deinit {
        let client = Holder(client)
        let loop = loop
        loop.post {
            client.value?.stop()
            loop.stop()
        }
    }

    struct Holder<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    /// Runs something on the loop.
    func onLoop<Answer: Sendable>(_ work: @escaping @Sendable (HTTPClient) -> Answer) async -> Answer {
        await withCheckedContinuation { done in loop.post { done.resume(returning: work(self.client)) } }
    }

    /// Sends a request and waits for its outcome, in words: `200 body`, or the error's code.
    func outcome(
        _ url: String, method: HTTPMethod = .post, body: [UInt8] = Array("hello".utf8),
        timeouts: HTTPClientTimeouts = HTTPClientTimeouts(
            connect: .seconds(5), headers: .seconds(5), answer: .seconds(10))
    ) async -> String {
        switch await send(url, method: method, body: body, timeouts: timeouts) {
        case .success(let response):
            "\(response.status.code) \(String(decoding: response.body, as: UTF8.self))"
        case .failure(let error): error.code.rawValue
        }
    }

    /// Sends a request and waits for its outcome.
    func send(
        _ url: String, method: HTTPMethod = .post, body: [UInt8] = [], fields: HTTPFields = HTTPFields(),
        timeouts: HTTPClientTimeouts = HTTPClientTimeouts()
    ) async -> Result<HTTPClientResponse, HTTPClientError> {
        await withCheckedContinuation { done in
            loop.post {
                var hasReturned = false
                self.client.send(method, EndpointURL(url)!, fields: fields, body: body, timeouts: timeouts) {
                    #expect(hasReturned, "the answer came before the call returned")
                    done.resume(returning: $0)
                }
                hasReturned = true
            }
        }
    }
}
