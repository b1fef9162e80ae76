// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// One line of a history: what a worker began or came to know, and when.
///
/// A line of text: `nanoseconds worker phase operation what…`, with blanks between. A place is `partition:worker.counter`
/// and, when the offset is known, `@offset`; `?` stands for a partition that is not known yet.
package struct HistoryEvent: Hashable, Sendable {
    /// How far an operation is.
    package enum Phase: String, Sendable {
        /// It begins.
        case invoke
        /// It was done.
        case ok
        /// It surely was not done.
        case fail
        /// Nobody knows: a time-out, a cut connection.
        case info
    }

    /// What a worker does.
    package enum Operation: Hashable, Sendable {
        /// Values sent together, in this order.
        case send([HistoryPlace])
        /// Values read, in the order read; empty when it begins.
        case poll([HistoryPlace])
        /// From which offset of each partition the worker reads on.
        case assign([Int: Int64])
        /// The offset of each partition from which the worker's group would read on.
        case commit([Int: Int64])
        /// The worker's client is thrown away.
        case crash
    }

    /// Nanoseconds of one monotonic clock.
    package let time: Int64
    /// Who.
    package let worker: Int
    /// How far.
    package let phase: Phase
    /// What.
    package let operation: Operation

    /// Notes an event.
    package init(time: Int64, worker: Int, phase: Phase, operation: Operation) {
        self.time = time
        self.worker = worker
        self.phase = phase
        self.operation = operation
    }
}

/// A value that is sent once in a history: the worker that sends it, and that worker's counter.
package struct HistoryValue: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Who sends it.
    package let worker: Int
    /// The how manieth of that worker.
    package let counter: Int

    /// Names a value.
    package init(_ worker: Int, _ counter: Int) {
        self.worker = worker
        self.counter = counter
    }

    /// Reads `worker.counter`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let worker = Int(parts[0]), let counter = Int(parts[1]) else { return nil }
        self.init(worker, counter)
    }

    package var description: String { "\(worker).\(counter)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.worker, left.counter) < (right.worker, right.counter)
    }
}

/// A value and where it lies, as far as that is known.
package struct HistoryPlace: Hashable, Sendable, CustomStringConvertible {
    /// The value.
    package let value: HistoryValue
    /// The number of its topic's partition; nil before anyone knows.
    package let partition: Int?
    /// Its offset; nil before anyone knows.
    package let offset: Int64?

    /// Names a value, and where it lies if that is known.
    package init(_ value: HistoryValue, partition: Int? = nil, offset: Int64? = nil) {
        self.value = value
        self.partition = partition
        self.offset = offset
    }

    package var description: String {
        (partition.map(String.init) ?? "?") + ":\(value)" + (offset.map { "@\($0)" } ?? "")
    }

    init?(_ text: Substring) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let partition = text[..<colon]
        let rest = text[text.index(after: colon)...].split(separator: "@", omittingEmptySubsequences: false)
        guard let first = rest.first, let value = HistoryValue(first), rest.count <= 2,
            partition == "?" || Int(partition) != nil
        else { return nil }
        var offset: Int64?
        if rest.count == 2 {
            guard let number = Int64(rest[1]) else { return nil }
            offset = number
        }
        self.init(value, partition: Int(partition), offset: offset)
    }
}

extension HistoryEvent {
    /// The event as a line, without its end.
    package var line: String {
        let (name, words): (String, [String]) =
            switch operation {
            case .send(let places): ("send", places.map(\.description))
            case .poll(let places): ("poll", places.map(\.description))
            case .assign(let offsets): ("assign", Self.words(offsets))
            case .commit(let offsets): ("commit", Self.words(offsets))
            case .crash: ("crash", [])
            }
        return (["\(time)", "\(worker)", phase.rawValue, name] + words).joined(separator: " ")
    }

    private static func words(_ offsets: [Int: Int64]) -> [String] {
        offsets.sorted { $0.key < $1.key }.map { "\($0.key)@\($0.value)" }
    }

    /// Reads a line; nil when it is none, as the last one of a process that was killed may be.
    package init?(line: some StringProtocol) {
        let words = line.split(separator: " ").map { Substring($0) }
        guard words.count >= 4, let time = Int64(words[0]), let worker = Int(words[1]),
            let phase = Phase(rawValue: String(words[2])), let operation = Operation(words[3], words[4...])
        else { return nil }
        self.init(time: time, worker: worker, phase: phase, operation: operation)
    }
}

extension HistoryEvent.Operation {
    fileprivate init?(_ name: Substring, _ words: ArraySlice<Substring>) {
        switch name {
        case "send", "poll":
            var places: [HistoryPlace] = []
            for word in words {
                guard let place = HistoryPlace(word) else { return nil }
                places.append(place)
            }
            self = name == "send" ? .send(places) : .poll(places)
        case "assign", "commit":
            var offsets: [Int: Int64] = [:]
            for word in words {
                let parts = word.split(separator: "@")
                guard parts.count == 2, let partition = Int(parts[0]), let offset = Int64(parts[1]) else { return nil }
                offsets[partition] = offset
            }
            self = name == "assign" ? .assign(offsets) : .commit(offsets)
        case "crash" where words.isEmpty: self = .crash
        default: return nil
        }
    }
}
