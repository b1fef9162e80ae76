// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What Prometheus's client libraries say about every process: CPU, memory, open files, start time.
package struct ProcessMetrics: Sendable {
    private let startSeconds: Double

    /// Begins with the process: `start` is its start time.
    package init(start: WallTime) { startSeconds = Double(start.millis) / 1000 }

    /// Appends the families that can be read on this system, in Prometheus's text format.
    package func expose(into text: inout ByteBuffer) {
        Self.add("process_start_time_seconds", "gauge", "When the process began, since 1970.", startSeconds, to: &text)
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        let cpu = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
        Self.add("process_cpu_seconds_total", "counter", "CPU time used, user and system.", cpu, to: &text)
        var limit = rlimit()
        #if canImport(Glibc)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        Self.add("process_max_fds", "gauge", "Files that may be open.", Double(limit.rlim_cur), to: &text)
        if let open = Self.openFiles() { Self.add("process_open_fds", "gauge", "Files open.", open, to: &text) }
        if let (virtual, resident) = Self.memory() {
            Self.add("process_virtual_memory_bytes", "gauge", "Addresses taken.", virtual, to: &text)
            Self.add("process_resident_memory_bytes", "gauge", "Memory used.", resident, to: &text)
        }
    }

    private static func add(
        _ name: String, _ kind: String, _ help: String, _ value: Double, to text: inout ByteBuffer
    ) {
        let shown = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : value.description
        text.append("# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(shown)\n")
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// Counts /proc/self/fd; nil where there is none.
    private static func openFiles() -> Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0.0
        while readdir(folder) != nil { count += 1 }
        // Without `.`, `..` and the folder itself.
        return max(count - 3, 0)
    }

    /// Reads /proc/self/statm; nil where there is none.
    private static func memory() -> (virtual: Double, resident: Double)? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ").compactMap { Double($0) }
        guard words.count >= 2 else { return nil }
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        return (words[0] * page, words[1] * page)
    }
}
