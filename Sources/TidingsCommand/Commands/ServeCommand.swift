// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsServer

/// `tidings serve`.
enum ServeCommand {
    static let command = Command(
        "serve", "Runs the server.",
        options: SettingFlags.options,
        examples: ["tidings serve", "tidings serve --data /var/lib/tidings --http 127.0.0.1:7400 --log-level debug"]
    ) { invocation throws(CommandFailure) in
        _ = try SettingFlags.load(invocation)
        return .ok
    }
}
