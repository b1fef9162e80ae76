// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Appends what workers do to a file, a line each. Several recorders, also of several processes, may share the file:
/// a line is one write to its end.
///
/// - Concurrency: any thread.
package final class HistoryRecorder: Sendable {
    private let file: Int32

    /// Opens the file at `path`, made when there is none.
    /// - Throws: ``ChildProcessError`` with what the system said.
    package init(_ path: String) throws(ChildProcessError) {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw ChildProcessError(description: "cannot open \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(file) }

    /// Nanoseconds of the system's monotonic clock, which all processes share.
    package static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Notes what `worker` begins or has come to know, now.
    package func note(_ worker: Int, _ phase: HistoryEvent.Phase, _ operation: HistoryEvent.Operation) {
        note(HistoryEvent(time: Self.now, worker: worker, phase: phase, operation: operation))
    }

    /// Notes an event.
    package func note(_ event: HistoryEvent) {
        let line = Array((event.line + "\n").utf8)
        let written = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        precondition(written == line.count, "the history could not be written: \(String(cString: strerror(errno)))")
    }

    /// Reads what was recorded at `path`, by time. A line that a killed process did not finish is left out; any other
    /// that cannot be read answers nil.
    package static func events(at path: String) -> [HistoryEvent]? {
        guard let stream = fopen(path, "r") else { return nil }
        defer { fclose(stream) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&part, 1, part.count, stream), count > 0 { text += part[..<count] }
        var events: [HistoryEvent] = []
        var begin = 0
        while let end = text[begin...].firstIndex(of: UInt8(ascii: "\n")) {
            guard let event = HistoryEvent(line: String(decoding: text[begin..<end], as: UTF8.self)) else { return nil }
            events.append(event)
            begin = end + 1
        }
        return events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }
}
