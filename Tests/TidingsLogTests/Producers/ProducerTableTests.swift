// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Kafka's rules for producers that number their records, as a value.
@Suite struct ProducerTableTests {
    private static let limits = ProducerTable.Limits(idleTime: .seconds(60), count: 3)

    /// One batch of producer 7 (or another), and what becomes of it.
    private struct Step {
        enum Outcome: Equatable { case fresh, duplicate(of: Int64), old, gap, fenced, outside, tooMany }
        var producer: Int64 = 7
        var epoch: Int16 = 0
        let sequences: ClosedRange<Int32>
        var isTransactional = false
        let outcome: Outcome
        var after: Int64 = 0

        init(
            _ sequences: ClosedRange<Int32>, _ outcome: Outcome, epoch: Int16 = 0, producer: Int64 = 7,
            transactional: Bool = false, after: Int64 = 0
        ) {
            self.sequences = sequences
            self.outcome = outcome
            self.epoch = epoch
            self.producer = producer
            isTransactional = transactional
            self.after = after
        }
    }

    private static func check(_ steps: [Step], _ name: String) {
        var table = ProducerTable()
        var offset = Offset.zero
        var now = WallTime(millis: 0)
        for (number, step) in steps.enumerated() {
            now = WallTime(millis: now.millis + step.after * 1_000)
            let count = Int64(step.sequences.count)
            let batch = ProducerBatch(
                producer: step.producer, epoch: step.epoch, firstSequence: step.sequences.lowerBound,
                lastSequence: step.sequences.upperBound, baseOffset: offset, lastOffset: offset + (count - 1),
                isTransactional: step.isTransactional)
            let found: Step.Outcome
            switch table.judge(batch, at: now, limits) {
            case .fresh:
                found = .fresh
                table.take(batch, at: now)
                offset = batch.lastOffset.next
            case .duplicate(let known): found = .duplicate(of: known.baseOffset.value)
            case .refused(.oldDuplicate): found = .old
            case .refused(.outOfOrder): found = .gap
            case .refused(.oldEpoch): found = .fenced
            case .refused(.outsideTransaction): found = .outside
            case .refused(.tooMany): found = .tooMany
            case .refused(.oldCoordinator): found = .fenced
            }
            #expect(found == step.outcome, "\(name), step \(number)")
        }
    }

    @Test func `batches follow each other, repeat, and are refused as Kafka's rules say`() {
        Self.check(
            [
                Step(0...4, .fresh), Step(5...5, .fresh), Step(0...4, .duplicate(of: 0)),
                Step(5...5, .duplicate(of: 5)),
                Step(7...7, .gap), Step(6...7, .fresh), Step(7...7, .old), Step(4...8, .gap),
            ], "in order")
        Self.check(
            (0..<7).map { Step($0...$0, .fresh) } + [
                Step(1...1, .old), Step(2...2, .duplicate(of: 2)), Step(7...7, .fresh),
            ],
            "the last five are remembered")
        Self.check(
            [
                Step(0...0, .fresh), Step(3...3, .gap, epoch: 1), Step(0...1, .fresh, epoch: 1), Step(1...1, .fenced),
                Step(0...0, .fenced), Step(2...2, .fresh, epoch: 1), Step(0...0, .fresh, epoch: 9),
            ], "epochs")
        Self.check(
            [
                Step(Int32.max - 1...Int32.max - 1, .fresh), Step(Int32.max...Int32.max, .fresh), Step(0...0, .fresh),
                Step(Int32.max...Int32.max, .duplicate(of: 1)), Step(1...1, .fresh),
                Step(Int32.max - 2...Int32.max - 2, .gap),
            ], "numbers begin again at 0")
        Self.check(
            [
                Step(40...41, .fresh), Step(10...11, .gap), Step(42...42, .fresh),
                Step(90...90, .fresh, after: 60), Step(42...42, .gap),
            ], "unknown and forgotten producers begin anywhere")
        Self.check(
            [
                Step(0...0, .fresh), Step(0...0, .fresh, producer: 8), Step(0...0, .fresh, producer: 9),
                Step(0...0, .tooMany, producer: 10), Step(1...1, .fresh), Step(0...0, .fresh, producer: 10, after: 61),
            ], "producers are limited")
        Self.check(
            [
                Step(0...0, .fresh, transactional: true), Step(1...1, .outside),
                Step(1...1, .fresh, transactional: true),
                Step(2...2, .fresh, transactional: true, after: 300),
            ], "a transaction stays known and takes nothing else")
    }

