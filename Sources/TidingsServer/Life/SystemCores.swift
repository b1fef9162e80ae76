// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How many cores this process may use.
enum SystemCores {
    /// The number of processors that are online.
    static var count: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
