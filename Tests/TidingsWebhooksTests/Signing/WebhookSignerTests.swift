// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsNetwork

@testable import TidingsWebhooks

@Suite struct WebhookSignerTests {
    static let upstream = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let long =
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="

    private func sign(_ signer: WebhookSigner, _ id: String, _ timestamp: Int64, _ body: String) -> String {
        var value = ByteBuffer()
        var id = id
        var body = body
        id.withUTF8 { id in
            body.withUTF8 { body in
                signer.appendSignature(
                    id: UnsafeRawBufferPointer(id), timestamp: timestamp, body: UnsafeRawBufferPointer(body), to: &value
                )
            }
        }
        return value.text()
    }

    /// The first is the upstream libraries' own; the others were computed with `standardwebhooks` 1.1.0 for Python.
    @Test(arguments: [
        (
            upstream, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, #"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        ),
        (upstream, "a-1", 0, "", "v1,CLdhWAwFNIRfOl/cw8M9lpCvnLfQWWNBunEvm22Wpow="),
        (
            long, "0198c0de-1", 1_764_000_000, #"{"größe":"ü€𝄞"}"#,
            "v1,TZFnoAVDyO3hgFQsxKe4JrwAemGPcgefD7JXIyXXMh0="
        ),
        (
            upstream, "m", 9_999_999_999, String(repeating: "x", count: 1000),
            "v1,5HHm3o0I2JRTidq3i+6KImTEbzFQeDHSlg/w4fcGVyc="
        ),
    ])
    func `signatures are those of the upstream libraries`(
        _ secret: String, _ id: String, _ timestamp: Int64, _ body: String, _ expected: String
    ) throws {
        let signer = try #require(WebhookSigner(Secret(secret)))
        #expect(sign(signer, id, timestamp, body) == expected)
        #expect(sign(signer, id, timestamp, body) == expected, "a kept key signs the same twice")
        #expect(expected.utf8.count == WebhookSigner.signatureBytes)
    }

    @Test func `while a secret is replaced both sign`() throws {
        let both = try #require(WebhookSigner([Secret(Self.long), Secret(Self.upstream)]))
        let one = try #require(WebhookSigner(Secret(Self.long)))
        let other = try #require(WebhookSigner(Secret(Self.upstream)))
        #expect(sign(both, "a", 1, "b") == sign(one, "a", 1, "b") + " " + sign(other, "a", 1, "b"))
    }

    @Test(arguments: ["", "whsec_", "whsec_====", "whsec_AAAA", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_ü"])
    func `what is no secret is refused`(_ text: String) {
        #expect(WebhookSigner(Secret(text)) == nil)
    }

    /// RFC 4231 (SHA-256 and SHA-512: cases 2 and 6), RFC 2202 (SHA-1: case 2).
    @Test(arguments: [
        (
            HMACHash.sha256, [UInt8]("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            .sha256, [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            .sha512, [UInt8]("Jefe".utf8), "what do ya want for nothing?",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
        (.sha1, [UInt8]("Jefe".utf8), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (.sha256, [], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func `codes are those of the standards`(_ hash: HMACHash, _ key: [UInt8], _ message: String, _ expected: String) {
        let key = HMACKey(key, hash)
        let bytes = [UInt8](message.utf8)
        let code = bytes.withUnsafeBytes { key.code(for: $0) }
        #expect(Hex.encode(code) == expected)
        #expect(bytes.withUnsafeBytes { key.verifies(code, for: $0) })
        #expect(!bytes.withUnsafeBytes { key.verifies(code.dropLast() + [code.last! ^ 1], for: $0) })
        #expect(!bytes.withUnsafeBytes { key.verifies([], for: $0) })
    }
}
