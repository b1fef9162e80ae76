// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Everything there is to know about one setting. Flags, environment names, the file's keys, `--help`,
/// `tidings config show` and the table in docs/limits.md all come from it.
package struct SettingDescription: Sendable {
    /// Its name in the file: words in `snake_case`, groups separated by dots.
    package let name: String
    /// What values it takes.
    package let type: SettingType
    /// Its default, written as in the file.
    package let standard: String
    /// Whether its value is masked wherever it is shown.
    package let isSecret: Bool
    /// What it is for, in one line.
    package let help: String
    /// What exceeding it answers, for a limit; nil for a setting that limits nothing.
    package let effect: String?
    /// The flag's name, without dashes.
    package let flag: String

    /// The variable that sets it.
    package var variable: String {
        let letters = name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "."): UInt8(ascii: "_")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            default: byte
            }
        }
        return "TIDINGS_" + String(decoding: letters, as: UTF8.self)
    }

    /// The group it belongs to: what stands before its first dot.
    package var group: String { name.contains(".") ? String(name.prefix { $0 != "." }) : "" }
}

/// One setting with the type its value has in the program.
package struct Setting<Value: Sendable>: Sendable {
    /// What is said of it.
    package let description: SettingDescription
    private let convert: @Sendable (SettingValue) -> Value?

    fileprivate init(
        _ name: String, _ type: SettingType, _ standard: String, flag: String?, secret: Bool, help: String,
        effect: String?, convert: @escaping @Sendable (SettingValue) -> Value?
    ) {
        let (dot, line, dash) = (UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"))
        let derived = String(decoding: name.utf8.map { $0 == dot || $0 == line ? dash : $0 }, as: UTF8.self)
        description = SettingDescription(
            name: name, type: type, standard: standard, isSecret: secret, help: help, effect: effect,
            flag: flag ?? derived)
        self.convert = convert
    }

    /// The typed value.
    func value(_ value: SettingValue) -> Value {
        guard let typed = convert(value) else {
            preconditionFailure("\(description.name) was read as another type than it is described with")
        }
        return typed
    }
}

extension Setting where Value == String {
    static func text(
        _ name: String, _ standard: String, type: SettingType = .text, flag: String? = nil, secret: Bool = false,
        _ help: String
    ) -> Setting {
        Setting(name, type, standard, flag: flag, secret: secret, help: help, effect: nil) {
            if case .text(let text) = $0 { text } else { nil }
        }
    }
}

extension Setting where Value == ListenAddress {
    static func address(_ name: String, _ standard: String, flag: String? = nil, _ help: String) -> Setting {
        Setting(name, .address, standard, flag: flag, secret: false, help: help, effect: nil) {
            if case .text(let text) = $0 { ListenAddress(text) } else { nil }
        }
    }
}

extension Setting where Value == ListenAddress? {
    static func addressOrOff(_ name: String, _ standard: String, flag: String? = nil, _ help: String) -> Setting {
        Setting(name, .addressOrOff, standard, flag: flag, secret: false, help: help, effect: nil) {
            if case .text(let text) = $0 { .some(ListenAddress(text)) } else { nil }
        }
    }
}

extension Setting where Value == Bool {
    static func flag(_ name: String, _ help: String) -> Setting {
        Setting(name, .flag, "false", flag: nil, secret: false, help: help, effect: nil) {
            if case .flag(let flag) = $0 { flag } else { nil }
        }
    }
}

extension Setting where Value == Int {
    static func count(
        _ name: String, _ standard: Int, _ limits: ClosedRange<Int64>, _ help: String, effect: String? = nil
    ) -> Setting {
        Setting(name, .count(limits), String(standard), flag: nil, secret: false, help: help, effect: effect) {
            if case .number(let number) = $0 { Int(number) } else { nil }
        }
    }

    static func bytes(
        _ name: String, _ standard: Int, _ limits: ClosedRange<Int64>, _ help: String, effect: String? = nil
    ) -> Setting {
        Setting(
            name, .bytes(limits), SettingType.bytesText(Int64(standard)), flag: nil, secret: false, help: help,
            effect: effect
        ) {
            if case .number(let number) = $0 { Int(number) } else { nil }
        }
    }
}

extension Setting where Value == Duration {
    static func duration(
        _ name: String, _ standard: Duration, _ limits: ClosedRange<Duration>, _ help: String, effect: String? = nil
    ) -> Setting {
        Setting(
            name, .duration(limits), DurationText.format(standard), flag: nil, secret: false, help: help,
            effect: effect
        ) {
            if case .duration(let duration) = $0 { duration } else { nil }
        }
    }
}

extension Setting where Value == [String] {
    static func list(
        _ name: String, _ help: String, check: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Setting {
        Setting(name, .list(check: check), "", flag: nil, secret: false, help: help, effect: nil) {
            if case .list(let list) = $0 { list } else { nil }
        }
    }
}

extension Setting where Value == [String: String] {
    static func map(_ name: String, names: [String], values: [String], _ help: String) -> Setting {
        Setting(name, .map(names: names, values: values), "", flag: nil, secret: false, help: help, effect: nil) {
            if case .map(let map) = $0 { map } else { nil }
        }
    }
}
