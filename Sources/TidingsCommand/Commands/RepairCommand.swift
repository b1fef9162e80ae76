// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog

/// `tidings log repair`.
enum RepairCommand {
    static let command = Command(
        "repair", "Says what is wrong with a data folder and what would be done, and does it with --apply.",
        details: """
            Stop the server first; make a backup if there is room. Damaged bytes are copied to log/quarantine before anything
            takes their place, and nothing else is removed. Offsets that are lost are fenced off, so that readers pass them;
            indexes are written anew; metadata of which no copy can be read is rebuilt from the folders. Ends with 1 while
            something is to be done.
            """,
        options: [
            DataFolder.option, .flag("apply", help: "does it; without it nothing is changed"), ClientOptions.json,
        ],
        examples: ["tidings log repair --data /var/lib/tidings", "tidings log repair --data /var/lib/tidings --apply"]
    ) { invocation throws(CommandFailure) in
        let disk = try DataFolder.existing(DataFolder.path(invocation))
        let isApplying = invocation.has("apply")
        let steps: [LogRepair.Step]
        do throws(LogToolError) {
            steps = try LogRepair.run(
                on: disk, applying: isApplying, time: SystemTime(), random: SystemRandom(),
                logger: Logger("log", to: nil))
        } catch {
            throw CommandFailure(.failure, error.description)
        }
        let items = steps.map { step -> JSONValue in
            .object(
                JSONObject([
                    ("kind", .string(step.kind.rawValue)), ("path", .string(step.path)),
                    ("step", .string(step.description)), ("done", .bool(isApplying)),
                ]))
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [.text("kind", "kind"), .text("path", "path"), .text("step", "step")],
            nothing: "There is nothing to repair.")
        if !isApplying, !steps.isEmpty {
            invocation.terminal.say("nothing was changed; --apply does it")
            return .failure
        }
        return .ok
    }
}
