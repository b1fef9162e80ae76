// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog
import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The data folder that a tool works on: `--data`, else the environment's, else the server's default.
enum DataFolder {
    static let option = CommandOption(
        "data", "DIR", help: "the data folder (TIDINGS_DATA; default \(ServerOptions.data.description.standard))")

    static func path(_ invocation: Invocation) -> String {
        invocation.value("data") ?? invocation.environment[ServerOptions.data.description.variable]
            ?? ServerOptions.data.description.standard
    }

    /// The folder, which must be there: a disk makes its folder, a tool makes none by mistake.
    static func existing(_ path: String) throws(CommandFailure) -> FileDisk {
        guard access(path, F_OK) == 0 else { throw CommandFailure(.notFound, "there is no folder \(path)") }
        return try made(path)
    }

    /// The folder, made when it is not there.
    static func made(_ path: String) throws(CommandFailure) -> FileDisk {
        do throws(DiskError) { return try FileDisk(root: path) } catch {
            throw CommandFailure(.failure, error.description)
        }
    }

    /// Refuses a backup folder inside the data folder, and the other way around: one would be copied into itself.
    static func refuseNested(_ data: String, _ backup: String) throws(CommandFailure) {
        let (data, backup) = (resolved(data), resolved(backup))
        if data == backup { throw CommandFailure(.usage, "the backup folder is the data folder: \(data)") }
        if backup.hasPrefix(data == "/" ? data : data + "/") {
            throw CommandFailure(.usage, "the backup folder \(backup) lies inside the data folder \(data)")
        }
        if data.hasPrefix(backup == "/" ? backup : backup + "/") {
            throw CommandFailure(.usage, "the data folder \(data) lies inside the backup folder \(backup)")
        }
    }

    /// Where a path leads, also when its end is not there yet.
    private static func resolved(_ path: String) -> String {
        var (there, missing) = (path, "")
        while true {
            if let found = realpath(there.isEmpty ? "." : there, nil) {
                defer { free(found) }
                let base = String(cString: found)
                return missing.isEmpty ? base : (base == "/" ? "" : base) + missing
            }
            if there.isEmpty { return path }
            while there.count > 1, there.last == "/" { there.removeLast() }
            guard let slash = there.lastIndex(of: "/") else {
                missing = "/" + there + missing
                there = ""
                continue
            }
            missing = there[slash...] + missing
            there = slash == there.startIndex ? "/" : String(there[..<slash])
        }
    }

    /// A whole number for JSON.
    static func number(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(Int64(clamping: value))) }
}
