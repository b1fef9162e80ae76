// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Serves HTTP/1.1 on one loop: it owns that loop's connections, their limits and time-outs.
///
/// A process has one per loop. Time is looked at about once a second for all connections together, so limits in
/// time are kept to a second; nothing wakes while there are no connections.
///
/// - Concurrency: lives on `loop`; every method is called there.
package final class HTTPServer {
    /// The loop everything happens on.
    package let loop: any Loop
    /// The limits.
    package let settings: HTTPServerSettings
    let handler: any HTTPHandler
    let logger: Logger

    private(set) var connections: [HTTPServerConnection] = []
    /// Bytes of the bodies that are being collected.
    var collectedBytes = 0
    /// The time, as of the last look at the clock: at most a second old while there are connections.
    private(set) var clock: Int64 = 0
    private(set) var date = ByteBuffer(capacity: 64)
    private var dateSeconds = Int64.min
    private var sweepTimer: LoopTimer?
    private let sweepInterval: Duration

    private var scratch: ByteBuffer? = ByteBuffer(capacity: 4 << 10)
    private var spares: [HTTPBuffer] = []

    private let idPrefix: UInt64
    private var idCount: UInt64 = 0

    /// Whether a stop has begun: no new connections, and the ones there are close after what is in flight.
    package private(set) var isStopping = false
    private var whenStopped: (() -> Void)?
    private var stopTimer: LoopTimer?

    /// Creates a server that has no connections yet.
    /// - Parameter random: makes request ids that differ from those of other processes.
    package init(
        loop: any Loop, settings: HTTPServerSettings, handler: any HTTPHandler, random: any RandomSource,
        logger: Logger
    ) {
        self.loop = loop
        self.settings = settings
        self.handler = handler
        self.logger = logger
        idPrefix = random.next()
        let shortest = min(
            settings.headTime, settings.idleTime, settings.stallTime, settings.bodyGrace, settings.bodyTime)
        sweepInterval = max(.milliseconds(10), min(.seconds(1), shortest / 2))
    }

    /// How many connections are open.
    package var connectionCount: Int { connections.count }

    /// Begins to serve a connection; it is reset when there are too many or a stop has begun.
    package func serve(_ stream: any ByteStream) {
        guard !isStopping, connections.count < settings.connections else {
            if !isStopping {
                logger.warning("a connection was refused", [("open", String(connections.count))])
            }
            stream.abort()
            return
        }
        if connections.isEmpty { wake() }
        let connection = HTTPServerConnection(self, stream)
        connection.slot = connections.count
        connections.append(connection)
        stream.handler = connection
        stream.resumeReading()
    }

    /// Takes a closed connection off the list.
    func forget(_ connection: HTTPServerConnection) {
        let slot = connection.slot
        guard slot >= 0 else { return }
        connection.slot = -1
        let last = connections.removeLast()
        if last !== connection {
            connections[slot] = last
            last.slot = slot
        }
        if connections.isEmpty {
            if let sweepTimer { loop.cancel(sweepTimer) }
            sweepTimer = nil
            if isStopping { stopped() }
        }
    }

    /// Stops: refuses new connections, closes idle ones, and the others after what is in flight is answered.
    /// - Parameter deadline: then what is left is broken off.
    /// - Parameter then: runs once, when no connection is left.
    package func stop(within deadline: Duration, then: @escaping () -> Void) {
        precondition(!isStopping, "a server is stopped once")
        isStopping = true
        whenStopped = then
        for connection in connections { connection.stop() }
        guard !connections.isEmpty else { return stopped() }
        stopTimer = loop.schedule(after: deadline) { [weak self] in
            guard let self else { return }
            self.stopTimer = nil
            let left = self.connections
            if !left.isEmpty {
                self.logger.warning(
                    "connections were broken off at the end of the stop's time", [("open", String(left.count))])
            }
            for connection in left { connection.breakOff() }
        }
    }

    private func stopped() {
        if let stopTimer { loop.cancel(stopTimer) }
        stopTimer = nil
        let work = whenStopped
        whenStopped = nil
        work?()
    }

    // MARK: - Time

    private func wake() {
        lookAtClock()
        arm()
    }

    private func arm() {
        sweepTimer = loop.schedule(after: sweepInterval) { [weak self] in
            guard let self else { return }
            self.sweepTimer = nil
            self.sweep()
            if !self.connections.isEmpty, self.sweepTimer == nil { self.arm() }
        }
    }

    private func sweep() {
        lookAtClock()
        var place = connections.count - 1
        // From the end, since a connection that closes is replaced by the last one.
        while place >= 0 {
            if place < connections.count { connections[place].check(clock) }
            place -= 1
        }
    }

    private func lookAtClock() {
        clock = loop.time.now.nanos
        let seconds = loop.time.wall.millis / 1000
        guard seconds != dateSeconds else { return }
        dateSeconds = seconds
        date.removeAll()
        date.append("\r\nDate: ")
        HTTPDate.append(seconds: seconds, to: &date)
        date.append("\r\n")
    }

    // MARK: - Ids and buffers

    /// The number of the next request.
    func nextID() -> UInt64 {
        idCount &+= 1
        return idCount
    }

    /// A request's id as text: this process's part and the request's own, 24 hexadecimal digits.
    func id(_ number: UInt64) -> String {
        var text = ByteBuffer(capacity: 32)
        appendID(number, to: &text)
        return text.text()
    }

    /// Appends a request's id.
    func appendID(_ number: UInt64, to out: inout ByteBuffer) {
        out.append(room: 24) { room in
            Self.hex(idPrefix >> 24, digits: 10, room, at: 0)
            Self.hex(number, digits: 14, room, at: 10)
            return 24
        }
    }

    private static func hex(_ number: UInt64, digits: Int, _ room: UnsafeMutableRawBufferPointer, at start: Int) {
        var rest = number
        var place = start + digits - 1
        while place >= start {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            room[place] = digit < 10 ? 48 + digit : 87 + digit
            rest >>= 4
            place -= 1
        }
    }

    /// A buffer to write a body into; goes back by ``giveBack(scratch:)``.
    func takeScratch() -> ByteBuffer { scratch.take() ?? ByteBuffer(capacity: 4 << 10) }

    /// Takes a buffer back.
    func giveBack(scratch buffer: consuming ByteBuffer) {
        buffer.removeAll(keepingAtMost: 256 << 10)
        scratch = consume buffer
    }

    /// A buffer for a connection that must keep bytes.
    func takeBuffer() -> HTTPBuffer { spares.popLast() ?? HTTPBuffer() }

    /// Takes a connection's buffer back.
    func giveBack(_ buffer: HTTPBuffer) {
        guard spares.count < 64 else { return }
        buffer.bytes.removeAll(keepingAtMost: 64 << 10)
        spares.append(buffer)
    }
}

/// A buffer that can be handed around.
final class HTTPBuffer {
    var bytes = ByteBuffer(capacity: 1024)
}
