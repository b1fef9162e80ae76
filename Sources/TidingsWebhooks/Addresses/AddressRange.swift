// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A range of IP addresses that share their first bits: `10.0.0.0/8`, `fd00::/8`, or one address alone.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The first address; all bits behind ``prefixLength`` are zero.
    package let first: IPAddress
    /// How many bits are shared.
    package let prefixLength: Int

    /// The rule a range keeps, for refusals.
    package static let rule =
        "an address, or a network such as 10.0.0.0/8 or fd00::/8 without bits behind its prefix"

    /// Reads a range from outside: nil when it breaks ``rule``.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = IPAddress(String(parts[0])) else { return nil }
        var length = first.bitCount
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...3).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
                digits.count == 1 || digits.first != 48, let number = Int(parts[1]), number <= length
            else { return nil }
            length = number
        }
        guard Self.cut(first, to: length) == first else { return nil }
        self.first = first
        prefixLength = length
    }

    /// Whether the address is in it; an IPv4 address is in IPv4 ranges only.
    package func contains(_ address: IPAddress) -> Bool {
        address.bitCount == first.bitCount && Self.cut(address, to: prefixLength) == first
    }

    /// Whether all of another range is in it.
    package func contains(_ other: AddressRange) -> Bool {
        other.prefixLength >= prefixLength && contains(other.first)
    }

    package var description: String { "\(first)/\(prefixLength)" }

    private static func cut(_ address: IPAddress, to length: Int) -> IPAddress {
        // A shift by the full width gives 0, as it should.
        switch address {
        case .v4(let number): .v4(number & ~(UInt32.max >> UInt32(length)))
        case .v6(let number): .v6(number & ~(UInt128.max >> UInt128(length)))
        }
    }
}
