// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

extension HTTPServerConnection {
    // MARK: - Answers out

    /// Lets `write` append to the place where the bytes of an answer belong now: the output, or its own buffer
    /// until its turn has come.
    private func emit(_ sequence: UInt64, _ write: (inout ByteBuffer) -> Void) {
        if sequence == s.pointee.nextToAnswer {
            stream.withOutput(write)
        } else {
            let parked = self.parked[sequence] ?? Parked(server.takeBuffer())
            self.parked[sequence] = parked
            write(&parked.buffer.bytes)
        }
    }

    /// The same for bytes that lie somewhere already: large ones go to the socket without being copied.
    private func emit(_ sequence: UInt64, _ bytes: UnsafeRawBufferPointer) {
        if sequence == s.pointee.nextToAnswer { stream.write(bytes) } else { emit(sequence) { $0.append(bytes) } }
    }

    /// From how many bytes on a body is not copied behind its head.
    private static let largeBody = 16 << 10

    /// Answers a request whole.
    func answer(
        _ exchange: HTTPExchange, _ status: HTTPStatus, _ contentType: String, _ fields: HTTPFields?,
        _ body: UnsafeRawBufferPointer
    ) {
        guard s.pointee.phase != .closed else { return }
        let closes = closes(after: exchange)
        emit(exchange.sequence) { out in
            HTTPAnswerHead(exchange: exchange, status: status, closes: closes).append(
                contentType: contentType, fields: fields, length: body.count, server: server, to: &out)
            if exchange.method != .head, !status.isBodiless, body.count < Self.largeBody { out.append(body) }
        }
        if exchange.method != .head, !status.isBodiless, body.count >= Self.largeBody {
            emit(exchange.sequence, body)
        }
        report(exchange, status, body.count)
        complete(exchange.sequence, closes: closes)
    }

    /// Answers with a refusal.
    func answer(_ exchange: HTTPExchange, _ problem: Problem, _ fields: HTTPFields? = nil) {
        var buffer = server.takeScratch()
        ProblemBody.append(problem, to: &buffer)
        var fields = fields
        if let seconds = ProblemBody.retryAfter(problem) {
            var more = fields ?? HTTPFields()
            more.add("Retry-After", String(seconds))
            fields = more
        }
        answer(exchange, HTTPStatus(problem.code.status), ProblemBody.contentType, fields, buffer.bytes)
        server.giveBack(scratch: buffer)
    }

    /// Answers a request whose responder was dropped.
    func answerDropped(_ exchange: HTTPExchange) {
        guard s.pointee.phase != .closed else { return }
        server.logger.error("a request was dropped without an answer", [("route", String(exchange.route))])
        answer(exchange, Problem(.internalError, "The server did not answer this request."))
    }

    /// Whether the connection ends after this answer.
    private func closes(after exchange: HTTPExchange) -> Bool {
        if exchange.closesAfter { return true }
        // A body that was not read to its end cannot be told from the next request.
        if exchange.sequence == s.pointee.bodySequence { return true }
        return server.isStopping && exchange.sequence &+ 1 == s.pointee.nextSequence
    }

    private func report(_ exchange: HTTPExchange, _ status: HTTPStatus, _ bodyCount: Int) {
        guard server.settings.reports else { return }
        let nanos = exchange.startedAt == 0 ? 0 : server.loop.time.now.nanos - exchange.startedAt
        server.handler.finished(
            HTTPReport(exchange, server, status: status, bodyCount: bodyCount, nanos: max(0, nanos)))
    }

    /// An answer has been written whole: goes on with the next ones that wait for their turn.
    private func complete(_ sequence: UInt64, closes: Bool) {
        guard sequence == s.pointee.nextToAnswer else {
            let parked = self.parked[sequence] ?? Parked(server.takeBuffer())
            parked.isFinished = true
            parked.closesAfter = closes
            self.parked[sequence] = parked
            return
        }
        var closes = closes
        s.pointee.nextToAnswer &+= 1
        while !closes, !parked.isEmpty, let next = parked.removeValue(forKey: s.pointee.nextToAnswer) {
            emit(s.pointee.nextToAnswer, next.buffer.bytes.bytes)
            server.giveBack(next.buffer)
            guard next.isFinished else {
                // A stream: from now on it writes straight out.
                streams[s.pointee.nextToAnswer]?.takeUnretainedValue().drained()
                break
            }
            closes = next.closesAfter
            s.pointee.nextToAnswer &+= 1
        }
        if closes {
            s.pointee.phase = .ended
            return finish()
        }
        if s.pointee.inFlight == 0 { allAnswered() }
        if s.pointee.isPaused { postWork() }
    }

