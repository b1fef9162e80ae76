// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsServer

/// The settings as flags of a command.
enum SettingFlags {
    /// One option per setting, and `--config`.
    static let options: [CommandOption] =
        [
            CommandOption(
                "config", "FILE",
                help: "the settings file (TIDINGS_CONFIG; default: \(Settings.standardFile) where it exists)")
        ] + SettingDescription.all.map(option)

    private static func option(_ setting: SettingDescription) -> CommandOption {
        let group = setting.group.isEmpty ? "Options" : "Settings in \(setting.group).*"
        if case .flag = setting.type { return .flag(setting.flag, group: group, help: setting.help) }
        let standard = setting.standard.isEmpty ? "" : " (default \(setting.standard))"
        return CommandOption(setting.flag, setting.type.placeholder, group: group, help: setting.help + standard)
    }

    /// The settings that apply to a command called with these flags; warnings are said.
    static func load(_ invocation: Invocation) throws(CommandFailure) -> Settings {
        var flags: [String: String] = [:]
        for setting in SettingDescription.all {
            guard let value = invocation.value(setting.flag) else { continue }
            if case .flag = setting.type { flags[setting.name] = "true" } else { flags[setting.name] = value }
        }
        do throws(SettingsError) {
            let settings = try Settings.load(
                flags: flags, file: invocation.value("config"), environment: invocation.environment)
            for warning in settings.warnings { invocation.terminal.say("tidings: warning: \(warning)") }
            return settings
        } catch {
            throw CommandFailure(
                .usage, error.reasons.joined(separator: "\ntidings: "), hint: "tidings config reference")
        }
    }
}
