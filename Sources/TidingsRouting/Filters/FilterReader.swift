// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads filters in CloudEvents's dialects, with limits on their depth and number.
struct FilterReader {
    private let faults: ResourceFaults
    private static let dialects = ["exact", "prefix", "suffix", "all", "any", "not"]

    init(_ faults: ResourceFaults) { self.faults = faults }

    /// The member `filters`; empty when it is absent.
    func filters(_ reader: inout ObjectReader) -> [Filter] {
        var count = 0
        let place = reader.place("filters")
        let read = reader.list("filters", most: Filter.longestList) { value, place in
            self.filter(value, at: place, depth: 1, &count)
        }
        if count > Filter.most {
            faults.note(place, "size", "must have at most \(Filter.most) filters and comparisons in all")
        }
        return read ?? []
    }

    private func filter(_ value: JSONValue, at place: String, depth: Int, _ count: inout Int) -> Filter? {
        count += 1
        guard count <= Filter.most else { return nil }
        guard depth <= Filter.deepest else {
            faults.note(place, "depth", "lies more than \(Filter.deepest) filters deep")
            return nil
        }
        guard let object = value.object else {
            faults.note(place, "object", "must be an object, not \(value.kindName)")
            return nil
        }
        guard object.members.count == 1, let member = object.members.first else {
            faults.note(place, "dialect", "must have one member: \(Self.dialects.joined(separator: ", "))")
            return nil
        }
        let inner = "\(place)\(JSONPointer(tokens: [member.name]))"
        switch member.name {
        case "exact": return comparisons(member.value, at: inner, &count).map(Filter.exact)
        case "prefix": return comparisons(member.value, at: inner, &count).map(Filter.prefix)
        case "suffix": return comparisons(member.value, at: inner, &count).map(Filter.suffix)
        case "all": return filters(member.value, at: inner, depth: depth, &count).map(Filter.all)
        case "any": return filters(member.value, at: inner, depth: depth, &count).map(Filter.any)
        case "not": return filter(member.value, at: inner, depth: depth + 1, &count).map(Filter.not)
        default:
            let nearest = Spelling.hint(for: member.name, in: Self.dialects)
            faults.note(inner, "dialect", "is no dialect of filters\(nearest)")
            return nil
        }
    }

    private func filters(_ value: JSONValue, at place: String, depth: Int, _ count: inout Int) -> [Filter]? {
        guard let array = value.array, !array.isEmpty else {
            faults.note(
                place, "array",
                "must be an array of at least one filter, not \(value.array == nil ? value.kindName : "an empty one")")
            return nil
        }
        var filters: [Filter] = []
        for (index, element) in array.enumerated() {
            if let filter = filter(element, at: "\(place)/\(index)", depth: depth + 1, &count) {
                filters.append(filter)
            }
        }
        return filters
    }

    private func comparisons(_ value: JSONValue, at place: String, _ count: inout Int) -> [Filter.Comparison]? {
        guard let object = value.object, !object.isEmpty else {
            faults.note(
                place, "object",
                "must be an object of attributes and values, not \(value.object == nil ? value.kindName : "an empty one")"
            )
            return nil
        }
        var comparisons: [Filter.Comparison] = []
        for member in object.members {
            count += 1
            let inner = "\(place)\(JSONPointer(tokens: [member.name]))"
            guard count <= Filter.most else { return nil }
            guard AttributeName.isValid(member.name), member.name != "data" else {
                faults.note(inner, "attribute", "is no attribute's name (a-z, 0-9)", found: member.name)
                continue
            }
            guard let text = faults.string(member.value, at: inner) else { continue }
            guard (1...1024).contains(text.utf8.count) else {
                faults.note(inner, "size", "must have 1 to 1024 bytes", found: text)
                continue
            }
            comparisons.append(Filter.Comparison(member.name, text))
        }
        return comparisons
    }
}
