// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension HTTPParser {
    /// The value of the first field of that name in the head just read, which begins at `base`; nil when there is none.
    package func value(of name: StaticString, at base: UnsafeRawPointer) -> String? {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for index in 0..<fieldCount where base.bytes(fields[index].name).equalsIgnoringCase(wanted) {
            return String(decoding: base.bytes(fields[index].value), as: UTF8.self)
        }
        return nil
    }
}
