// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP

/// What the body of an action says: an object of a few known members; an empty body says nothing.
struct ActionBody {
    /// The largest body an action takes, in bytes.
    static let largest = 64 << 10

    private let object: JSONObject

    /// Reads the body.
    /// - Throws: `unreadable-body`, or `invalid-resource` for a member that is not known.
    init(_ request: borrowing HTTPRequest, known: [String]) throws(Problem) {
        try AdminAPI.checkIsJSON(request)
        if request.body.isEmpty {
            object = JSONObject()
            return
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(request.body)
        } catch {
            throw Problem(.unreadableBody, "the body is not JSON: \(error)", [.init("", "json")])
        }
        guard let object = value.object else {
            throw Self.refusal("the body must be an object, not \(value.kindName)", "", "object", value.kindName)
        }
        for name in object.names where !known.contains(name) {
            let place = JSONPointer(tokens: [name]).description
            throw Self.refusal(
                "'\(place)' is no known field\(Spelling.hint(for: name, in: known))", place, "unknown-field", name)
        }
        self.object = object
    }

    /// A text; nil when it is absent.
    func text(_ name: String) throws(Problem) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string else {
            throw Self.refusal("'/\(name)' must be a text, not \(value.kindName)", "/\(name)", "string", value.kindName)
        }
        return text
    }

    /// A list of texts, one at least.
    func texts(_ name: String) throws(Problem) -> [String] {
        guard let value = object[name] else {
            throw Self.refusal("'/\(name)' must be there", "/\(name)", "required", nil)
        }
        let texts = value.array?.compactMap(\.string) ?? []
        guard !texts.isEmpty, texts.count == value.array?.count else {
            throw Self.refusal("'/\(name)' must be a list of texts", "/\(name)", "strings", value.kindName)
        }
        return texts
    }

    /// A truth; false when it is absent.
    func flag(_ name: String) throws(Problem) -> Bool {
        guard let value = object[name] else { return false }
        guard let flag = value.bool else {
            throw Self.refusal(
                "'/\(name)' must be true or false, not \(value.kindName)", "/\(name)", "boolean", value.kindName)
        }
        return flag
    }

    /// A whole number from 0 on; nil when it is absent.
    func number(_ name: String, below limit: Int64) throws(Problem) -> Int64? {
        guard let value = object[name] else { return nil }
        guard let number = value.integer, (0..<limit).contains(number) else {
            throw Self.refusal(
                "'/\(name)' must be a whole number from 0 to \(limit - 1)", "/\(name)", "integer",
                value.number?.text ?? value.kindName)
        }
        return number
    }

    /// Whether it says anything of that name.
    func has(_ name: String) -> Bool { object[name] != nil }

    /// A whole number of any sign; nil when it is absent.
    func signed(_ name: String) throws(Problem) -> Int64? {
        guard let value = object[name] else { return nil }
        guard let number = value.integer else {
            throw Self.refusal(
                "'/\(name)' must be a whole number", "/\(name)", "integer", value.number?.text ?? value.kindName)
        }
        return number
    }

    /// A list of objects of a few known members, one at least; nil when it is absent.
    func objects(_ name: String, known: [String]) throws(Problem) -> [JSONObject]? {
        guard let value = object[name] else { return nil }
        let objects = value.array?.compactMap(\.object) ?? []
        guard !objects.isEmpty, objects.count == value.array?.count else {
            throw Self.refusal("'/\(name)' must be a list of objects", "/\(name)", "objects", value.kindName)
        }
        for (index, object) in objects.enumerated() {
            for member in object.names where !known.contains(member) {
                let place = "/\(name)/\(index)" + JSONPointer(tokens: [member]).description
                throw Self.refusal(
                    "'\(place)' is no known field\(Spelling.hint(for: member, in: known))", place, "unknown-field",
                    member)
            }
        }
        return objects
    }

    /// A place in partitions: an offset, `beginning`, `now`, or a time.
    /// - Throws: `invalid-resource` when it is none, not there, or a time in the future: the end is `now`.
    func place(_ name: String, now: WallTime) throws(Problem) -> SeekRequest.Target {
        guard let value = object[name] else {
            throw Self.refusal("'/\(name)' must be there", "/\(name)", "required", nil)
        }
        if let number = value.integer, let offset = Offset(decoding: number), number < .max { return .offset(offset) }
        switch value.string {
        case "beginning": return .beginning
        case "now": return .now
        case let text?:
            if let time = TimeText.parse(text, now: now) {
                if time <= now { return .time(time) }
                throw Self.refusal(
                    "'/\(name)' lies in the future; the end of what is stored is 'now'", "/\(name)",
                    "not-in-the-future", text)
            }
        case nil: break
        }
        throw Self.refusal(
            "'/\(name)' must be 'beginning', 'now', an offset as a number, or \(TimeText.rule)", "/\(name)", "place",
            value.string ?? value.number?.text ?? value.kindName)
    }

    static func refusal(_ detail: String, _ pointer: String, _ rule: String, _ found: String?) -> Problem {
        Problem(.invalidResource, detail, [.init(pointer, rule, found: found)])
    }
}
