// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What data is whose media type nobody named, told by its bytes.
enum DataKind {
    /// An object or array in JSON.
    case json
    /// UTF-8 without a zero byte.
    case text
    /// Anything else.
    case bytes

    /// Looks at data; a look costs its length. A number or a word alone is text, so that a topic of lines is not now of
    /// one type, now of another.
    init(_ data: UnsafeRawBufferPointer, _ scanner: inout JSONScanner) {
        let first = data.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "["), Self.isJSON(data, &scanner) {
            self = .json
        } else if data.contains(0) || UTF8Check.firstBadByte(data) != nil {
            self = .bytes
        } else {
            self = .text
        }
    }

    /// Whether data is one JSON value.
    static func isJSON(_ data: UnsafeRawBufferPointer, _ scanner: inout JSONScanner) -> Bool {
        scanner.begin(data)
        do throws(JSONError) {
            _ = try scanner.value()
            try scanner.end()
            return true
        } catch {
            return false
        }
    }

    /// The media type that stands for it.
    var contentType: UnsafeRawBufferPointer {
        switch self {
        case .json: ("application/json" as StaticString).bytes
        case .text: ("text/plain; charset=utf-8" as StaticString).bytes
        case .bytes: ("application/octet-stream" as StaticString).bytes
        }
    }
}
