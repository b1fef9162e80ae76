// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsDelivery

@testable import TidingsWebhooks

@Suite struct AddressPolicyTests {
    /// A server that the world can reach, with nothing opened.
    static let strict = AddressPolicy(listensOnLoopbackOnly: false)
    /// A developer's machine.
    static let local = AddressPolicy(
        listensOnLoopbackOnly: true, listeners: [.init(address: .v4(0x7F00_0001), port: 7400)])

    enum Verdict { case open, local, never }

    /// Addresses, and where they may be called: anywhere, on a developer's machine only, nowhere.
    static let addresses: [(String, Verdict)] = [
        ("1.1.1.1", .open), ("8.8.8.8", .open), ("9.255.255.255", .open), ("11.0.0.0", .open),
        ("100.63.255.255", .open), ("100.128.0.0", .open), ("126.255.255.255", .open), ("128.0.0.0", .open),
        ("169.253.255.255", .open), ("172.15.255.255", .open), ("172.32.0.0", .open), ("192.167.255.255", .open),
        ("198.17.255.255", .open), ("198.20.0.0", .open), ("223.255.255.255", .open), ("2606:4700::1111", .open),
        ("2001:4860:4860::8888", .open), ("::ffff:8.8.8.8", .open), ("64:ff9b::8.8.8.8", .open),
        ("2002:808:808::1", .open), ("2001:0:808:808:0:0:f7f7:f7f7", .open),
        ("127.0.0.1", .local), ("127.255.255.255", .local), ("10.0.0.0", .local), ("10.255.255.255", .local),
        ("172.16.0.0", .local), ("172.31.255.255", .local), ("192.168.0.1", .local), ("100.64.0.0", .local),
        ("100.127.255.255", .local), ("::1", .local), ("fc00::", .local), ("fdff:ffff::1", .local),
        ("fec0::1", .local), ("::ffff:127.0.0.1", .local), ("::ffff:7f00:1", .local), ("::ffff:10.0.0.1", .local),
        ("::127.0.0.1", .local), ("::ffff:0:192.168.1.1", .local), ("64:ff9b::10.0.0.1", .local),
        ("64:ff9b:1:7f00:0:100::", .never), ("64:ff9b:1::127.0.0.1", .never), ("2002:7f00:1::", .local),
        ("2002:c0a8:101::1", .local), ("2001:0:808:808:0:0:80ff:fffe", .local),
        ("2001:0:7f00:1:0:0:f7f7:f7f7", .local), ("fe80::5efe:10.0.0.1", .local), ("2606:4700::5efe:10.0.0.1", .local),
        ("0.0.0.0", .never), ("0.1.2.3", .never), ("169.254.0.1", .never), ("169.254.169.254", .never),
        ("168.63.129.16", .never), ("100.100.100.200", .never), ("192.0.0.192", .never), ("192.0.2.1", .never),
        ("198.18.0.1", .never), ("198.19.255.255", .never), ("198.51.100.7", .never), ("203.0.113.7", .never),
        ("224.0.0.1", .never), ("239.255.255.255", .never), ("240.0.0.1", .never), ("255.255.255.255", .never),
        ("::", .never), ("fe80::1", .never), ("febf::1", .never), ("ff02::1", .never), ("2001:db8::1", .never),
        ("100::1", .never), ("fd00:ec2::254", .never), ("::ffff:169.254.169.254", .never),
        ("64:ff9b::a9fe:a9fe", .never), ("2002:a9fe:a9fe::", .never), ("2001:0:808:808:0:0:5601:5601", .never),
        ("::ffff:0.0.0.0", .never), ("::169.254.169.254", .never),
    ]

