// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog

/// `tidings log`: what is done with a data folder without asking a server.
enum LogCommand {
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
                    DataFolder.option, CommandOption("partition", "N", help: "only this partition"),
                    CommandOption("offset", "N", help: "from this offset on"),
                    CommandOption("to", "N", help: "up to and with this offset"),
                    CommandOption("since", "TIME", help: "of this time or later: RFC 3339, or back from now like -1h"),
                    CommandOption("until", "TIME", help: "of an earlier time, as --since"),
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
                    "tidings log dump orders --since -1h --until -30m",
                    "tidings log dump --rounds --json",
                ],
                run: LogDump.run),
            Command(
                "verify", "Reads everything, and says what is damaged.",
                details: """
                    Every checksum, record, offset, producer's sequence and index entry of every partition, and the rounds
                    that no checkpoint has covered. Ends with 1 when acknowledged records cannot be read or are not in
                    order; what is only noticed costs nothing. A running server is not disturbed.

                    Of a backup folder: whether every file is what was backed up.
                    """,
                arguments: [
                    CommandArgument("DIR", help: "a backup or data folder; default: that of --data", optional: true)
                ],
                options: [DataFolder.option, ClientOptions.json],
                examples: ["tidings log verify --data /var/lib/tidings", "tidings log verify /backup/tidings"],
                run: verify),
            RepairCommand.command, BackupCommand.backup, BackupCommand.restore,
        ])

    // MARK: - Verify

    @Sendable private static func verify(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let terminal = invocation.terminal
        let disk = try DataFolder.existing(invocation.argument(0) ?? DataFolder.path(invocation))
        let isBackup = LogBackup.isBackup(disk)
        let findings: [LogInspector.Finding]
        do {
            if isBackup {
                findings = try LogBackup.verify(disk) { terminal.progress($0) }
            } else {
                findings = try LogInspector(disk: disk).verify { terminal.progress("reading \($0.folder)") }
            }
        } catch {
            terminal.progress("")
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
            ], nothing: isBackup ? "The backup is whole." : "Everything is whole.")
        let damaged = findings.count { $0.severity == .damage }
        guard damaged > 0 else { return .ok }
        terminal.say(
            isBackup
                ? "tidings: \(damaged) of the backup's files rotted; `tidings log backup --check` takes them again"
                : "tidings: \(damaged) of the findings \(damaged == 1 ? "is" : "are") damage to acknowledged records")
        return .failure
    }

    // MARK: - The folder

    static func inspector(_ invocation: Invocation) throws(CommandFailure) -> LogInspector {
        // Looking makes nothing.
        let disk = try DataFolder.existing(DataFolder.path(invocation))
        do { return try LogInspector(disk: disk) } catch { throw failure(error) }
    }

    static func failure(_ error: any Error) -> CommandFailure {
        if let failure = error as? CommandFailure { return failure }
        if let error = error as? LogError { return CommandFailure(.failure, error.description) }
        if let error = error as? DiskError { return CommandFailure(.failure, error.description) }
        return CommandFailure(.failure, "\(error)")
    }

    static func number(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(Int64(clamping: value))) }
}