    private func allAnswered() {
        if s.pointee.owesContinue {
            s.pointee.owesContinue = false
            if s.pointee.phase == .body { emit(s.pointee.nextToAnswer) { $0.append("HTTP/1.1 100 Continue\r\n\r\n") } }
        }
        switch s.pointee.phase {
        case .head:
            if server.isStopping || s.pointee.peerFinished {
                if !s.pointee.parser.hasBegun || s.pointee.peerFinished {
                    s.pointee.phase = .ended
                    finish()
                }
            } else if s.pointee.wait == .answer {
                wait(.idle)
            }
        case .ended: finish()
        case .body, .closed: break
        }
    }

    /// Ends a connection that reads no more, when everything has been answered.
    func endIfAnswered() {
        if s.pointee.phase == .ended, s.pointee.inFlight == 0 { finish() }
    }

    /// Sends what is left, says the end, and reads no more.
    func finish() {
        guard s.pointee.phase != .closed, !s.pointee.isFinishing else { return }
        s.pointee.phase = .ended
        s.pointee.isFinishing = true
        endReader()
        releaseCarry()
        stream.close()
    }

    private func endReader() {
        guard let reader else { return }
        self.reader = nil
        reader.end(.failure(.brokenOff))
    }

    private func releaseCarry() {
        if !s.pointee.isWorking, let carry {
            self.carry = nil
            server.giveBack(carry)
        }
    }

    // MARK: - Streams

