// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog
import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tidings log`: what is done with a data folder without asking a server.
enum LogCommand {
    private static let data = CommandOption(
        "data", "DIR", help: "the data folder (TIDINGS_DATA; default \(ServerOptions.data.description.standard))")

    static let command = Command(
        "log", "The data folder: look into it, verify, repair, back up and restore it.",
        [
            Command(
                "dump", "Shows partitions, the records or batches of a topic, or the rounds of the write-ahead log.",
                details: """
                    Without a topic: every partition with its segments. Compressed batches are shown decompressed. What only
                    the write-ahead log has yet is shown too. A running server is not disturbed: what it writes meanwhile
                    may be seen in part.
                    """,
                arguments: [CommandArgument("TOPIC", help: "what to show of; default: a list of all", optional: true)],
                options: [
                    data, CommandOption("partition", "N", help: "only this partition"),
                    CommandOption("offset", "N", help: "from this offset on"),
                    CommandOption("to", "N", help: "up to and with this offset"),
                    CommandOption("since", "TIME", help: "of this time or later, as in 2026-11-24T15:06:21Z"),
                    CommandOption("until", "TIME", help: "of an earlier time"),
                    CommandOption("key", "KEY", help: "only records with this key (batches that hold one)"),
                    CommandOption("round", "N", help: "only what this round made durable"),
                    ClientOptions.limit, .flag("full", help: "headers and values whole, on lines of their own"),
                    .flag("batches", help: "batches instead of records"),
                    .flag("rounds", help: "the rounds of the write-ahead log; of a topic, those that touch it"),
                    ClientOptions.json,
                ],
                examples: [
                    "tidings log dump", "tidings log dump orders --partition 3 --offset 1000 --limit 10",
                    "tidings log dump orders --key o-17 --since 2026-11-24T15:00:00Z --full",
                    "tidings log dump --rounds --json",
                ],
                run: LogDump.run),
            Command(
                "verify", "Reads everything, and says what is damaged.",
                details: """
                    Every checksum, record, offset, producer's sequence and index entry of every partition, and the rounds
                    that no checkpoint has covered. Ends with 1 when acknowledged records cannot be read or are not in
                    order; what is only noticed costs nothing. A running server is not disturbed.
                    """,
                options: [data, ClientOptions.json], examples: ["tidings log verify --data /var/lib/tidings"],
                run: verify),
            RepairCommand.command, BackupCommand.backup, BackupCommand.restore,
        ])

    // MARK: - Verify

    @Sendable private static func verify(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let terminal = invocation.terminal
        let findings: [LogInspector.Finding]
        do {
            findings = try inspector(invocation).verify { partition in
                terminal.progress("reading \(partition.folder)")
            }
        } catch {
            throw failure(error)
        }
        terminal.progress("")
        let items = findings.map { finding -> JSONValue in
            .object(
                JSONObject([
                    ("severity", .string(finding.severity.rawValue)), ("path", .string(finding.path)),
                    ("position", number(finding.position)), ("finding", .string(finding.description)),
                ]))
        }
        terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .text("severity", "severity"), .text("path", "path"), .number("position", "position"),
                .text("finding", "finding"),
            ], nothing: "Everything is whole.")
        let damaged = findings.count { $0.severity == .damage }
        guard damaged > 0 else { return .ok }
        terminal.say(
            "tidings: \(damaged) of the findings \(damaged == 1 ? "is" : "are") damage to acknowledged records")
        return .failure
    }

    // MARK: - The folder

    static func inspector(_ invocation: Invocation) throws(CommandFailure) -> LogInspector {
        let folder =
            invocation.value("data") ?? invocation.environment[ServerOptions.data.description.variable]
            ?? ServerOptions.data.description.standard
        // A disk makes its folder; looking makes nothing.
        guard access(folder, F_OK) == 0 else { throw CommandFailure(.notFound, "there is no folder \(folder)") }
        do {
            return try LogInspector(disk: FileDisk(root: folder))
        } catch {
            throw failure(error)
        }
    }

    static func failure(_ error: any Error) -> CommandFailure {
        if let failure = error as? CommandFailure { return failure }
        if let error = error as? LogError { return CommandFailure(.failure, error.description) }
        if let error = error as? DiskError { return CommandFailure(.failure, error.description) }
        return CommandFailure(.failure, "\(error)")
    }

    static func number(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(Int64(clamping: value))) }
}
