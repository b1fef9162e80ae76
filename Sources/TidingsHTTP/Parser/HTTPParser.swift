// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads the head of one HTTP/1.x message after the other, request or response, from bytes that come in any pieces.
///
/// It copies nothing: fields are kept as places relative to the message's first byte, so the caller shows it the
/// same bytes again with more behind them, at whatever address they lie by then. Work grows with the bytes that
/// arrive, not with the number of pieces. Everything that request smuggling lives from is refused, see
/// ``HTTPParseError``; limits are checked while bytes arrive. What follows the head is ``HTTPBodyDecoder``'s.
package struct HTTPParser: ~Copyable {
    /// Which start line is expected.
    package enum Kind: Sendable { case request, response }

    /// What the bytes so far amount to.
    package enum Progress: Equatable {
        /// The head has not ended yet.
        case needsMore
        /// The head has ended; it takes so many bytes, and the body begins behind them.
        case complete(Int)
        /// The bytes are not acceptable; nothing after them can be trusted.
        case failed(HTTPParseError)
    }

    /// Places in the message.
    struct Place {
        var start: UInt32 = 0
        var end: UInt32 = 0
        var isEmpty: Bool { start == end }
        var count: Int { Int(end &- start) }
        init() {}
        init(_ start: Int, _ end: Int) {
            self.start = UInt32(truncatingIfNeeded: start)
            self.end = UInt32(truncatingIfNeeded: end)
        }
    }

    /// One field's name and value.
    struct Field {
        var name: Place
        var value: Place
    }

    let kind: Kind
    let limits: HTTPLimits
    private var lineStart = 0
    private var scanned = 0
    private var sawStartLine = false
    private var sawBlankLine = false

    private(set) var fields: UnsafeMutablePointer<Field>
    private(set) var fieldCount = 0
    private var fieldRoom = 8

    /// The request's method.
    package internal(set) var method = HTTPMethod.other
    /// The response's status; 0 in a request.
    package internal(set) var status = 0
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package internal(set) var minorVersion = 1
    var methodName = Place()
    var path = Place()
    var query = Place()
    var hasQuery = false
    var pathHasEscapes = false
    var authority = Place()
    var host = Place()
    var hasHost = false
    /// The declared length; nil when none is.
    package internal(set) var contentLength: Int?
    /// Whether the body is chunked.
    package internal(set) var isChunked = false
    /// Whether `Connection: close` was said.
    package internal(set) var saidClose = false
    /// Whether `Connection: keep-alive` was said.
    package internal(set) var saidKeepAlive = false
    /// Whether the peer waits for `100 Continue` before it sends the body.
    package internal(set) var expectsContinue = false

    /// Creates a parser for messages of one kind.
    package init(_ kind: Kind, limits: HTTPLimits = HTTPLimits()) {
        self.kind = kind
        self.limits = limits
        fields = .allocate(capacity: fieldRoom)
    }

    deinit { fields.deallocate() }

    /// Makes ready for the next message.
    package mutating func reset() {
        lineStart = 0
        scanned = 0
        sawStartLine = false
        sawBlankLine = false
        fieldCount = 0
        status = 0
        hasQuery = false
        pathHasEscapes = false
        authority = Place()
        hasHost = false
        contentLength = nil
        isChunked = false
        saidClose = false
        saidKeepAlive = false
        expectsContinue = false
    }

    /// Whether any byte of a message has been seen since the last ``reset()``.
    package var hasBegun: Bool { scanned > 0 }

    /// Whether the connection may serve another message after this one.
    package var keepsAlive: Bool { !saidClose && (minorVersion == 1 || saidKeepAlive) }

    /// Goes on reading.
    /// - Parameter bytes: all bytes of the message that have arrived, from its first one; it may be followed by more.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Progress {
        guard let base = bytes.baseAddress else { return .needsMore }
        let count = bytes.count
        let table = HTTPBytes.table
        while true {
            guard scanned < count, let feed = memchr(base + scanned, 10, count - scanned) else {
                scanned = count
                return judgeUnfinished(base, count, table)
            }
            let feedAt = UnsafeRawPointer(feed) - base
            let start = lineStart
            guard feedAt > start, base.load(fromByteOffset: feedAt - 1, as: UInt8.self) == 13 else {
                return .failed(.bareLineFeed)
            }
            let end = feedAt - 1
            lineStart = feedAt + 1
            scanned = lineStart
            if !sawStartLine {
                if end == start {
                    // RFC 9112 §2.2: one empty line before a request line is forgiven.
                    guard kind == .request, !sawBlankLine else { return .failed(.badStartLine) }
                    sawBlankLine = true
                    continue
                }
                guard end - start <= limits.startLine else { return .failed(.startLineTooLong) }
                let problem =
                    kind == .request
                    ? readRequestLine(base, start, end, table) : readStatusLine(base, start, end, table)
                if let problem { return .failed(problem) }
                sawStartLine = true
            } else {
                guard lineStart <= limits.head else { return .failed(.headTooLarge) }
                if end == start {
                    if let problem = finish(base) { return .failed(problem) }
                    return .complete(lineStart)
                }
                guard end - start <= limits.field else { return .failed(.fieldTooLong) }
                if let problem = readField(base, start, end, table) { return .failed(problem) }
            }
        }
    }

    /// Refuses as early as possible what cannot become a head any more.
    private func judgeUnfinished(
        _ base: UnsafeRawPointer, _ count: Int, _ table: UnsafePointer<UInt8>
    ) -> Progress {
        let pending = count - lineStart
        if !sawStartLine {
            if pending > limits.startLine + 1 { return .failed(.startLineTooLong) }
            if pending > 0, kind == .request {
                let first = base.load(fromByteOffset: lineStart, as: UInt8.self)
                if first != 13, table[Int(first)] & HTTPBytes.token == 0 { return .failed(.badMethod) }
            }
        } else {
            if pending > limits.field + 1 { return .failed(.fieldTooLong) }
            if count > limits.head { return .failed(.headTooLarge) }
        }
        return .needsMore
    }

    /// Keeps a field's place; false when there are too many.
    mutating func keep(_ field: Field) -> Bool {
        if fieldCount == fieldRoom {
            guard fieldCount < limits.fields else { return false }
            let grown = min(fieldRoom * 2, max(limits.fields, fieldRoom + 1))
            let room = UnsafeMutablePointer<Field>.allocate(capacity: grown)
            room.update(from: fields, count: fieldCount)
            fields.deallocate()
            fields = room
            fieldRoom = grown
        }
        guard fieldCount < limits.fields else { return false }
        fields[fieldCount] = field
        fieldCount += 1
        return true
    }

    /// Judges the head as a whole.
    private func finish(_ base: UnsafeRawPointer) -> HTTPParseError? {
        if isChunked {
            if contentLength != nil { return .lengthAndTransferEncoding }
            if minorVersion == 0 { return .transferEncodingInOldVersion }
        }
        guard kind == .request else { return nil }
        guard hasHost else { return minorVersion == 0 && authority.isEmpty ? nil : .missingHost }
        if !authority.isEmpty, !base.bytes(authority).equalsIgnoringCase(base.bytes(host)) { return .hostMismatch }
        return nil
    }
}

extension UnsafeRawPointer {
    /// The bytes at a place.
    func bytes(_ place: HTTPParser.Place) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: self + Int(place.start), count: Int(place.end &- place.start))
    }

    /// The byte at a distance.
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }
}
