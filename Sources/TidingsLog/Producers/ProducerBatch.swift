// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the rules for producers look at of a batch whose producer numbers its records.
struct ProducerBatch: Sendable, Hashable {
    let producer: Int64
    let epoch: Int16
    let firstSequence: Int32
    let lastSequence: Int32
    let baseOffset: Offset
    let lastOffset: Offset
    let isTransactional: Bool

    init(
        producer: Int64, epoch: Int16, firstSequence: Int32, lastSequence: Int32, baseOffset: Offset,
        lastOffset: Offset, isTransactional: Bool = false
    ) {
        self.producer = producer
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.baseOffset = baseOffset
        self.lastOffset = lastOffset
        self.isTransactional = isTransactional
    }

    /// Reads it off a data batch's header; nil when nobody numbered its records.
    /// - Parameter base: the offset the batch has or would get.
    init?(_ header: RecordBatchHeader, at base: Offset) {
        guard header.producerID >= 0, !header.isControl else { return nil }
        self.init(
            producer: header.producerID, epoch: header.producerEpoch, firstSequence: header.baseSequence,
            lastSequence: Self.sequence(header.baseSequence, plus: header.lastOffsetDelta), baseOffset: base,
            lastOffset: base + Int64(header.lastOffsetDelta), isTransactional: header.isTransactional)
    }

    /// Sequence numbers go from 0 to `Int32.max` and begin again.
    static func sequence(_ sequence: Int32, plus count: Int32) -> Int32 {
        Int32(truncatingIfNeeded: (Int64(sequence) + Int64(count)) & Int64(Int32.max))
    }

    /// How many steps lead from one sequence number forward to another.
    static func distance(from: Int32, to: Int32) -> Int64 { (Int64(to) - Int64(from)) & Int64(Int32.max) }
}

/// The end of a producer's transaction in one partition, as a control batch holds it.
struct ProducerMarker: Sendable, Hashable {
    let producer: Int64
    let epoch: Int16
    let isCommit: Bool
    /// Counts the lives of who decides about transactions; one of an older life is refused.
    let coordinatorEpoch: Int32
    let offset: Offset
}

/// Why a batch or marker of a producer is refused.
enum ProducerRefusal: Error, Sendable, Hashable {
    /// A later epoch of the producer has taken over.
    case oldEpoch(Int16, current: Int16)
    /// Records before it are missing, or a new epoch does not begin at 0.
    case outOfOrder(found: Int32, expected: Int32)
    /// It was stored before, so long ago that its offset is not known any more.
    case oldDuplicate(found: Int32, expected: Int32)
    /// The producer has an open transaction here, and the batch is not part of it.
    case outsideTransaction
    /// A later life of the coordinator has written here.
    case oldCoordinator(Int32, current: Int32)
    case tooMany(limit: Int)

    /// The refusal as the log answers it.
    func error(of producer: Int64) -> LogError {
        switch self {
        case .oldEpoch(let epoch, let current):
            LogError(.fencedProducer, "producer \(producer) has epoch \(current); one of epoch \(epoch) is too late")
        case .outOfOrder(let found, let expected):
            LogError(
                .outOfOrderSequence, "producer \(producer) sent sequence number \(found); \(expected) comes next")
        case .oldDuplicate(let found, let expected):
            LogError(
                .duplicateSequence,
                "producer \(producer) sent sequence number \(found) again; \(expected) comes next, and the offset of the "
                    + "old one is not known any more")
        case .outsideTransaction:
            LogError(
                .invalidTransaction,
                "producer \(producer) has an open transaction in the partition; the batch is not part of it")
        case .oldCoordinator(let epoch, let current):
            LogError(
                .fencedCoordinator, "a marker of coordinator epoch \(epoch) came after one of epoch \(current)")
        case .tooMany(let limit):
            LogError(
                .tooManyProducers,
                "the partition knows \(limit) producers already; storage.max_producers is the limit")
        }
    }
}
