// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import COpenSSL
import TidingsCore
import TidingsNetwork

@testable import TidingsNetwork

/// A TLS server for tests: OpenSSL over accepted connections; echoes what it reads, and obeys two words.
///
/// `bye` ends the connection in order, `cut` without TLS's word for it.
final class TLSServer: @unchecked Sendable {
    let listener: TCPListener
    private let context: OpaquePointer

    init(_ identity: Certificates.Identity, on loop: EventLoop, speaks: String? = nil, latest: Int32? = nil) throws {
        context = SSL_CTX_new(TLS_server_method())!
        let loaded =
            SSL_CTX_use_certificate_chain_file(context, identity.certificate) == 1
            && SSL_CTX_use_PrivateKey_file(context, identity.key, SSL_FILETYPE_PEM) == 1
        guard loaded else { throw WaitedInVain(description: "no certificate in \(identity)") }
        if let latest { SSL_CTX_ctrl(context, 124 /* SSL_CTRL_SET_MAX_PROTO_VERSION */, Int(latest), nil) }
        if speaks != nil {
            SSL_CTX_set_alpn_select_cb(
                context,
                { _, out, count, offered, _, _ in
                    // Takes the first protocol offered.
                    guard let offered else { return SSL_TLSEXT_ERR_NOACK }
                    out?.pointee = offered + 1
                    count?.pointee = offered[0]
                    return SSL_TLSEXT_ERR_OK
                }, nil)
        }
        let box = ContextBox(context: context)
        listener = try TCPListener(on: .loopback(), loops: [loop]) { connection in
            connection.handler = ServedConnection(connection, box.context)
            connection.resumeReading()
        }
    }

    deinit { SSL_CTX_free(context) }

    private struct ContextBox: @unchecked Sendable {
        let context: OpaquePointer
    }
}

/// One connection of a ``TLSServer``; lives on its loop.
private final class ServedConnection: ByteStreamHandler {
    private unowned let tcp: TCPConnection
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    init(_ tcp: TCPConnection, _ context: OpaquePointer) {
        self.tcp = tcp
        session = SSL_new(context)!
        incoming = BIO_new(BIO_s_mem())!
        outgoing = BIO_new(BIO_s_mem())!
        tidings_bio_set_retry(incoming)
        tidings_bio_set_retry(outgoing)
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_accept_state(session)
    }

    deinit { SSL_free(session) }

    func streamDidReceive(_ bytes: UnsafeRawBufferPointer) {
        BIO_write(incoming, bytes.baseAddress, Int32(bytes.count))
        var room = [UInt8](repeating: 0, count: 20_000)
        while true {
            let count = SSL_read(session, &room, Int32(room.count))
            guard count > 0 else { break }
            switch count == 3 ? String(decoding: room[..<3], as: UTF8.self) : "" {
            case "bye":
                SSL_shutdown(session)
                send()
                tcp.close()
                return
            case "cut":
                tcp.close()
                return
            default: SSL_write(session, room, count)
            }
        }
        ERR_clear_error()
        send()
    }

    private func send() {
        var base: UnsafeMutablePointer<CChar>?
        let count = tidings_bio_bytes(outgoing, &base)
        if count > 0 { tcp.write(UnsafeRawBufferPointer(start: base, count: count)) }
        _ = tidings_bio_reset(outgoing)
    }

    func streamDidEnd() { tcp.close() }
    func streamDidDrain() {}
    func streamDidClose(_ error: NetworkError?) {}
}
