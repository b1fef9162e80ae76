// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// One whole slot is enough, and there always is one.
@Suite struct MetadataStoreTests {
    /// A stopped log whose metadata is longer than a sector, so that a crash may tear it; one slot of it rotted.
    private func rotten(_ slot: Int, seed: UInt64) throws -> (disk: SimulatedDisk, partition: PartitionID) {
        let disk = SimulatedDisk(seed: seed)
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders", partitions: 50).partitions[0]
        try bench.append([(partition, "one")])
        bench.log.stop()
        disk.flipBit(of: MetadataStore.slots[slot], at: 60)
        return (disk, partition)
    }

    @Test(arguments: [0, 1])
    func `a slot that rotted is whole again before the other one is written`(_ slot: Int) throws {
        let (whole, _) = try rotten(slot, seed: 0)
        let first = whole.operationCount
        _ = try LogBench(whole)
        let count = whole.operationCount - first
        for step in 0..<count * 4 {
            let (disk, partition) = try rotten(slot, seed: UInt64(step))
            disk.fail(operation: disk.operationCount + step % count, .freeze)
            _ = try? LogBench(disk)
            disk.crash()
            let again = try LogBench(disk)
            #expect(try again.all(partition).map(\.text) == ["one"], "the power went at step \(step)")
            again.log.stop()
        }
    }
}
