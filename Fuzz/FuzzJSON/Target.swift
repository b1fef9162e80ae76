// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// JSON in every way it is read; what is accepted is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard let value = try? JSONValue.parse(bytes) else { return 0 }
    let text = JSONWriter.text { $0.value(value) }
    guard let again = try? JSONValue.parse(text), again == value else {
        preconditionFailure("what was written is not what was read: \(text)")
    }
    return 0
}
