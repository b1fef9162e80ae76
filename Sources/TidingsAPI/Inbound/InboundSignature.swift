// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Checks that a call comes from the partner: a keyed hash of the raw body in a header.
///
/// - Concurrency: immutable; any thread may check.
struct InboundSignature: Sendable {
    /// The header that has the hash, in lower case.
    let header: String
    private let prefix: [UInt8]
    private let encoding: GenericInbound.Verification.Encoding
    private let key: HMACKey

    /// Sets up a check.
    init(_ verification: GenericInbound.Verification) {
        header = verification.header
        prefix = [UInt8](verification.prefix.utf8)
        encoding = verification.encoding
        let hash: HMACHash =
            switch verification.algorithm {
            case .hmacSHA1: .sha1
            case .hmacSHA256: .sha256
            case .hmacSHA512: .sha512
            }
        key = HMACKey([UInt8](verification.secret.reveal().utf8), hash)
    }

    /// The check that GitHub's calls pass.
    static func gitHub(_ secret: Secret) -> InboundSignature {
        InboundSignature(
            .init(
                header: "x-hub-signature-256", algorithm: .hmacSHA256, encoding: .hex, prefix: "sha256=",
                secret: secret))
    }

    /// Whether `value`, the header's, is the signature of `body`. How long it takes does not tell where they differ.
    func verifies(_ value: UnsafeRawBufferPointer, for body: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= prefix.count,
            prefix.withUnsafeBytes({ value.part(0..<prefix.count).isEqual(to: $0) })
        else { return false }
        let written = value.part(prefix.count..<value.count)
        let code: [UInt8]?
        switch encoding {
        case .hex: code = Hex.decode(written)
        case .base64:
            var room = ByteBuffer(capacity: 64)
            code = Base64.decode(written, into: &room) ? room.array() : nil
        }
        guard let code else { return false }
        return key.verifies(code, for: body)
    }
}
