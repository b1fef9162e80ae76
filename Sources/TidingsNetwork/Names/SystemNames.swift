// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's own look-up of names: files, DNS, whatever the machine is set up for.
package enum SystemNames {
    /// Asks `getaddrinfo` for the TCP addresses of a name; blocks as long as the system likes. Any thread.
    package static func lookUp(_ name: String) -> Result<[SocketAddress], NetworkError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_flags = Int32(AI_ADDRCONFIG)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard status == 0 else { return .failure(error(status, name)) }
        var addresses: [SocketAddress] = []
        var next = found
        while let one = next {
            if let address = one.pointee.ai_addr.flatMap({ SocketAddress($0) }), !addresses.contains(address) {
                addresses.append(address)
            }
            next = one.pointee.ai_next
        }
        return .success(addresses)
    }

    private static func error(_ status: Int32, _ name: String) -> NetworkError {
        let words = String(cString: gai_strerror(status))
        // EAI_NODATA (-5) and EAI_ADDRFAMILY (-9) of glibc hide behind _GNU_SOURCE.
        if status == EAI_NONAME || status == -5 || status == -9 {
            return NetworkError(.nameNotFound, "there is no host named \(name) (\(words))")
        }
        return NetworkError(.nameFailed, "the name \(name) could not be looked up: \(words)")
    }
}
