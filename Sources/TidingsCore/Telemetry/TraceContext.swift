// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Where in which trace something happened: W3C Trace Context's `traceparent`.
package struct TraceContext: Sendable, Hashable, CustomStringConvertible {
    /// The trace, as two halves; not both zero.
    package let traceHigh: UInt64, traceLow: UInt64
    /// The span; not zero.
    package let span: UInt64
    /// Bit 0: the trace is recorded.
    package let flags: UInt8

    /// Names a span of a trace.
    package init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, flags: UInt8) {
        precondition(traceHigh | traceLow != 0 && span != 0, "a trace and a span are not zero")
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.flags = flags
    }

    /// Begins a trace.
    package static func root(from random: any RandomSource, isRecorded: Bool = true) -> TraceContext {
        TraceContext(
            traceHigh: random.next(), traceLow: random.next() | 1, span: random.next() | 1, flags: isRecorded ? 1 : 0)
    }

    /// A new span in the same trace.
    package func child(from random: any RandomSource) -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: random.next() | 1, flags: flags)
    }

    /// Reads a `traceparent`; nil when it is none. Later versions are read as far as this one goes, as the
    /// recommendation wants it; version ff, upper case and zeros are not taken.
    package init?(_ text: UnsafeRawBufferPointer) {
        guard text.count >= 55, text[2] == UInt8(ascii: "-"), text[35] == UInt8(ascii: "-"),
            text[52] == UInt8(ascii: "-"), let version = Self.number(text, 0, 2), version != 0xFF,
            version == 0 ? text.count == 55 : text.count == 55 || text[55] == UInt8(ascii: "-"),
            let high = Self.number(text, 3, 16), let low = Self.number(text, 19, 16),
            let span = Self.number(text, 36, 16), let flags = Self.number(text, 53, 2), high | low != 0, span != 0
        else { return nil }
        traceHigh = high
        traceLow = low
        self.span = span
        self.flags = UInt8(flags)
    }

    /// Reads a `traceparent`; nil when it is none.
    package init?(_ text: String) {
        var text = text
        guard let context = text.withUTF8({ TraceContext(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = context
    }

    /// Appends it as a `traceparent` of version 00.
    package func format(into text: inout ByteBuffer) {
        text.append("00-" as StaticString)
        Self.append(traceHigh, to: &text)
        Self.append(traceLow, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(span, to: &text)
        text.append(UInt8(ascii: "-"))
        text.append(Hex.digit(flags >> 4))
        text.append(Hex.digit(flags))
    }

    package var description: String {
        var text = ByteBuffer(capacity: 64)
        format(into: &text)
        return text.text()
    }

    private static func append(_ number: UInt64, to text: inout ByteBuffer) {
        for shift in stride(from: 60, through: 0, by: -4) {
            text.append(Hex.digit(UInt8(truncatingIfNeeded: number >> UInt64(shift))))
        }
    }

    private static func number(_ text: UnsafeRawBufferPointer, _ at: Int, _ digits: Int) -> UInt64? {
        var number: UInt64 = 0
        for index in at..<at + digits {
            let byte = text[index]
            guard byte < UInt8(ascii: "A") || byte > UInt8(ascii: "Z"), let digit = Hex.value(byte) else { return nil }
            number = number << 4 | UInt64(digit)
        }
        return number
    }
}
