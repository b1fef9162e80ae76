// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A request as a ``Receiver`` got it.
package struct ReceivedRequest: Sendable {
    /// Its place among all requests of this receiver, from 0; given when its last byte was read.
    package let number: Int
    /// The connection it came on, from 0.
    package let connection: Int
    /// The method, as sent.
    package let method: String
    /// The target, as sent.
    package let target: String
    /// Names in lower case, values without white space around them, in the order sent.
    package let headers: [(name: String, value: String)]
    /// The whole body, chunks joined.
    package let body: [UInt8]
    /// When its last byte was read.
    package let at: ContinuousClock.Instant
    /// The status it was answered with; nil when it got none that was well formed.
    package internal(set) var answered: Int?

    /// The first header of that name (lower case).
    package subscript(header name: String) -> String? { headers.first { $0.name == name }?.value }
    /// The body read as UTF-8.
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// What a ``Receiver`` does with one request.
package enum ReceiverBehaviour: Sendable {
    /// Answers with a status, headers beside Content-Length, and a body.
    case answer(Int, headers: [(String, String)] = [], body: [UInt8] = [])
    /// Answers only after a while.
    indirect case after(Duration, ReceiverBehaviour)
    /// Answers, and closes the connection behind it without having said so.
    case answerAndClose(Int)
    /// Never answers; lets go when the caller does.
    case hang
    /// Breaks the connection with a reset.
    case reset
    /// Closes the connection in good order, without an answer.
    case close
    /// Sends these bytes, whatever they are, then closes.
    case raw([UInt8])
    /// Answers `status` with a chunked body of `piece` at every `pause`, for ever.
    case slowBody(Int, piece: [UInt8], pause: Duration)
    /// Answers `status` with a chunked body that has no end, as fast as it is taken.
    case endlessBody(Int)
    /// Answers `status` with headers that have no end, as fast as they are taken.
    case endlessHeaders(Int)

    /// The status that a caller can read from it; nil when there is none.
    var status: Int? {
        switch self {
        case .answer(let status, _, _), .answerAndClose(let status), .slowBody(let status, _, _),
            .endlessBody(let status):
            status
        case .after(_, let later): later.status
        case .hang, .reset, .close, .raw, .endlessHeaders: nil
        }
    }
}

/// What a ``Receiver`` does with a connection before it reads from it.
package enum ReceiverGreeting: Sendable {
    /// Reads requests: what a good server does.
    case read
    /// Closes in good order at once.
    case close
    /// Resets at once.
    case reset
    /// Sends these bytes before anything was read, then reads and drops what comes until the caller closes.
    case speakFirst([UInt8])
    /// Never reads a byte.
    case ignore
}
