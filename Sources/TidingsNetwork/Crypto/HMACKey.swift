// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import COpenSSL

/// A hash function an HMAC may be built on.
package enum HMACHash: String, Sendable, CaseIterable {
    case sha1, sha256, sha512

    /// The bytes of a code.
    package var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }
}

/// A key for HMAC whose set-up was done once: every message costs a duplicate of the keyed context, not a new key.
///
/// - Concurrency: the kept context is only duplicated, which changes nothing in it; any thread may use a key.
package final class HMACKey: @unchecked Sendable {
    /// The hash function.
    package let hash: HMACHash
    private let keyed: OpaquePointer

    /// Sets up a key of any length; an empty one is a key, too.
    package init(_ key: UnsafeRawBufferPointer, _ hash: HMACHash = .sha256) {
        self.hash = hash
        keyed = Self.context(keyedWith: key, hash)
    }

    /// Sets up the bytes of an array as a key.
    package init(_ key: [UInt8], _ hash: HMACHash = .sha256) {
        self.hash = hash
        keyed = key.withUnsafeBytes { Self.context(keyedWith: $0, hash) }
    }

    deinit { EVP_MAC_CTX_free(keyed) }

    private static func context(keyedWith key: UnsafeRawBufferPointer, _ hash: HMACHash) -> OpaquePointer {
        guard let context = EVP_MAC_CTX_new(HMACAlgorithm.shared.mac) else {
            preconditionFailure("no memory for an HMAC context")
        }
        let name: StaticString =
            switch hash {
            case .sha1: "SHA1"
            case .sha256: "SHA256"
            case .sha512: "SHA512"
            }
        var parameters = [
            OSSL_PARAM_construct_utf8_string(
                "digest", UnsafeMutableRawPointer(mutating: name.utf8Start).assumingMemoryBound(to: CChar.self), 0),
            OSSL_PARAM_construct_end(),
        ]
        var nothing: UInt8 = 0
        let from = key.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // Without an address OpenSSL takes an empty key for no key at all.
        let ready = withUnsafePointer(to: &nothing) { EVP_MAC_init(context, from ?? $0, key.count, &parameters) }
        precondition(ready == 1, "OpenSSL has no HMAC with \(hash.rawValue)")
        return context
    }

    /// The code of a message given in pieces, written to the front of `code`, which has at least ``HMACHash/byteCount``
    /// bytes.
    package func authenticate(
        into code: UnsafeMutableRawBufferPointer, _ feed: (inout HMACMessage) -> Void
    ) {
        precondition(
            code.count >= hash.byteCount, "\(hash.byteCount) bytes of room are needed; there are \(code.count)")
        var message = HMACMessage(context: EVP_MAC_CTX_dup(keyed))
        feed(&message)
        message.finish(into: code)
    }

    /// The code of a whole message.
    package func code(for message: UnsafeRawBufferPointer) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: hash.byteCount)
        code.withUnsafeMutableBytes { room in authenticate(into: room) { $0.update(message) } }
        return code
    }

    /// Whether `code` is the code of `message`; takes as long wherever they differ.
    package func verifies(_ code: [UInt8], for message: UnsafeRawBufferPointer) -> Bool {
        let expected = self.code(for: message)
        return expected.withUnsafeBytes { left in code.withUnsafeBytes { ConstantTime.equal(left, $0) } }
    }
}

/// A message on its way through an ``HMACKey``; fed within ``HMACKey/authenticate(into:_:)`` only.
package struct HMACMessage: ~Copyable {
    private let context: OpaquePointer

    fileprivate init(context: OpaquePointer?) {
        guard let context else { preconditionFailure("no memory for an HMAC context") }
        self.context = context
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// Adds a piece.
    package mutating func update(_ piece: UnsafeRawBufferPointer) {
        guard let base = piece.baseAddress, piece.count > 0 else { return }
        EVP_MAC_update(context, base.assumingMemoryBound(to: UInt8.self), piece.count)
    }

    /// Adds a text as UTF-8.
    package mutating func update(_ text: StaticString) {
        update(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func finish(into code: UnsafeMutableRawBufferPointer) {
        var count = 0
        let done = EVP_MAC_final(context, code.baseAddress?.assumingMemoryBound(to: UInt8.self), &count, code.count)
        precondition(done == 1, "OpenSSL could not end an HMAC")
    }
}

/// Comparison of secrets that tells nothing by its duration.
package enum ConstantTime {
    /// Whether two byte strings are the same. Takes as long wherever they differ; their lengths are no secret.
    package static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let one = left.baseAddress, let other = right.baseAddress else { return true }
        return CRYPTO_memcmp(one, other, left.count) == 0
    }
}

/// The algorithm, fetched once per process: a fetch costs more than a code.
private struct HMACAlgorithm: @unchecked Sendable {
    static let shared = HMACAlgorithm()
    let mac: OpaquePointer

    private init() {
        guard let mac = EVP_MAC_fetch(nil, "HMAC", nil) else { preconditionFailure("OpenSSL has no HMAC") }
        self.mac = mac
    }
}
