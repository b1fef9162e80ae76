// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Makes one connection for one call: name, judgement of each address, TCP, TLS.
///
/// - Concurrency: lives on its client's loop.
final class HTTPDial {
    private let origin: HTTPOrigin
    private var call: HTTPClientCall?
    private var connector: TCPConnector?
    private var addresses: [SocketAddress] = []
    private var place = 0
    private var lastError: HTTPClientError?
    private var isBeginning = false

    init(_ origin: HTTPOrigin, _ call: HTTPClientCall) {
        self.origin = origin
        self.call = call
    }

    private var client: HTTPClient { origin.client }

    /// Begins; tells its origin and call how it ended, never before this returns.
    func begin() {
        isBeginning = true
        let key = origin.key
        if let address = SocketAddress(ip: key.host, port: key.port) {
            found([address])
        } else {
            client.ways.resolve(key.host, key.port) { [self] result in
                switch result {
                case .success(let addresses): found(addresses)
                case .failure(let error): end(Self.error(error, "cannot call \(key.host)"))
                }
            }
        }
        isBeginning = false
    }

    /// Gives up; its place at the origin becomes free.
    func cancel() {
        guard call != nil else { return }
        call = nil
        connector?.cancel()
        connector = nil
        origin.dialEnded()
    }

    private func found(_ addresses: [SocketAddress]) {
        guard call != nil else { return }
        self.addresses = Array(addresses.prefix(8))
        tryNext()
    }

    private func tryNext() {
        guard let call else { return }
        let isSecure = origin.key.isSecure
        while place < addresses.count {
            let address = addresses[place]
            place += 1
            if let reason = client.addressPolicy?(address, isSecure) {
                // An address that is refused is worth telling even when others failed in other ways.
                lastError = HTTPClientError(.addressRefused, reason)
                continue
            }
            let left = max(1_000_000, call.deadline - client.loop.now.nanos)
            let share = left / Int64(addresses.count - place + 1)
            connector = TCPConnector.connect(
                to: address, on: client.loop, timeLimit: .nanoseconds(share), settings: client.ways.stream
            ) { [self] result in
                connector = nil
                switch result {
                case .success(let connection): connected(connection)
                case .failure(let error):
                    if lastError?.code != .addressRefused || place == addresses.count {
                        lastError = Self.error(error, "cannot connect to \(origin.authority)")
                    }
                    tryNext()
                }
            }
            return
        }
        end(lastError ?? HTTPClientError(.nameNotFound, "\(origin.key.host) has no address"))
    }

    private func connected(_ connection: TCPConnection) {
        guard let call else { return connection.abort() }
        guard origin.key.isSecure else { return stands(connection) }
        guard let secure = client.ways.secure else {
            connection.abort()
            return end(HTTPClientError(.tls, "this client does not speak TLS"))
        }
        let left = max(1_000_000, call.deadline - client.loop.now.nanos)
        secure(connection, origin.key.host, .nanoseconds(left)) { [self] result in
            switch result {
            case .success(let stream): stands(stream)
            case .failure(let error): end(Self.error(error, "cannot speak TLS with \(origin.authority)"))
            }
        }
    }

    private func stands(_ stream: any ByteStream) {
        guard let call else { return stream.abort() }
        self.call = nil
        origin.dialed(stream, for: call)
    }

    private func end(_ error: HTTPClientError) {
        guard let call else { return }
        if isBeginning {
            let late = Late(dial: self, error: error)
            return client.loop.post { late.dial.end(late.error) }
        }
        self.call = nil
        call.dial = nil
        origin.dialEnded()
        call.fail(error)
    }

    private struct Late: @unchecked Sendable {
        let dial: HTTPDial
        let error: HTTPClientError
    }

    private static func error(_ error: NetworkError, _ doing: String) -> HTTPClientError {
        let code: HTTPClientError.Code =
            switch error.code {
            case .refused: .connectionRefused
            case .timedOut: .connectTimedOut
            case .nameNotFound: .nameNotFound
            case .nameFailed, .busy: .nameFailed
            case .certificate: .certificate
            case .handshake, .tls, .trustStore: .tls
            case .noResources: .noResources
            case .stopped: .stopped
            case .unreachable, .addressNotAvailable, .notPermitted: .unreachable
            default: .broken
            }
        return HTTPClientError(code, error.detail.isEmpty ? doing : error.detail)
    }
}
