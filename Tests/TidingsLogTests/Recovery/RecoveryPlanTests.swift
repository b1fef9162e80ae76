// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsLog

/// Promise P3 as a table: which rounds count, which is torn, which were acknowledged and are damaged.
@Suite struct RecoveryPlanTests {
    /// How a round is found.
    enum Sight { case whole, batches, table }

    struct Found: Sendable {
        var number: UInt64
        var sight = Sight.whole
        /// Nil: the one before.
        var lastSynced: UInt64?
        var isRelaxed = false
        var block: UInt32 = 1
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var checkpoint: UInt64 = 0
        let found: [Found]
        /// What is left of headers: its number, and whether it lies right behind the last round.
        var strays: [(number: UInt64, isBehind: Bool)] = []
        let replay: [UInt64]
        var cut: [UInt64] = []
        var corrupt: [UInt64] = []
        let lastRound: UInt64
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing", found: [], replay: [], lastRound: 0),
        Case(name: "nothing beyond the checkpoint", checkpoint: 7, found: [], replay: [], lastRound: 7),
        Case(name: "all whole", found: [.init(number: 1), .init(number: 2)], replay: [1, 2], lastRound: 2),
        Case(
            name: "what the checkpoint covers does not matter", checkpoint: 2,
            found: [.init(number: 1, sight: .batches), .init(number: 3)], replay: [3], lastRound: 3),
        Case(
            name: "a torn last round", found: [.init(number: 1), .init(number: 2, sight: .batches)], replay: [1],
            cut: [2], lastRound: 1),
        Case(
            name: "a torn last round, its table", found: [.init(number: 1), .init(number: 2, sight: .table)],
            replay: [1], cut: [2], lastRound: 1),
        Case(
            name: "a torn first round", checkpoint: 4, found: [.init(number: 5, sight: .table)], replay: [], cut: [5],
            lastRound: 4),
        Case(
            name: "a last round whose header rotted", found: [.init(number: 1)], strays: [(2, true)], replay: [1],
            cut: [2], lastRound: 1),
        Case(
            name: "a last round whose number rotted", found: [.init(number: 1)], strays: [(77, true)], replay: [1],
            cut: [77], lastRound: 1),
        Case(
            name: "a last round whose number rotted to an old one", checkpoint: 9, found: [.init(number: 10)],
            strays: [(3, true)], replay: [10], cut: [3], lastRound: 10),
        Case(
            name: "what is left of an old round elsewhere is nothing", checkpoint: 9, found: [.init(number: 10)],
            strays: [(3, false)], replay: [10], lastRound: 10),
        Case(
            name: "rotten in the middle",
            found: [.init(number: 1), .init(number: 2, sight: .batches), .init(number: 3)], replay: [1, 2, 3],
            corrupt: [2], lastRound: 3),
        Case(
            name: "rotten in the middle, its header", found: [.init(number: 1), .init(number: 3)],
            strays: [(2, false)], replay: [1, 3], corrupt: [2], lastRound: 3),
        Case(
            name: "missing", checkpoint: 1, found: [.init(number: 2), .init(number: 5)], replay: [2, 5],
            corrupt: [3, 4], lastRound: 5),
        Case(
            name: "missing right behind the checkpoint", checkpoint: 1, found: [.init(number: 3)], replay: [3],
            corrupt: [2], lastRound: 3),
        Case(
            name: "rotten, and proven by a torn one behind it",
            found: [
                .init(number: 1), .init(number: 2, sight: .batches),
                .init(number: 3, sight: .batches, lastSynced: 2),
            ], replay: [1, 2], cut: [3], corrupt: [2], lastRound: 2),
        Case(
            name: "twice: the whole one counts",
            found: [.init(number: 1), .init(number: 2, sight: .batches), .init(number: 2, block: 2)], replay: [1, 2],
            lastRound: 2),
        Case(
            name: "twice, the whole one first",
            found: [.init(number: 2, block: 2), .init(number: 1), .init(number: 2, sight: .batches)], replay: [1, 2],
            lastRound: 2),
        Case(
            name: "blocks in any order",
            found: [.init(number: 3, block: 1), .init(number: 1, block: 2), .init(number: 2, block: 2)],
            replay: [1, 2, 3], lastRound: 3),
        Case(
            name: "a relaxed round that a power cut took was promised to nobody",
            found: [.init(number: 1), .init(number: 3, lastSynced: 1)], replay: [1, 3], lastRound: 3),
        Case(
            name: "a relaxed round that is damaged",
            found: [
                .init(number: 1), .init(number: 2, sight: .batches, lastSynced: 1, isRelaxed: true),
                .init(number: 3, lastSynced: 1),
            ], replay: [1, 2, 3], lastRound: 3),
        Case(
            name: "a synced round before relaxed ones, missing",
            found: [.init(number: 1), .init(number: 4, lastSynced: 2, isRelaxed: true)], replay: [1, 4], corrupt: [2],
            lastRound: 4),
    ]

    @Test(arguments: cases) func `rounds are judged by what proves that they were acknowledged`(_ test: Case) {
        let life = LogLife(generation: 1, nonce: 1)
        var position = 0
        let found = test.found.map { found -> RecoveryPlan.Located in
            defer { position += 4096 }
            let header = RoundHeader(
                life: life, number: found.number, lastSynced: found.lastSynced ?? found.number - 1,
                isRelaxed: found.isRelaxed)
            let condition: Round.Condition =
                switch found.sight {
                case .whole: .whole
                case .batches: .damagedBatches
                case .table: .damagedTable
                }
            return RecoveryPlan.Located(
                round: Round(header: header, condition: condition), block: found.block, position: position)
        }
        let strays = test.strays.map { stray in
            RecoveryPlan.Stray(
                number: stray.number, block: stray.isBehind ? test.found.last?.block ?? 1 : 9,
                position: stray.isBehind ? position : 40_960)
        }
        let plan = RecoveryPlan(found: found, strays: strays, checkpoint: test.checkpoint)
        #expect(plan.replay.map { $0.round.header.number } == test.replay)
        #expect(plan.cut.map(\.number) == test.cut)
        #expect(plan.corrupt == test.corrupt)
        #expect(plan.lastRound == test.lastRound)
    }
}
