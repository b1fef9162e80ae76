// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// How a message's end is found (RFC 9112 §6.3).
package enum HTTPBodyFraming: Sendable, Hashable {
    /// There is no body.
    case none
    /// So many bytes.
    case length(Int)
    /// Chunks, then trailers.
    case chunked
    /// All that comes until the peer closes; only a response can end so.
    case untilClose
}

extension HTTPParser {
    /// How the body of the head just read is framed.
    /// - Parameter toHead: for a response, whether it answers a HEAD request.
    package func framing(answeringHead toHead: Bool = false) -> HTTPBodyFraming {
        if kind == .response, toHead || status < 200 || status == 204 || status == 304 { return .none }
        if isChunked { return .chunked }
        if let contentLength { return contentLength == 0 ? .none : .length(contentLength) }
        return kind == .request ? .none : .untilClose
    }
}

/// Takes the body's bytes out of what follows a head, in any pieces.
package struct HTTPBodyDecoder: Sendable {
    /// What was found in the bytes shown.
    package struct Piece: Sendable {
        /// How many of the bytes shown are done with.
        package var consumed = 0
        /// Where among them a part of the body lies; empty when there is none.
        package var data = 0..<0
        /// Whether the message has ended.
        package var isEnd = false
    }

    private enum State: UInt8 {
        case size, extensionName, extensionValue, extensionQuoted, extensionEscape, extensionEnd, sizeFeed
        case data, dataReturn, dataFeed
        case trailerStart, trailerName, trailerValue, trailerFeed, endFeed
        case counted, untilClose, done
    }

    private var state: State
    private var remaining = 0
    private var digits = 0
    private var lineBytes = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerFields = 0
    private var sawName = false
    private let limits: HTTPLimits

    /// Creates a decoder for one body.
    package init(_ framing: HTTPBodyFraming, limits: HTTPLimits) {
        self.limits = limits
        switch framing {
        case .none: state = .done
        case .length(let count):
            state = count == 0 ? .done : .counted
            remaining = count
        case .chunked: state = .size
        case .untilClose: state = .untilClose
        }
    }

    /// Whether the message has ended.
    package var isDone: Bool { state == .done }
    /// Whether the peer's close ends the message instead of cutting it off.
    package var endsAtClose: Bool { state == .untilClose }

    /// Looks at the next bytes and finds at most one part of the body; call again with what was not consumed
    /// until nothing is left or the message has ended.
    package mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(HTTPParseError) -> Piece {
        var piece = Piece()
        switch state {
        case .done: piece.isEnd = true
        case .untilClose:
            piece.consumed = bytes.count
            piece.data = 0..<bytes.count
        case .counted:
            let count = min(remaining, bytes.count)
            remaining -= count
            piece.consumed = count
            piece.data = 0..<count
            if remaining == 0 {
                state = .done
                piece.isEnd = true
            }
        default: try decodeChunked(bytes, &piece)
        }
        return piece
    }

    private mutating func decodeChunked(
        _ bytes: UnsafeRawBufferPointer, _ piece: inout Piece
    ) throws(HTTPParseError) {
        var at = 0
        while at < bytes.count {
            if state == .data {
                let count = min(remaining, bytes.count - at)
                remaining -= count
                piece.data = at..<(at + count)
                piece.consumed = at + count
                if remaining == 0 { state = .dataReturn }
                return
            }
            try step(bytes[at])
            at += 1
            if state == .done {
                piece.isEnd = true
                break
            }
        }
        piece.consumed = at
    }

    private mutating func step(_ byte: UInt8) throws(HTTPParseError) {
        switch state {
        case .size, .extensionName, .extensionValue, .extensionQuoted, .extensionEscape, .extensionEnd, .sizeFeed:
            try stepSize(byte)
        case .dataReturn:
            guard byte == 13 else { throw .badChunkEnd }
            state = .dataFeed
        case .dataFeed:
            guard byte == 10 else { throw .badChunkEnd }
            state = .size
            digits = 0
            lineBytes = 0
        default: try stepTrailer(byte)
        }
    }

    private mutating func stepSize(_ byte: UInt8) throws(HTTPParseError) {
        lineBytes += 1
        guard lineBytes <= limits.chunkLine + 2 else { throw .chunkLineTooLong }
        if state != .size, state != .sizeFeed {
            extensionBytes += 1
            guard extensionBytes <= limits.chunkExtensions else { throw .chunkLineTooLong }
        }
        switch state {
        case .size:
            if let digit = HTTPBytes.hexValue(byte) {
                digits += 1
                guard digits <= 15 else { throw .badChunkSize }
                remaining = remaining << 4 | Int(digit)
            } else {
                guard digits > 0 else { throw .badChunkSize }
                switch byte {
                case 13: state = .sizeFeed
                case 59:
                    state = .extensionName
                    sawName = false
                default: throw .badChunkSize
                }
            }
        case .extensionName, .extensionValue:
            if HTTPBytes.isToken(byte) {
                sawName = true
            } else if byte == 34, state == .extensionValue, !sawName {
                state = .extensionQuoted
            } else {
                guard sawName else { throw .badChunkExtension }
                if byte == 61, state == .extensionName {
                    state = .extensionValue
                    sawName = false
                } else {
                    try endExtension(byte)
                }
            }
        case .extensionQuoted:
            if byte == 92 {
                state = .extensionEscape
            } else if byte == 34 {
                state = .extensionEnd
            } else if !HTTPBytes.isFieldValue(byte) {
                throw .badChunkExtension
            }
        case .extensionEscape:
            guard HTTPBytes.isFieldValue(byte) else { throw .badChunkExtension }
            state = .extensionQuoted
        case .extensionEnd: try endExtension(byte)
        default:
            guard byte == 10 else { throw .badChunkSize }
            state = remaining == 0 ? .trailerStart : .data
        }
    }

    private mutating func endExtension(_ byte: UInt8) throws(HTTPParseError) {
        switch byte {
        case 13: state = .sizeFeed
        case 59:
            state = .extensionName
            sawName = false
        default: throw .badChunkExtension
        }
    }

    /// Trailers are checked like fields, and dropped: none of them may change what was already decided.
    private mutating func stepTrailer(_ byte: UInt8) throws(HTTPParseError) {
        trailerBytes += 1
        guard trailerBytes <= limits.head else { throw .headTooLarge }
        switch state {
        case .trailerStart:
            if byte == 13 {
                state = .endFeed
                return
            }
            guard byte != 32, byte != 9 else { throw .foldedField }
            guard HTTPBytes.isToken(byte) else { throw byte == 10 ? .bareLineFeed : .badFieldName }
            trailerFields += 1
            guard trailerFields <= limits.fields else { throw .tooManyFields }
            lineBytes = 1
            state = .trailerName
        case .trailerName:
            lineBytes += 1
            if byte == 58 {
                state = .trailerValue
            } else if !HTTPBytes.isToken(byte) {
                throw byte == 32 || byte == 9 ? .spaceBeforeColon : .badFieldName
            }
            guard lineBytes <= limits.field else { throw .fieldTooLong }
        case .trailerValue:
            lineBytes += 1
            if byte == 13 {
                state = .trailerFeed
            } else {
                guard byte != 10 else { throw .bareLineFeed }
                guard HTTPBytes.isFieldValue(byte) else { throw .badFieldValue }
                guard lineBytes <= limits.field else { throw .fieldTooLong }
            }
        case .trailerFeed:
            guard byte == 10 else { throw .bareCarriageReturn }
            state = .trailerStart
        default:
            guard byte == 10 else { throw .bareCarriageReturn }
            state = .done
        }
    }
}
