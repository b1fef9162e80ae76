// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import COpenSSL
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What outgoing TLS connections have in common: whom they trust, TLS 1.2 at least, which protocols they offer.
///
/// - Concurrency: never changed after it was made; any thread may use it.
package final class TLSClientContext: @unchecked Sendable {
    /// Whose certificates are accepted.
    package enum Trust: Sendable, Hashable {
        /// The machine's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded).
        case system
        /// The authorities in a PEM file, and no others.
        case file(String)
    }

    /// The bundle of authorities on machines whose OpenSSL was built for another place.
    private static let knownBundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
        "/etc/ssl/ca-bundle.pem",
    ]

    let context: OpaquePointer

    /// Makes a context.
    /// - Parameter protocols: the names offered by ALPN (`http/1.1`), each of 1 to 255 bytes; none is offered when empty.
    /// - Throws: ``NetworkError/Code/trustStore`` naming the file that cannot be read or holds no certificate.
    package init(trust: Trust = .system, protocols: [String] = []) throws(NetworkError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw NetworkError(.tls, "OpenSSL has no TLS: \(TLSErrors.takeFirst())")
        }
        self.context = context
        tidings_ssl_ctx_set_client_modes(context)
        guard tidings_ssl_ctx_set_min_tls12(context) == 1 else {
            throw NetworkError(.tls, "OpenSSL has no TLS 1.2: \(TLSErrors.takeFirst())")
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        switch trust {
        case .system:
            SSL_CTX_set_default_verify_paths(context)
            if !Self.exists(X509_get_default_cert_file()), !Self.exists(X509_get_default_cert_dir()) {
                for bundle in Self.knownBundles where access(bundle, R_OK) == 0 {
                    SSL_CTX_load_verify_file(context, bundle)
                    break
                }
            }
            ERR_clear_error()
        case .file(let path):
            guard SSL_CTX_load_verify_file(context, path) == 1 else {
                throw NetworkError(
                    .trustStore, "no certificates of authorities can be read from \(path): \(TLSErrors.takeFirst())")
            }
        }
        if !protocols.isEmpty {
            var wire: [UInt8] = []
            for name in protocols {
                precondition((1...255).contains(name.utf8.count), "a protocol's name has 1 to 255 bytes (got \(name))")
                wire.append(UInt8(name.utf8.count))
                wire.append(contentsOf: name.utf8)
            }
            // Unlike OpenSSL's other calls this one says 0 for success.
            let status = SSL_CTX_set_alpn_protos(context, wire, UInt32(wire.count))
            precondition(status == 0, "OpenSSL takes every list of protocols that is well formed")
        }
    }

    deinit { SSL_CTX_free(context) }

    private static func exists(_ path: UnsafePointer<CChar>?) -> Bool {
        guard let path else { return false }
        return access(path, R_OK) == 0
    }
}

/// OpenSSL's words for what went wrong; its list belongs to the calling thread.
enum TLSErrors {
    /// Takes the first error off the list and forgets the rest.
    static func takeFirst() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "no reason given" }
        if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
