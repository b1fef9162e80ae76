// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

@testable import TidingsHTTP

/// Reads messages as a connection does, from bytes that come in pieces.
struct MessageReader: ~Copyable {
    /// A message taken apart.
    struct Message: Equatable, CustomStringConvertible {
        var start: String
        var fields: [String]
        var body: String
        var keepsAlive: Bool
        var description: String { "\(start) \(fields) '\(body)' \(keepsAlive ? "alive" : "closes")" }
    }

    private var parser: HTTPParser
    private let limits: HTTPLimits
    private let answersHead: Bool
    private var decoder: HTTPBodyDecoder?
    private var kept: [UInt8] = []
    private var current = Message(start: "", fields: [], body: "", keepsAlive: true)
    private(set) var messages: [Message] = []

    init(_ kind: HTTPParser.Kind, limits: HTTPLimits = HTTPLimits(), answersHead: Bool = false) {
        parser = HTTPParser(kind, limits: limits)
        self.limits = limits
        self.answersHead = answersHead
    }

    /// Whether nothing of a further message has come.
    var isBetweenMessages: Bool { decoder == nil && kept.isEmpty }
    /// Whether the end of the connection is the message's end.
    var endsAtClose: Bool { decoder?.endsAtClose ?? false }

    /// Goes on; the bytes are shown to the parser at another address every time.
    mutating func feed(_ bytes: [UInt8]) throws(HTTPParseError) {
        kept += bytes
        while true {
            let shown = Array(kept)
            let result = shown.withUnsafeBytes { bytes in
                Result { () throws(HTTPParseError) -> Int? in try step(bytes) }
            }
            let used = try result.get()
            guard let used else { return }
            kept.removeFirst(used)
        }
    }

    /// Ends a message that the connection's end ends.
    mutating func close() {
        if endsAtClose { finish() }
    }

    private mutating func finish() {
        messages.append(current)
        decoder = nil
        parser.reset()
    }

    private mutating func step(_ bytes: UnsafeRawBufferPointer) throws(HTTPParseError) -> Int? {
        if decoder != nil {
            guard !bytes.isEmpty else { return nil }
            let piece = try decoder!.decode(bytes)
            current.body += bytes.part(piece.data).text
            if piece.isEnd { finish() }
            return piece.consumed == 0 && !piece.isEnd ? nil : piece.consumed
        }
        switch parser.parse(bytes) {
        case .needsMore: return nil
        case .failed(let error): throw error
        case .complete(let count):
            let base = bytes.baseAddress!
            current = Message(start: "", fields: [], body: "", keepsAlive: parser.keepsAlive)
            if parser.kind == .request {
                let path = base.bytes(parser.path).text
                current.start = "\(base.bytes(parser.methodName).text) \(path)"
                if parser.hasQuery { current.start += "?" + base.bytes(parser.query).text }
            } else {
                current.start = String(parser.status)
            }
            current.start += " 1.\(parser.minorVersion)"
            for place in 0..<parser.fieldCount {
                let field = parser.fields[place]
                current.fields.append("\(base.bytes(field.name).text)=\(base.bytes(field.value).text)")
            }
            let framing = parser.framing(answeringHead: answersHead)
            decoder = HTTPBodyDecoder(framing, limits: limits)
            if framing == .none { finish() }
            return count
        }
    }

    /// Reads everything in one piece, in two pieces at every place, and byte by byte; the outcomes must be the same.
    static func outcomes(
        _ text: String, _ kind: HTTPParser.Kind, limits: HTTPLimits = HTTPLimits(), answersHead: Bool = false,
        closes: Bool = false
    ) -> Set<String> {
        let bytes = Array(text.utf8)
        var outcomes: Set<String> = []
        func run(_ pieces: [ArraySlice<UInt8>]) {
            var reader = MessageReader(kind, limits: limits, answersHead: answersHead)
            do throws(HTTPParseError) {
                for piece in pieces { try reader.feed(Array(piece)) }
                if closes { reader.close() }
                let rest = reader.isBetweenMessages ? "" : " …"
                outcomes.insert(reader.messages.map(\.description).joined(separator: " | ") + rest)
            } catch {
                outcomes.insert("\(error)")
            }
        }
        run([bytes[...]])
        run(bytes.indices.map { bytes[$0...$0] })
        if bytes.count <= 2000 { for place in bytes.indices { run([bytes[..<place], bytes[place...]]) } }
        return outcomes
    }
}
