// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Percent-encoding as paths and queries have it (RFC 3986 §2.1).
package enum PercentText {
    /// Resolves the escapes; nil when one is broken, or the bytes are not UTF-8, or one of them is NUL.
    /// - Parameter plusIsSpace: whether `+` stands for a space, as forms write it.
    package static func decode(_ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> String? {
        guard bytes.contains(37) || (plusIsSpace && bytes.contains(43)) else {
            return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
        }
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 37 {
                guard bytes.count - at > 2, let high = HTTPBytes.hexValue(bytes[at + 1]),
                    let low = HTTPBytes.hexValue(bytes[at + 2])
                else { return nil }
                plain.append(high << 4 | low)
                at += 3
            } else {
                plain.append(byte == 43 && plusIsSpace ? 32 : byte)
                at += 1
            }
        }
        guard !plain.contains(0) else { return nil }
        return String(validating: plain, as: UTF8.self)
    }

    /// Escapes everything but unreserved characters, so that the text can stand as one part of a path or query.
    package static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: encoded.append(byte)
            default:
                encoded.append(37)
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}

/// A request's query parameters, read strictly: what is not what the route asks for is refused by name.
package struct QueryParameters: Sendable {
    private var items: [(name: String, value: String)] = []

    /// The most parameters of one query; more are refused.
    package static let most = 100

    /// Splits a query and resolves its escapes; `+` is a space.
    package init(_ query: UnsafeRawBufferPointer?) throws(Problem) {
        guard let query, !query.isEmpty else { return }
        for part in query.split(separator: 38) {
            let part = UnsafeRawBufferPointer(rebasing: part)
            let equals = part.firstIndex(of: 61) ?? part.count
            let rawName = UnsafeRawBufferPointer(rebasing: part[..<equals])
            let rawValue = UnsafeRawBufferPointer(rebasing: part[min(equals + 1, part.count)...])
            guard let name = PercentText.decode(rawName, plusIsSpace: true),
                let value = PercentText.decode(rawValue, plusIsSpace: true)
            else {
                throw Self.refusal("A query parameter is not UTF-8 text.", rawName.text, "utf-8", rawValue.text)
            }
            guard items.count < Self.most else {
                throw Self.refusal("The query has more than \(Self.most) parameters.", name, "most-parameters", nil)
            }
            items.append((name, value))
        }
    }

    /// The names, in order.
    package var names: [String] { items.map(\.name) }

    /// Refuses the first parameter whose name is not among those a route knows, naming the nearest one.
    package func check(known: [String]) throws(Problem) {
        for item in items where !known.contains(item.name) {
            let nearest = Spelling.nearest(to: item.name, in: known).map { " Did you mean '\($0)'?" } ?? ""
            throw Self.refusal(
                "There is no query parameter '\(item.name)' here.\(nearest)", item.name, "known-parameter", item.value)
        }
    }

    /// Every value of a parameter that may be repeated, in order.
    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The value of a parameter; nil when it is absent.
    /// - Throws: `invalid-parameter` when it is repeated.
    package func text(_ name: String) throws(Problem) -> String? {
        let values = all(name)
        guard values.count <= 1 else {
            throw Self.refusal("The query parameter '\(name)' stands more than once.", name, "once", values.last)
        }
        return values.first
    }

    /// A whole number within a range; nil when it is absent.
    package func integer(_ name: String, in range: ClosedRange<Int64>) throws(Problem) -> Int64? {
        guard let text = try text(name) else { return nil }
        guard text.utf8.first != UInt8(ascii: "+"), let number = Int64(text), range.contains(number) else {
            throw Self.refusal(
                "The query parameter '\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound).",
                name, "integer \(range.lowerBound)..\(range.upperBound)", text)
        }
        return number
    }

    /// `true` or `false`; nil when it is absent.
    package func flag(_ name: String) throws(Problem) -> Bool? {
        switch try text(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        case let text?:
            throw Self.refusal("The query parameter '\(name)' must be true or false.", name, "boolean", text)
        }
    }

    /// A moment, by RFC 3339 or back from now like `-1h`; nil when it is absent.
    package func time(_ name: String, now: WallTime) throws(Problem) -> WallTime? {
        guard let text = try text(name) else { return nil }
        guard let time = TimeText.parse(text, now: now) else {
            throw Self.refusal("The query parameter '\(name)' must be \(TimeText.rule).", name, "time", text)
        }
        return time
    }

    /// One of a set of words; nil when it is absent.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type = Choice.self
    ) throws(Problem) -> Choice? where Choice.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Self.refusal(
                "The query parameter '\(name)' must be one of: \(words).", name, "one of: \(words)", text)
        }
        return choice
    }

    /// The refusal of a parameter's value, for rules a route adds.
    package static func refusal(_ detail: String, _ name: String, _ rule: String, _ found: String?) -> Problem {
        Problem(.invalidParameter, detail, [Problem.Violation("query:\(name)", rule, found: found)])
    }
}
