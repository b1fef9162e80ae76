// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Times as RFC 3339 writes them: `2026-11-24T15:06:21.5+01:00`.
///
/// Date, time with seconds, and zone must be there. `t` and `z` may be in lower case as the RFC's grammar has it; a space
/// between date and time may not. Fractions have one digit or more. A leap second (`:60`) is taken where one can be,
/// at 23:59:60 UTC on the last day of a month, and counts as the second after it, as the clocks of Unix do.
package enum RFC3339 {
    /// The moment a text names, in nanoseconds within a second and seconds since 1970; nil when it is no such text.
    package static func parse(_ text: UnsafeRawBufferPointer) -> (seconds: Int64, nanos: Int32)? {
        guard text.count >= 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let century = two(text, 0), let yearOfCentury = two(text, 2), let month = two(text, 5),
            let day = two(text, 8), let hour = two(text, 11), let minute = two(text, 14), let second = two(text, 17)
        else { return nil }
        let year = century * 100 + yearOfCentury
        guard (1...12).contains(month), (1...daysInMonth(month, year)).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var at = 19
        var nanos: Int32 = 0
        if text[at] == UInt8(ascii: ".") {
            at += 1
            let start = at
            while at < text.count, text[at] &- UInt8(ascii: "0") < 10 {
                if at - start < 9 { nanos = nanos * 10 + Int32(text[at] - UInt8(ascii: "0")) }
                at += 1
            }
            guard at > start else { return nil }
            for _ in 0..<max(0, 9 - (at - start)) { nanos *= 10 }
        }
        guard let offsetMinutes = offset(text, at) else { return nil }
        let days = daysSince1970(year, month, day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offsetMinutes * 60
        if second == 60 {
            // The second after it is midnight UTC at the beginning of a month.
            guard seconds % 86_400 == 0, dayOfMonth(seconds / 86_400) == 1 else { return nil }
        }
        return (Int64(seconds), nanos)
    }

    /// The moment a text names, to the millisecond; nil when it is no such text.
    package static func wallTime(_ text: UnsafeRawBufferPointer) -> WallTime? {
        guard let (seconds, nanos) = parse(text) else { return nil }
        return WallTime(millis: seconds * 1_000 + Int64(nanos / 1_000_000))
    }

    /// The moment a text names, to the millisecond; nil when it is no such text.
    package static func wallTime(_ text: String) -> WallTime? {
        var text = text
        return text.withUTF8 { wallTime(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a moment in UTC with milliseconds: `2026-11-24T15:06:21.500Z`. Moments outside of the years 0 to 9999
    /// are written as the nearest one inside.
    package static func format(_ time: WallTime, into text: inout ByteBuffer) {
        let millis = min(max(time.millis, -62_167_219_200_000), 253_402_300_799_999)
        let day = Int((millis - (((millis % 86_400_000) + 86_400_000) % 86_400_000)) / 86_400_000)
        let inDay = Int(millis - Int64(day) * 86_400_000)
        let (year, month, dayOfMonth) = date(day)
        text.append(room: 24) { room in
            func two(_ value: Int, _ at: Int) {
                room[at] = UInt8(truncatingIfNeeded: value / 10) + 48
                room[at + 1] = UInt8(truncatingIfNeeded: value % 10) + 48
            }
            two(year / 100, 0)
            two(year % 100, 2)
            room[4] = UInt8(ascii: "-")
            two(month, 5)
            room[7] = UInt8(ascii: "-")
            two(dayOfMonth, 8)
            room[10] = UInt8(ascii: "T")
            two(inDay / 3_600_000, 11)
            room[13] = UInt8(ascii: ":")
            two(inDay / 60_000 % 60, 14)
            room[16] = UInt8(ascii: ":")
            two(inDay / 1_000 % 60, 17)
            room[19] = UInt8(ascii: ".")
            room[20] = UInt8(truncatingIfNeeded: inDay % 1_000 / 100) + 48
            two(inDay % 100, 21)
            room[23] = UInt8(ascii: "Z")
            return 24
        }
    }

    /// A moment in UTC with milliseconds.
    package static func format(_ time: WallTime) -> String {
        var text = ByteBuffer(capacity: 24)
        format(time, into: &text)
        return text.text()
    }

    private static func two(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        let (high, low) = (text[at] &- UInt8(ascii: "0"), text[at + 1] &- UInt8(ascii: "0"))
        return high < 10 && low < 10 ? Int(high) * 10 + Int(low) : nil
    }

    private static func offset(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        guard at < text.count else { return nil }
        if text[at] | 0x20 == UInt8(ascii: "z") { return at + 1 == text.count ? 0 : nil }
        guard text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-"), at + 6 == text.count,
            text[at + 3] == UInt8(ascii: ":"), let hours = two(text, at + 1), let minutes = two(text, at + 4),
            hours < 24, minutes < 60
        else { return nil }
        let sum = hours * 60 + minutes
        return text[at] == UInt8(ascii: "-") ? -sum : sum
    }

    private static func daysInMonth(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days of the proleptic Gregorian calendar; years begin in March here so that leap days come last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = year + 400 - (month <= 2 ? 1 : 0)
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return (era - 1) * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468 + 146_097
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + (era - 1) * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    private static func dayOfMonth(_ day: Int) -> Int { date(day).day }
}
