// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsDelivery
import TidingsHTTP

/// What a body says about mending: which dead letters, or what their data is to be.
struct MendRequest {
    /// Which dead letters are redriven.
    let selection: DeadLetterSelection
    /// Whether they are only counted.
    let isDryRun: Bool

    /// Reads `{"ids": […]}` or `{"filter": {…}}`, with `"dry_run"`.
    init(_ request: borrowing HTTPRequest) throws(Problem) {
        let object = try Self.object(request, known: ["ids", "filter", "dry_run"])
        isDryRun = try Self.flag(object, "dry_run") ?? false
        switch (object["ids"], object["filter"]) {
        case (let ids?, nil): selection = .ids(try Self.ids(ids))
        case (nil, let filter?): selection = .filter(try Self.filter(filter))
        case (nil, nil), (_?, _?):
            throw Self.refusal("either 'ids' or 'filter' must be there", "", "ids or filter", nil)
        }
    }

    /// Reads `{"data": …}`: the JSON text that replaces an event's data; nil for an empty body or object.
    static func editedData(_ request: borrowing HTTPRequest) throws(Problem) -> [UInt8]? {
        if request.body.isEmpty { return nil }
        let object = try object(request, known: ["data"])
        guard let data = object["data"] else { return nil }
        var text = ByteBuffer(capacity: request.body.count)
        JSONWriter.write(into: &text) { $0.value(data) }
        return text.array()
    }

    private static func ids(_ value: JSONValue) throws(Problem) -> [DeadLetterID] {
        guard let items = value.array, items.count <= MendDoor.mostIDs else {
            throw refusal(
                "'/ids' must be an array of at most \(MendDoor.mostIDs) ids", "/ids", "array", value.kindName)
        }
        var ids: [DeadLetterID] = []
        for (place, item) in items.enumerated() {
            guard let id = item.string.flatMap({ DeadLetterID($0) }) else {
                throw refusal(
                    "'/ids/\(place)' must be the id of a dead letter, like dl-7", "/ids/\(place)", "id", item.text)
            }
            ids.append(id)
        }
        return ids
    }

    private static func filter(_ value: JSONValue) throws(Problem) -> DeadLetterFilter {
        guard let object = value.object else {
            throw refusal("'/filter' must be an object", "/filter", "object", value.kindName)
        }
        try check(object, known: ["entity", "blocking", "reason", "type"], at: "/filter")
        var filter = DeadLetterFilter()
        filter.key = try text(object, "entity")
        filter.reason = try text(object, "reason")
        filter.isBlocking = try flag(object, "blocking", at: "/filter")
        if let text = try text(object, "type") {
            guard let pattern = TypePattern(text) else {
                throw refusal("'/filter/type' must be \(TypePattern.rule)", "/filter/type", "pattern", text)
            }
            filter.type = pattern
        }
        return filter
    }

    private static func object(
        _ request: borrowing HTTPRequest, known: [String]
    ) throws(Problem) -> JSONObject {
        try AdminAPI.checkIsJSON(request)
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(request.body)
        } catch {
            throw Problem(.unreadableBody, "the body is not JSON: \(error)")
        }
        guard let object = value.object else {
            throw refusal("the body must be an object, not \(value.kindName)", "", "object", value.kindName)
        }
        try check(object, known: known, at: "")
        return object
    }

    private static func check(_ object: JSONObject, known: [String], at pointer: String) throws(Problem) {
        for name in object.names where !known.contains(name) {
            let place = pointer + JSONPointer(tokens: [name]).description
            throw refusal(
                "'\(place)' is no known field\(Spelling.hint(for: name, in: known))", place, "known-field", name)
        }
    }

    private static func text(_ object: JSONObject, _ name: String) throws(Problem) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string else {
            throw refusal("'/filter/\(name)' must be a text", "/filter/\(name)", "string", value.kindName)
        }
        return text
    }

    private static func flag(
        _ object: JSONObject, _ name: String, at pointer: String = ""
    ) throws(Problem) -> Bool? {
        guard let value = object[name] else { return nil }
        guard let flag = value.bool else {
            throw refusal("'\(pointer)/\(name)' must be true or false", "\(pointer)/\(name)", "boolean", value.kindName)
        }
        return flag
    }

    private static func refusal(_ detail: String, _ pointer: String, _ rule: String, _ found: String?) -> Problem {
        Problem(.invalidResource, detail, [.init(pointer, rule, found: found)])
    }
}
