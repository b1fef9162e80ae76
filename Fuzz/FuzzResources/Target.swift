// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsRouting

/// Resources of every kind as `PUT` brings them; what is accepted survives its record, and can be put back as shown.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard let choice = bytes.first else { return 0 }
    let kind = ResourceKind.allCases[Int(choice) % ResourceKind.allCases.count]
    let key = ResourceKey(kind, "name")
    let random = SeededRandom(seed: 1)
    let now = WallTime(millis: 1_795_000_000_000)
    guard
        let first = try? ResourceReader.read(
            key, from: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), existing: nil, now: now, random: random)
    else { return 0 }
    var record = ByteBuffer()
    ResourceWriter.writeRecord(first.resource, into: &record)
    guard let folded = try? ResourceReader.read(key, record: record.bytes, random: random),
        folded == first.resource
    else { preconditionFailure("the record is not the resource: \(record.text())") }
    var shown = ByteBuffer()
    JSONWriter.write(into: &shown) { json in json.object { ResourceWriter.writeMembers(of: first.resource, &$0) } }
    guard
        let again = try? ResourceReader.read(
            key, from: shown.bytes, existing: first.resource, now: now, random: random),
        again.resource == first.resource
    else { preconditionFailure("what is shown cannot be put back: \(shown.text())") }
    // A table of it answers for its types.
    if let table = try? RoutingTable([first.resource]) { _ = table.plan(forType: "order.created").receivers }
    return 0
}
