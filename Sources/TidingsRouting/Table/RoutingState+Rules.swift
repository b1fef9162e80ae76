// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The rules between resources: what one of them may not be because of the others.
extension RoutingState {
    /// Takes a change that keeps the rules.
    /// - Throws: `conflict` when it does not, `invalid-resource` when it reaches for what is the server's own.
    mutating func apply(_ change: RoutingChange, revision: Int64) throws(Problem) {
        try check(change)
        fold(change, revision: revision)
    }

    /// Whether a change keeps the rules; says which it breaks.
    func check(_ change: RoutingChange) throws(Problem) {
        if change.resource != nil, self[change.key] == nil, count(of: change.key.kind) >= Self.mostResources {
            throw Problem(.conflict, "there are \(Self.mostResources) \(change.key.kind.rawValue) already, the most")
        }
        switch change.resource {
        case .producer(let producer): try check(producer)
        case .route(let route): try check(route)
        case .type(let declaration): try checkSharing(of: declaration.type, isShared: declaration.isShared)
        case nil where change.key.kind == .types: try checkSharing(of: change.key.name, isShared: false)
        default: break
        }
    }

    private func check(_ producer: Producer) throws(Problem) {
        var reserved: [Problem.Violation] = []
        var overlaps: [Problem.Violation] = []
        var others: Set<Name> = []
        if producer.name.text == "tidings" { reserved.append(.init("", "reserved", found: producer.name.text)) }
        for (place, pattern) in producer.types.enumerated() {
            if Self.isReserved(pattern) { reserved.append(.init("/types/\(place)", "reserved", found: pattern.text)) }
            var found: Set<Name> = []
            claims.forEachOverlap(pattern) { only, names in
                if let only, types[only]?.value.isShared == true { return }
                found.formUnion(names)
            }
            found.remove(producer.name)
            if !found.isEmpty { overlaps.append(.init("/types/\(place)", "overlap", found: pattern.text)) }
            others.formUnion(found)
        }
        try refuse(reserved)
        if let first = overlaps.first {
            let owners = others.sorted().prefix(5).map(\.text).joined(separator: ", ")
            throw Problem(
                .conflict,
                "'\(first.found ?? "")' overlaps with what \(owners) claims; a type of several producers is declared shared",
                overlaps)
        }
    }

    private func check(_ route: Route) throws(Problem) {
        var reserved: [Problem.Violation] = []
        var taken: [Problem.Violation] = []
        var others: Set<Name> = []
        for (place, pattern) in route.types.enumerated() {
            if Self.isReserved(pattern) { reserved.append(.init("/types/\(place)", "reserved", found: pattern.text)) }
            if let other = routing[pattern], other != route.name {
                taken.append(.init("/types/\(place)", "taken", found: pattern.text))
                others.insert(other)
            }
        }
        try refuse(reserved)
        if let first = taken.first {
            let names = others.sorted().prefix(5).map(\.text).joined(separator: ", ")
            throw Problem(.conflict, "'\(first.found ?? "")' is routed by \(names) already", taken)
        }
    }

    /// A type that several producers claim stays shared.
    private func checkSharing(of type: String, isShared: Bool) throws(Problem) {
        let bytes = Array(type.utf8)
        guard !isShared, types[bytes]?.value.isShared == true else { return }
        var owners: Set<Name> = []
        claims.forEachMatch(bytes) { owners.formUnion($0) }
        if owners.count > 1 {
            let names = owners.sorted().prefix(5).map(\.text).joined(separator: ", ")
            throw Problem(
                .conflict, "'\(type)' is claimed by \(names): it stays shared until one of them is left",
                [.init("/shared", "overlap")])
        }
    }

    private func refuse(_ reserved: [Problem.Violation]) throws(Problem) {
        guard let first = reserved.first else { return }
        throw Problem(
            .invalidResource, "'\(first.found ?? "")' is reserved for the server's own events", reserved)
    }

    /// Whether a pattern means none but types of the server's own.
    static func isReserved(_ pattern: TypePattern) -> Bool { pattern.bytes.starts(with: reservedPrefix) }
}
