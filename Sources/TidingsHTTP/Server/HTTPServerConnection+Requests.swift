// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

extension HTTPServerConnection {
    // MARK: - A message

    /// A head has come: routes it; returns how many bytes are done with.
    func beginMessage(_ rest: UnsafeRawBufferPointer, _ headCount: Int) -> Int {
        let base = rest.baseAddress!
        let framing = s.pointee.parser.framing()
        let match: RouteMatch
        let plan: HTTPBodyPlan
        do throws(Problem) {
            if s.pointee.parser.method == .other {
                throw Problem(.notImplemented, "The method is not one that this server knows.")
            }
            (match, plan) = try server.handler.begin(request(base, RouteMatch(), HTTPServerConnection.nothing))
        } catch {
            refuse(error, base, framing)
            return headCount
        }
        switch (framing, plan) {
        case (.none, .collect):
            dispatch(base, match, HTTPServerConnection.nothing)
            messageEnded()
            return headCount
        case (.length(let length), .collect(let most)):
            guard length <= most else {
                refuse(Self.tooLarge(most), base, framing)
                return headCount
            }
            guard rest.count - headCount < length else {
                dispatch(base, match, rest.part(headCount..<(headCount + length)))
                messageEnded()
                return headCount + length
            }
        default: break
        }
        beginBody(rest.part(0..<headCount), framing, match, plan, isComing: rest.count > headCount)
        return headCount
    }

    /// The head stays, since the body has not come whole yet.
    private func beginBody(
        _ head: UnsafeRawBufferPointer, _ framing: HTTPBodyFraming, _ match: RouteMatch, _ plan: HTTPBodyPlan,
        isComing: Bool
    ) {
        let kept = server.takeBuffer()
        kept.bytes.append(head)
        headBytes = kept
        s.pointee.match = match
        s.pointee.decoder = HTTPBodyDecoder(framing, limits: server.settings.limits)
        s.pointee.phase = .body
        s.pointee.closesAfterBody = !s.pointee.parser.keepsAlive
        s.pointee.bodyReceived = 0
        wait(.body)
        if s.pointee.parser.expectsContinue, !isComing { sayContinue() }
        switch plan {
        case .collect(let most):
            s.pointee.use = .collect(atMost: most)
            bodyBytes = server.takeBuffer()
        case .stream:
            s.pointee.use = .stream
            s.pointee.bodySequence = s.pointee.nextSequence
            let reader = HTTPBodyReader(self)
            self.reader = reader
            dispatch(kept.bytes.bytes.baseAddress!, match, HTTPServerConnection.nothing, reader)
            if framing == .none, s.pointee.phase == .body { bodyEnded() }
        }
    }