    func beginStream(
        _ stream: HTTPResponseStream, _ status: HTTPStatus, _ contentType: String, _ fields: HTTPFields?
    ) {
        guard s.pointee.phase != .closed else { return }
        let exchange = stream.exchange
        stream.isOpen = true
        stream.closesAfter = closes(after: exchange) || exchange.minorVersion == 0
        if status.isBodiless { stream.isMute = true }
        streams[exchange.sequence] = Unmanaged.passUnretained(stream)
        emit(exchange.sequence) { out in
            HTTPAnswerHead(exchange: exchange, status: status, closes: stream.closesAfter).append(
                contentType: contentType, fields: fields, length: nil, server: server, to: &out)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, to stream: HTTPResponseStream) {
        guard s.pointee.phase != .closed else { return }
        stream.bodyCount += bytes.count
        guard !stream.isMute else { return }
        emit(stream.exchange.sequence) { out in
            guard stream.isChunked else { return out.append(bytes) }
            out.append(room: 18) { room in Self.chunkLine(bytes.count, room) }
            if bytes.count >= Self.largeBody { return }
            out.append(bytes)
            out.append("\r\n")
        }
        if stream.isChunked, bytes.count >= Self.largeBody {
            emit(stream.exchange.sequence, bytes)
            emit(stream.exchange.sequence) { $0.append("\r\n") }
        }
        if unsent(of: stream) > server.settings.mostUnsent {
            server.logger.warning("a connection takes its answers too slowly and was broken off")
            stream.abort()
        }
    }

    private static func chunkLine(_ count: Int, _ room: UnsafeMutableRawBufferPointer) -> Int {
        var digits = 1
        while digits < 15, count >> (4 * digits) != 0 { digits += 1 }
        for place in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: count >> (4 * (digits - 1 - place)) & 15)
            room[place] = digit < 10 ? 48 + digit : 87 + digit
        }
        room[digits] = 13
        room[digits + 1] = 10
        return digits + 2
    }

    func end(stream: HTTPResponseStream) {
        let exchange = stream.exchange
        streams[exchange.sequence] = nil
        guard s.pointee.phase != .closed else { return }
        if stream.isChunked, !stream.isMute { emit(exchange.sequence) { $0.append("0\r\n\r\n") } }
        report(exchange, stream.status, stream.bodyCount)
        complete(exchange.sequence, closes: stream.closesAfter)
    }

    /// A stream was broken off: what was sent of the answer must not look whole.
    func dropped(stream sequence: UInt64) {
        streams[sequence] = nil
        guard s.pointee.phase != .closed else { return }
        breakOff()
    }

    func unsent(of stream: HTTPResponseStream) -> Int {
        parked[stream.exchange.sequence]?.buffer.bytes.count ?? self.stream.bufferedByteCount
    }

    /// Whether the writer of a stream should wait until it hears of a drain.
    func isFull(for stream: HTTPResponseStream) -> Bool {
        if let parked = parked[stream.exchange.sequence] {
            return parked.buffer.bytes.count >= server.settings.parkedStream
        }
        return self.stream.isFull
    }

    // MARK: - Watching the peer

    func register(_ responder: HTTPResponder) {
        watchers[responder.exchange.sequence] = Unmanaged.passUnretained(responder)
    }

    func unregister(_ sequence: UInt64) { watchers[sequence] = nil }

    /// A reader may be given bytes.
    func bodyWanted() { postWork() }

    func streamDidEnd() {
        s.pointee.peerFinished = true
        switch s.pointee.phase {
        case .closed: return
        case .head, .ended:
            if s.pointee.inFlight == 0, !s.pointee.isPaused { return finish() }
        case .body:
            if !s.pointee.isPaused { return breakOff() }
        }
        // Someone who has said all may still read an answer, but not a stream without end.
        if !streams.isEmpty || !watchers.isEmpty { breakOff() }
    }

    func streamDidDrain() {
        guard s.pointee.phase != .closed else { return }
        streams[s.pointee.nextToAnswer]?.takeUnretainedValue().drained()
        if s.pointee.isPaused { postWork() }
    }

    /// Ends the connection now, so that the peer sees that it was broken off.
    func breakOff() { stream.abort() }

    func streamDidClose(_ error: NetworkError?) {
        guard s.pointee.phase != .closed else { return }
        s.pointee.phase = .closed
        server.forget(self)
        endReader()
        let streams = self.streams.values.map { $0.takeUnretainedValue() }
        self.streams = [:]
        let watchers = self.watchers.values.map { $0.takeUnretainedValue() }
        self.watchers = [:]
        for stream in streams { stream.closed() }
        for watcher in watchers { watcher.peerGone() }
        parked = [:]
        if !s.pointee.isWorking { forgetAll() }
    }

    // MARK: - Time

    /// Told about once a second: ends what takes too long.
    func check(_ now: Int64) {
        let settings = server.settings
        let unsent = stream.bufferedByteCount
        if unsent == 0 || unsent < s.pointee.unsentAtSweep || s.pointee.unsentAtSweep == 0 {
            s.pointee.stalledSince = now
        } else if now - s.pointee.stalledSince >= settings.stallTime.nanos {
            return breakOff()
        }
        s.pointee.unsentAtSweep = unsent
        if s.pointee.isFinishing { return }
        let waited = now - s.pointee.since
        switch s.pointee.wait {
        case .idle:
            if waited >= settings.idleTime.nanos, unsent == 0 { finish() }
        case .head:
            guard waited >= settings.headTime.nanos, !s.pointee.isPaused else { return }
            if s.pointee.parser.hasBegun {
                refuseLate(Problem(.requestTimeout, "The request's headers did not come in time."))
            } else if s.pointee.inFlight == 0 {
                finish()
            }
        case .body:
            guard !s.pointee.isPaused else {
                // The handler holds the body back: that is not the peer's slowness.
                s.pointee.since = now
                s.pointee.bodyReceived = 0
                return
            }
            let over = waited - settings.bodyGrace.nanos
            let due = over > 0 ? Double(over) / 1e9 * Double(settings.bodyRate) : -1
            if Double(s.pointee.bodyReceived) < due || waited >= settings.bodyTime.nanos {
                refuseLate(Problem(.requestTimeout, "The request's body did not come in time."))
            }
        case .answer: break
        }
    }

    /// The server stops: an idle connection ends now, another after what is in flight.
    func stop() {
        for stream in streams.values.map({ $0.takeUnretainedValue() }) { stream.serverStops() }
        guard s.pointee.phase == .head, s.pointee.inFlight == 0, !s.pointee.parser.hasBegun else { return }
        finish()
    }
}
