// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Settings that fill one struct of another target: each row names the field, and takes the field's own default.
package struct SettingTable<Root: Sendable>: Sendable {
    /// One setting and the field it fills.
    package struct Row: Sendable {
        fileprivate let make: @Sendable (Root) -> SettingDescription
        fileprivate let fill: @Sendable (Settings, SettingDescription, inout Root) -> Void
    }

    private let standard: Root
    private let rows:
        [(description: SettingDescription, fill: @Sendable (Settings, SettingDescription, inout Root) -> Void)]

    /// Makes the table of a struct whose defaults are `standard`.
    package init(_ standard: Root, _ rows: [Row]) {
        self.standard = standard
        self.rows = rows.map { ($0.make(standard), $0.fill) }
    }

    /// What is said of the settings.
    package var descriptions: [SettingDescription] { rows.map(\.description) }

    /// The struct with the values of the settings.
    package func read(_ settings: Settings) -> Root {
        var root = standard
        for row in rows { row.fill(settings, row.description, &root) }
        return root
    }
}

extension SettingTable.Row {
    private init<Field>(
        _ path: any WritableKeyPath<Root, Field> & Sendable, make: @escaping @Sendable (Field) -> SettingDescription,
        read: @escaping @Sendable (SettingValue) -> Field?
    ) {
        self.make = { make($0[keyPath: path]) }
        fill = { settings, description, root in
            guard let field = read(settings.value(named: description.name)) else {
                preconditionFailure("\(description.name) was read as another type than its field has")
            }
            root[keyPath: path] = field
        }
    }

    /// A number of bytes; its limits are written as in the file.
    static func bytes(
        _ name: String, _ path: any WritableKeyPath<Root, Int> & Sendable, _ least: String, _ most: String,
        _ help: String, effect: String? = nil
    ) -> Self {
        let limits = size(least)...size(most)
        return Self(
            path,
            make: { Setting.bytes(name, $0, limits, help, effect: effect).description },
            read: { if case .number(let number) = $0 { Int(exactly: number) } else { nil } })
    }

    /// A number of bytes of a disk; its limits are written as in the file.
    static func diskBytes(
        _ name: String, _ path: any WritableKeyPath<Root, Int64> & Sendable, _ least: String, _ most: String,
        _ help: String, effect: String? = nil
    ) -> Self {
        let limits = size(least)...size(most)
        return Self(
            path,
            make: { Setting.bytes(name, Int($0), limits, help, effect: effect).description },
            read: { if case .number(let number) = $0 { number } else { nil } })
    }

    /// A count.
    static func count(
        _ name: String, _ path: any WritableKeyPath<Root, Int> & Sendable, _ limits: ClosedRange<Int64>,
        _ help: String, effect: String? = nil
    ) -> Self {
        Self(
            path,
            make: { Setting.count(name, $0, limits, help, effect: effect).description },
            read: { if case .number(let number) = $0 { Int(exactly: number) } else { nil } })
    }

    /// A count of the protocol's.
    static func count32(
        _ name: String, _ path: any WritableKeyPath<Root, Int32> & Sendable, _ limits: ClosedRange<Int64>,
        _ help: String, effect: String? = nil
    ) -> Self {
        Self(
            path,
            make: { Setting.count(name, Int($0), limits, help, effect: effect).description },
            read: { if case .number(let number) = $0 { Int32(exactly: number) } else { nil } })
    }

    /// A duration; its limits are written as in the file.
    static func duration(
        _ name: String, _ path: any WritableKeyPath<Root, Duration> & Sendable, _ least: String, _ most: String,
        _ help: String, effect: String? = nil
    ) -> Self {
        let limits = duration(least)...duration(most)
        return Self(
            path,
            make: { Setting.duration(name, $0, limits, help, effect: effect).description },
            read: { if case .duration(let duration) = $0 { duration } else { nil } })
    }

    private static func size(_ text: String) -> Int64 {
        guard let size = SettingType.bytes(text) else { preconditionFailure("\(text) is no number of bytes") }
        return size
    }

    private static func duration(_ text: String) -> Duration {
        guard let duration = DurationText.parse(text) else { preconditionFailure("\(text) is no duration") }
        return duration
    }
}
