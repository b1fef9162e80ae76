// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What kind of value a setting takes, and between which limits. Everything reaches it as text: from a flag, the
/// environment, the file, or the default.
package enum SettingType: Sendable {
    case text
    /// `true` or `false`.
    case flag
    case count(ClosedRange<Int64>)
    /// A number of bytes: plain, or with `KiB`, `MiB`, `GiB`.
    case bytes(ClosedRange<Int64>)
    /// A duration as in the API: `250ms`, `10s`, `1h30m`.
    case duration(ClosedRange<Duration>)
    case choice([String])
    /// An address to listen on: `HOST:PORT`, `[IPv6]:PORT`.
    case address
    /// The same, or `off`.
    case addressOrOff
    /// Texts separated by commas, or a sequence in the file; `check` answers what is wrong with one.
    case list(check: @Sendable (String) -> String?)
    /// `name=value` pairs separated by commas, or a mapping in the file.
    case map(names: [String], values: [String])

    /// Reads a value.
    /// - Throws: ``SettingRefusal`` with what was expected.
    func read(_ text: String) throws(SettingRefusal) -> SettingValue {
        switch self {
        case .text:
            if text.isEmpty { throw SettingRefusal("it must not be empty") }
            return .text(text)
        case .flag:
            switch text.lowercased() {
            case "true": return .flag(true)
            case "false": return .flag(false)
            default: throw SettingRefusal("it is true or false, not \"\(text)\"")
            }
        case .count(let limits):
            guard let number = Int64(text) else { throw SettingRefusal("it is a whole number, not \"\(text)\"") }
            try Self.check(number, limits) { String($0) }
            return .number(number)
        case .bytes(let limits):
            guard let number = Self.bytes(text) else {
                throw SettingRefusal("it is a number of bytes (65536, 64KiB, 8MiB, 1GiB), not \"\(text)\"")
            }
            try Self.check(number, limits, Self.bytesText)
            return .number(number)
        case .duration(let limits):
            guard let duration = DurationText.parse(text) else {
                throw SettingRefusal("it is a duration (250ms, 10s, 1h30m, 7d), not \"\(text)\"")
            }
            try Self.check(duration, limits) { DurationText.format($0) }
            return .duration(duration)
        case .choice(let words):
            if words.contains(text) { return .text(text) }
            throw SettingRefusal(Self.unknown(text, words))
        case .address:
            guard ListenAddress(text) != nil else {
                throw SettingRefusal("it is HOST:PORT (127.0.0.1:7400, [::1]:7400), not \"\(text)\"")
            }
            return .text(text)
        case .addressOrOff:
            guard text == "off" || ListenAddress(text) != nil else {
                throw SettingRefusal("it is HOST:PORT (127.0.0.1:9092, [::1]:9092) or off, not \"\(text)\"")
            }
            return .text(text)
        case .list(let check):
            return .list(try Self.items(of: text, check))
        case .map(let names, let values):
            return .map(try Self.pairs(of: text, names, values))
        }
    }

    private static func check<Number: Comparable>(
        _ value: Number, _ limits: ClosedRange<Number>, _ shown: (Number) -> String
    ) throws(SettingRefusal) {
        if limits.contains(value) { return }
        throw SettingRefusal(
            "it is at least \(shown(limits.lowerBound)) and at most \(shown(limits.upperBound)), not \(shown(value))")
    }

    private static func items(
        of text: String, _ check: (String) -> String?
    ) throws(SettingRefusal) -> [String] {
        var items: [String] = []
        for part in text.split(separator: ",") {
            let item = trimmed(part)
            if item.isEmpty { continue }
            if let wrong = check(item) { throw SettingRefusal("\"\(item)\" \(wrong)") }
            items.append(item)
        }
        return items
    }

    private static func pairs(
        of text: String, _ names: [String], _ values: [String]
    ) throws(SettingRefusal) -> [String: String] {
        var pairs: [String: String] = [:]
        for part in text.split(separator: ",") where !trimmed(part).isEmpty {
            guard let equals = part.firstIndex(of: "=") else {
                throw SettingRefusal("it is name=value pairs, and \"\(trimmed(part))\" has no =")
            }
            let name = trimmed(part[..<equals])
            let value = trimmed(part[part.index(after: equals)...])
            guard names.contains(name) else { throw SettingRefusal(unknown(name, names)) }
            guard values.contains(value) else { throw SettingRefusal("\(name): " + unknown(value, values)) }
            if pairs.updateValue(value, forKey: name) != nil { throw SettingRefusal("\"\(name)\" is given twice") }
        }
        return pairs
    }

    private static func unknown(_ word: String, _ words: [String]) -> String {
        let nearest = Spelling.nearest(to: word, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
        return "it is one of \(words.joined(separator: ", ")), not \"\(word)\"" + nearest
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// A number of bytes from `65536`, `64KiB`, `8MiB` or `1GiB`.
    static func bytes(_ text: String) -> Int64? {
        for (unit, shift) in [("KiB", Int64(10)), ("MiB", 20), ("GiB", 30), ("TiB", 40)] where text.hasSuffix(unit) {
            guard let number = Int64(text.dropLast(3)), number >= 0 else { return nil }
            let (scaled, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
            return overflow ? nil : scaled
        }
        return Int64(text)
    }

    /// A number of bytes in its largest whole unit.
    static func bytesText(_ number: Int64) -> String {
        for (unit, shift) in [("GiB", Int64(30)), ("MiB", 20), ("KiB", 10)] where number >= 1 << shift {
            if number % (1 << shift) == 0 { return "\(number >> shift)\(unit)" }
        }
        return String(number)
    }

    /// The limits in words, for the reference; empty when there are none.
    var limits: String {
        switch self {
        case .text, .address, .addressOrOff, .list: ""
        case .flag: "true, false"
        case .count(let limits): "\(limits.lowerBound) to \(limits.upperBound)"
        case .bytes(let limits): "\(Self.bytesText(limits.lowerBound)) to \(Self.bytesText(limits.upperBound))"
        case .duration(let limits):
            "\(DurationText.format(limits.lowerBound)) to \(DurationText.format(limits.upperBound))"
        case .choice(let words): words.joined(separator: ", ")
        case .map(_, let values): "name=" + values.joined(separator: "\u{7C}")
        }
    }

    /// What stands for a value in the usage.
    package var placeholder: String {
        switch self {
        case .text: "TEXT"
        case .flag: "true|false"
        case .count: "N"
        case .bytes: "BYTES"
        case .duration: "DURATION"
        case .choice(let words): words.joined(separator: "|")
        case .address: "HOST:PORT"
        case .addressOrOff: "HOST:PORT or off"
        case .list: "A,B,…"
        case .map: "NAME=VALUE,…"
        }
    }
}

/// Why a text is not a value of a setting; the sentence begins with "it".
struct SettingRefusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// A setting's value, read.
package enum SettingValue: Sendable, Hashable {
    case text(String)
    case flag(Bool)
    case number(Int64)
    case duration(Duration)
    case list([String])
    case map([String: String])
}

/// Where to listen: an address or a name of this machine, and a port (0: any free one).
package struct ListenAddress: Sendable, Hashable {
    /// The host, without the brackets of an IPv6 address.
    package let host: String
    /// The port.
    package let port: UInt16

    /// Reads `HOST:PORT` or `[IPv6]:PORT`; nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "[" || $0 == "]" || $0 == "/" }) else {
            return nil
        }
        self.host = String(host)
        self.port = port
    }
}