    /// Takes the next bytes of a body; returns how many are done with.
    func feedBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        let piece: HTTPBodyDecoder.Piece
        do throws(HTTPParseError) {
            piece = try s.pointee.decoder.decode(bytes)
        } catch {
            breakBody(error.problem)
            return bytes.count
        }
        s.pointee.bodyReceived += piece.consumed
        if !piece.data.isEmpty {
            let data = bytes.part(piece.data)
            switch s.pointee.use {
            case .collect(let most):
                guard let bodyBytes, bodyBytes.bytes.count + data.count <= most else {
                    breakBody(Self.tooLarge(most))
                    return bytes.count
                }
                guard server.collectedBytes + data.count <= server.settings.collectedBodies else {
                    breakBody(Self.tooManyBodies)
                    return bytes.count
                }
                server.collectedBytes += data.count
                bodyBytes.bytes.append(data)
            case .stream:
                if reader?.deliver(data) == false {
                    s.pointee.phase = .ended
                    reader?.end(.failure(.tooLarge))
                    reader = nil
                    return bytes.count
                }
            case .drop: break
            }
        }
        if piece.isEnd, s.pointee.phase == .body { bodyEnded() }
        return piece.consumed
    }

    private func bodyEnded() {
        switch s.pointee.use {
        case .collect:
            if let headBytes, let bodyBytes {
                dispatch(headBytes.bytes.bytes.baseAddress!, s.pointee.match, bodyBytes.bytes.bytes)
            }
        case .stream:
            let reader = self.reader
            self.reader = nil
            s.pointee.bodySequence = .max
            reader?.end(.success(()))
        case .drop: break
        }
        releaseBody()
        messageEnded()
    }

    private func releaseBody() {
        s.pointee.bodySequence = .max
        if let headBytes { server.giveBack(headBytes) }
        headBytes = nil
        forgetBody()
    }

    /// Gives back what was collected of a body.
    func forgetBody() {
        guard let bodyBytes else { return }
        server.collectedBytes -= bodyBytes.bytes.count
        server.giveBack(bodyBytes)
        self.bodyBytes = nil
    }

    /// The body cannot be read to its end.
    func breakBody(_ problem: Problem) {
        switch s.pointee.use {
        case .collect:
            releaseBody()
            refuseMessage(problem)
        case .stream:
            s.pointee.phase = .ended
            let reader = self.reader
            self.reader = nil
            reader?.end(.failure(.brokenOff))
        case .drop:
            releaseBody()
            s.pointee.phase = .ended
            endIfAnswered()
        }
    }

    /// All bytes of a request have come.
    private func messageEnded() {
        guard s.pointee.phase != .ended, s.pointee.phase != .closed else { return }
        let goesOn = s.pointee.parser.keepsAlive && !server.isStopping
        s.pointee.parser.reset()
        s.pointee.phase = goesOn ? .head : .ended
        if goesOn {
            wait(s.pointee.inFlight == 0 ? .idle : .answer)
        } else {
            wait(.answer)
            endIfAnswered()
        }
    }

    private func request(
        _ base: UnsafeRawPointer, _ match: RouteMatch, _ body: UnsafeRawBufferPointer
    ) -> HTTPRequest {
        HTTPRequest(
            s.pointee.parser, at: base, body: body, match: match, isOnLoopback: server.settings.isOnLoopback)
    }

    private func dispatch(
        _ base: UnsafeRawPointer, _ match: RouteMatch, _ body: UnsafeRawBufferPointer, _ reader: HTTPBodyReader? = nil
    ) {
        let exchange = exchange(base, route: match.route)
        hand(base, match, body, reader, exchange)
        // A responder that the handler did not keep serves the next request as well.
        if isKnownUniquelyReferenced(&spare) {
            if spare?.isAnswered == false { answerDropped(exchange) }
            spare?.rest()
        } else {
            spare = nil
        }
    }

    @inline(never)
    private func hand(
        _ base: UnsafeRawPointer, _ match: RouteMatch, _ body: UnsafeRawBufferPointer, _ reader: HTTPBodyReader?,
        _ exchange: HTTPExchange
    ) {
        let responder = spare ?? HTTPResponder(self)
        spare = responder
        responder.begin(exchange, reader)
        server.handler.handle(request(base, match, body), responder)
    }

    /// Gives the request at hand its number, and notes what its answer must know.
    private func exchange(_ base: UnsafeRawPointer?, route: Int) -> HTTPExchange {
        let settings = server.settings
        var exchange = HTTPExchange(sequence: s.pointee.nextSequence, route: route)
        s.pointee.nextSequence &+= 1
        guard let base else {
            exchange.closesAfter = true
            if settings.requestIDs { exchange.idNumber = server.nextID() }
            return exchange
        }
        exchange.method = s.pointee.parser.method
        exchange.minorVersion = s.pointee.parser.minorVersion
        exchange.closesAfter = !s.pointee.parser.keepsAlive
        if settings.reports { exchange.startedAt = server.loop.time.now.nanos }
        let remembersPath = settings.remembersPaths && server.logger.wants(.info)
        if settings.requestIDs || remembersPath {
            let request = request(base, RouteMatch(), HTTPServerConnection.nothing)
            if remembersPath { exchange.path = request.path.text }
            if settings.requestIDs {
                exchange.givenID = request.saneID
                if exchange.givenID == nil { exchange.idNumber = server.nextID() }
            }
        }
        return exchange
    }

    // MARK: - Refusals

    /// Refuses a request whose head is fine; keeps the connection if its body is small enough to be dropped.
    private func refuse(_ problem: Problem, _ base: UnsafeRawPointer, _ framing: HTTPBodyFraming) {
        var exchange = exchange(base, route: -1)
        switch framing {
        case .none: break
        case .length(let length) where length <= server.settings.droppedBody && !s.pointee.parser.expectsContinue:
            break
        default: exchange.closesAfter = true
        }
        if exchange.closesAfter {
            s.pointee.phase = .ended
            answer(exchange, problem)
        } else if framing == .none {
            answer(exchange, problem)
            messageEnded()
        } else {
            s.pointee.decoder = HTTPBodyDecoder(framing, limits: server.settings.limits)
            s.pointee.use = .drop
            s.pointee.bodyReceived = 0
            s.pointee.phase = .body
            wait(.body)
            answer(exchange, problem)
        }
    }

    /// Refuses what cannot be read any further, and ends the connection after the answer.
    func refuseMessage(_ problem: Problem) {
        let exchange = exchange(nil, route: -1)
        s.pointee.phase = .ended
        answer(exchange, problem)
    }

    /// A head or body did not come in time.
    func refuseLate(_ problem: Problem) {
        if s.pointee.phase == .body { breakBody(problem) } else { refuseMessage(problem) }
    }

    private static var tooManyBodies: Problem {
        Problem(
            .tooManyRequests, "The bodies that are being received take all the memory there is for them.",
            retryAfter: .seconds(1))
    }

    private static func tooLarge(_ most: Int) -> Problem {
        Problem(.tooLarge, "The body is larger than the \(most) bytes allowed here.")
    }

    static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Begins another kind of waiting.
    func wait(_ wait: Wait) {
        s.pointee.wait = wait
        s.pointee.since = server.clock
    }

    /// The peer waits for leave to send its body: gives it when earlier requests are answered.
    private func sayContinue() {
        guard s.pointee.nextToAnswer == s.pointee.nextSequence else {
            s.pointee.owesContinue = true
            return
        }
        stream.withOutput { $0.append("HTTP/1.1 100 Continue\r\n\r\n") }
    }
}
