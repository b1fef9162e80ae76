// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Everything that is wrong with one resource, gathered while it is read.
final class ResourceFaults {
    /// How many are told; the rest is counted.
    static let mostTold = 64

    private var violations: [Problem.Violation] = []
    private var first: String?
    private(set) var count = 0
    private var conflicts = 0

    /// Whether nothing was wrong so far.
    var isEmpty: Bool { count == 0 }

    /// Notes a broken rule.
    /// - Parameter sentence: what must be, to follow "`/retry/attempts` …".
    func note(_ pointer: String, _ rule: String, _ sentence: String, found: String? = nil) {
        count += 1
        if first == nil {
            let place = pointer.isEmpty ? "the body" : "'\(pointer)'"
            let shown = found.map { "; found '\($0.count > 80 ? String($0.prefix(79)) + "…" : $0)'" } ?? ""
            first = "\(place) \(sentence)\(shown)"
        }
        if violations.count < Self.mostTold { violations.append(.init(pointer, rule, found: found)) }
    }

    /// Notes two parts that are right each by itself and contend with one another.
    func noteConflict(_ pointer: String, _ rule: String, _ sentence: String, found: String? = nil) {
        conflicts += 1
        note(pointer, rule, sentence, found: found)
    }

    /// The refusal; nil when nothing was wrong. A conflict when nothing but that was found.
    var problem: Problem? {
        guard let first else { return nil }
        let more = count > 1 ? " (and \(count - 1) more)" : ""
        return Problem(count == conflicts ? .conflict : .invalidResource, first + more, violations)
    }
}

/// Reads the members of one JSON object, notes what is wrong with them, and at the end what nobody asked for.
struct ObjectReader {
    /// Where the object lies.
    let pointer: String
    let faults: ResourceFaults
    private let object: JSONObject
    private var asked: [String] = []

    /// Takes a value that must be an object; reads as an empty one when it is not.
    init(_ value: JSONValue, at pointer: String, _ faults: ResourceFaults) {
        self.pointer = pointer
        self.faults = faults
        if let object = value.object {
            self.object = object
        } else {
            object = JSONObject()
            faults.note(pointer, "object", "must be an object, not \(value.kindName)")
        }
    }

    /// Where a member lies.
    func place(_ name: String) -> String { pointer + JSONPointer(tokens: [name]).description }

    /// A member as it is; nil when it is absent. `null` counts as absent unless `keepsNull`.
    mutating func value(_ name: String, keepsNull: Bool = false) -> JSONValue? {
        asked.append(name)
        guard let value = object[name], keepsNull || !value.isNull else { return nil }
        return value
    }

    /// A member that must be there; notes it when it is not.
    mutating func required(_ name: String) -> JSONValue? {
        let found = value(name)
        if found == nil { faults.note(place(name), "required", "must be there") }
        return found
    }

    /// Passes over a member that is not read.
    mutating func ignore(_ name: String) { asked.append(name) }

    /// A text; nil when it is absent or no text.
    mutating func string(_ name: String) -> String? {
        guard let value = value(name) else { return nil }
        return faults.string(value, at: place(name))
    }

    /// A text that `make` takes; nil when it is absent, no text, or not taken.
    mutating func parsed<Value>(_ name: String, _ rule: String, _ sentence: String, _ make: (String) -> Value?)
        -> Value?
    {
        guard let value = value(name) else { return nil }
        return faults.parsed(value, at: place(name), rule, sentence, make)
    }

    /// A text that must be there and that `make` takes.
    mutating func requiredParsed<Value>(
        _ name: String, _ rule: String, _ sentence: String, _ make: (String) -> Value?
    ) -> Value? {
        guard let value = required(name) else { return nil }
        return faults.parsed(value, at: place(name), rule, sentence, make)
    }

    /// One of the words of an enumeration, or `fallback` when it is absent or wrong.
    mutating func word<Word: RawRepresentable & CaseIterable>(_ name: String, _ fallback: Word) -> Word
    where Word.RawValue == String {
        let words = Word.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
        return parsed(name, "word", "must be \(words)") { Word(rawValue: $0) } ?? fallback
    }

    /// A truth, or `fallback`.
    mutating func bool(_ name: String, _ fallback: Bool) -> Bool {
        guard let value = value(name) else { return fallback }
        if let truth = value.bool { return truth }
        faults.note(place(name), "boolean", "must be true or false, not \(value.kindName)")
        return fallback
    }

