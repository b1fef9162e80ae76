// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A regular expression that whole names of topics are held against, in RE2's syntax as far as names need it: characters,
/// classes, groups, alternatives, repetitions, anchors.
///
/// All ways through the expression are followed at once, so that a name takes a time of its length times the
/// expression's, whatever both say.
struct TopicPattern: Sendable {
    /// A step of the expression.
    private enum Step: Sendable {
        case byte(ByteSet)
        case either(Int, Int)
        case start, end
        case match
    }

    /// A set of bytes.
    private struct ByteSet: Sendable {
        private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        static func of(_ bytes: some Sequence<UInt8>) -> ByteSet {
            var set = ByteSet()
            for byte in bytes { set.insert(byte) }
            return set
        }

        mutating func insert(_ byte: UInt8) {
            let bit = UInt64(1) << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: words.0 |= bit
            case 1: words.1 |= bit
            case 2: words.2 |= bit
            default: words.3 |= bit
            }
        }

        mutating func formUnion(_ other: ByteSet) {
            words = (
                words.0 | other.words.0, words.1 | other.words.1, words.2 | other.words.2, words.3 | other.words.3
            )
        }

        var inverted: ByteSet {
            var set = ByteSet()
            set.words = (~words.0, ~words.1, ~words.2, ~words.3)
            return set
        }

