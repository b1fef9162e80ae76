// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsServer

/// `tidings version`.
enum VersionCommand {
    static let command = Command(
        "version", "Says which Tidings this is.", options: [.flag("json", help: "prints JSON")],
        examples: ["tidings version"]
    ) { invocation in
        if invocation.has("json") {
            invocation.terminal.print(
                JSONWriter.text { json in json.object { $0.member("version", TidingsVersion.text) } })
        } else {
            invocation.terminal.print("tidings \(TidingsVersion.text)")
        }
        return .ok
    }
}
