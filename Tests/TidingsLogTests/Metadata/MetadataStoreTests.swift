// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// One whole slot is enough, and there always is one.
@Suite struct MetadataStoreTests {
    @Test(arguments: [0, 1])
    func `a slot that rotted is whole again before the other one is written`(_ slot: Int) throws {
        for step in 0..<40 {
            let disk = SimulatedDisk(seed: UInt64(step))
            let bench = try LogBench(disk)
            let partition = try bench.topic("orders").partitions[0]
            try bench.append([(partition, "one")])
            bench.log.stop()
            disk.flipBit(of: MetadataStore.slots[slot], at: 60)
            disk.fail(operation: disk.operationCount + step, .freeze)
            let broken = try? LogBench(disk)
            disk.crash()
            let again = try LogBench(disk)
            #expect(try again.all(partition).map(\.text) == ["one"], "the power went at step \(step)")
            again.log.stop()
            broken?.drop()
        }
    }
}
