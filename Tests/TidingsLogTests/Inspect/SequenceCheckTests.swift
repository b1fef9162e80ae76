// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import KafkaProtocol
@testable import TidingsLog

@Suite struct SequenceCheckTests {
    /// One batch: who, its life, its first number, how many records; at which second.
    struct Step: Sendable {
        let id: Int64, epoch: Int16, sequence: Int32, count: Int, second: Int64

        init(_ id: Int64, _ epoch: Int16, _ sequence: Int32, _ count: Int, at second: Int64 = 0) {
            (self.id, self.epoch, self.sequence, self.count, self.second) = (id, epoch, sequence, count, second)
        }

        var header: RecordBatchHeader {
            get throws {
                var builder = RecordBatchBuilder()
                var body = ByteBuffer()
                LogBench.body("x", into: &body)
                for _ in 0..<count { builder.add(body: body.bytes, timestamp: WallTime(millis: second * 1_000)) }
                return try RecordBatchHeader(
                    verifying: builder.seal(
                        baseOffset: .zero, producer: .init(id: id, epoch: epoch, baseSequence: sequence)))
            }
        }
    }

    static let good: [[Step]] = [
        [Step(1, 0, 0, 3), Step(2, 0, 0, 1), Step(1, 0, 3, 1), Step(2, 0, 1, 5)],
        // A new life begins anew; the count goes around; a partition whose beginning is gone begins anywhere.
        [Step(1, 0, 700, 3), Step(1, 1, 0, 3), Step(1, 1, 3, 3)], [Step(1, 0, .max - 1, 2), Step(1, 0, 0, 1)],
        [Step(1, 0, .max - 1, 4), Step(1, 0, 2, 1)],
        // A producer that was forgotten.
        [Step(1, 0, 0, 3), Step(1, 0, 90, 3, at: 90)],
    ]
    static let bad: [([Step], String, alsoWhenThinned: Bool)] = [
        ([Step(1, 0, 0, 3), Step(1, 0, 4, 1)], "missing", false),
        ([Step(1, 0, 0, 3), Step(1, 0, 2, 1)], "twice", true), ([Step(1, 0, 0, 3), Step(1, 0, 0, 3)], "twice", true),
        ([Step(1, 0, .max, 1), Step(1, 0, 1, 1)], "missing", false),
        ([Step(1, 3, 0, 3), Step(1, 2, 3, 1)], "epoch 2 after 3", true),
    ]

    /// - Parameter areThinned: whether a batch without records lies between any two.
    static func judge(_ steps: [Step], areThinned: Bool = false) throws -> [String] {
        var check = SequenceCheck()
        var offset: Int64 = 0
        return try steps.compactMap { step in
            var header = try step.header
            header.baseOffset = offset
            offset = header.lastOffset + 1
            let problem = check.add(header)
            if areThinned {
                header.producerID = -1
                header.baseOffset = offset
                header.recordCount = 0
                #expect(check.add(header) == nil)
                offset = header.lastOffset + 1
            }
            return problem?.isCertain == true ? problem?.description : nil
        }
    }

    @Test func `a producer's numbers go on where they ended`() throws {
        for steps in Self.good {
            for areThinned in [false, true] { #expect(try Self.judge(steps, areThinned: areThinned) == []) }
        }
    }

    @Test func `numbers that are missing or there twice are found, and compaction only leaves out`() throws {
        for (steps, reason, alsoWhenThinned) in Self.bad {
            let found = try Self.judge(steps)
            #expect(found.count == 1 && found[0].contains(reason), "\(steps): \(found)")
            #expect(try Self.judge(steps, areThinned: true).isEmpty == !alsoWhenThinned, "\(steps)")
        }
    }

    @Test func `markers have no numbers, and raise the epoch`() throws {
        func marker(_ epoch: Int16) throws -> RecordBatchHeader {
            var bytes = ByteBuffer()
            TransactionMarker(isCommit: true, producerID: 1, producerEpoch: epoch)
                .append(to: &bytes, at: .zero, timestamp: WallTime(millis: 0))
            return try RecordBatchHeader(verifying: bytes.bytes)
        }
        var check = SequenceCheck()
        #expect(check.add(try Step(1, 0, 0, 3).header) == nil)
        #expect(check.add(try marker(0)) == nil)
        #expect(check.add(try Step(1, 0, 3, 1).header) == nil)
        #expect(check.add(try marker(1)) == nil)
        #expect(check.add(try Step(1, 1, 0, 1).header) == nil)
        #expect(check.add(try Step(1, 0, 4, 1).header) != nil)
    }
}
