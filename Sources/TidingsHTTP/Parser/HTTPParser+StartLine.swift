// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension HTTPParser {
    /// `method SP target SP HTTP/x.y`
    mutating func readRequestLine(
        _ base: UnsafeRawPointer, _ start: Int, _ end: Int, _ table: UnsafePointer<UInt8>
    ) -> HTTPParseError? {
        var at = start
        while at < end, table[Int(base.byte(at))] & HTTPBytes.token != 0 { at += 1 }
        guard at > start, at - start <= 32, at < end, base.byte(at) == 32 else {
            return at < end && base.byte(at) == 13 ? .bareCarriageReturn : .badMethod
        }
        methodName = Place(start, at)
        method = HTTPMethod(base.bytes(methodName))
        at += 1
        let targetStart = at
        var escapes = false
        while at < end {
            let byte = base.byte(at)
            guard table[Int(byte)] & HTTPBytes.target != 0 else { break }
            if byte == 37 { escapes = true }
            at += 1
        }
        guard at > targetStart, at < end else { return at < end ? .badTarget : .badVersion }
        guard base.byte(at) == 32 else { return base.byte(at) == 13 ? .bareCarriageReturn : .badTarget }
        if let problem = readVersion(base, at + 1, end, exactly: true) { return problem }
        if escapes, !escapesAreWhole(base, targetStart, at) { return .badTarget }
        pathHasEscapes = escapes
        return readTarget(base, targetStart, at)
    }

    /// `HTTP/1.x`, and nothing behind it when `exactly`.
    private mutating func readVersion(
        _ base: UnsafeRawPointer, _ start: Int, _ end: Int, exactly: Bool
    ) -> HTTPParseError? {
        guard exactly ? end - start == 8 : end - start >= 8 else { return .badVersion }
        guard UnsafeRawBufferPointer(start: base + start, count: 5).isEqual(to: "HTTP/"), base.byte(start + 6) == 46
        else {
            return .badVersion
        }
        let major = base.byte(start + 5) &- 48
        let minor = base.byte(start + 7) &- 48
        guard major < 10, minor < 10 else { return .badVersion }
        guard major == 1, minor < 2 else { return .unsupportedVersion }
        minorVersion = Int(minor)
        return nil
    }

    /// Every `%` is followed by two hexadecimal digits that do not make a NUL.
    private func escapesAreWhole(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Bool {
        var at = start
        while at < end {
            guard base.byte(at) == 37 else {
                at += 1
                continue
            }
            guard end - at > 2, let high = HTTPBytes.hexValue(base.byte(at + 1)),
                let low = HTTPBytes.hexValue(base.byte(at + 2)), high | low != 0
            else { return false }
            at += 3
        }
        return true
    }

    /// Origin form, absolute form, or `*`.
    private mutating func readTarget(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> HTTPParseError? {
        var pathStart = start
        if base.byte(start) != 47 {
            if end - start == 1, base.byte(start) == 42 {
                guard method == .options else { return .badTarget }
                path = Place(start, end)
                return nil
            }
            let target = UnsafeRawBufferPointer(start: base + start, count: end - start)
            let scheme: Int
            if target.count > 7, UnsafeRawBufferPointer(rebasing: target[..<7]).isEqualIgnoringCase(to: "http://") {
                scheme = 7
            } else if target.count > 8,
                UnsafeRawBufferPointer(rebasing: target[..<8]).isEqualIgnoringCase(to: "https://")
            {
                scheme = 8
            } else {
                return .badTarget
            }
            pathStart = start + scheme
            while pathStart < end, base.byte(pathStart) != 47, base.byte(pathStart) != 63 { pathStart += 1 }
            authority = Place(start + scheme, pathStart)
            guard Self.isHost(base.bytes(authority)) else { return .badTarget }
        }
        var at = pathStart
        while at < end, base.byte(at) != 63 { at += 1 }
        path = Place(pathStart, at)
        if at < end {
            query = Place(at + 1, end)
            hasQuery = true
        }
        return nil
    }

    /// `HTTP/x.y SP status SP reason`; a missing reason, and a missing space before it, are forgiven.
    mutating func readStatusLine(
        _ base: UnsafeRawPointer, _ start: Int, _ end: Int, _ table: UnsafePointer<UInt8>
    ) -> HTTPParseError? {
        if let problem = readVersion(base, start, end, exactly: false) { return problem }
        guard end - start >= 12, base.byte(start + 8) == 32 else { return .badStatus }
        var code = 0
        for at in (start + 9)..<(start + 12) {
            let digit = base.byte(at) &- 48
            guard digit < 10 else { return .badStatus }
            code = code * 10 + Int(digit)
        }
        guard (100...599).contains(code) else { return .badStatus }
        if end > start + 12 {
            guard base.byte(start + 12) == 32 else { return .badStatus }
            let reason = UnsafeRawBufferPointer(start: base + start + 13, count: end - start - 13)
            guard HTTPBytes.all(reason, in: HTTPBytes.fieldValue, table: table) else { return .badStatus }
        }
        status = code
        return nil
    }

    /// Whether the bytes are a host with an optional port, as `Host` has it.
    static func isHost(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first else { return false }
        let table = HTTPBytes.table
        var at = 0
        if first == 91 {
            at = 1
            while at < bytes.count, bytes[at] != 93 {
                let byte = bytes[at]
                guard byte == 58 || byte == 46 || HTTPBytes.hexValue(byte) != nil else { return false }
                at += 1
            }
            guard at > 2, at < bytes.count else { return false }
            at += 1
        } else {
            while at < bytes.count, table[Int(bytes[at])] & HTTPBytes.host != 0 { at += 1 }
            guard at > 0, at <= 255 else { return false }
        }
        if at == bytes.count { return true }
        guard bytes[at] == 58, bytes.count - at <= 6 else { return false }
        return bytes[(at + 1)...].allSatisfy { $0 &- 48 < 10 }
    }
}
