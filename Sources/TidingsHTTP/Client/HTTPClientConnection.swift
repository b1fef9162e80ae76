// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// One connection of a client: carries one call at a time.
///
/// - Concurrency: lives on its client's loop.
final class HTTPClientConnection: ByteStreamHandler {
    private enum Phase { case head, body }

    private struct State: ~Copyable {
        var parser: HTTPParser
        var decoder = HTTPBodyDecoder(.none, limits: HTTPLimits())
        var phase = Phase.head
        var interim = 0
        var bodyCount = 0
        var keepsAlive = false

        init(_ limits: HTTPLimits) { parser = HTTPParser(.response, limits: limits) }
    }

    private let origin: HTTPOrigin
    private let stream: any ByteStream
    private let s: UnsafeMutablePointer<State>
    private var call: HTTPClientCall?
    private var carry: HTTPBuffer?
    private var status: HTTPStatus = 200
    private var fields = HTTPFields()
    private var body: [UInt8] = []
    private var restLimit: Duration?
    private var isGone = false
    private var isResting = false
    /// Until when it may rest, in nanoseconds.
    private(set) var restsUntil = Int64.max

    init(_ origin: HTTPOrigin, _ stream: any ByteStream) {
        self.origin = origin
        self.stream = stream
        s = .allocate(capacity: 1)
        s.initialize(to: State(origin.client.settings.limits))
        stream.handler = self
        stream.resumeReading()
    }

    deinit {
        s.deinitialize(count: 1)
        s.deallocate()
    }

    /// Whether a request may be sent on it.
    var isUsable: Bool { !isGone && stream.isOpen }

    // MARK: - Requests out

