// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A client of a protocol whose frames begin with their length in four bytes, as Kafka's do: sends one and waits for the
/// other side's; for one thread.
package final class FrameClient {
    private let socket: ReceiverSocket

    /// Connects to a port of 127.0.0.1; nil when nobody listens there.
    package init?(port: UInt16) {
        guard let socket = ReceiverSocket.connected(to: port) else { return nil }
        self.socket = socket
    }

    deinit { socket.close() }

    /// Sends a frame, its length included, and waits for one, which is handed over without its length; nil when the
    /// connection broke.
    package func ask(_ frame: [UInt8]) -> [UInt8]? {
        guard socket.write(frame), let head = read(4) else { return nil }
        return read(head.reduce(0) { $0 << 8 | Int($1) })
    }

    private func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let more = bytes.withUnsafeMutableBytes {
                socket.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[have...]))
            }
            guard more > 0 else { return nil }
            have += more
        }
        return bytes
    }
}
