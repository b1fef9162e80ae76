// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsNetwork

/// Two ends of a connection over loopback, each with a probe; both read.
struct Pair: Sendable {
    let group: EventLoopGroup
    let listener: TCPListener
    let client: TCPConnection
    let clientProbe: Probe
    let server: TCPConnection
    let serverProbe: Probe

    init(
        to address: SocketAddress = .loopback(), client clientSettings: StreamSettings = .init(),
        server serverSettings: StreamSettings = .init()
    ) async throws {
        group = try EventLoopGroup(count: 2)
        let (accepted, accept) = AsyncStream.makeStream(of: TCPConnection.self)
        var settings = TCPListenerSettings()
        settings.stream = serverSettings
        listener = try TCPListener(on: address, loops: [group.loops[0]], settings: settings) { connection in
            let probe = Probe(connection.loop)
            connection.handler = probe
            connection.resumeReading()
            accept.yield(connection)
        }
        client = try await connect(to: listener.address, on: group.loops[1], settings: clientSettings).get()
        var connections = accepted.makeAsyncIterator()
        guard let first = await connections.next() else { throw WaitedInVain(description: "nothing was accepted") }
        server = first
        let client = client
        let server = server
        serverProbe = await server.loop.run { server.handler as! Probe }
        clientProbe = Probe(client.loop)
        await client.loop.run { [clientProbe] in
            client.handler = clientProbe
            client.resumeReading()
        }
    }

    /// Stops both loops and waits for them.
    func stop() {
        group.stop()
        group.join()
    }
}

/// Connects, and returns what the connector told.
func connect(
    to address: SocketAddress, on loop: EventLoop, timeLimit: Duration = .seconds(10),
    settings: StreamSettings = .init()
) async -> Result<TCPConnection, NetworkError> {
    await withCheckedContinuation { continuation in
        loop.post {
            TCPConnector.connect(to: address, on: loop, timeLimit: timeLimit, settings: settings) {
                continuation.resume(returning: $0)
            }
        }
    }
}

extension ByteStream {
    /// Writes a text.
    func write(_ text: String) {
        withOutput { $0.append(text) }
    }

    /// Writes so many bytes of ``pattern``, from some place on; at most 32 MiB.
    func write(pattern count: Int, from start: Int = 0) {
        let start = start % 251
        TidingsNetworkTests.pattern.withUnsafeBytes {
            write(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
        }
    }
}

/// Bytes that show what is missing: 0 to 250 again and again. Made by doubling, for unoptimised code is slow.
let pattern: [UInt8] = {
    var bytes = [UInt8](0..<251)
    while bytes.count < 32 << 20 + 251 { bytes += bytes }
    return bytes
}()
