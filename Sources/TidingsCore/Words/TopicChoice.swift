// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which topics a subscription reads: some by name, and those whose own records, which Kafka clients write without an
/// event's headers, are events of its types. Such a record's type is the name of its topic.
public struct TopicChoice: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Topics that are read.
    public let names: Set<TopicName>
    /// Beginnings of names of topics that are read.
    public let prefixes: [TypePattern]

    /// Chooses topics: those of these names, and those whose own records are of these types.
    public init(names: Set<TopicName>, ofTypes patterns: [TypePattern] = []) {
        self.names = names.union(patterns.compactMap { $0.isPrefix ? nil : TopicName($0.text) })
        prefixes = patterns.filter(\.isPrefix)
    }

    public init(arrayLiteral names: TopicName...) { self.init(names: Set(names)) }

    /// Whether the topic is among them.
    public func contains(_ topic: TopicName) -> Bool {
        names.contains(topic) || prefixes.contains { $0.matches(topic) }
    }
}

extension TypePattern {
    /// Whether the type of a topic's own records is meant: the topic's name.
    public func matches(_ topic: TopicName) -> Bool {
        var name = topic.text
        return name.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }
}
