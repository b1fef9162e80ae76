// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CYAML

/// One value of a YAML file with its line, from libyaml's events. Scalars stay text (YAML 1.2's core schema is applied
/// where the type is known); anchors, aliases, tags and several documents are refused.
struct YAMLNode: Sendable {
    /// What a value is.
    indirect enum Content: Sendable {
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    /// One key of a mapping; keys are scalars and never repeated.
    struct Member: Sendable {
        let key: String
        let line: Int
        let value: YAMLNode
    }

    /// The line it begins on, from 1.
    let line: Int
    let content: Content

    /// Whether it is YAML's null: nothing, `~` or `null`.
    var isNull: Bool {
        if case .scalar(let text, isPlain: true) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
        return false
    }

    /// How deep values may lie in each other.
    static let depthLimit = 16
    /// How many bytes a file may have.
    static let sizeLimit = 1 << 20

    /// Reads one document; nil when the text holds none.
    /// - Throws: ``YAMLError`` with the line.
    static func parse(_ text: [UInt8]) throws(YAMLError) -> YAMLNode? {
        guard text.count <= sizeLimit else {
            throw YAMLError(line: 1, message: "the file is larger than \(sizeLimit) bytes")
        }
        let reader = YAMLReader(text)
        return try reader.document()
    }
}

/// Why a text is not YAML, or not the YAML that is taken here.
struct YAMLError: Error, Hashable {
    /// The line, from 1.
    let line: Int
    /// One sentence.
    let message: String
}

/// Owns libyaml's parser and turns its events into nodes.
private final class YAMLReader {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)
    private let text: UnsafeMutableBufferPointer<UInt8>
    private var holdsEvent = false

    init(_ bytes: [UInt8]) {
        text = .allocate(capacity: max(bytes.count, 1))
        _ = text.initialize(from: bytes)
        // Allocation failure is the only one, and the process does not survive that elsewhere either.
        precondition(yaml_parser_initialize(parser) == 1, "libyaml has no memory")
        yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
    }

    deinit {
        if holdsEvent { yaml_event_delete(event) }
        yaml_parser_delete(parser)
        parser.deallocate()
        event.deallocate()
        text.deallocate()
    }

    private var line: Int { Int(event.pointee.start_mark.line) + 1 }

    private func next() throws(YAMLError) -> yaml_event_type_t {
        if holdsEvent { yaml_event_delete(event) }
        holdsEvent = false
        guard yaml_parser_parse(parser, event) == 1 else {
            let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
            let line = max(Int(parser.pointee.problem_mark.line), Int(parser.pointee.context_mark.line)) + 1
            throw YAMLError(line: line, message: "this is not YAML: \(problem)")
        }
        holdsEvent = true
        return event.pointee.type
    }

    func document() throws(YAMLError) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            switch try next() {
            case YAML_STREAM_END_EVENT: return root
            case YAML_DOCUMENT_START_EVENT:
                if root != nil { throw YAMLError(line: line, message: "one document is taken, not several") }
                root = try node(try next(), depth: 0)
            default: continue
            }
        }
    }

    private func node(_ type: yaml_event_type_t, depth: Int) throws(YAMLError) -> YAMLNode {
        let line = line
        guard depth < YAMLNode.depthLimit else {
            throw YAMLError(line: line, message: "values nest deeper than \(YAMLNode.depthLimit)")
        }
        switch type {
        case YAML_SCALAR_EVENT:
            let scalar = event.pointee.data.scalar
            if scalar.anchor != nil || scalar.tag != nil { throw refusal(line) }
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return YAMLNode(line: line, content: .scalar(scalarText(), isPlain: isPlain))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.pointee.data.sequence_start
            if start.anchor != nil || start.tag != nil { throw refusal(line) }
            var items: [YAMLNode] = []
            while true {
                let type = try next()
                if type == YAML_SEQUENCE_END_EVENT { break }
                items.append(try node(type, depth: depth + 1))
            }
            return YAMLNode(line: line, content: .sequence(items))
        case YAML_MAPPING_START_EVENT:
            let start = event.pointee.data.mapping_start
            if start.anchor != nil || start.tag != nil { throw refusal(line) }
            return YAMLNode(line: line, content: .mapping(try members(depth: depth)))
        default:
            throw refusal(line)
        }
    }

    private func members(depth: Int) throws(YAMLError) -> [YAMLNode.Member] {
        var members: [YAMLNode.Member] = []
        var seen: Set<String> = []
        while true {
            let type = try next()
            if type == YAML_MAPPING_END_EVENT { return members }
            let line = line
            guard case .scalar(let key, _) = try node(type, depth: depth + 1).content else {
                throw YAMLError(line: line, message: "a key is a text")
            }
            guard seen.insert(key).inserted else {
                throw YAMLError(line: line, message: "the key \"\(key)\" is given twice")
            }
            members.append(YAMLNode.Member(key: key, line: line, value: try node(try next(), depth: depth + 1)))
        }
    }

    private func scalarText() -> String {
        let scalar = event.pointee.data.scalar
        return String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    }

    private func refusal(_ line: Int) -> YAMLError {
        YAMLError(line: line, message: "anchors, aliases and tags are not taken here")
    }
}
