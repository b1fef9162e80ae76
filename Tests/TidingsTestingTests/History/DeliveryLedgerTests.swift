// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsTesting

@Suite struct DeliveryLedgerTests {
    /// Publishes a1, a2 (of entity a) and b1 (of entity b), all acknowledged, and notes receipts.
    private func tally(_ receipts: [String], unacknowledged: Set<String> = []) -> DeliveryLedger.Tally {
        var ledger = DeliveryLedger()
        for id in ["a1", "b1", "a2"] {
            ledger.publishing(id: id, type: "t", entity: String(id.prefix(1)))
            if !unacknowledged.contains(id) { ledger.acknowledged(id: id) }
        }
        for id in receipts { ledger.received(by: "c", id: id) }
        return ledger.tally(of: "c", wanting: { $0 == "t" })
    }

    @Test(arguments: [
        (["a1", "b1", "a2"], 3, 0, 0, 0, 0),
        (["b1", "a1", "a2"], 3, 0, 0, 0, 0),
        (["a1", "a2"], 2, 0, 0, 1, 0),
        (["a2", "a1", "b1"], 3, 0, 1, 0, 0),
        (["a1", "a1", "a2", "a1", "b1"], 3, 2, 0, 0, 0),
        (["a1", "b1", "a2", "x"], 3, 0, 0, 0, 1),
        ([], 0, 0, 0, 3, 0),
    ])
    func `receipts add up`(
        receipts: [String], delivered: Int, duplicates: Int, outOfOrder: Int, lost: Int, unknown: Int
    ) {
        let tally = tally(receipts)
        #expect(tally.published == 3)
        #expect(tally.delivered == delivered)
        #expect(tally.duplicates == duplicates)
        #expect(tally.outOfOrder == outOfOrder)
        #expect(tally.lost == lost)
        #expect(tally.unknown == unknown)
        #expect(tally.isClean == (lost + outOfOrder + unknown == 0))
    }

    @Test func `what was never acknowledged need not arrive, and may`() {
        #expect(tally(["a1", "b1"], unacknowledged: ["a2"]).isClean)
        #expect(tally(["a1", "a2", "b1"], unacknowledged: ["a2"]).isClean)
    }
}
