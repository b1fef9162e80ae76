// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsNetwork

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80"), ("0.0.0.0:0", "0.0.0.0:0"), ("[::1]:65535", "[::1]:65535"),
        ("[2001:DB8::0:1]:7400", "[2001:db8::1]:7400"), ("[fe80::1%7]:1", "[fe80::1%7]:1"),
        ("[::ffff:10.1.2.3]:1", "[::ffff:10.1.2.3]:1"),
    ])
    func `a text is read and written`(_ text: String, _ normal: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == normal)
        #expect(address.withSystemAddress { address, _ in SocketAddress(address) } == address)
        let copy = address.withIPBytes { SocketAddress(bytes: $0, port: address.port, scope: address.scope) }
        #expect(copy == address)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+80", "127.0.0.1:-1", "127.1:80",
        "010.0.0.1:80",
        "::1:80", "[::1]", "[::1]:", "[127.0.0.1]:80", "localhost:80", "[fe80::1%]:80", "[fe80::1%no-such-if]:80",
        "[]:80", "[::1]:8 0", "127.0.0.1:٣",
    ])
    func `another text is refused`(_ text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func `loopback and unspecified addresses are known`() throws {
        for text in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            #expect(try #require(SocketAddress(text)).isLoopback, "\(text)")
        }
        for text in ["128.0.0.1:1", "0.0.0.0:1", "[::2]:1", "[::ffff:126.0.0.1]:1", "[7f00::]:1"] {
            #expect(try !#require(SocketAddress(text)).isLoopback, "\(text)")
        }
        #expect(SocketAddress("0.0.0.0:1")?.isUnspecified == true)
        #expect(SocketAddress("[::]:1")?.isUnspecified == true)
        #expect(SocketAddress.loopbackIPv6().isUnspecified == false)
    }

    @Test(arguments: [0, 3, 5, 15, 17]) func `other counts of bytes are no address`(_ count: Int) {
        #expect([UInt8](repeating: 1, count: count).withUnsafeBytes { SocketAddress(bytes: $0, port: 1) } == nil)
    }
}
