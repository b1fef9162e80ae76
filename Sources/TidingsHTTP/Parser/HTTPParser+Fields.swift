// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension HTTPParser {
    /// `name ":" OWS value OWS`
    mutating func readField(
        _ base: UnsafeRawPointer, _ start: Int, _ end: Int, _ table: UnsafePointer<UInt8>
    ) -> HTTPParseError? {
        var at = start
        while at < end, table[Int(base.byte(at))] & HTTPBytes.token != 0 { at += 1 }
        guard at > start, at < end, base.byte(at) == 58 else { return judgeName(base, start, at, end) }
        let name = Place(start, at)
        var valueStart = at + 1
        var valueEnd = end
        while valueStart < valueEnd, base.byte(valueStart) == 32 || base.byte(valueStart) == 9 { valueStart += 1 }
        while valueEnd > valueStart, base.byte(valueEnd - 1) == 32 || base.byte(valueEnd - 1) == 9 { valueEnd -= 1 }
        var bits = HTTPBytes.fieldValue
        for place in valueStart..<valueEnd { bits &= table[Int(base.byte(place))] }
        guard bits != 0 else {
            let value = UnsafeRawBufferPointer(start: base + valueStart, count: valueEnd - valueStart)
            return value.contains(13) ? .bareCarriageReturn : .badFieldValue
        }
        let value = Place(valueStart, valueEnd)
        guard keep(Field(name: name, value: value)) else { return .tooManyFields }
        return notice(base.bytes(name), value, base.bytes(value))
    }

    private func judgeName(_ base: UnsafeRawPointer, _ start: Int, _ at: Int, _ end: Int) -> HTTPParseError {
        guard at < end else { return .badFieldName }
        let byte = base.byte(at)
        if byte == 13 { return .bareCarriageReturn }
        if byte == 32 || byte == 9 { return at == start ? .foldedField : .spaceBeforeColon }
        return .badFieldName
    }

    /// Takes note of the fields that say how the message is framed and what becomes of the connection.
    private mutating func notice(
        _ name: UnsafeRawBufferPointer, _ place: Place, _ value: UnsafeRawBufferPointer
    ) -> HTTPParseError? {
        switch name.count {
        case 4 where name.isEqualIgnoringCase(to: "host"):
            guard kind == .request else { return nil }
            guard !hasHost else { return .repeatedHost }
            guard Self.isHost(value) else { return .badHost }
            hasHost = true
            host = place
        case 6 where name.isEqualIgnoringCase(to: "expect"):
            guard kind == .request, minorVersion == 1 else { return nil }
            guard value.isEqualIgnoringCase(to: "100-continue") else { return .unknownExpectation }
            expectsContinue = true
        case 10 where name.isEqualIgnoringCase(to: "connection"):
            noticeConnection(value)
        case 14 where name.isEqualIgnoringCase(to: "content-length"):
            guard contentLength == nil else { return .repeatedContentLength }
            guard (1...18).contains(value.count) else { return .badContentLength }
            var length = 0
            for byte in value {
                let digit = byte &- 48
                guard digit < 10 else { return .badContentLength }
                length = length * 10 + Int(digit)
            }
            contentLength = length
        case 17 where name.isEqualIgnoringCase(to: "transfer-encoding"):
            guard !isChunked else { return .badTransferEncoding }
            guard value.isEqualIgnoringCase(to: "chunked") else { return judgeCodings(value) }
            isChunked = true
        default: break
        }
        return nil
    }

    /// A list that has chunked but not as its only coding is malformed or hides a body; anything else is unknown.
    private func judgeCodings(_ value: UnsafeRawBufferPointer) -> HTTPParseError {
        let codings = value.split(separator: 44, omittingEmptySubsequences: false).map {
            UnsafeRawBufferPointer(rebasing: $0).trimmed()
        }
        if codings.contains(where: { $0.isEmpty || !$0.allSatisfy(HTTPBytes.isToken) }) { return .badTransferEncoding }
        let chunked = codings.filter { $0.isEqualIgnoringCase(to: "chunked") }.count
        if chunked > 1 { return .badTransferEncoding }
        if chunked == 1, codings.last?.isEqualIgnoringCase(to: "chunked") == false { return .badTransferEncoding }
        return .unknownTransferEncoding
    }

    private mutating func noticeConnection(_ value: UnsafeRawBufferPointer) {
        for part in value.split(separator: 44) {
            let token = UnsafeRawBufferPointer(rebasing: part).trimmed()
            if token.isEqualIgnoringCase(to: "close") {
                saidClose = true
            } else if token.isEqualIgnoringCase(to: "keep-alive") {
                saidKeepAlive = true
            }
        }
    }
}
