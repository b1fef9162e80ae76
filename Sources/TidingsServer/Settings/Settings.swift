// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The values of all settings, and where each came from: a flag before the environment, before the file, before the
/// default. Made once at the start; never changes.
package struct Settings: Sendable {
    /// Where a value came from.
    package enum Origin: Sendable, Hashable {
        case standard
        case file(path: String, line: Int)
        case environment(variable: String)
        case flag(String)

        /// In words, for `tidings config show`.
        package var text: String {
            switch self {
            case .standard: "default"
            case .file(let path, let line): "\(path):\(line)"
            case .environment(let variable): variable
            case .flag(let flag): "--\(flag)"
            }
        }
    }

    /// One setting as it applies.
    package struct Entry: Sendable {
        /// The setting.
        package let description: SettingDescription
        /// Its value as it was written; a secret's is masked.
        package let shown: String
        /// Its value.
        package let value: SettingValue
        /// Where the value came from.
        package let origin: Origin
    }

    /// All settings, in the order they are described in.
    package let entries: [Entry]
    /// What a person should hear about the sources: names in the environment that look like settings and are none.
    package let warnings: [String]
    private let byName: [String: Int]

    /// A setting's value.
    package subscript<Value>(setting: Setting<Value>) -> Value { setting.value(entry(setting).value) }

    /// A setting's value and origin.
    package func entry<Value>(_ setting: Setting<Value>) -> Entry {
        guard let index = byName[setting.description.name] else {
            preconditionFailure("\(setting.description.name) is not in SettingDescription.all")
        }
        return entries[index]
    }

    /// The value of the setting of that name, which must exist.
    func value(named name: String) -> SettingValue {
        guard let index = byName[name] else { preconditionFailure("\(name) is not in SettingDescription.all") }
        return entries[index].value
    }

    /// What was given on the command line and around it.
    package struct Sources: Sendable {
        /// Values of flags, by the setting's name.
        package var flags: [String: String] = [:]
        /// The process's environment.
        package var environment: [String: String] = [:]
        /// The file and what is in it; nil when there is none.
        package var file: (path: String, text: [UInt8])?

        /// Nothing given.
        package init() {}
    }

    /// Puts the values together.
    /// - Throws: ``SettingsError`` that names every wrong value with its place.
    package init(_ sources: Sources) throws(SettingsError) {
        var errors: [String] = []
        var file: [String: SettingsFile.Given] = [:]
        if let (path, text) = sources.file {
            do {
                let read = try SettingsFile.read(text, path: path)
                file = read.given
                errors += read.errors
            } catch {
                errors.append("\(path):\(error.line): \(error.message)")
            }
        }
        var entries: [Entry] = []
        for description in SettingDescription.all {
            let text: String
            let origin: Origin
            if let given = sources.flags[description.name] {
                (text, origin) = (given, .flag(description.flag))
            } else if let given = sources.environment[description.variable] {
                (text, origin) = (given, .environment(variable: description.variable))
            } else if let given = file[description.name] {
                (text, origin) = (given.text, .file(path: sources.file?.path ?? "", line: given.line))
            } else {
                (text, origin) = (description.standard, .standard)
            }
            do throws(SettingRefusal) {
                let value = try description.type.read(text)
                let shown = description.isSecret && !text.isEmpty ? "…" : text
                entries.append(Entry(description: description, shown: shown, value: value, origin: origin))
            } catch {
                let place: String
                switch origin {
                case .standard: preconditionFailure("the default of \(description.name) is wrong: \(error.reason)")
                case .file(let path, let line): place = "\(path):\(line): \(description.name)"
                case .environment(let variable): place = variable
                case .flag(let flag): place = "--\(flag)"
                }
                errors.append("\(place): \(error.reason)")
            }
        }
        if !errors.isEmpty { throw SettingsError(errors) }
        self.entries = entries
        byName = Dictionary(
            uniqueKeysWithValues: entries.enumerated().map { ($0.element.description.name, $0.offset) })
        warnings = Self.strangers(in: sources.environment)
    }

    /// Names that begin with `TIDINGS_` and that nothing here reads.
    private static func strangers(in environment: [String: String]) -> [String] {
        let known = Set(SettingDescription.all.map(\.variable)).union(otherVariables)
        return environment.keys.filter { $0.hasPrefix("TIDINGS_") && !known.contains($0) }.sorted().map { name in
            let nearest = Spelling.nearest(
                to: name, in: SettingDescription.all.map(\.variable) + ["TIDINGS_CONFIG", "TIDINGS_SERVER"])
            return "\(name) in the environment is no setting"
                + (nearest.map { "; did you mean \($0)?" } ?? "")
        }
    }

    /// What the commands, scripts and tests read themselves.
    private static let otherVariables: Set<String> = [
        "TIDINGS_CONFIG", "TIDINGS_SERVER", "TIDINGS_CI", "TIDINGS_FUZZ_SECONDS",
        // What `tidings listen -- COMMAND` tells the command.
        "TIDINGS_TYPE", "TIDINGS_ENTITY", "TIDINGS_ID", "TIDINGS_SOURCE", "TIDINGS_TIME",
    ]
}

/// What is wrong with the settings: each with its place and the rule it broke.
package struct SettingsError: Error, Sendable {
    /// One sentence per wrong value; at least one.
    package let reasons: [String]

    init(_ reasons: [String]) { self.reasons = reasons }
}
