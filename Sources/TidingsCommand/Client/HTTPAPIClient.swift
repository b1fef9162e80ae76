// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP
import TidingsServer

/// The way to a server over HTTP/1.1, with the server's own parser over a blocking connection: a command does one thing
/// at a time, so it needs no loop, and starts without one.
///
/// - Concurrency: one thread; calls block.
package final class HTTPAPIClient: APIClient {
    /// How long a connection may take to stand.
    static let connectLimit = Duration.seconds(5)
    /// How long the server may say nothing before an answer counts as lost.
    static let answerLimit = Duration.seconds(60)
    /// How large an answer may be.
    static let bodyLimit = 256 << 20

    package let server: String
    private let host: String
    private let port: UInt16
    private let authority: String
    private let prefix: String
    private var kept: BlockingSocket?

    /// Takes a server's address; nothing is connected yet. The path of the address, if any, goes before every path.
    /// - Throws: ``CommandFailure`` with `.usage` for what is no address of a server.
    package init(_ server: String) throws(CommandFailure) {
        let whole = server.contains("://") ? server : "http://" + server
        guard let url = EndpointURL(whole) else {
            throw CommandFailure(
                .usage,
                "\"\(server)\" is no address of a server: it is http://HOST:PORT, as in \(ClientOptions.standardServer)"
            )
        }
        if url.isSecure {
            throw CommandFailure(
                .usage, "\(server): commands speak plain http only, until the server speaks TLS itself")
        }
        self.server = whole
        host = url.host
        port = url.port
        authority = url.authority
        prefix = url.target.hasSuffix("/") ? String(url.target.dropLast()) : url.target
    }

    package func call(_ request: APIRequest) throws(CommandFailure) -> APIAnswer {
        let bytes = wire(request, target: prefix + request.target)
        let isReused = kept?.isQuiet ?? false
        let socket = isReused ? kept! : try connect()
        kept = nil
        var answer = Answer(limit: Self.bodyLimit)
        let wasSent = bytes.bytes.withUnsafe { socket.send($0) }
        let outcome = answer.read(socket, within: Self.answerLimit, stopsAfterHead: false) { _ in true }
        switch outcome {
        case .whole:
            if answer.keepsAlive, wasSent { kept = socket }
            return answer.answer
        case .lost(let reason):
            // A connection kept open may have been closed just now; what is safe to repeat is repeated once.
            if isReused, !answer.hasBegun, request.method == "GET" { return try call(request) }
            throw CommandFailure(.unreachable, "no answer from \(server): \(reason)")
        case .stopped: throw CommandFailure(.failure, "the answer of \(server) is larger than \(Self.bodyLimit) bytes")
        }
    }

    package func stream(
        _ request: APIRequest, _ take: (ServerSentEvent) throws(CommandFailure) -> Bool
    ) throws(CommandFailure) -> (end: StreamEnd, lastID: String) {
        var request = request
        request.headers.append(("accept", "text/event-stream"))
        let lastID = request.headers.first { $0.name == "last-event-id" }?.value ?? ""
        let socket: BlockingSocket
        do throws(CommandFailure) { socket = try connect() } catch { return (.unreached(error.message), lastID) }
        let bytes = wire(request, target: prefix + request.target)
        _ = bytes.bytes.withUnsafe { socket.send($0) }

        var head = Answer(limit: Self.bodyLimit)
        switch head.read(socket, within: Self.answerLimit, stopsAfterHead: true, { _ in true }) {
        case .lost(let reason): return (.unreached("no answer from \(server): \(reason)"), lastID)
        case .whole, .stopped: break
        }
        if head.status != 200 {
            _ = head.read(socket, within: Self.answerLimit, stopsAfterHead: false) { _ in true }
            throw head.answer.failure
        }
        var reader = ServerSentEventReader(lastID: lastID)
        var failure: CommandFailure?
        let outcome = head.read(socket, within: nil, stopsAfterHead: false) { piece in
            do throws(CommandFailure) {
                return try reader.read(piece, take)
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        switch outcome {
        case .whole: return (.complete, reader.lastID)
        case .stopped: return (.enough, reader.lastID)
        case .lost(let reason): return (.lost("the connection to \(server) is lost: \(reason)"), reader.lastID)
        }
    }

    private func connect() throws(CommandFailure) -> BlockingSocket {
        try BlockingSocket(host: host, port: port, within: Self.connectLimit)
    }

    /// The bytes of a request.
    private func wire(_ request: APIRequest, target: String) -> Wire {
        let wire = Wire()
        var head = "\(request.method) \(target.isEmpty ? "/" : target) HTTP/1.1\r\nHost: \(authority)\r\n"
        head += "User-Agent: tidings/\(TidingsVersion.text)\r\n"
        for (name, value) in request.headers { head += "\(name): \(value)\r\n" }
        if let body = request.body {
            head += "Content-Type: \(body.type)\r\nContent-Length: \(body.bytes.count)\r\n"
        } else if request.method != "GET" {
            head += "Content-Length: 0\r\n"
        }
        wire.bytes.append(head + "\r\n")
        if let body = request.body { wire.bytes.append(body.bytes) }
        return wire
    }
}

/// Bytes on their way out.
private final class Wire {
    var bytes = ByteBuffer(capacity: 1024)
}

extension ByteBuffer {
    fileprivate func withUnsafe<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { body(bytes) }
}

/// One answer while it is read.
private struct Answer: ~Copyable {
    /// What reading ended with.
    enum Outcome {
        case whole
        /// The one who takes the body had enough, only the head was wanted, or the limit was reached.
        case stopped
        case lost(String)
    }

    private var parser = HTTPParser(.response)
    private var decoder: HTTPBodyDecoder?
    private var pending = ByteBuffer(capacity: 1 << 16)
    private var body: [UInt8] = []
    private let limit: Int
    private(set) var status = 0
    private(set) var keepsAlive = false
    private var retryAfter: Duration?
    private var etag: String?

    init(limit: Int) { self.limit = limit }

    var hasBegun: Bool { parser.hasBegun }
    var answer: APIAnswer { APIAnswer(status: status, retryAfter: retryAfter, etag: etag, body: body) }

    /// Reads on. Parts of the body of a 200 go to `take`, and are kept as well unless `within` is nil (a stream).
    mutating func read(
        _ socket: BlockingSocket, within wait: Duration?, stopsAfterHead: Bool,
        _ take: (UnsafeRawBufferPointer) -> Bool
    ) -> Outcome {
        while true {
            switch step(keepsBody: wait != nil, stopsAfterHead: stopsAfterHead, take) {
            case .done(let outcome): return outcome
            case .needsMore: break
            }
            switch socket.receive(into: &pending, within: wait) {
            case .bytes: continue
            case .timeOut: return .lost("nothing came for \(DurationText.format(wait ?? .zero))")
            case .lost(let reason): return .lost(reason)
            case .end:
                if decoder?.endsAtClose == true { return .whole }
                return .lost("the connection was closed")
            }
        }
    }

    private enum Step {
        case done(Outcome)
        case needsMore
    }

    private mutating func step(
        keepsBody: Bool, stopsAfterHead: Bool, _ take: (UnsafeRawBufferPointer) -> Bool
    ) -> Step {
        while decoder == nil {
            switch parser.parse(pending.bytes) {
            case .needsMore: return .needsMore
            case .failed(let error): return .done(.lost("it does not speak HTTP: \(error.sentence)"))
            case .complete(let count):
                readHead()
                // An interim answer (100 Continue, 103) is followed by the real one.
                if (100..<200).contains(parser.status) { parser.reset() }
                pending.removeFirst(count)
            }
        }
        if stopsAfterHead { return .done(.stopped) }
        while decoder?.isDone == false, !pending.isEmpty {
            let piece: HTTPBodyDecoder.Piece
            do throws(HTTPParseError) {
                piece = try decoder!.decode(pending.bytes)
            } catch {
                return .done(.lost("it does not speak HTTP: \(error.sentence)"))
            }
            let data = UnsafeRawBufferPointer(rebasing: pending.bytes[piece.data])
            if !data.isEmpty {
                if keepsBody {
                    if body.count + data.count > limit { return .done(.stopped) }
                    body += data
                }
                if !take(data) { return .done(.stopped) }
            }
            pending.removeFirst(piece.consumed)
        }
        return decoder?.isDone == true ? .done(.whole) : .needsMore
    }

    private mutating func readHead() {
        guard parser.status >= 200, let base = pending.bytes.baseAddress else { return }
        status = parser.status
        keepsAlive = parser.keepsAlive
        retryAfter = parser.value(of: "retry-after", at: base).flatMap { Int64($0) }.map { .seconds(min($0, 86_400)) }
        etag = parser.value(of: "etag", at: base)
        decoder = HTTPBodyDecoder(parser.framing(), limits: HTTPLimits())
    }
}
