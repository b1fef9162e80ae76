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

    /// A whole number for JSON.
    static func number(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(Int64(clamping: value))) }
}
