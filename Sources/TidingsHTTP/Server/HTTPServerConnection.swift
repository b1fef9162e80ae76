// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// One connection of a server: cuts what comes in into requests, hands them on, and sends the answers in their order.
///
/// - Concurrency: lives on its server's loop.
final class HTTPServerConnection: ByteStreamHandler {
    /// What the next byte that comes in is part of.
    enum Phase {
        case head, body
        /// Nothing more is read: what comes is dropped.
        case ended
        /// The connection is gone.
        case closed
    }

    /// What becomes of the body that comes in.
    enum BodyUse { case collect(atMost: Int), stream, drop }

    /// What the peer is given a time for.
    enum Wait { case idle, head, body, answer }

    /// What changes with every request, behind one pointer: no access checks on the way of a request.
    struct State: ~Copyable {
        var parser: HTTPParser
        var decoder = HTTPBodyDecoder(.none, limits: HTTPLimits())
        var phase = Phase.head
        var use = BodyUse.drop
        var wait = Wait.head
        var since: Int64
        var bodyReceived = 0
        var match = RouteMatch()
        var closesAfterBody = false
        var bodySequence = UInt64.max
        /// The number the next request gets, and that of the answer that goes out next.
        var nextSequence: UInt64 = 0
        var nextToAnswer: UInt64 = 0
        var isWorking = false
        var isPaused = false
        var isBlocked = false
        var isWorkPosted = false
        var owesContinue = false
        var isFinishing = false
        var peerFinished = false
        var unsentAtSweep = 0
        var stalledSince: Int64 = 0

        init(_ limits: HTTPLimits, now: Int64) {
            parser = HTTPParser(.request, limits: limits)
            since = now
        }

        var inFlight: Int { Int(truncatingIfNeeded: nextSequence &- nextToAnswer) }
    }

    /// An answer that was given before its turn.
    final class Parked {
        let buffer: HTTPBuffer
        var isFinished = false
        var closesAfter = false
        init(_ buffer: HTTPBuffer) { self.buffer = buffer }
    }

    let server: HTTPServer
    let stream: any ByteStream
    let s: UnsafeMutablePointer<State>
    /// The place in the server's list; -1 when it is not there.
    var slot = -1

    /// Bytes that came in and could not be worked on yet.
    var carry: HTTPBuffer?
    /// The head of the request whose body is coming, and what has come of it.
    var headBytes: HTTPBuffer?
    var bodyBytes: HTTPBuffer?
    var reader: HTTPBodyReader?
    /// A responder that no handler kept, for the next request.
    var spare: HTTPResponder?
    var parked: [UInt64: Parked] = [:]
    var streams: [UInt64: Unmanaged<HTTPResponseStream>] = [:]
    var watchers: [UInt64: Unmanaged<HTTPResponder>] = [:]

    init(_ server: HTTPServer, _ stream: any ByteStream) {
        self.server = server
        self.stream = stream
        s = .allocate(capacity: 1)
        s.initialize(to: State(server.settings.limits, now: server.clock))
    }

    deinit {
        s.deinitialize(count: 1)
        s.deallocate()
    }

    /// Whether the connection is gone.
    var isClosed: Bool { s.pointee.phase == .closed }

    /// Gives back what a closed connection needs no more.
    func forgetAll() {
        spare = nil
        for buffer in [carry, headBytes] {
            if let buffer { server.giveBack(buffer) }
        }
        carry = nil
        headBytes = nil
        forgetBody()
    }

    // MARK: - Bytes in

    func streamDidReceive(_ bytes: UnsafeRawBufferPointer) {
        switch s.pointee.phase {
        case .ended, .closed: return
        default: break
        }
        if let carry {
            carry.bytes.append(bytes)
            if !s.pointee.isWorking { workOnCarry() }
            return
        }
        if s.pointee.isWorking { return keep(bytes) }
        s.pointee.isWorking = true
        let used = work(bytes)
        if used < bytes.count { keep(bytes.part(used..<bytes.count)) }
        s.pointee.isWorking = false
        if s.pointee.phase == .closed { forgetAll() }
    }

    private func keep(_ bytes: UnsafeRawBufferPointer) {
        guard s.pointee.phase != .ended, s.pointee.phase != .closed else { return }
        let buffer = carry ?? server.takeBuffer()
        buffer.bytes.append(bytes)
        carry = buffer
    }

    /// Works on what had to wait, as far as it goes.
    func workOnCarry() {
        guard !s.pointee.isWorking, s.pointee.phase != .closed else { return }
        s.pointee.isWorking = true
        s.pointee.isBlocked = false
        if let carry {
            let used = work(carry.bytes.bytes)
            carry.bytes.removeFirst(min(used, carry.bytes.count))
            if carry.bytes.isEmpty || s.pointee.phase == .ended || s.pointee.phase == .closed {
                self.carry = nil
                server.giveBack(carry)
            }
        }
        s.pointee.isWorking = false
        if s.pointee.phase == .closed { return forgetAll() }
        if s.pointee.isPaused, !s.pointee.isBlocked {
            s.pointee.isPaused = false
            // The time that the server itself held the peer back does not count.
            if s.pointee.wait == .head { wait(.head) }
            stream.resumeReading()
        }
    }

    /// Works on what had to wait soon, when nothing else is being worked on.
    func postWork() {
        guard !s.pointee.isWorkPosted else { return }
        s.pointee.isWorkPosted = true
        let work = Posted(connection: self)
        server.loop.post {
            work.connection.s.pointee.isWorkPosted = false
            work.connection.workOnCarry()
        }
    }

    private struct Posted: @unchecked Sendable { let connection: HTTPServerConnection }

    /// Stops reading until ``workOnCarry()`` finds the way free.
    private func block() {
        s.pointee.isBlocked = true
        guard !s.pointee.isPaused else { return }
        s.pointee.isPaused = true
        stream.pauseReading()
    }

    /// Cuts messages out of `bytes`; returns how many bytes are done with.
    private func work(_ bytes: UnsafeRawBufferPointer) -> Int {
        let settings = server.settings
        var at = 0
        while true {
            switch s.pointee.phase {
            case .head:
                guard at < bytes.count else { return at }
                guard s.pointee.inFlight < settings.inFlight, !stream.isFull else {
                    block()
                    return at
                }
                let rest = bytes.part(at..<bytes.count)
                switch s.pointee.parser.parse(rest) {
                case .needsMore:
                    if s.pointee.wait != .head { wait(.head) }
                    return at
                case .failed(let error):
                    refuseMessage(error.problem)
                    return bytes.count
                case .complete(let headCount):
                    at += beginMessage(rest, headCount)
                }
            case .body:
                if case .stream = s.pointee.use, reader?.isPaused != false {
                    block()
                    return at
                }
                guard at < bytes.count else { return at }
                at += feedBody(bytes.part(at..<bytes.count))
            case .ended, .closed: return bytes.count
            }
        }
    }
}
