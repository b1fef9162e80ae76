// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import COpenSSL
import TidingsCore

/// A TLS connection to a server over a ``TCPConnection``, whose interface it shares.
///
/// The server's certificate must lead to an authority of the context and name the host. An end without TLS's own word
/// for it (close_notify) is an error: what came before may be cut off.
///
/// - Concurrency: lives on `loop`; everything is called there.
package final class TLSConnection: ByteStream, @unchecked Sendable {
    private enum State {
        /// Until both sides agree; leads to `open` or `closed`.
        case handshake
        /// Bytes go both ways.
        case open
        case closed
    }

    package let loop: EventLoop
    package var handler: (any ByteStreamHandler)?
    /// The host whose certificate was asked for.
    package let host: String
    private let tcp: TCPConnection
    private let context: TLSClientContext
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private var state = State.handshake
    private var readEnded = false
    private var paused = true
    private var endSent = false
    /// What was written and not yet encrypted.
    private var plain: UnsafeMutablePointer<ByteBuffer>?
    private var then: ((Result<TLSConnection, NetworkError>) -> Void)?
    private var timer: LoopTimer?

    /// Begins the handshake over a connection that nobody has used or given a handler yet.
    /// - Parameters:
    ///   - host: the name or address that the certificate must name; a name is also sent (SNI).
    ///   - timeLimit: how long the handshake may take.
    ///   - then: told once, on the loop and never before this returns, unless ``abort()`` came first. The connection is
    ///     paused. Errors: ``NetworkError/Code/certificate`` with the reason, ``NetworkError/Code/handshake``,
    ///     ``NetworkError/Code/timedOut``, or what broke the TCP connection.
    @discardableResult
    package static func connect(
        over tcp: TCPConnection, context: TLSClientContext, host: String, timeLimit: Duration,
        then: @escaping (Result<TLSConnection, NetworkError>) -> Void
    ) -> TLSConnection {
        let connection = TLSConnection(tcp, context, host, then)
        connection.begin(timeLimit)
        return connection
    }

    private init(
        _ tcp: TCPConnection, _ context: TLSClientContext, _ host: String,
        _ then: @escaping (Result<TLSConnection, NetworkError>) -> Void
    ) {
        self.tcp = tcp
        self.context = context
        self.host = host.hasSuffix(".") ? String(host.dropLast()) : host
        self.then = then
        loop = tcp.loop
        guard let session = SSL_new(context.context), let incoming = BIO_new(BIO_s_mem()),
            let outgoing = BIO_new(BIO_s_mem())
        else { preconditionFailure("no memory for a TLS connection") }
        self.session = session
        self.incoming = incoming
        self.outgoing = outgoing
        tidings_bio_set_retry(incoming)
        tidings_bio_set_retry(outgoing)
        // The session owns both from here on.
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
    }

    deinit {
        SSL_free(session)
        if let plain {
            plain.deinitialize(count: 1)
            plain.deallocate()
        }
    }

    private func begin(_ timeLimit: Duration) {
        tcp.handler = self
        tcp.filter = self
        timer = loop.schedule(after: timeLimit) { [self] in
            timer = nil
            fail(NetworkError(.timedOut, "\(host) did not finish the TLS handshake within \(timeLimit)"))
        }
        let isNamed: Bool
        if SocketAddress(ip: host, port: 0) != nil {
            isNamed = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        } else {
            SSL_set_hostflags(session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            isNamed = SSL_set1_host(session, host) == 1 && tidings_ssl_set_host_name(session, host) == 1
        }
        guard isNamed else {
            // Its failure is told in a turn of its own, since the connection closes in one.
            fail(NetworkError(.handshake, "\(host) cannot be the name of a TLS server"))
            return
        }
        tcp.resumeReading()
        shakeHands()
    }

    /// The protocol agreed on by ALPN; nil when none was.
    package var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    // MARK: The stream

    package var remoteAddress: SocketAddress { tcp.remoteAddress }
    package var localAddress: SocketAddress? { tcp.localAddress }
    package var bufferedByteCount: Int { (plain?.pointee.count ?? 0) + tcp.bufferedByteCount }
    package var isFull: Bool { tcp.isFull || (plain?.pointee.count ?? 0) > tcp.settings.outputHighWater }
    package var isOpen: Bool { state == .open && tcp.isOpen }
    package var isPaused: Bool { paused }

    package func resumeReading() {
        guard isOpen, paused, !readEnded else { return }
        paused = false
        tcp.resumeReading()
        // Bytes may have come in while the reader did not want them.
        loop.post { self.readDecrypted() }
    }

    package func pauseReading() {
        guard !paused else { return }
        paused = true
        tcp.pauseReading()
    }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        withOutput { $0.append(bytes) }
    }

    package func withOutput(_ body: (inout ByteBuffer) -> Void) {
        guard isOpen, !endSent else { return }
        let buffer = plain ?? loop.takeOutputBuffer()
        plain = buffer
        body(&buffer.pointee)
        if bufferedByteCount > tcp.settings.outputLimit {
            fail(NetworkError(.outputOverflow, "more waits for \(host) than \(tcp.settings.outputLimit) bytes"))
        } else {
            loop.noteDirty(tcp.memory)
        }
    }

    package func flush() { tcp.flush() }

    package func endWriting() {
        guard isOpen, !endSent else { return }
        sendEnd()
        tcp.endWriting()
    }

    package func close() {
        guard state != .closed else { return }
        if state == .handshake { return abort() }
        tcp.close()
    }

    package func abort() {
        then = nil
        tcp.abort()
    }
}

