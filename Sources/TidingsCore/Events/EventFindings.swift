// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The rules that one event broke, gathered while it is read; empty, and free of cost, when it broke none.
struct EventFindings {
    /// How a form calls an event's parts.
    enum Form {
        /// A JSON object with CloudEvents' names.
        case structured
        /// A JSON object with `event_type`, `entity_id`, `event_id`.
        case plain
        /// Headers `ce-…`.
        case binary

        /// Where the form has an attribute.
        func pointer(_ attribute: EventAttribute) -> String {
            switch self {
            case .structured: "/\(attribute.name)"
            case .plain: "/\(plainName(attribute))"
            case .binary: attribute == .contentType ? "header:content-type" : "header:ce-\(attribute.name)"
            }
        }

        /// Where the form has an extension.
        func pointer(extension name: String) -> String {
            self == .binary ? "header:ce-\(name)" : "/\(EventFindings.escaped(name))"
        }

        private func plainName(_ attribute: EventAttribute) -> String {
            switch attribute {
            case .type: "event_type"
            case .subject: "entity_id"
            case .id: "event_id"
            default: "\(attribute.name)"
            }
        }
    }

    /// The most violations that are listed of one event.
    static let limit = 64

    private(set) var violations: [Problem.Violation] = []
    private var sentence = ""
    private var isTooLarge = false

    var isEmpty: Bool { violations.isEmpty }

    mutating func removeAll() {
        if violations.isEmpty { return }
        violations.removeAll(keepingCapacity: true)
        isTooLarge = false
    }

    /// Notes a broken rule; `says` completes the sentence that begins with the place.
    mutating func add(_ pointer: String, _ rule: String, found: String? = nil, says: String) {
        if violations.isEmpty {
            sentence = "\(pointer.isEmpty ? "the event" : pointer) \(says)"
        }
        guard violations.count < Self.limit else { return }
        violations.append(Problem.Violation(pointer, rule, found: found))
    }

    /// Notes that the data is too large, which is answered with a status of its own.
    mutating func addTooLarge(_ pointer: String, count: Int, limit: Int) {
        add(pointer, "too-long", found: "\(count) bytes", says: "has \(count) bytes; at most \(limit) are taken")
        isTooLarge = true
    }

    /// What was found, as the refusal of the event.
    func problem() -> Problem {
        let more = violations.count - 1
        let detail = more == 0 ? sentence : "\(sentence); \(more) more rule\(more == 1 ? " is" : "s are") broken"
        return Problem(isTooLarge && more == 0 ? .tooLarge : .invalidEvent, detail, violations)
    }

    /// A name as part of a JSON pointer.
    static func escaped(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
