// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// Messages of HTTP/1.1 as the server and the client read them: whole and in two pieces, which must come to the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let kind: HTTPParser.Kind = start[0] & 1 == 0 ? .request : .response
    let bytes = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    var parser = HTTPParser(kind)
    var pieces = HTTPParser(kind)
    var message = bytes
    while !message.isEmpty {
        let whole = parser.parse(message)
        let cut = min(Int(start[0]) * message.count / 255, message.count)
        var inPieces = pieces.parse(UnsafeRawBufferPointer(rebasing: message[..<cut]))
        if inPieces == .needsMore { inPieces = pieces.parse(message) }
        precondition(isSame(whole, inPieces), "whole: \(whole), in pieces: \(inPieces)")
        guard case .complete(let head) = whole else { return 0 }
        let framing = parser.framing()
        guard let body = decode(UnsafeRawBufferPointer(rebasing: message[head...]), framing) else { return 0 }
        message = UnsafeRawBufferPointer(rebasing: message[(head + body)...])
        parser.reset()
        pieces.reset()
    }
    return 0
}

/// A refusal may come earlier, and so for another reason, when less has arrived.
private func isSame(_ left: HTTPParser.Progress, _ right: HTTPParser.Progress) -> Bool {
    switch (left, right) {
    case (.failed, .failed): true
    default: left == right
    }
}

/// How many bytes a body takes; nil when it does not end, or is refused.
private func decode(_ bytes: UnsafeRawBufferPointer, _ framing: HTTPBodyFraming) -> Int? {
    var decoder = HTTPBodyDecoder(framing, limits: HTTPLimits())
    var at = 0
    var step = 1
    while !decoder.isDone {
        let end = min(at + step, bytes.count)
        guard let piece = try? decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[at..<end])) else { return nil }
        precondition(piece.consumed <= end - at, "more was used than there was")
        precondition(piece.data.upperBound <= end - at, "data lies outside of what was there")
        if piece.consumed == 0 {
            if end == bytes.count { return nil }
            step += 1
        } else {
            at += piece.consumed
            step = step % 7 + 1
        }
    }
    return at
}