        func contains(_ byte: UInt8) -> Bool {
            let word =
                switch byte >> 6 {
                case 0: words.0
                case 1: words.1
                case 2: words.2
                default: words.3
                }
            return word >> UInt64(byte & 63) & 1 == 1
        }
    }

    private indirect enum Node {
        case byte(ByteSet)
        case start, end, empty
        case sequence([Node])
        case choice([Node])
        case some(Node, least: Int, most: Int?)
    }

    /// The longest expression, in bytes, and the most steps it may come to.
    static let mostBytes = 256
    static let mostSteps = 256

    private var steps: [Step] = []

    /// Reads an expression; nil when it is none, or too long.
    init?(_ text: String) {
        guard text.utf8.count <= Self.mostBytes else { return nil }
        var parser = Parser(Array(text.utf8))
        guard let node = parser.choice(), parser.isAtEnd, add(node) else { return nil }
        steps.append(.match)
    }

    /// Whether the whole name is one that the expression describes.
    func matches(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        var current = Set<Int>()
        follow(0, into: &current, at: 0, of: bytes.count)
        for (place, byte) in bytes.enumerated() {
            var next = Set<Int>()
            for step in current {
                if case .byte(let set) = steps[step], set.contains(byte) {
                    follow(step + 1, into: &next, at: place + 1, of: bytes.count)
                }
            }
            if next.isEmpty { return false }
            current = next
        }
        return current.contains { if case .match = steps[$0] { true } else { false } }
    }

    /// Takes in a step, and all that are reached from it without a byte.
    private func follow(_ first: Int, into reached: inout Set<Int>, at place: Int, of count: Int) {
        var waiting = [first]
        while let step = waiting.popLast() {
            guard reached.insert(step).inserted else { continue }
            switch steps[step] {
            case .either(let one, let other): waiting += [one, other]
            case .start: if place == 0 { waiting.append(step + 1) }
            case .end: if place == count { waiting.append(step + 1) }
            case .byte, .match: break
            }
        }
    }

    // MARK: - Steps

    private mutating func add(_ node: Node) -> Bool {
        guard steps.count < Self.mostSteps else { return false }
        switch node {
        case .empty: break
        case .byte(let set): steps.append(.byte(set))
        case .start: steps.append(.start)
        case .end: steps.append(.end)
        case .sequence(let nodes): return nodes.allSatisfy { add($0) }
        case .choice(let nodes): return addChoice(nodes[...])
        case .some(let node, let least, let most):
            for _ in 0..<least { guard add(node) else { return false } }
            guard let most else { return addLoop(node) }
            for _ in least..<most { guard addOptional(node) else { return false } }
        }
        return steps.count < Self.mostSteps
    }

    private mutating func addChoice(_ nodes: ArraySlice<Node>) -> Bool {
        guard let first = nodes.first else { return true }
        if nodes.count == 1 { return add(first) }
        let split = steps.count
        steps.append(.match)
        guard add(first) else { return false }
        let jump = steps.count
        steps.append(.match)
        steps[split] = .either(split + 1, jump + 1)
        guard addChoice(nodes.dropFirst()) else { return false }
        steps[jump] = .either(steps.count, steps.count)
        return true
    }

    private mutating func addLoop(_ node: Node) -> Bool {
        let split = steps.count
        steps.append(.match)
        guard add(node) else { return false }
        steps.append(.either(split, split))
        steps[split] = .either(split + 1, steps.count)
        return true
    }

    private mutating func addOptional(_ node: Node) -> Bool {
        let split = steps.count
        steps.append(.match)
        guard add(node) else { return false }
        steps[split] = .either(split + 1, steps.count)
        return true
    }

    // MARK: - Syntax

    private struct Parser {
        private let text: [UInt8]
        private var at = 0

        init(_ text: [UInt8]) { self.text = text }

        var isAtEnd: Bool { at == text.count }
        private var next: UInt8? { at < text.count ? text[at] : nil }

        private mutating func take(_ byte: Character) -> Bool {
            guard next == byte.asciiValue else { return false }
            at += 1
            return true
        }

        mutating func choice() -> Node? {
            guard let first = sequence() else { return nil }
            var nodes = [first]
            while take("|") {
                guard let other = sequence() else { return nil }
                nodes.append(other)
            }
            return nodes.count == 1 ? first : .choice(nodes)
        }

        private mutating func sequence() -> Node? {
            var nodes: [Node] = []
            while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
                guard let atom = atom(), let node = repeated(atom) else { return nil }
                nodes.append(node)
            }
            return nodes.isEmpty ? .empty : .sequence(nodes)
        }

        private mutating func repeated(_ atom: Node) -> Node? {
            let node: Node
            if take("*") {
                node = .some(atom, least: 0, most: nil)
            } else if take("+") {
                node = .some(atom, least: 1, most: nil)
            } else if take("?") {
                node = .some(atom, least: 0, most: 1)
            } else if take("{") {
                guard let least = number() else { return nil }
                var most: Int? = least
                if take(",") { most = next == UInt8(ascii: "}") ? nil : number() ?? -1 }
                guard take("}"), most.map({ $0 >= least }) ?? true else { return nil }
                node = .some(atom, least: least, most: most)
            } else {
                return atom
            }
            // Whether as much or as little as can be is tried first does not matter to a whole name.
            _ = take("?")
            switch next {
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"): return nil
            default: return node
            }
        }

        private mutating func number() -> Int? {
            var value: Int?
            while let byte = next, (48...57).contains(byte), value ?? 0 <= TopicPattern.mostSteps {
                value = (value ?? 0) * 10 + Int(byte - 48)
                at += 1
            }
            return value.flatMap { $0 <= TopicPattern.mostSteps ? $0 : nil }
        }

        private mutating func atom() -> Node? {
            guard let byte = next else { return nil }
            at += 1
            switch byte {
            case UInt8(ascii: "."): return .byte(ByteSet.of([10]).inverted)
            case UInt8(ascii: "^"): return .start
            case UInt8(ascii: "$"): return .end
            case UInt8(ascii: "("):
                if take("?") { guard take(":") else { return nil } }
                guard let node = choice(), take(")") else { return nil }
                return node
            case UInt8(ascii: "["): return set().map { .byte($0) }
            case UInt8(ascii: "\\"): return escaped()
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"): return nil
            default: return .byte(.of([byte]))
            }
        }

        private mutating func escaped() -> Node? {
            switch next {
            case UInt8(ascii: "A"):
                at += 1
                return .start
            case UInt8(ascii: "z"):
                at += 1
                return .end
            default: return escapedSet().map { .byte($0) }
            }
        }

        private mutating func escapedSet() -> ByteSet? {
            guard let byte = next else { return nil }
            at += 1
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            let word = ByteSet.of(
                Array(digits) + Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
                    + Array(UInt8(ascii: "A")...UInt8(ascii: "Z")) + [UInt8(ascii: "_")])
            let space = ByteSet.of([9, 10, 12, 13, 32])
            switch byte {
            case UInt8(ascii: "d"): return .of(digits)
            case UInt8(ascii: "D"): return ByteSet.of(digits).inverted
            case UInt8(ascii: "w"): return word
            case UInt8(ascii: "W"): return word.inverted
            case UInt8(ascii: "s"): return space
            case UInt8(ascii: "S"): return space.inverted
            default:
                // Other letters and digits mean something that is not read here.
                return word.contains(byte) && byte != UInt8(ascii: "_") || byte >= 0x80 ? nil : .of([byte])
            }
        }

        private mutating func set() -> ByteSet? {
            let isInverted = take("^")
            var set = ByteSet()
            var isFirst = true
            while let byte = next, byte != UInt8(ascii: "]") || isFirst {
                isFirst = false
                at += 1
                // Classes by name.
                if byte == UInt8(ascii: "["), next == UInt8(ascii: ":") { return nil }
                if byte == UInt8(ascii: "\\") {
                    guard let some = escapedSet() else { return nil }
                    set.formUnion(some)
                    continue
                }
                guard next == UInt8(ascii: "-"), at + 1 < text.count, text[at + 1] != UInt8(ascii: "]") else {
                    set.insert(byte)
                    continue
                }
                let last = text[at + 1]
                guard last >= byte, last != UInt8(ascii: "\\"), last < 0x80 else { return nil }
                at += 2
                for one in byte...last { set.insert(one) }
            }
            guard take("]") else { return nil }
            return isInverted ? set.inverted : set
        }
    }
}
