// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

@testable import TidingsGroups

/// Records of groups and transactions: read, folded, and gone on with; also what consumers say of themselves.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    _ = SubscribedTopics.read(input)
    var groups = GroupState()
    var transactions = TransactionState()
    // Keys and values, each behind its length.
    var rest = input[...]
    func part() -> [UInt8]? {
        guard let length = rest.popFirst() else { return nil }
        defer { rest = rest.dropFirst(Int(length)) }
        return Array(rest.prefix(Int(length)))
    }
    while let key = part() {
        let value = part()
        try? groups.fold(StoredRecord(key: key, value: value))
        try? transactions.fold(StoredRecord(key: key, value: value))
        guard let value else { break }
        try? groups.fold(StoredRecord(key: GroupKey.group("g").bytes, value: value))
        try? groups.fold(StoredRecord(key: GroupKey.offset("g", PartitionID(TopicID(1), 0)).bytes, value: value))
        try? transactions.fold(StoredRecord(key: TransactionRecord.key("t"), value: value))
    }
    let moment = Moment(now: MonotonicTime(nanos: 1), wall: WallTime(millis: 1))
    let late = Moment(now: MonotonicTime(nanos: 1 << 62), wall: WallTime(millis: .max))
    var table = GroupTable(groups, limits: GroupLimits(), random: SeededRandom(seed: 1), at: moment)
    _ = table.expire(at: late) { $0.topic == TopicID(1) ? "orders" : nil }
    _ = table.pass(late)
    var coordinator = TransactionCoordinator(transactions, limits: TransactionLimits())
    _ = coordinator.resume(at: moment)
    _ = coordinator.pass(late)
    _ = coordinator.expire(at: late)
    return 0
}
