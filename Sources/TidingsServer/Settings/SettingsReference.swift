// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The reference of all settings as Markdown, for docs/limits.md.
package enum SettingsReference {
    /// A table of all limits (settings whose excess answers something), then one of the other settings.
    package static var markdown: String {
        var lines = ["| limit | default | between | what exceeding it answers |", "|---|---|---|---|"]
        for setting in SettingDescription.all {
            guard let effect = setting.effect else { continue }
            lines.append(
                "| `\(setting.name)`: \(setting.help) | \(code(setting.standard)) | \(setting.type.limits) | \(effect) |"
            )
        }
        lines += ["", "| setting | default | values | what it is for |", "|---|---|---|---|"]
        for setting in SettingDescription.all where setting.effect == nil {
            let values = setting.type.limits.isEmpty ? setting.type.placeholder : setting.type.limits
            lines.append(
                "| `\(setting.name)` | \(code(setting.standard)) | \(escaped(values)) | \(escaped(setting.help)) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func code(_ text: String) -> String { text.isEmpty ? "" : "`\(text)`" }
    private static func escaped(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }
}