    @Test(arguments: addresses)
    func `an address is judged`(_ text: String, _ verdict: Verdict) throws {
        let address = try #require(IPAddress(text))
        let strict = Self.strict.refusal(ofCalling: address, port: 443, isSecure: true)
        let local = Self.local.refusal(ofCalling: address, port: 443, isSecure: true)
        #expect((strict == nil) == (verdict == .open), "\(text): \(strict?.description ?? "open")")
        #expect((local == nil) == (verdict != .never), "\(text): \(local?.description ?? "open")")
        if let strict { #expect(strict.description.contains("delivery.allow_networks")) }
        let plain = Self.local.refusal(ofCalling: address, port: 80, isSecure: false)
        #expect((plain == nil) == (verdict == .local), "\(text): \(plain?.description ?? "open")")
    }

    /// Hosts as an endpoint's URL may have them; nil: registered, and judged when it is resolved.
    static let hosts: [(String, String?)] = [
        ("https://example.com/", nil), ("https://example.com./", nil), ("https://1e100.net/", nil),
        ("https://a.0x/", "plain-address"), ("https://0xabc.example/", nil), ("https://localhost.example/", nil),
        ("https://localhost/", "forbidden-address"), ("https://LOCALHOST./", "forbidden-address"),
        ("https://a.localhost/", "forbidden-address"), ("http://localhost:8080/", "forbidden-address"),
        ("https://127.0.0.1/", "forbidden-address"), ("https://127.0.0.1./", "plain-address"),
        ("https://2130706433/", "plain-address"), ("https://0x7f000001/", "plain-address"),
        ("https://0x7f.0.0.1/", "plain-address"), ("https://0177.0.0.1/", "plain-address"),
        ("https://017700000001/", "plain-address"), ("https://127.1/", "plain-address"),
        ("https://127.0.1/", "plain-address"), ("https://010.0.0.1/", "plain-address"),
        ("https://0/", "plain-address"), ("https://1.2.3.4.5/", "plain-address"),
        ("https://256.1.1.1/", "plain-address"),
        ("https://0x/", "plain-address"), ("https://[::1]/", "forbidden-address"),
        ("https://[::ffff:127.0.0.1]/", "forbidden-address"), ("https://[0:0:0:0:0:ffff:7f00:1]/", "forbidden-address"),
        ("https://[64:ff9b::7f00:1]/", "forbidden-address"), ("https://[fe80::1]/", "forbidden-address"),
        ("https://169.254.169.254/latest/meta-data", "forbidden-address"),
        ("https://metadata.google.internal/", "forbidden-address"),
        ("https://METADATA.google.internal./", "forbidden-address"), ("https://metadata/", "forbidden-address"),
        ("https://instance-data.ec2.internal/", "forbidden-address"), ("https://8.8.8.8/", nil),
        ("http://8.8.8.8/", "https-required"), ("http://[2606:4700::1111]/", "https-required"),
        ("http://example.com/", nil),
    ]

    @Test(arguments: hosts)
    func `a host is judged when it is registered`(_ text: String, _ rule: String?) throws {
        let url = try #require(EndpointURL(text))
        #expect(Self.strict.refusal(of: url)?.rule == rule)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.1.2.3", true), ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3/32", "10.1.2.4", false),
        ("0.0.0.0/0", "10.1.2.3", true), ("0.0.0.0/0", "127.0.0.1", false), ("0.0.0.0/0", "169.254.169.254", false),
        ("127.0.0.0/8", "127.0.0.1", true), ("127.0.0.1/32", "127.0.0.1", true), ("127.0.0.1/32", "127.0.0.2", false),
        ("127.0.0.0/8", "::ffff:127.0.0.1", true), ("169.254.0.0/16", "169.254.1.1", true),
        ("169.254.0.0/16", "169.254.169.254", false), ("169.254.169.254", "169.254.169.254", true),
        ("fd00::/8", "fd12::1", true), ("::/0", "fd12::1", true), ("::/0", "::1", false), ("::1", "::1", true),
        ("fe80::/10", "fe80::1", true), ("::/0", "fe80::1", false), ("10.0.0.0/8", "fd00::1", false),
    ])
    func `listed networks are open`(_ network: String, _ address: String, _ isOpen: Bool) throws {
        let policy = AddressPolicy(allowed: [try #require(AddressRange(network))], listensOnLoopbackOnly: false)
        let refusal = policy.refusal(ofCalling: try #require(IPAddress(address)), port: 80, isSecure: false)
        #expect((refusal == nil) == isOpen)
    }

    @Test(arguments: [
        ("127.0.0.1", 7400, false), ("127.0.0.1", 7401, true), ("127.0.0.2", 7400, false), ("::1", 7400, false),
        ("::ffff:127.0.0.1", 7400, false), ("10.0.0.1", 7400, true),
    ])
    func `the server does not call itself`(_ address: String, _ port: UInt16, _ isOpen: Bool) throws {
        let refusal = Self.local.refusal(ofCalling: try #require(IPAddress(address)), port: port, isSecure: false)
        #expect((refusal == nil) == isOpen)
        if let refusal { #expect(refusal.rule == "own-listener") }
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8",
        "::/129", "fd00::1/8", "10.0.0.0/8/8", "fe80::1%eth0", "[::1]", "0x0a.0.0.0/8", "a", "10.0.0.0/99999999999",
    ])
    func `what is no network is refused`(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test func `a subscription to a forbidden endpoint is refused at its place`() throws {
        let gate = AddressGate(Self.local)
        let target = TransportFixture.target("http://127.0.0.1:7400/")
        let problem = #expect(throws: Problem.self) { try gate.check(target.subscription) }
        #expect(problem?.code == .invalidResource)
        #expect(problem?.violations.map(\.pointer) == ["/endpoint/url"])
        #expect(problem?.violations.map(\.rule) == ["own-listener"])
        gate.policy = AddressPolicy(listensOnLoopbackOnly: true)
        #expect(throws: Never.self) { try gate.check(target.subscription) }
    }
}
