// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What can be said of a host before anybody is asked for its address.
enum HostForm: Equatable {
    /// An address in its usual spelling.
    case address(IPAddress)
    /// Numbers that some resolvers take for an address and others do not: `2130706433`, `0x7f.1`, `127.1`, `010.0.0.1`.
    case oddNumber
    /// `localhost` and what ends in `.localhost`.
    case thisMachine
    /// A name under which clouds serve the secrets of a machine.
    case metadata
    /// Any other name.
    case name

    static let metadataNames: Set<String> = [
        "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "metadata.azure.com",
        "instance-data", "instance-data.ec2.internal", "metadata.platformequinix.com", "metadata.packet.net",
        "metadata.tencentyun.com", "kubernetes.default.svc.cluster.local",
    ]

    /// Judges a host in lower case, an IPv6 address without brackets.
    init(_ host: String) {
        let bare = host.hasSuffix(".") ? String(host.dropLast()) : host
        if let address = IPAddress(bare) {
            self = bare.count == host.count ? .address(address) : .oddNumber
            return
        }
        let labels = bare.split(separator: ".", omittingEmptySubsequences: false)
        if let last = labels.last, Self.isNumber(last) {
            self = .oddNumber
        } else if labels.last == "localhost" {
            self = .thisMachine
        } else if Self.metadataNames.contains(bare) {
            self = .metadata
        } else {
            self = .name
        }
    }

    /// Whether a last label makes the whole host an address for resolvers in the manner of `inet_aton`.
    private static func isNumber(_ label: Substring) -> Bool {
        let digits = label.hasPrefix("0x") ? label.dropFirst(2) : label
        guard label.first.map({ ("0"..."9").contains($0) }) == true else { return false }
        return label.hasPrefix("0x")
            ? digits.allSatisfy(\.isHexDigit) : digits.allSatisfy { ("0"..."9").contains($0) }
    }
}