    @Test func `a batch's numbers wrap within it`() {
        #expect(ProducerBatch.sequence(Int32.max - 1, plus: 3) == 1)
        #expect(ProducerBatch.distance(from: Int32.max - 1, to: 1) == 3)
    }

    @Test func `transactions hold the stable offset back until their marker, and aborted ones are named`() {
        var table = ProducerTable()
        let now = WallTime(millis: 0)
        func data(_ producer: Int64, _ offset: Int64, _ sequence: Int32) {
            table.take(
                ProducerBatch(
                    producer: producer, epoch: 0, firstSequence: sequence, lastSequence: sequence,
                    baseOffset: Offset(offset), lastOffset: Offset(offset), isTransactional: true), at: now)
        }
        func marker(_ producer: Int64, _ offset: Int64, commits: Bool, epoch: Int16 = 0) -> ProducerMarker {
            ProducerMarker(
                producer: producer, epoch: epoch, isCommit: commits, coordinatorEpoch: 3, offset: Offset(offset))
        }
        data(1, 10, 0)
        data(2, 11, 0)
        data(1, 12, 1)
        #expect(table.firstUnstable == Offset(10))
        #expect(
            table.take(marker(1, 13, commits: false), at: now)
                == AbortedTransaction(producer: 1, first: Offset(10), last: Offset(13), lastStable: Offset(11)))
        #expect(table.firstUnstable == Offset(11))
        #expect(table.take(marker(2, 14, commits: true, epoch: 1), at: now) == nil)
        #expect(table.firstUnstable == nil)
        #expect(table.take(marker(2, 15, commits: false, epoch: 1), at: now) == nil, "it had no records")
        #expect(table.refusal(of: marker(2, 16, commits: true), isNewEpoch: false) != nil, "fenced by the new epoch")
        let old = ProducerMarker(producer: 2, epoch: 1, isCommit: true, coordinatorEpoch: 2, offset: Offset(16))
        #expect(table.refusal(of: old, isNewEpoch: false) == .oldCoordinator(2, current: 3))
        data(1, 17, 2)
        #expect(table.refusal(of: marker(1, 18, commits: true), isNewEpoch: true) != nil, "the epoch has to grow")
        #expect(table.refusal(of: marker(1, 18, commits: true, epoch: 1), isNewEpoch: true) == nil)
    }

    @Test func `a snapshot gives the table back, and a damaged one gives nothing`() {
        var table = ProducerTable()
        for producer in Int64(0)..<3 {
            for number in Int32(0)...Int32(producer * 3) {
                let offset = Offset(producer * 100 + Int64(number))
                table.take(
                    ProducerBatch(
                        producer: producer, epoch: 4, firstSequence: number, lastSequence: number, baseOffset: offset,
                        lastOffset: offset, isTransactional: producer != 1), at: WallTime(millis: 77))
            }
        }
        let snapshot = ProducerSnapshot(offset: Offset(400), table: table)
        let bytes = snapshot.encoded()
        #expect(bytes.withUnsafeBytes { ProducerSnapshot(decoding: $0) } == snapshot)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(damaged.withUnsafeBytes { ProducerSnapshot(decoding: $0) } == nil, "byte \(place)")
        }
        #expect(bytes.dropLast().withUnsafeBytes { ProducerSnapshot(decoding: $0) } == nil)
    }
}
