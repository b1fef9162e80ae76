// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import FuzzFolder
import KafkaProtocol
import TidingsCore
import TidingsTesting

@testable import TidingsDelivery
@testable import TidingsLog

/// Snapshots: the log's file as it comes, and what deliveries keep in one; also the records of their state.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    _ = try? ShardState(snapshot: input)
    var reader = StateReader(input)
    for _ in 0..<64 { guard (try? StateEntry(&reader)) != nil else { break } }
    if count % 16 == 0 {
        let disk = FuzzFolder.clean.copied()
        disk.replace("state/state", with: [UInt8](input))
        FuzzFolder.read(disk)
    }
    return 0
}
