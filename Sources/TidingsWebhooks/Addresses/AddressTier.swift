// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// How far an address is from what anybody may call.
enum AddressTier: Int, Comparable {
    /// Anybody's.
    case open
    /// A company's own network.
    case ownNetwork
    /// This machine.
    case loopback
    /// What no webhook has to do with: metadata services, link-local, multicast, reserved.
    case forbidden

    static func < (left: AddressTier, right: AddressTier) -> Bool { left.rawValue < right.rawValue }
}

/// The ranges that are not anybody's, each with what it is, as refusals call it.
struct SpecialRange: Sendable {
    let range: AddressRange
    let tier: AddressTier
    let what: String

    /// The narrowest special range an address is in; nil when it is an ordinary one. Wrapped IPv4 addresses are
    /// judged apart (``IPAddress/inner``).
    static func of(_ address: IPAddress) -> SpecialRange? {
        all.filter { $0.range.contains(address) }.max { $0.range.prefixLength < $1.range.prefixLength }
    }

    static let all: [SpecialRange] = [
        make("0.0.0.0/8", .forbidden, "an address of this host"),
        make("10.0.0.0/8", .ownNetwork, "a private address"),
        make("100.64.0.0/10", .ownNetwork, "an address of a shared network"),
        make("100.100.100.200/32", .forbidden, "a metadata service"),
        make("127.0.0.0/8", .loopback, "a loopback address"),
        make("168.63.129.16/32", .forbidden, "a metadata service"),
        make("169.254.0.0/16", .forbidden, "a link-local address"),
        make("169.254.169.254/32", .forbidden, "a metadata service"),
        make("172.16.0.0/12", .ownNetwork, "a private address"),
        make("192.0.0.0/24", .forbidden, "a reserved address"),
        make("192.0.2.0/24", .forbidden, "an address for documentation"),
        make("192.88.99.0/24", .forbidden, "a reserved address"),
        make("192.168.0.0/16", .ownNetwork, "a private address"),
        make("198.18.0.0/15", .forbidden, "an address for measurements"),
        make("198.51.100.0/24", .forbidden, "an address for documentation"),
        make("203.0.113.0/24", .forbidden, "an address for documentation"),
        make("224.0.0.0/4", .forbidden, "a multicast address"),
        make("240.0.0.0/4", .forbidden, "a reserved address"),
        make("255.255.255.255/32", .forbidden, "the broadcast address"),
        make("::/96", .forbidden, "a reserved address"),
        make("::/128", .forbidden, "an address of this host"),
        make("::1/128", .loopback, "a loopback address"),
        make("100::/64", .forbidden, "a reserved address"),
        make("2001:2::/48", .forbidden, "an address for measurements"),
        make("2001:db8::/32", .forbidden, "an address for documentation"),
        make("3fff::/20", .forbidden, "an address for documentation"),
        make("fc00::/7", .ownNetwork, "a private address"),
        make("fd00:ec2::254/128", .forbidden, "a metadata service"),
        make("fd20:ce::254/128", .forbidden, "a metadata service"),
        make("fe80::/10", .forbidden, "a link-local address"),
        make("fec0::/10", .ownNetwork, "a private address"),
        make("ff00::/8", .forbidden, "a multicast address"),
    ]

    private static func make(_ text: String, _ tier: AddressTier, _ what: String) -> SpecialRange {
        guard let range = AddressRange(text) else { preconditionFailure("\(text) is no range") }
        return SpecialRange(range: range, tier: tier, what: what)
    }
}
