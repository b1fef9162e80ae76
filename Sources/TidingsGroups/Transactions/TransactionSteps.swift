// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a transactional id is doing.
package enum TransactionPhase: UInt8, Sendable, Hashable, CaseIterable {
    /// It never had a transaction, or its producer was begun anew.
    case empty
    /// A transaction is open.
    case ongoing
    /// It was decided that the transaction counts; its partitions are told.
    case prepareCommit
    /// It was decided that the transaction does not count; its partitions are told.
    case prepareAbort
    case completeCommit
    case completeAbort
}

/// What is to be done for transactions, in this order.
package enum TransactionStep: Sendable, Hashable {
    /// A request is answered.
    case answer(RequestToken, TransactionAnswer)
    /// Records are appended to the transactions' topic; what became of it is told by the ticket.
    case store([StoredRecord], as: TransactionTicket)
    /// A producer id that nobody had before is wanted.
    case allocateProducerID(TransactionTicket)
    /// The transaction's end is written into the partitions.
    case mark(TransactionEnd, in: [PartitionID], as: TransactionTicket)
    /// A group is told of the end: the offsets that this producer committed in this epoch count from now on, or never.
    case endOffsets(ProducerIdentity, in: String, isCommit: Bool, as: TransactionTicket)
}

/// Names something that was asked for a transactional id.
package struct TransactionTicket: Sendable, Hashable {
    /// The id; nil for a producer without one.
    package let id: String?
    /// Which life of that id.
    let birth: UInt64
    let number: UInt64
}

/// The answer to one request.
package enum TransactionAnswer: Sendable, Hashable {
    /// InitProducerId, and EndTxn of version 5: who the producer is from now on.
    case producer(ProducerIdentity)
    /// Partitions or a group are part of the transaction.
    case added
    /// Records may be appended, or offsets committed; that this is over has to be told.
    case admitted
    case refused(TransactionRefusal)
}

/// Why partitions or groups could not be told of a transaction's end.
package enum MarkFailure: Sendable, Hashable {
    /// Trying again later helps.
    case unavailable
    /// A partition does not take it: it is gone, or a later epoch has taken over.
    case refused
}

/// Appends of records, or commits of offsets, that are part of a transaction.
package struct TransactionWork: Sendable, Hashable {
    package var producer: ProducerIdentity
    package var partitions: Set<PartitionID>
    package var groups: Set<String>
    /// Whether what is not yet part of the transaction becomes one (Produce 12 and later, TxnOffsetCommit 5 and later);
    /// else it had to be added before.
    package var adds: Bool

    /// Describes work.
    package init(
        _ producer: ProducerIdentity, partitions: Set<PartitionID> = [], groups: Set<String> = [], adds: Bool
    ) {
        self.producer = producer
        self.partitions = partitions
        self.groups = groups
        self.adds = adds
    }
}

/// A transactional id as administrators see it.
package struct TransactionDescription: Sendable, Hashable {
    package let id: String
    package let phase: TransactionPhase
    package let producer: ProducerIdentity
    package let timeout: Duration
    /// When the open transaction began; nil when none is open.
    package let started: WallTime?
    package let partitions: [PartitionID]
    package let groups: [String]
}
