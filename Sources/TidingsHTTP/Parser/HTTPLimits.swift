// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// How much one message may take; every number is a setting, and what exceeds it has an answer of its own.
package struct HTTPLimits: Sendable, Hashable {
    /// Bytes of the start line without its CR LF; 8 KiB. Beyond: 414.
    package var startLine = 8 << 10
    /// Bytes of the whole head, start line and CR LF included; 32 KiB. Beyond: 431.
    package var head = 32 << 10
    /// Bytes of one field line; 8 KiB. Beyond: 431.
    package var field = 8 << 10
    /// Fields in a head, and again in trailers; 100. Beyond: 431.
    package var fields = 100
    /// Bytes of one chunk's size line with its extensions; 256. Beyond: 400.
    package var chunkLine = 256
    /// Bytes of all chunk extensions of one body; 16 KiB. Beyond: 400.
    package var chunkExtensions = 16 << 10

    /// The defaults.
    package init() {}
}

/// What is wrong with bytes that should be HTTP. A server answers ``status`` and closes; a client closes.
package enum HTTPParseError: Error, Sendable, Hashable, CaseIterable {
    case badStartLine, badMethod, badTarget, badVersion, unsupportedVersion, badStatus
    case bareLineFeed, bareCarriageReturn, foldedField, spaceBeforeColon, badFieldName, badFieldValue
    case missingHost, repeatedHost, badHost, hostMismatch
    case badContentLength, repeatedContentLength, lengthAndTransferEncoding
    case badTransferEncoding, unknownTransferEncoding, transferEncodingInOldVersion
    case unknownExpectation
    case badChunkSize, badChunkExtension, chunkLineTooLong, badChunkEnd
    case startLineTooLong, fieldTooLong, headTooLarge, tooManyFields
    /// The peer ended the connection inside a message.
    case cutOff

    /// The refusal a server answers with.
    package var code: Problem.Code {
        switch self {
        case .startLineTooLong: .uriTooLong
        case .fieldTooLong, .headTooLarge, .tooManyFields: .headersTooLarge
        case .unknownTransferEncoding: .notImplemented
        case .unsupportedVersion: .versionNotSupported
        case .unknownExpectation: .expectationFailed
        default: .badRequest
        }
    }

    /// What is wrong, in a sentence for people.
    package var sentence: String {
        switch self {
        case .badStartLine: "the start line is not of the form HTTP/1.1 prescribes"
        case .badMethod: "the method is not a token"
        case .badTarget: "the request target has a byte or an escape that may not stand there"
        case .badVersion: "the start line has no HTTP version"
        case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are spoken here"
        case .badStatus: "the status line has no valid status code"
        case .bareLineFeed: "a line ends in LF without CR"
        case .bareCarriageReturn: "a CR stands inside a line"
        case .foldedField: "a header field is folded over lines"
        case .spaceBeforeColon: "white space stands before the colon of a header field"
        case .badFieldName: "a header field's name is not a token"
        case .badFieldValue: "a header field's value has a control byte"
        case .missingHost: "the Host header is missing"
        case .repeatedHost: "the Host header is repeated"
        case .badHost: "the Host header is not a host with an optional port"
        case .hostMismatch: "the request target's authority differs from the Host header"
        case .badContentLength: "Content-Length is not one natural number"
        case .repeatedContentLength: "Content-Length is repeated"
        case .lengthAndTransferEncoding: "Content-Length and Transfer-Encoding stand together"
        case .badTransferEncoding: "Transfer-Encoding is repeated, or chunked is not its last coding"
        case .unknownTransferEncoding: "Transfer-Encoding names a coding other than chunked"
        case .transferEncodingInOldVersion: "Transfer-Encoding stands in an HTTP/1.0 message"
        case .unknownExpectation: "Expect asks for something other than 100-continue"
        case .badChunkSize: "a chunk's size is not a hexadecimal number of at most 15 digits"
        case .badChunkExtension: "a chunk's extension is malformed"
        case .chunkLineTooLong: "chunk extensions take more room than allowed"
        case .badChunkEnd: "a chunk's data is not followed by CR LF"
        case .startLineTooLong: "the start line is longer than allowed"
        case .fieldTooLong: "a header field is longer than allowed"
        case .headTooLarge: "the headers are larger than allowed"
        case .tooManyFields: "there are more header fields than allowed"
        case .cutOff: "the connection ended inside the message"
        }
    }

    /// The refusal with its sentence.
    package var problem: Problem { Problem(code, "The request was refused: \(sentence).") }
}
