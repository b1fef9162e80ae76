// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The date as HTTP writes it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    private static let days: StaticString = "ThuFriSatSunMonTueWed"
    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    /// Appends the date of a moment between the years 1970 and 9999.
    /// - Parameter seconds: since 1970-01-01T00:00:00Z; others are taken as the nearest end.
    package static func append(seconds: Int64, to out: inout ByteBuffer) {
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let day = Int(seconds / 86_400)
        let second = Int(seconds % 86_400)
        let (year, month, dayOfMonth) = civil(day)
        three(days, day % 7, &out)
        out.append(", ")
        two(dayOfMonth, &out)
        out.append(UInt8(32))
        three(months, month - 1, &out)
        out.append(UInt8(32))
        two(year / 100, &out)
        two(year % 100, &out)
        out.append(UInt8(32))
        two(second / 3600, &out)
        out.append(UInt8(58))
        two(second / 60 % 60, &out)
        out.append(UInt8(58))
        two(second % 60, &out)
        out.append(" GMT")
    }

    private static func two(_ number: Int, _ out: inout ByteBuffer) {
        out.append(UInt8(48 + number / 10))
        out.append(UInt8(48 + number % 10))
    }

    private static func three(_ names: StaticString, _ place: Int, _ out: inout ByteBuffer) {
        out.append(UnsafeRawBufferPointer(start: names.utf8Start + 3 * place, count: 3))
    }

    /// Year, month and day of a count of days since 1970 (Howard Hinnant's algorithm).
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
