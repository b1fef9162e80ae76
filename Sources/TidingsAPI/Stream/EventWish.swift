// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// Which events somebody wants to see: by type, entity and id; all conditions must hold.
struct EventWish {
    /// The most patterns in one request.
    static let mostPatterns = 100

    private let types: [TypePattern]
    private let entity: [UInt8]?
    private let id: [UInt8]?

    /// Reads the parameters `types` (or `type`), `entity` and `id`. Patterns are separated by commas, or the parameter is
    /// repeated.
    /// - Throws: `invalid-parameter` for what is no pattern.
    init(_ parameters: borrowing QueryParameters, typeParameter: String) throws(Problem) {
        var types: [TypePattern] = []
        for value in parameters.all(typeParameter) {
            // By bytes: a comma and a combining character behind it are one Character.
            for text in value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                guard let pattern = TypePattern(String(Substring(text))), types.count < Self.mostPatterns else {
                    throw QueryParameters.refusal(
                        "The query parameter '\(typeParameter)' must be at most \(Self.mostPatterns) patterns, each "
                            + "\(TypePattern.rule).", typeParameter, "pattern", value)
                }
                types.append(pattern)
            }
        }
        self.types = types
        entity = try parameters.text("entity").map { Array($0.utf8) }
        id = try parameters.text("id").map { Array($0.utf8) }
    }

    /// Whether an event is wanted.
    func wants(_ event: EventView) -> Bool {
        if !types.isEmpty, !types.contains(where: { $0.matches(event.type) }) { return false }
        if let entity {
            guard let subject = event.subject, entity.withUnsafeBytes({ subject.isEqual(to: $0) }) else { return false }
        }
        if let id { return id.withUnsafeBytes { event.id.isEqual(to: $0) } }
        return true
    }
}
