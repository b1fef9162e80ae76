// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An IP address and a port: what a socket is bound to or connected to.
///
/// Text forms are `127.0.0.1:7400`, `[::1]:7400` and, with a scope, `[fe80::1%eth0]:7400` or `[fe80::1%2]:7400`.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// Which kind of address.
    package enum Family: UInt8, Sendable {
        case ipv4, ipv6
    }

    /// Which kind of address.
    package let family: Family
    /// The port, in the machine's order; 0 lets the system choose one when bound.
    package let port: UInt16
    /// The number of the interface a link-local IPv6 address belongs to; 0 where there is none.
    package let scope: UInt32
    /// The address as numbers: IPv4 in the low 32 bits of `low`.
    private let high: UInt64
    private let low: UInt64

    private init(_ family: Family, high: UInt64, low: UInt64, port: UInt16, scope: UInt32) {
        self.family = family
        self.high = high
        self.low = low
        self.port = port
        self.scope = scope
    }

    /// Reads an address with its port; nil for anything else, names of hosts among it.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        var host = text[..<colon]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            let port = UInt16(digits)
        else { return nil }
        if host.first == "[", host.last == "]", host.count > 2 {
            host = host.dropFirst().dropLast()
            guard let address = SocketAddress(ip: String(host), port: port), address.family == .ipv6 else { return nil }
            self = address
        } else {
            guard let address = SocketAddress(ip: String(host), port: port), address.family == .ipv4 else { return nil }
            self = address
        }
    }

    /// Reads an address without brackets and port: `10.0.0.1`, `::1`, `fe80::1%eth0`. Nil for anything else, such as
    /// IPv4 in fewer than four parts or with leading zeros.
    package init?(ip: String, port: UInt16) {
        var four = in_addr()
        if inet_pton(AF_INET, ip, &four) == 1 {
            self.init(.ipv4, high: 0, low: UInt64(UInt32(bigEndian: four.s_addr)), port: port, scope: 0)
            return
        }
        let parts = ip.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var six = in6_addr()
        guard let bare = parts.first, inet_pton(AF_INET6, String(bare), &six) == 1 else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            let zone = String(parts[1])
            scope = UInt32(zone) ?? if_nametoindex(zone)
            guard scope != 0 else { return nil }
        }
        self.init(six, port: port, scope: scope)
    }

    /// Takes the 4 or 16 bytes of an address in network order; nil for any other count.
    package init?(bytes: UnsafeRawBufferPointer, port: UInt16, scope: UInt32 = 0) {
        switch bytes.count {
        case 4:
            let number = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            self.init(.ipv4, high: 0, low: UInt64(number), port: port, scope: 0)
        case 16:
            let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
            let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            self.init(.ipv6, high: high, low: low, port: port, scope: scope)
        default: return nil
        }
    }

    private init(_ six: in6_addr, port: UInt16, scope: UInt32) {
        let (high, low) = withUnsafeBytes(of: six) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.init(.ipv6, high: high, low: low, port: port, scope: scope)
    }

    /// 127.0.0.1 with a port.
    package static func loopback(port: UInt16 = 0) -> SocketAddress {
        SocketAddress(.ipv4, high: 0, low: 0x7F00_0001, port: port, scope: 0)
    }

    /// ::1 with a port.
    package static func loopbackIPv6(port: UInt16 = 0) -> SocketAddress {
        SocketAddress(.ipv6, high: 0, low: 1, port: port, scope: 0)
    }

    /// The same address with another port.
    package func with(port: UInt16) -> SocketAddress {
        SocketAddress(family, high: high, low: low, port: port, scope: scope)
    }

    /// Lends the 4 or 16 bytes of the address in network order, without port.
    package func withIPBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch family {
        case .ipv4:
            return withUnsafeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, body)
        case .ipv6:
            return withUnsafeBytes(of: (high.bigEndian, low.bigEndian), body)
        }
    }

    /// Whether packets to it never leave this machine: 127.0.0.0/8, ::1, and the former written as IPv6.
    package var isLoopback: Bool {
        switch family {
        case .ipv4: low >> 24 == 127
        case .ipv6: high == 0 && (low == 1 || low >> 24 == 0xFFFF_7F)
        }
    }

    /// Whether it stands for every address of this machine: 0.0.0.0 or ::.
    package var isUnspecified: Bool { high == 0 && low == 0 }

    /// The address without brackets and port.
    package var ip: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        withIPBytes { bytes in
            _ = inet_ntop(family == .ipv4 ? AF_INET : AF_INET6, bytes.baseAddress, &text, socklen_t(text.count))
        }
        let bare = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return scope == 0 ? bare : "\(bare)%\(scope)"
    }

    /// The text form: `127.0.0.1:80`, `[::1]:80`.
    package var description: String { family == .ipv4 ? "\(ip):\(port)" : "[\(ip)]:\(port)" }
}

// MARK: The system's form

extension SocketAddress {
    /// Reads what the system's calls return; nil for a family that is not IP.
    package init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            self = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                SocketAddress(
                    .ipv4, high: 0, low: UInt64(UInt32(bigEndian: $0.pointee.sin_addr.s_addr)),
                    port: UInt16(bigEndian: $0.pointee.sin_port), scope: 0)
            }
        case AF_INET6:
            self = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                SocketAddress(
                    $0.pointee.sin6_addr, port: UInt16(bigEndian: $0.pointee.sin6_port),
                    scope: $0.pointee.sin6_scope_id)
            }
        default: return nil
        }
    }

    /// Lends the form that the system's calls take.
    package func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch family {
        case .ipv4:
            var four = sockaddr_in()
            #if canImport(Darwin)
                four.sin_len = UInt8(MemoryLayout<sockaddr_in>.size)
            #endif
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            four.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
            return withUnsafePointer(to: &four) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .ipv6:
            var six = sockaddr_in6()
            #if canImport(Darwin)
                six.sin6_len = UInt8(MemoryLayout<sockaddr_in6>.size)
            #endif
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            six.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &six.sin6_addr) { to in withIPBytes { to.copyMemory(from: $0) } }
            return withUnsafePointer(to: &six) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    /// Asks a system call that fills in an address, such as `getsockname`; nil when it returns other than 0.
    static func asking(_ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32)
        -> SocketAddress?
    {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                call(address, &size) == 0 ? SocketAddress(UnsafePointer(address)) : nil
            }
        }
    }
}
