// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How many files and connections this process may have open.
package enum OpenFiles {
    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// How many of them this process may have.
    static var limit: Int {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : .max
    }

    /// How many connections may be accepted, of those that the settings allow: the log, which loses all when it cannot open
    /// its files, keeps half of the descriptors with what else there is.
    static func connections(_ wanted: Int, limit: Int) -> Int { max(1, min(wanted, limit / 2)) }

    /// How many files the log may hold open, of those that the settings allow: while many are written it has up to four
    /// times as many.
    static func logFiles(_ wanted: Int, limit: Int) -> Int { max(8, min(wanted, limit / 16)) }

    /// Raises the limit to the highest that the system allows without rights of its own; most shells start programs
    /// with 1,024, far fewer than `http.max_connections`. Stays as it is where that is refused. Called once, by `serve`.
    package static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        #if !canImport(Glibc)
            limit.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
        #endif
        _ = setrlimit(resource, &limit)
    }
}
