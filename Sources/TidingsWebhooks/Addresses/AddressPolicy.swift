// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsNetwork

/// Which addresses push delivery may call, so that nobody makes the server call what only the server can reach.
///
/// It is asked twice: when an endpoint is registered (``refusal(of:)``: what its URL alone says), and before every
/// connection, for every address a name was resolved to (``refusal(ofCalling:port:isSecure:)``). The second is the gate;
/// the first only makes the refusal early and clear.
package struct AddressPolicy: Sendable {
    /// The setting that opens networks, as refusals name it.
    package static let setting = "delivery.allow_networks"

    /// One of the server's own listeners. One without an address is bound to all addresses of the machine; of those
    /// only loopback can be told, so a server names the others, too, as far as it knows them.
    package struct Listener: Hashable, Sendable {
        /// The address it is bound to.
        package let address: IPAddress?
        /// Its port.
        package let port: UInt16

        /// Names a listener.
        package init(address: IPAddress?, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// Why an address is not called.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// The rule's stable name.
        package let rule: String
        /// A sentence that names the address and the setting, if one helps.
        package let description: String
    }

    /// Networks opened by ``setting``. One that lies inside a forbidden range opens what it covers of it; a wider one
    /// does not, so that `0.0.0.0/0` opens no metadata service.
    package let allowed: [AddressRange]
    /// Whether the server listens on loopback only: a developer's machine, where loopback and private networks are
    /// open without being listed.
    package let listensOnLoopbackOnly: Bool
    /// The server's own listeners, which are never called.
    package let listeners: [Listener]

    /// Sets the policy; made after the listeners stand, when their ports are known.
    package init(allowed: [AddressRange] = [], listensOnLoopbackOnly: Bool, listeners: [Listener] = []) {
        self.allowed = allowed
        self.listensOnLoopbackOnly = listensOnLoopbackOnly
        self.listeners = listeners
    }

    /// Why a connection to this address is not made; nil when it may be made. Called on any thread, for every address.
    package func refusal(ofCalling address: IPAddress, port: UInt16, isSecure: Bool) -> Refusal? {
        if isOwn(address, port) {
            return Refusal(rule: "own-listener", description: "\(shown(address, port)) is this server itself")
        }
        var isOpen = true
        for judged in ends(of: address) {
            let special = SpecialRange.of(judged)
            if let special {
                if let refusal = refusal(of: judged, in: special, for: address) { return refusal }
                if special.tier != .open { isOpen = false }
            }
        }
        if isOpen && !isSecure {
            return Refusal(
                rule: "https-required",
                description:
                    "plain http goes to loopback and private addresses only, and \(address) is neither: use https"
            )
        }
        return nil
    }

    /// ``refusal(ofCalling:port:isSecure:)`` in the form in which an HTTP client asks: nil allows the address.
    package func judge(_ address: SocketAddress, isSecure: Bool) -> String? {
        guard let number = address.withIPBytes({ IPAddress(bytes: $0) }) else { return "\(address) is no IP address" }
        return refusal(ofCalling: number, port: address.port, isSecure: isSecure)?.description
    }

    /// Why an endpoint of this URL is not registered; nil when it may be, as far as its URL tells.
    package func refusal(of url: EndpointURL) -> Refusal? {
        switch HostForm(url.host) {
        case .address(let address):
            return refusal(ofCalling: address, port: url.port, isSecure: url.isSecure)
        case .oddNumber:
            return Refusal(
                rule: "plain-address",
                description: "\(url.host) reads as an address in an unusual spelling; write four decimal numbers")
        case .thisMachine:
            return refusal(ofCalling: .v4(0x7F00_0001), port: url.port, isSecure: url.isSecure)
        case .metadata:
            return Refusal(rule: "forbidden-address", description: "\(url.host) names a metadata service")
        case .name:
            return nil
        }
    }

    private func refusal(of judged: IPAddress, in special: SpecialRange, for address: IPAddress) -> Refusal? {
        if special.tier != .forbidden && listensOnLoopbackOnly { return nil }
        let isListed = allowed.contains { network in
            guard network.contains(judged) else { return false }
            // What is forbidden is opened only by a network that means it.
            return special.tier == .ownNetwork || special.range.contains(network)
        }
        if isListed { return nil }
        let inside = judged == address ? "\(address) is" : "\(address) leads to \(judged),"
        return Refusal(
            rule: "forbidden-address",
            description: "\(inside) \(special.what); setting \(Self.setting) opens networks for push delivery")
    }

    /// The addresses by which `address` is judged.
    private func ends(of address: IPAddress) -> [IPAddress] {
        guard case .v6 = address else { return [address] }
        let inner = address.inner
        return inner.isEmpty ? [address] : inner.map(IPAddress.v4)
    }

    private func isOwn(_ address: IPAddress, _ port: UInt16) -> Bool {
        guard listeners.contains(where: { $0.port == port }) else { return false }
        let ends = ends(of: address)
        return listeners.contains { listener in
            guard listener.port == port else { return false }
            return ends.contains { end in
                let tier = SpecialRange.of(end)
                let reachesAll = tier?.tier == .loopback || tier?.range.first == .v4(0) || end == .v6(0)
                guard let own = listener.address else { return reachesAll }
                // 0.0.0.0 and :: as a destination mean this machine.
                return own == end || own.isLoopback && reachesAll
            }
        }
    }

    private func shown(_ address: IPAddress, _ port: UInt16) -> String {
        if case .v6 = address { return "[\(address)]:\(port)" }
        return "\(address):\(port)"
    }
}

extension IPAddress {
    /// Whether it is one of this machine's own that never leaves it.
    package var isLoopback: Bool { SpecialRange.of(self)?.tier == .loopback }
}
