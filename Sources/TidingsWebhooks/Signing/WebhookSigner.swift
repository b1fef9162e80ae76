// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Signs requests as Standard Webhooks 1.0.0 says: HMAC-SHA256 over `id.timestamp.body`, tag `v1`.
///
/// - Concurrency: immutable; any thread may sign.
package final class WebhookSigner: Sendable {
    /// What a secret begins with when it is shown.
    package static let prefix = "whsec_"
    /// How many bytes a key has.
    package static let keyBytes = 24...64
    /// The most bytes ``appendSignature(id:timestamp:body:to:)`` appends per key.
    package static let signatureBytes = 47

    private let keys: [HMACKey]

    /// Sets up keys; the first is the current one, others are on their way out and sign as well.
    /// Nil when one is not `whsec_` (which may be missing) and 24 to 64 bytes in base64.
    package init?(_ secrets: [Secret]) {
        var keys: [HMACKey] = []
        for secret in secrets {
            guard let key = Self.key(of: secret) else { return nil }
            keys.append(HMACKey(key))
        }
        guard !keys.isEmpty else { return nil }
        self.keys = keys
    }

    /// Sets up one key.
    package convenience init?(_ secret: Secret) { self.init([secret]) }

    /// Appends the value of `webhook-signature`: `v1,` and the code in base64, one per key, parted by spaces.
    /// - Parameter id: the value of `webhook-id`; has no full stop in it.
    /// - Parameter timestamp: the value of `webhook-timestamp`, in seconds since 1970.
    package func appendSignature(
        id: UnsafeRawBufferPointer, timestamp: Int64, body: UnsafeRawBufferPointer, to value: inout ByteBuffer
    ) {
        for (place, key) in keys.enumerated() {
            if place > 0 { value.append(UInt8(ascii: " ")) }
            value.append("v1,")
            withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { code in
                key.authenticate(into: code) { message in
                    message.update(id)
                    Self.withDotted(timestamp) { message.update($0) }
                    message.update(body)
                }
                Base64.encode(UnsafeRawBufferPointer(rebasing: code[..<key.hash.byteCount]), into: &value)
            }
        }
    }

    private static func key(of secret: Secret) -> [UInt8]? {
        let text = secret.reveal()
        let digits = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        guard let key = Base64.decode(digits), keyBytes.contains(key.count) else { return nil }
        return key
    }

    /// Lends `.<number>.`, written without an allocation.
    private static func withDotted(_ number: Int64, _ use: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { room in
            var start = 23
            room[start] = UInt8(ascii: ".")
            var rest = number.magnitude
            repeat {
                start -= 1
                room[start] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
                rest /= 10
            } while rest > 0
            if number < 0 {
                start -= 1
                room[start] = UInt8(ascii: "-")
            }
            start -= 1
            room[start] = UInt8(ascii: ".")
            use(UnsafeRawBufferPointer(rebasing: room[start..<24]))
        }
    }
}