    /// Sends a request; false when the connection turned out to be dead and nothing of it was sent.
    func send(_ request: HTTPRequestBytes, for call: HTTPClientCall) -> Bool {
        begin(call)
        let isLarge = request.body.count >= Self.largeBody
        stream.withOutput { out in
            request.appendHead(to: &out)
            if !isLarge { out.append(request.body) }
        }
        return sent(call, isLarge ? request.body : UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Sends a request that was written before.
    func send(_ request: UnsafeRawBufferPointer, for call: HTTPClientCall) -> Bool {
        begin(call)
        let first = min(request.count, Self.largeBody)
        stream.write(request.part(0..<first))
        return sent(call, request.part(first..<request.count))
    }

    private static let largeBody = 16 << 10

    private func begin(_ call: HTTPClientCall) {
        isResting = false
        self.call = call
        s.pointee.parser.reset()
        s.pointee.phase = .head
        s.pointee.interim = 0
        s.pointee.bodyCount = 0
    }

    private func sent(_ call: HTTPClientCall, _ rest: UnsafeRawBufferPointer) -> Bool {
        // At once: a connection that is dead shows it now, while the request can still go another way. A first piece
        // this small is taken whole or not at all.
        stream.flush()
        guard stream.isOpen else {
            self.call = nil
            return false
        }
        // It may break on the rest; then the answer, or the end, is read all the same.
        if !rest.isEmpty { stream.write(rest) }
        call.wasSent(on: self)
        return true
    }

    /// Its call has ended without an answer.
    func abandon() {
        call = nil
        stream.abort()
    }

    /// Ends it.
    func close() {
        call = nil
        stream.close()
    }

    /// Rests until the next request.
    func rest(for limit: Duration?) {
        guard isUsable else { return }
        let client = origin.client
        restsUntil = HTTPClient.moment(
            client.loop.now.nanos, min(limit ?? client.settings.idleTime, client.settings.idleTime))
        isResting = true
        origin.keep(self)
        client.watch(restsUntil)
    }

    // MARK: - Answers in

    func streamDidReceive(_ bytes: UnsafeRawBufferPointer) {
        guard call != nil else {
            // Nobody asked: whatever it is, it must not become the next answer.
            return stream.abort()
        }
        if let carry {
            carry.bytes.append(bytes)
            let used = work(carry.bytes.bytes)
            if self.carry != nil { carry.bytes.removeFirst(min(used, carry.bytes.count)) }
            if carry.bytes.isEmpty { releaseCarry() }
        } else {
            let used = work(bytes)
            if used < bytes.count, call != nil {
                let buffer = origin.client.takeBuffer()
                buffer.bytes.append(bytes.part(used..<bytes.count))
                carry = buffer
            }
        }
    }

    private func releaseCarry() {
        guard let carry else { return }
        self.carry = nil
        origin.client.giveBack(carry)
    }

    /// Works on bytes of an answer; returns how many are done with.
    private func work(_ bytes: UnsafeRawBufferPointer) -> Int {
        var at = 0
        while let call {
            let rest = bytes.part(at..<bytes.count)
            if s.pointee.phase == .head {
                switch s.pointee.parser.parse(rest) {
                case .needsMore: return at
                case .failed(let error):
                    call.fail(bad(error.sentence))
                    return bytes.count
                case .complete(let count):
                    at += count
                    if !headCame(rest, call) { return bytes.count }
                    if s.pointee.phase == .body, s.pointee.decoder.isDone {
                        answered(call, leftOver: bytes.count - at)
                        return bytes.count
                    }
                }
            } else {
                if rest.isEmpty { return at }
                let piece: HTTPBodyDecoder.Piece
                do throws(HTTPParseError) {
                    piece = try s.pointee.decoder.decode(rest)
                } catch {
                    call.fail(bad(error.sentence))
                    return bytes.count
                }
                at += piece.consumed
                if !piece.data.isEmpty, !take(rest.part(piece.data), call) { return bytes.count }
                if piece.isEnd {
                    answered(call, leftOver: bytes.count - at)
                    return bytes.count
                }
            }
        }
        return bytes.count
    }

    /// A head has come; false when the call is over.
    private func headCame(_ bytes: UnsafeRawBufferPointer, _ call: HTTPClientCall) -> Bool {
        let code = s.pointee.parser.status
        if code < 200 {
            s.pointee.interim += 1
            guard code != 101, s.pointee.interim <= origin.client.settings.interim else {
                call.fail(bad(code == 101 ? "it switches protocols unasked" : "too many interim answers"))
                return false
            }
            s.pointee.parser.reset()
            return true
        }
        status = HTTPStatus(code)
        fields = HTTPFields(s.pointee.parser, at: bytes.baseAddress!)
        restLimit = s.pointee.parser.keepAliveLimit(at: bytes.baseAddress!)
        let framing = s.pointee.parser.framing(answeringHead: call.method == .head)
        s.pointee.keepsAlive = s.pointee.parser.keepsAlive && framing != .untilClose
        if code == 204, s.pointee.parser.isChunked || (s.pointee.parser.contentLength ?? 0) > 0 {
            s.pointee.keepsAlive = false
        }
        s.pointee.decoder = HTTPBodyDecoder(framing, limits: origin.client.settings.limits)
        s.pointee.phase = .body
        call.headCame(status, fields)
        return self.call === call
    }

    /// Takes a part of the body; false when the call is over.
    private func take(_ data: UnsafeRawBufferPointer, _ call: HTTPClientCall) -> Bool {
        s.pointee.bodyCount += data.count
        if let sink = call.sink {
            sink.onBytes(data)
            return self.call === call
        }
        let settings = origin.client.settings
        let room = settings.keptBody - body.count
        if room > 0 { body.append(contentsOf: data.prefix(room)) }
        guard s.pointee.bodyCount <= settings.readBody else {
            finish(call, isCutShort: true)
            return false
        }
        return true
    }

    /// The answer is whole.
    private func answered(_ call: HTTPClientCall, leftOver: Int) {
        if leftOver > 0 { s.pointee.keepsAlive = false }
        finish(call, isCutShort: false)
    }

    private func finish(_ call: HTTPClientCall, isCutShort: Bool) {
        let response = HTTPClientResponse(
            status: status, fields: fields, body: body, bodyCount: s.pointee.bodyCount, isCutShort: isCutShort)
        body = []
        fields = HTTPFields()
        self.call = nil
        releaseCarry()
        if isCutShort {
            stream.abort()
        } else if s.pointee.keepsAlive, stream.bufferedByteCount == 0, isUsable {
            origin.release(self, restingFor: restLimit)
        } else {
            // Also after an early answer, while a part of the request is still here.
            stream.close()
        }
        call.succeed(response)
    }

    private func bad(_ sentence: String) -> HTTPClientError {
        HTTPClientError(
            .badAnswer, "\(origin.authority) answered with something that is not HTTP as it should be: \(sentence)")
    }

    // MARK: - The end

    func streamDidEnd() {
        guard let call else { return stream.close() }
        if s.pointee.phase == .body, s.pointee.decoder.endsAtClose {
            s.pointee.keepsAlive = false
            finish(call, isCutShort: false)
        } else {
            call.fail(HTTPClientError(.broken, "\(origin.authority) closed the connection before its answer was whole"))
        }
    }

    func streamDidDrain() {}

    func streamDidClose(_ error: NetworkError?) {
        guard !isGone else { return }
        isGone = true
        releaseCarry()
        if isResting { origin.forgetIdle(self) }
        let call = call
        self.call = nil
        origin.connectionGone()
        call?.fail(
            HTTPClientError(
                error?.code == .stopped ? .stopped : .broken,
                error?.detail ?? "the connection to \(origin.authority) broke"))
    }
}

extension HTTPParser {
    /// What `Keep-Alive: timeout=…` of the head just read allows, less a second for the way; nil when it says nothing.
    func keepAliveLimit(at base: UnsafeRawPointer) -> Duration? {
        for place in 0..<fieldCount where base.bytes(fields[place].name).isEqualIgnoringCase(to: "keep-alive") {
            let text = base.bytes(fields[place].value).text
            guard let range = text.firstRange(of: "timeout=") else { return nil }
            let digits = text[range.upperBound...].prefix { $0.isASCII && $0.isNumber }
            guard let seconds = Int64(digits), seconds < 1_000_000 else { return nil }
            return .milliseconds(max(0, seconds * 1000 - 1000))
        }
        return nil
    }
}
