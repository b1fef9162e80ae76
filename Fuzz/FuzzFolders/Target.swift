// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import FuzzFolder
import TidingsTesting

/// A whole folder left by a crash, any file of it changed as the input says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var changes = FuzzChanges(UnsafeRawBufferPointer(start: start, count: count))
    let disk = FuzzFolder.crashed.copied()
    while changes.hasMore {
        let (path, whole) = FuzzFolder.crashed.files[changes.choice(FuzzFolder.crashed.files.count)]
        var bytes = disk.bytes(of: path) ?? whole
        changes.change(&bytes)
        disk.replace(path, with: bytes)
    }
    FuzzFolder.read(disk)
    return 0
}
