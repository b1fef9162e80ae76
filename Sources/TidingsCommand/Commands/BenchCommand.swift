// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tidings bench`.
enum BenchCommand {
    static let command = Command(
        "bench", "Measures this machine.",
        [
            Command(
                "log", "What this disk can do: bare syncs, and the log on top of them.",
                details: """
                    Writes into a temporary folder below --folder, and removes it. Stop a server on the same disk before, or
                    you measure both. An event is acknowledged when it is synced: one caller waits for one sync, many
                    callers share it.
                    """,
                options: [
                    CommandOption(
                        "folder", "DIR", help: "a folder on the disk to be measured (default: the data folder)"),
                    DataFolder.option,
                    CommandOption("seconds", "N", help: "how long each measurement takes (default 2)"),
                    ClientOptions.json,
                ],
                examples: ["tidings bench log", "tidings bench log --folder /mnt/fast --seconds 10"], run: log)
        ])

    @Sendable private static func log(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let seconds = try invocation.number("seconds", in: 1...600) ?? 2
        let base = invocation.value("folder") ?? DataFolder.path(invocation)
        let made = access(base, F_OK) != 0
        let above = try DataFolder.made(base)
        let folder = above.root + "/bench-\(getpid())"
        defer {
            TemporaryTree.remove(folder)
            // Goes when it is empty: then it was made for this.
            if made { rmdir(above.root) }
        }
        let disk = try DataFolder.made(folder)
        let terminal = invocation.terminal
        let results: [DiskBench.Result]
        do {
            results = try DiskBench(disk, span: .seconds(seconds)) { terminal.progress($0) }.run()
        } catch {
            terminal.progress("")
            throw CommandFailure(.failure, "\(error)")
        }
        terminal.progress("")
        let items = results.map(json)
        if invocation.has("json") {
            terminal.print(
                .object(
                    JSONObject([("items", .array(items)), ("recommendation", .string(advice(results)))])), asJSON: true)
            return .ok
        }
        terminal.print(
            items, asJSON: false,
            columns: [
                .text("what", "what"), .number("p50 ms", "p50_ms"), .number("p99 ms", "p99_ms"),
                .number("per second", "per_second"), .number("MB/s", "mb_per_second"),
                .number("events per sync", "events_per_sync"),
            ], nothing: "")
        terminal.print("")
        terminal.print(advice(results))
        return .ok
    }

    private static func json(_ result: DiskBench.Result) -> JSONValue {
        func millis(_ duration: Duration) -> JSONValue { decimal(Double(duration.nanos) / 1e6, 3) }
        return .object(
            JSONObject([
                ("what", .string(result.name)), ("p50_ms", millis(result.p50)), ("p99_ms", millis(result.p99)),
                ("per_second", DataFolder.number(Int64(result.perSecond))),
                ("mb_per_second", decimal(result.bytesPerSecond / 1e6, 1)),
                ("events_per_sync", result.perSync.map { decimal($0, 1) } ?? .null),
            ]))
    }

    private static func decimal(_ value: Double, _ places: Int) -> JSONValue {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return .number(JSONNumber(checked: ((value * scale).rounded() / scale).description))
    }

    /// What the figures mean for somebody who runs a server on this disk.
    static func advice(_ results: [DiskBench.Result]) -> String {
        guard let sync = results.first, let many = results.first(where: { $0.name.hasPrefix("64 callers") }) else {
            return ""
        }
        let micros = sync.p50.nanos / 1_000
        let alone =
            "an event that is published alone is acknowledged after about \(shown(sync.p50)), and 64 callers together "
            + "publish some \(Int(many.perSecond)) events a second"
        switch micros {
        case ..<15:
            return
                "This disk answers a sync in \(shown(sync.p50)), faster than most can write: make sure that its cache survives "
                + "a power cut; if it does, \(alone)."
        case ..<1_000: return "This disk is good for a durable log: \(alone)."
        case ..<10_000:
            return "This disk is usable: \(alone). Publish in batches or from several callers at once; a disk with "
                + "power-loss protection would answer ten times sooner."
        default:
            return
                "This disk is slow to sync: \(alone). Use a solid-state disk with power-loss protection, or publish in batches; "
                + "for topics that may lose a second of events in a power cut there is relaxed durability."
        }
    }

    private static func shown(_ duration: Duration) -> String {
        let micros = Double(duration.nanos) / 1e3
        return micros < 1_000 ? "\(Int(micros.rounded())) µs" : "\((micros / 100).rounded() / 10) ms"
    }
}