// MARK: Handshake and reading

extension TLSConnection: ByteStreamHandler {
    package func streamDidReceive(_ bytes: UnsafeRawBufferPointer) {
        var at = 0
        while at < bytes.count {
            let count = BIO_write(incoming, bytes.baseAddress! + at, Int32(clamping: bytes.count - at))
            guard count > 0 else {
                fail(NetworkError(.tls, "no memory for what \(host) sent"))
                return
            }
            at += Int(count)
        }
        if state == .handshake { shakeHands() }
        if state == .open { readDecrypted() }
    }

    private func shakeHands() {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        let problem = result == 1 ? 0 : SSL_get_error(session, result)
        moveOutgoing()
        if result == 1 {
            state = .open
            if let timer { loop.cancel(timer) }
            timer = nil
            tcp.pauseReading()
            let then = then
            self.then = nil
            then?(.success(self))
        } else if problem != SSL_ERROR_WANT_READ, problem != SSL_ERROR_WANT_WRITE {
            fail(handshakeError())
        }
    }

    private func handshakeError() -> NetworkError {
        let verdict = SSL_get_verify_result(session)
        let reason = TLSErrors.takeFirst()
        if verdict != X509_V_OK {
            let words = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? reason
            return NetworkError(.certificate, "the certificate of \(host) is not accepted: \(words)")
        }
        return NetworkError(.handshake, "no TLS connection to \(host): \(reason)")
    }

    /// Hands on what can be decrypted, while the reader wants it.
    private func readDecrypted() {
        // What came in was copied into the session, so the loop's buffer is free for what comes out.
        let room = loop.state.pointee.readBuffer
        while state == .open, !paused, !readEnded {
            ERR_clear_error()
            let count = SSL_read(session, room.baseAddress, Int32(clamping: room.count))
            if count > 0 {
                handler?.streamDidReceive(UnsafeRawBufferPointer(room).part(0..<Int(count)))
                continue
            }
            switch SSL_get_error(session, count) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
                moveOutgoing()
                return
            case SSL_ERROR_ZERO_RETURN:
                readEnded = true
                if isOpen { handler?.streamDidEnd() }
            default:
                fail(NetworkError(.tls, "the TLS connection to \(host) broke: \(TLSErrors.takeFirst())"))
            }
        }
        moveOutgoing()
    }

    package func streamDidEnd() {
        switch state {
        case .handshake: fail(NetworkError(.handshake, "\(host) ended the connection within the TLS handshake"))
        case .open:
            if !readEnded { fail(NetworkError(.tls, "\(host) ended the TLS connection without saying so")) }
        case .closed: break
        }
    }

    package func streamDidDrain() {
        if state == .open, tcp.isOpen { handler?.streamDidDrain() }
    }

    package func streamDidClose(_ error: NetworkError?) {
        state = .closed
        if let timer { loop.cancel(timer) }
        timer = nil
        if let plain { loop.giveBack(plain) }
        plain = nil
        if let then {
            self.then = nil
            then(.failure(error ?? NetworkError(.handshake, "\(host) ended the connection within the TLS handshake")))
        }
        let handler = handler
        self.handler = nil
        handler?.streamDidClose(error)
    }

    /// Breaks off after telling the peer what OpenSSL wants to tell it.
    private func fail(_ error: NetworkError) {
        guard state != .closed else { return }
        moveOutgoing()
        tcp.flush()
        tcp.breakOff(error)
    }
}

// MARK: Writing

extension TLSConnection: OutputFilter {
    func flushFilter() {
        guard state == .open, let buffer = plain else { return }
        plain = nil
        var bytes = UnsafeRawBufferPointer(buffer.pointee.bytes)
        while bytes.count > 0 {
            ERR_clear_error()
            let count = SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
            guard count > 0 else {
                loop.giveBack(buffer)
                tcp.breakOff(
                    NetworkError(.tls, "cannot write to \(host) by TLS: \(TLSErrors.takeFirst())"))
                return
            }
            bytes = bytes.part(Int(count)..<bytes.count)
            moveOutgoing()
        }
        loop.giveBack(buffer)
    }

    func willClose() {
        if state == .open, !endSent { sendEnd() }
    }

    /// Encrypts what waits, and behind it the word that nothing more comes.
    private func sendEnd() {
        flushFilter()
        endSent = true
        ERR_clear_error()
        SSL_shutdown(session)
        moveOutgoing()
    }

    /// Moves what OpenSSL wants sent to the TCP connection.
    private func moveOutgoing() {
        var base: UnsafeMutablePointer<CChar>?
        let count = tidings_bio_bytes(outgoing, &base)
        guard count > 0, let base else { return }
        tcp.appendRaw { $0.append(UnsafeRawBufferPointer(start: base, count: count)) }
        _ = tidings_bio_reset(outgoing)
    }
}
