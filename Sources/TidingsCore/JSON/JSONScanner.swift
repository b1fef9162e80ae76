// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Walks through a JSON text and says where its values lie; copies nothing and is kept for the next text.
///
/// It takes exactly what RFC 8259 allows, and refuses what is allowed and dangerous: member names that come twice in
/// one object, escapes that leave a lone surrogate, and more than ``maximumDepth`` levels. A byte order mark is
/// refused too. Cost grows with the text, whatever the text is; nothing recurses.
///
/// The caller asks for what it expects: ``enterObject()`` and ``nextName()``, ``enterArray()`` and ``nextElement()``,
/// and ``value()`` to pass over (and check) a whole value.
package struct JSONScanner: ~Copyable {
    /// How many arrays and objects may lie in one another.
    package static let maximumDepth = 64

    private struct Level {
        var isObject: Bool
        var isEmpty: Bool
        /// Where this object's names begin in `names`, and its unescaped names in `unescaped`.
        var firstName: Int
        var firstUnescaped: Int
        /// One bit per hash seen: most names are new and need no look at the others.
        var seen: UInt64
    }

    private struct Name {
        var hash: UInt64
        var start: Int
        var count: Int
        /// Where the text has it, for the refusal.
        var position: Int
        var isUnescaped: Bool
    }

    /// Objects with more names than this are checked once, when they end, by sorting.
    private static let namesComparedAtOnce = 32

    private var base = UnsafeRawPointer(bitPattern: 1)!
    private var count = 0
    /// The byte that is looked at next.
    package private(set) var position = 0
    private var depth = 0
    private let levels: UnsafeMutablePointer<Level>
    /// The names of all objects that are open, in memory of our own: an array's checks cost more than the rest of it.
    private var names: UnsafeMutablePointer<Name>
    private var nameCount = 0
    private var nameCapacity = 64
    private var unescaped = ByteBuffer(capacity: 64)

    /// Makes a scanner; ``begin(_:)`` gives it a text.
    package init() {
        levels = .allocate(capacity: Self.maximumDepth)
        names = .allocate(capacity: nameCapacity)
    }

    deinit {
        levels.deallocate()
        names.deallocate()
    }

    /// Starts at the first byte of `text`, which must stay where it is until the walk is over.
    package mutating func begin(_ text: UnsafeRawBufferPointer) {
        base = text.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        count = text.count
        position = 0
        depth = 0
        nameCount = 0
        unescaped.removeAll()
    }

    /// The bytes of a token of the present text.
    package func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the token is of another text")
        return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// What kind of value comes next.
    package mutating func peek() throws(JSONError) -> JSONToken.Kind {
        skipSpace()
        guard position < count else { throw JSONError(at: position, "the text ends where a value must be") }
        switch byte(position) {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw JSONError(at: position, "\(found(position)) begins no JSON value")
        }
    }

    /// Steps into an object.
    package mutating func enterObject() throws(JSONError) {
        guard try peek() == .object else { throw JSONError(at: position, "an object was expected") }
        try push(isObject: true)
    }

    /// Steps into an array.
    package mutating func enterArray() throws(JSONError) {
        guard try peek() == .array else { throw JSONError(at: position, "an array was expected") }
        try push(isObject: false)
    }

    /// The next member's name in the object stepped into, the colon after it passed; nil when the object ended,
    /// which steps out of it.
    package mutating func nextName() throws(JSONError) -> JSONToken? {
        precondition(depth > 0 && levels[depth - 1].isObject, "no object was stepped into")
        guard try nextItem() else { return nil }
        return try name()
    }

    /// Whether the array stepped into has another element, which comes next; false steps out of it.
    package mutating func nextElement() throws(JSONError) -> Bool {
        precondition(depth > 0 && !levels[depth - 1].isObject, "no array was stepped into")
        return try nextItem()
    }

    /// Checks that nothing but white space follows.
    package mutating func end() throws(JSONError) {
        skipSpace()
        guard position == count else { throw JSONError(at: position, "\(found(position)) follows the JSON value") }
    }

    /// Passes over one whole value, checks it, and says where it lies.
    package mutating func value() throws(JSONError) -> JSONToken {
        let kind = try peek()
        let start = position
        let floor = depth
        var hasEscapes = false
        var next = kind
        while true {
            switch next {
            case .string: hasEscapes = try string()
            case .number: try number()
            case .null: try literal("null")
            case .bool: try literal(byte(position) == UInt8(ascii: "t") ? "true" : "false")
            case .array: try push(isObject: false)
            case .object: try push(isObject: true)
            }
            // What surrounds the value that just ended, or that just began.
            while depth > floor, try !nextItem() {}
            if depth == floor { break }
            if levels[depth - 1].isObject { _ = try name() }
            next = try peek()
        }
        return JSONToken(kind: kind, hasEscapes: kind == .string && hasEscapes, range: start..<position)
    }

    // MARK: - Structure

    @inline(__always) private func byte(_ at: Int) -> UInt8 { base.load(fromByteOffset: at, as: UInt8.self) }

    @inline(__always) private mutating func skipSpace() {
        while position < count {
            switch byte(position) {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func push(isObject: Bool) throws(JSONError) {
        guard depth < Self.maximumDepth else {
            throw JSONError(at: position, "arrays and objects lie more than \(Self.maximumDepth) deep in one another")
        }
        position += 1
        levels[depth] = Level(
            isObject: isObject, isEmpty: true, firstName: nameCount, firstUnescaped: unescaped.count, seen: 0)
        depth += 1
    }

    /// Passes a comma or a closing bracket: whether another item of the innermost array or object follows.
    private mutating func nextItem() throws(JSONError) -> Bool {
        let level = levels + (depth - 1)
        let close = level.pointee.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        skipSpace()
        guard position < count else {
            throw JSONError(at: position, "the text ends inside an \(level.pointee.isObject ? "object" : "array")")
        }
        let next = byte(position)
        if next == close {
            position += 1
            if level.pointee.isObject { try leaveObject() }
            depth -= 1
            return false
        }
        if level.pointee.isEmpty {
            level.pointee.isEmpty = false
            return true
        }
        guard next == UInt8(ascii: ",") else {
            throw JSONError(
                at: position,
                "\(found(position)) was found where ',' or '\(level.pointee.isObject ? "}" : "]")' must be")
        }
        position += 1
        return true
    }

    private mutating func name() throws(JSONError) -> JSONToken {
        skipSpace()
        guard position < count, byte(position) == UInt8(ascii: "\"") else {
            throw JSONError(at: position, "\(found(position)) was found where a member's name must be")
        }
        let start = position
        let hasEscapes = try string()
        let token = JSONToken(kind: .string, hasEscapes: hasEscapes, range: start..<position)
        try remember(token)
        skipSpace()
        guard position < count, byte(position) == UInt8(ascii: ":") else {
            throw JSONError(at: position, "\(found(position)) was found where ':' must be")
        }
        position += 1
        return token
    }

    /// What lies at a position, as a refusal names it.
    private func found(_ at: Int) -> String {
        guard at < count else { return "the end of the text" }
        let value = byte(at)
        if value > 0x20, value < 0x7F { return "'\(Character(UnicodeScalar(value)))'" }
        let digits = String(value, radix: 16, uppercase: true)
        return "the byte 0x\(digits.count == 1 ? "0" : "")\(digits)"
    }

    // MARK: - Names that come twice

    private mutating func remember(_ token: JSONToken) throws(JSONError) {
        var name = Name(
            hash: 0, start: token.content.lowerBound, count: token.content.count, position: token.range.lowerBound,
            isUnescaped: token.hasEscapes)
        if token.hasEscapes {
            name.start = unescaped.count
            JSONText.unescape(bytes(token.content), into: &unescaped)
            name.count = unescaped.count - name.start
        }
        name.hash = Self.hash(text(name).baseAddress, name.count)
        let level = levels + (depth - 1)
        let bit = UInt64(1) << (name.hash >> 58)
        let first = level.pointee.firstName
        if level.pointee.seen & bit != 0, nameCount - first < Self.namesComparedAtOnce {
            for index in first..<nameCount where names[index].hash == name.hash && isEqual(names[index], name) {
                throw twice(name)
            }
        }
        level.pointee.seen |= bit
        if nameCount == nameCapacity { growNames() }
        (names + nameCount).initialize(to: name)
        nameCount += 1
    }

    private mutating func growNames() {
        let grown = UnsafeMutablePointer<Name>.allocate(capacity: nameCapacity * 2)
        grown.moveInitialize(from: names, count: nameCount)
        names.deallocate()
        names = grown
        nameCapacity *= 2
    }

    private mutating func leaveObject() throws(JSONError) {
        let level = levels + (depth - 1)
        let first = level.pointee.firstName
        if nameCount - first > Self.namesComparedAtOnce { try checkManyNames(from: first) }
        nameCount = first
        unescaped.truncate(to: level.pointee.firstUnescaped)
    }

    private mutating func checkManyNames(from first: Int) throws(JSONError) {
        let sorted = UnsafeMutableBufferPointer(start: names + first, count: nameCount - first).sorted { left, right in
            left.hash != right.hash ? left.hash < right.hash : order(left, right) < 0
        }
        for index in 1..<sorted.count where isEqual(sorted[index - 1], sorted[index]) {
            let later = sorted[index].position > sorted[index - 1].position ? sorted[index] : sorted[index - 1]
            throw twice(later)
        }
    }

    private func twice(_ name: Name) -> JSONError {
        JSONError(
            at: name.position,
            "the member name \"\(String(decoding: text(name), as: UTF8.self))\" comes twice in one object")
    }

    @inline(__always) private func text(_ name: Name) -> UnsafeRawBufferPointer {
        name.isUnescaped
            ? unescaped.bytes.part(name.start..<name.start + name.count)
            : UnsafeRawBufferPointer(start: base + name.start, count: name.count)
    }

    @inline(__always) private static func hash(_ text: UnsafeRawPointer?, _ count: Int) -> UInt64 {
        guard let text else { return 0 }
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var sum = UInt64(truncatingIfNeeded: count) &* factor
        var at = 0
        while at + 8 <= count {
            sum = (sum ^ text.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* factor
            sum ^= sum >> 32
            at += 8
        }
        let left = count - at
        var tail: UInt64 = 0
        if left >= 4 {
            // Two words that may share bytes, none of which lies outside.
            tail = UInt64(text.loadUnaligned(fromByteOffset: at, as: UInt32.self)) << 32
            tail |= UInt64(text.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        } else {
            while at < count {
                tail = tail << 8 | UInt64(text.load(fromByteOffset: at, as: UInt8.self))
                at += 1
            }
        }
        sum = (sum ^ tail) &* factor
        return (sum ^ sum >> 29) &* factor
    }

    private func isEqual(_ left: Name, _ right: Name) -> Bool {
        left.hash == right.hash && order(left, right) == 0
    }

    private func order(_ left: Name, _ right: Name) -> Int {
        let (a, b) = (text(left), text(right))
        if a.count != b.count || a.count == 0 { return a.count - b.count }
        return Int(memcmp(a.baseAddress!, b.baseAddress!, a.count))
    }

    // MARK: - Scalars

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        let length = text.utf8CodeUnitCount
        guard count - position >= length, memcmp(base + position, text.utf8Start, length) == 0 else {
            throw JSONError(at: position, "\(found(position)) begins no JSON value")
        }
        position += length
    }

    @inline(__always) private mutating func digits() throws(JSONError) {
        let start = position
        while position < count, byte(position) &- UInt8(ascii: "0") < 10 { position += 1 }
        if position == start {
            throw JSONError(at: position, "\(found(position)) was found where a number needs a digit")
        }
    }

    private mutating func number() throws(JSONError) {
        if byte(position) == UInt8(ascii: "-") { position += 1 }
        if position < count, byte(position) == UInt8(ascii: "0") {
            position += 1
            if position < count, byte(position) &- UInt8(ascii: "0") < 10 {
                throw JSONError(at: position, "a number must not begin with a zero before other digits")
            }
        } else {
            try digits()
        }
        if position < count, byte(position) == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < count, byte(position) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < count, byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
    }

    /// Passes over a string from its opening quote: whether it has escapes.
    private mutating func string() throws(JSONError) -> Bool {
        let (base, count) = (base, count)
        var at = position + 1
        var hasEscapes = false
        while true {
            // Eight bytes at a time while they are plain: no quote, backslash, control or non-ASCII byte.
            while at + 8 <= count {
                let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let quote = word ^ 0x2222_2222_2222_2222
                let slash = word ^ 0x5C5C_5C5C_5C5C_5C5C
                let special =
                    ((word &- 0x2020_2020_2020_2020) | (quote &- 0x0101_0101_0101_0101)
                        | (slash &- 0x0101_0101_0101_0101) | word) & 0x8080_8080_8080_8080
                if special != 0 {
                    // Borrows run upwards only, so the lowest bit is exact.
                    at += special.trailingZeroBitCount >> 3
                    break
                }
                at += 8
            }
            guard at < count else { throw JSONError(at: count, "the text ends inside a string") }
            let next = base.load(fromByteOffset: at, as: UInt8.self)
            switch next {
            case UInt8(ascii: "\""):
                position = at + 1
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                at = try escape(at)
            case 0..<0x20:
                throw JSONError(at: at, "\(found(at)) must be escaped inside a string")
            case 0x20..<0x80:
                at += 1
            default:
                let length = UTF8Check.sequenceLength(base + at, count - at)
                guard length > 0 else { throw JSONError(at: at, "\(found(at)) is not valid UTF-8") }
                at += length
            }
        }
    }

    /// Passes over one escape (a surrogate pair is one): where it ends.
    private func escape(_ at: Int) throws(JSONError) -> Int {
        guard at + 1 < count else { throw JSONError(at: count, "the text ends inside a string") }
        switch byte(at + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return at + 2
        case UInt8(ascii: "u"):
            let unit = try hexUnit(at)
            if unit & 0xFC00 == 0xDC00 { throw JSONError(at: at, "a low surrogate stands alone") }
            guard unit & 0xFC00 == 0xD800 else { return at + 6 }
            guard at + 7 < count, byte(at + 6) == UInt8(ascii: "\\"), byte(at + 7) == UInt8(ascii: "u"),
                try hexUnit(at + 6) & 0xFC00 == 0xDC00
            else { throw JSONError(at: at, "a high surrogate stands alone") }
            return at + 12
        default:
            throw JSONError(at: at + 1, "\(found(at + 1)) makes no escape")
        }
    }

    private func hexUnit(_ at: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for index in at + 2..<at + 6 {
            guard index < count else { throw JSONError(at: count, "the text ends inside a string") }
            guard let digit = Hex.value(byte(index)) else {
                throw JSONError(at: index, "\(found(index)) is no hexadecimal digit")
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