    /// A whole number in a range, or `fallback`.
    mutating func integer(_ name: String, _ allowed: ClosedRange<Int>, _ fallback: Int) -> Int {
        guard let value = value(name) else { return fallback }
        let sentence = "must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound)"
        guard let number = value.number else {
            faults.note(place(name), "integer", "\(sentence), not \(value.kindName)")
            return fallback
        }
        guard let integer = number.integer, let found = Int(exactly: integer), allowed.contains(found) else {
            faults.note(place(name), number.integer == nil ? "integer" : "range", sentence, found: number.text)
            return fallback
        }
        return found
    }

    /// A number in a range, or `fallback`.
    mutating func double(_ name: String, _ allowed: ClosedRange<Double>, _ fallback: Double) -> Double {
        guard let value = value(name) else { return fallback }
        let sentence = "must be a number from \(allowed.lowerBound) to \(allowed.upperBound)"
        guard let number = value.number else {
            faults.note(place(name), "number", "\(sentence), not \(value.kindName)")
            return fallback
        }
        guard let found = number.double, allowed.contains(found) else {
            faults.note(place(name), "range", sentence, found: number.text)
            return fallback
        }
        return found
    }

    /// A duration in a range, or `fallback`.
    mutating func duration(_ name: String, _ allowed: ClosedRange<Duration>, _ fallback: Duration) -> Duration {
        guard let value = value(name) else { return fallback }
        let range = "from \(DurationText.format(allowed.lowerBound)) to \(DurationText.format(allowed.upperBound))"
        guard
            let found = faults.parsed(
                value, at: place(name), "duration", "must be a duration such as \"250ms\", \"10s\" or \"1h30m\"",
                { DurationText.parse($0) })
        else { return fallback }
        guard allowed.contains(found) else {
            faults.note(place(name), "range", "must be \(range)", found: value.string)
            return fallback
        }
        return found
    }

    /// The elements of an array of at most `most`, each read by `read` with its place; nil when the member is absent.
    mutating func list<Element>(
        _ name: String, most: Int, _ read: (JSONValue, String) -> Element?
    ) -> [Element]? {
        guard let value = value(name) else { return nil }
        guard let array = value.array else {
            faults.note(place(name), "array", "must be an array, not \(value.kindName)")
            return []
        }
        guard array.count <= most else {
            faults.note(place(name), "size", "must have at most \(most) elements", found: "\(array.count)")
            return []
        }
        return array.enumerated().compactMap { read($1, "\(place(name))/\($0)") }
    }

    /// A list of texts that `make` takes, none of them twice.
    mutating func uniqueList<Element: Hashable>(
        _ name: String, atLeast least: Int = 0, isRequired: Bool, _ rule: String, _ sentence: String,
        _ make: (String) -> Element?
    ) -> [Element]? {
        let faults = faults
        var seen: Set<Element> = []
        let read: [Element]? = list(name, most: Subscription.longestList) { value, place in
            guard let element = faults.parsed(value, at: place, rule, sentence, make) else { return nil }
            guard seen.insert(element).inserted else {
                faults.note(place, "unique", "must not be there twice", found: value.string)
                return nil
            }
            return element
        }
        if read == nil, isRequired { faults.note(place(name), "required", "must be there") }
        if let found = object[name]?.array, found.count < least {
            faults.note(place(name), "size", "must have at least \(least) \(least == 1 ? "element" : "elements")")
        }
        return read
    }

    /// Notes the members that nobody asked for.
    func finish() {
        for name in object.names where !asked.contains(name) {
            let nearest = Spelling.hint(for: name, in: asked)
            faults.note(place(name), "unknown-field", "is no field of this resource\(nearest)")
        }
    }
}

extension ResourceFaults {
    /// A value that must be a text.
    func string(_ value: JSONValue, at place: String) -> String? {
        if let text = value.string { return text }
        note(place, "string", "must be a string, not \(value.kindName)")
        return nil
    }

    /// A value that must be a text that `make` takes.
    func parsed<Value>(
        _ value: JSONValue, at place: String, _ rule: String, _ sentence: String, _ make: (String) -> Value?
    ) -> Value? {
        guard let text = string(value, at: place) else { return nil }
        if let made = make(text) { return made }
        note(place, rule, sentence, found: text)
        return nil
    }
}
