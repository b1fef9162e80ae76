// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog

/// `tidings log backup` and `tidings log restore`.
enum BackupCommand {
    static let backup = Command(
        "backup", "Copies the data folder, also of a running server, into a backup folder.",
        details: """
            Everything acknowledged before the command began is in the backup, and all of it is of one moment. A further backup
            into the same folder copies only the segments that changed; until it is complete, the older one stands. Every
            file has a checksum, which `tidings log verify DIR` and a restore hold it against. A copy that has another
            length than it had is taken again. Keep the backup folder on another disk. A folder's backup is never replaced by that
            of another folder, nor by an older state of its own, unless you say --replace. What the disk cannot read of
            a file is zeros in its copy; such files are named, everything else is copied, and the command ends with 1.
            """,
        arguments: [CommandArgument("DIR", help: "the backup folder; made when missing")],
        options: [
            DataFolder.option,
            .flag("check", help: "reads the copies that are there already, and takes those again that rotted"),
            .flag("replace", help: "gives up the backup that is there, of another data folder or of a later state"),
            ClientOptions.json,
        ],
        examples: [
            "tidings log backup /backup/tidings --data /var/lib/tidings",
            "tidings log backup /backup/tidings --data /var/lib/tidings --check",
        ]
    ) { invocation throws(CommandFailure) in
        let folder = DataFolder.path(invocation)
        try DataFolder.refuseNested(folder, invocation.argument(0) ?? "")
        let source = try DataFolder.existing(folder)
        let target = try DataFolder.made(invocation.argument(0) ?? "")
        let terminal = invocation.terminal
        let summary: LogBackup.Summary
        do throws(LogToolError) {
            summary = try LogBackup.back(
                up: source, into: target, at: SystemTime().wall, checks: invocation.has("check"),
                replaces: invocation.has("replace")
            ) { terminal.progress($0) }
        } catch {
            terminal.progress("")
            throw CommandFailure(.failure, error.description)
        }
        terminal.progress("")
        for path in summary.damaged { terminal.say("tidings: the copy of \(path) had rotted: it was taken again") }
        for path in summary.unreadable {
            terminal.say(
                "tidings: the disk cannot read all of \(path): its copy has zeros there, or what an earlier one had")
        }
        show(
            summary, invocation,
            "backup \(summary.number): \(summary.fileCount) files, \(summary.byteCount) bytes, up to round "
                + "\(summary.lastRound); \(summary.copiedBytes) bytes were copied")
        return summary.unreadable.isEmpty ? .ok : .failure
    }

    static let restore = Command(
        "restore", "Makes a data folder of a backup.",
        details: """
            The data folder must be empty or missing; nothing is ever written over. Every file is verified by its checksum, and
            of a restore that fails nothing stays; one that was killed is begun again by the same command. The next start
            of a server recovers the folder as after a power cut: what the backup has is there, what came later is not.
            """,
        arguments: [CommandArgument("DIR", help: "the backup folder")],
        options: [
            DataFolder.option,
            .flag("damaged", help: "goes on past files of the backup that rotted, and names them; ends with 1 then"),
            ClientOptions.json,
        ],
        examples: ["tidings log restore /backup/tidings --data /var/lib/tidings"]
    ) { invocation throws(CommandFailure) in
        let folder = DataFolder.path(invocation)
        try DataFolder.refuseNested(folder, invocation.argument(0) ?? "")
        let backup = try DataFolder.existing(invocation.argument(0) ?? "")
        let target = try DataFolder.made(folder)
        let terminal = invocation.terminal
        let summary: LogBackup.Summary
        do throws(LogToolError) {
            summary = try LogBackup.restore(backup, into: target, allowsDamage: invocation.has("damaged")) {
                terminal.progress($0)
            }
        } catch {
            terminal.progress("")
            throw CommandFailure(.failure, error.description)
        }
        terminal.progress("")
        for path in summary.damaged { terminal.say("tidings: \(path) is not what was backed up") }
        show(
            summary, invocation,
            "restored backup \(summary.number): \(summary.fileCount) files, \(summary.copiedBytes) bytes, up to round "
                + "\(summary.lastRound)")
        return summary.damaged.isEmpty ? .ok : .failure
    }

    private static func show(_ summary: LogBackup.Summary, _ invocation: Invocation, _ sentence: String) {
        guard invocation.has("json") else {
            invocation.terminal.print(sentence)
            return
        }
        let json = JSONObject([
            ("number", DataFolder.number(summary.number)), ("last_round", DataFolder.number(summary.lastRound)),
            ("files", DataFolder.number(summary.fileCount)), ("bytes", DataFolder.number(summary.byteCount)),
            ("copied_bytes", DataFolder.number(summary.copiedBytes)),
            ("damaged", .array(summary.damaged.map { .string($0) })),
            ("unreadable", .array(summary.unreadable.map { .string($0) })),
        ])
        invocation.terminal.print(.object(json), asJSON: true)
    }
}
