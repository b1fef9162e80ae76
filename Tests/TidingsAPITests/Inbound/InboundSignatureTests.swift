// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsAPI

@Suite struct InboundSignatureTests {
    private func verifies(_ signature: InboundSignature, _ value: String, _ body: String) -> Bool {
        [UInt8](value.utf8).withUnsafeBytes { value in
            [UInt8](body.utf8).withUnsafeBytes { signature.verifies(value, for: $0) }
        }
    }

    /// The example of GitHub's documentation.
    @Test(arguments: [
        ("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "Hello, World!", true),
        ("sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17", "Hello, World!", true),
        ("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e16", "Hello, World!", false),
        ("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "Hello, World", false),
        ("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e", "Hello, World!", false),
        ("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "Hello, World!", false),
        ("sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "Hello, World!", false),
        ("sha256=", "Hello, World!", false), ("", "Hello, World!", false), ("sha256=zz", "Hello, World!", false),
    ])
    func `a signature of GitHub is checked`(_ value: String, _ body: String, _ isRight: Bool) {
        #expect(verifies(.gitHub(Secret("It's a Secret to Everybody")), value, body) == isRight)
    }

    @Test(arguments: [
        (
            GenericInbound.Verification.Algorithm.hmacSHA1, GenericInbound.Verification.Encoding.hex, "",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        ),
        (.hmacSHA256, .base64, "v0=", "v0=W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="),
        (.hmacSHA256, .hex, "", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            .hmacSHA512, .hex, "",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
    ])
    func `every hash and spelling is checked`(
        _ algorithm: GenericInbound.Verification.Algorithm, _ encoding: GenericInbound.Verification.Encoding,
        _ prefix: String, _ value: String
    ) {
        let signature = InboundSignature(
            .init(
                header: "x-signature", algorithm: algorithm, encoding: encoding, prefix: prefix, secret: Secret("Jefe"))
        )
        #expect(signature.header == "x-signature")
        #expect(verifies(signature, value, "what do ya want for nothing?"))
        #expect(!verifies(signature, value, "what do ya want for nothing!"))
        #expect(!verifies(signature, value + "0", "what do ya want for nothing?"))
    }
}
