// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CUV

/// Why something on the network did not work.
package struct NetworkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure; added to, never renamed.
    package enum Code: String, Sendable, CaseIterable {
        /// Another socket listens there.
        case addressInUse = "network.address-in-use"
        /// No interface of this machine has the address.
        case addressNotAvailable = "network.address-not-available"
        /// The system forbids it (a port below 1024, a firewall of the machine).
        case notPermitted = "network.not-permitted"
        /// Nothing listens there.
        case refused = "network.refused"
        /// No way leads there.
        case unreachable = "network.unreachable"
        /// The peer, or something between, broke the connection off.
        case reset = "network.reset"
        /// The time limit passed.
        case timedOut = "network.timed-out"
        /// The owner broke it off.
        case aborted = "network.aborted"
        /// The loop stopped.
        case stopped = "network.stopped"
        /// The process or the machine has no file descriptors or memory left.
        case noResources = "network.no-resources"
        /// More was written than ``StreamSettings/outputLimit`` allows to wait.
        case outputOverflow = "network.output-overflow"
        /// The bounded queue is full.
        case busy = "network.busy"
        /// The name has no address.
        case nameNotFound = "network.name-not-found"
        /// The name could not be looked up (no name server answered).
        case nameFailed = "network.name-failed"
        /// The peer's certificate was not accepted; the text names the reason.
        case certificate = "tls.certificate"
        /// The TLS handshake failed.
        case handshake = "tls.handshake"
        /// The TLS connection broke its protocol, or ended without saying so.
        case tls = "tls.failed"
        /// A certificate file that cannot be read, or holds none.
        case trustStore = "tls.trust-store"
        /// Anything else; the text has the system's words.
        case other = "network.other"
    }

    /// The kind of failure.
    package let code: Code
    /// One sentence for people.
    package let detail: String

    /// Creates an error.
    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Creates an error from a status of libuv (a negative `errno`), telling what was being done.
    init(status: Int32, _ doing: @autoclosure () -> String) {
        let words = String(cString: uv_strerror(status))
        switch uv_errno_t(status) {
        case UV_EADDRINUSE:
            self.init(.addressInUse, "\(doing()): the address is in use by another program")
        case UV_EADDRNOTAVAIL:
            self.init(.addressNotAvailable, "\(doing()): no interface of this machine has that address")
        case UV_EACCES, UV_EPERM: self.init(.notPermitted, "\(doing()): \(words)")
        case UV_ECONNREFUSED: self.init(.refused, "\(doing()): connection refused")
        case UV_ENETUNREACH, UV_EHOSTUNREACH, UV_ENETDOWN: self.init(.unreachable, "\(doing()): \(words)")
        case UV_ECONNRESET, UV_EPIPE, UV_ECONNABORTED, UV_ENOTCONN: self.init(.reset, "\(doing()): \(words)")
        case UV_ETIMEDOUT: self.init(.timedOut, "\(doing()): \(words)")
        case UV_ECANCELED: self.init(.aborted, "\(doing()): \(words)")
        case UV_EMFILE, UV_ENFILE:
            self.init(.noResources, "\(doing()): no file descriptors are left (see `ulimit -n`)")
        case UV_ENOBUFS, UV_ENOMEM: self.init(.noResources, "\(doing()): \(words)")
        default: self.init(.other, "\(doing()): \(words)")
        }
    }

    /// Creates an error from an `errno`.
    init(errno: Int32, _ doing: @autoclosure () -> String) {
        self.init(status: errno > 0 ? -errno : errno, doing())
    }

    package var description: String { detail }
}
