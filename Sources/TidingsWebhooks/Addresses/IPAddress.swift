// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An IP address as a number, to be compared with ranges.
package enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads the usual spelling: four decimal numbers without leading zeros, or IPv6 by RFC 4291 without brackets and
    /// zone. Nil for anything else.
    package init?(_ text: String) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self = .v6(withUnsafeBytes(of: six) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
    }

    /// Reads the 4 or 16 bytes of a socket's address; nil for any other count.
    package init?(bytes: UnsafeRawBufferPointer) {
        switch bytes.count {
        case 4: self = .v4(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case 16: self = .v6(UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self)))
        default: return nil
        }
    }

    /// How many bits an address of this family has.
    var bitCount: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The usual spelling.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch self {
        case .v4(let number):
            var four = in_addr(s_addr: number.bigEndian)
            inet_ntop(AF_INET, &four, &text, socklen_t(text.count))
        case .v6(let number):
            var six = in6_addr()
            withUnsafeMutableBytes(of: &six) { $0.storeBytes(of: number.bigEndian, as: UInt128.self) }
            inet_ntop(AF_INET6, &six, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The IPv4 addresses that packets to this address may end at: itself for IPv4; what is written inside an IPv6
    /// address that is mapped, translated (NAT64), tunnelled (6to4, Teredo, ISATAP) or of the old compatible form.
    var inner: [UInt32] {
        guard case .v6(let number) = self else {
            if case .v4(let number) = self { return [number] }
            return []
        }
        func word(endingAt bit: Int) -> UInt32 { UInt32(truncatingIfNeeded: number >> (128 - bit)) }
        let last = word(endingAt: 128)
        switch number >> 32 {
        case 0 where last > 1: return [last]  // ::a.b.c.d; :: and ::1 are addresses of their own
        case 0xFFFF, 0xFFFF_0000: return [last]  // mapped; translated
        case 0x0064_FF9B << 64: return [last]  // NAT64
        default: break
        }
        if number >> 80 == 0x0064_FF9B_0001 {
            // NAT64 of one's own: RFC 6052 leaves bits 64-71 out of an address behind 48 bits; a network may as well
            // use all of the first 96. Both readings must be open.
            let split =
                UInt32(truncatingIfNeeded: number >> 64) << 16 | UInt32(truncatingIfNeeded: number >> 40) & 0xFFFF
            return [split, last]
        }
        if number >> 112 == 0x2002 { return [word(endingAt: 48)] }  // 6to4
        if number >> 96 == 0x2001_0000 { return [word(endingAt: 64), ~last] }  // Teredo: its server, its client
        if word(endingAt: 96) & ~0x0200_0000 == 0x5EFE { return [last] }  // ISATAP
        return []
    }
}
