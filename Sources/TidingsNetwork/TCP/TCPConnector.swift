// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CUV
import TidingsCore

/// Connects to one address.
///
/// - Concurrency: lives on `loop`; everything is called there.
package final class TCPConnector: @unchecked Sendable {
    private let loop: EventLoop
    private let address: SocketAddress
    private var connection: TCPConnection?
    private var request: UnsafeMutablePointer<uv_connect_t>?
    private var timer: LoopTimer?
    private var then: ((Result<TCPConnection, NetworkError>) -> Void)?

    /// Begins to connect.
    /// - Parameters:
    ///   - address: where to.
    ///   - timeLimit: how long at most, after which ``NetworkError/Code/timedOut`` comes.
    ///   - then: told once, on the loop and never before this returns, unless ``cancel()`` came first. The connection is paused.
    @discardableResult
    package static func connect(
        to address: SocketAddress, on loop: EventLoop, timeLimit: Duration, settings: StreamSettings = .init(),
        then: @escaping (Result<TCPConnection, NetworkError>) -> Void
    ) -> TCPConnector {
        let connector = TCPConnector(address, loop, then)
        connector.begin(timeLimit, settings)
        return connector
    }

    private init(
        _ address: SocketAddress, _ loop: EventLoop, _ then: @escaping (Result<TCPConnection, NetworkError>) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.then = then
    }

    private func begin(_ timeLimit: Duration, _ settings: StreamSettings) {
        guard !loop.isStopping else {
            failSoon(NetworkError(.stopped, "the event loop \(loop.name) stopped"))
            return
        }
        let connection = TCPConnection(loop: loop, remoteAddress: address, settings: settings)
        self.connection = connection
        let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
        request.initialize(to: uv_connect_t())
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let status = address.withSystemAddress { address, _ in
            uv_tcp_connect(request, connection.tcp, address) { request, status in
                guard let request, let data = request.pointee.data else { return }
                let connector = Unmanaged<TCPConnector>.fromOpaque(data).takeRetainedValue()
                request.deallocate()
                let loop = connector.loop
                connector.finished(status)
                loop.endTurn()
            }
        }
        if status != 0 {
            request.deallocate()
            Unmanaged.passUnretained(self).release()
            failSoon(NetworkError(status: status, "cannot connect to \(address)"))
            return
        }
        timer = loop.schedule(after: timeLimit) { [self] in
            timer = nil
            fail(NetworkError(.timedOut, "cannot connect to \(address): no answer within \(timeLimit)"))
        }
    }

    private func finished(_ status: Int32) {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard let then, let connection else { return }
        if status != 0 {
            fail(NetworkError(status: status, "cannot connect to \(address)"))
            return
        }
        self.then = nil
        self.connection = nil
        uv_tcp_nodelay(connection.tcp, 1)
        then(.success(connection))
    }

    /// Tells of the failure and closes what was begun.
    private func fail(_ error: NetworkError) {
        guard let then else { return }
        self.then = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        connection?.breakOff(error)
        connection = nil
        then(.failure(error))
    }

    /// Fails in a turn of its own, so that the caller has returned. A loop that stopped drops it.
    private func failSoon(_ error: NetworkError) {
        timer = loop.schedule(after: .zero) { [self] in
            timer = nil
            fail(error)
        }
    }

    /// Gives up; `then` is not called any more. Nothing happens once it was called.
    package func cancel() {
        guard then != nil else { return }
        then = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        connection?.abort()
        connection = nil
    }
}
