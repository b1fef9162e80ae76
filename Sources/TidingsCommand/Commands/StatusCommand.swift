// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings status`: how well a server is.
enum StatusCommand {
    static let command = Command(
        "status", "Says how well the server is: its checks, warnings, and what the last start recovered.",
        details: """
            ok: all is well. degraded: everything goes on but publishing, since the disk is full. not ready: the log takes \
            nothing, and the command ends with code 1.
            """,
        options: ClientOptions.all, examples: ["tidings status", "tidings status --json"]
    ) { invocation throws(CommandFailure) in
        let answer = try invocation.client().call(APIRequest(["readyz"]))
        let found = try answer.json()
        guard let status = found["status"]?.string else { throw answer.failure }
        let code = answer.isSuccess ? ExitCode.ok : .failure
        if invocation.has("json") {
            invocation.terminal.print(found.text)
            return code
        }
        var table = Table([.text("what"), .text("how it is")])
        table.add(["server", status])
        for check in found["checks"]?.object?.members ?? [] { table.add([check.name, check.value.cell]) }
        for warning in found["warnings"]?.array ?? [] { table.add(["warning", warning.cell]) }
        if let recovery = found["recovery"]?.object {
            let parts = recovery.members.map { "\($0.name.replacing("_", with: " ")) \($0.value.cell)" }
            table.add(["recovery", "after an unclean end: " + parts.joined(separator: ", ")])
        }
        invocation.terminal.print(table)
        return code
    }
}
