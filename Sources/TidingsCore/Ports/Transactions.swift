// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The end of a transaction; its marker is written into every partition that has records of it.
public struct TransactionEnd: Sendable, Hashable {
    /// Whose transaction ends.
    public let producer: Int64
    /// The producer's epoch; records of older ones are refused from now on.
    public let epoch: Int16
    /// Whether its records count.
    public let isCommit: Bool
    /// Counts the lives of who decides about transactions: a marker of an older one is refused.
    public let coordinatorEpoch: Int32
    /// Whether the epoch was raised for this marker (transactions of version 2), so that a record that comes late can
    /// never join the next transaction.
    public let beginsEpoch: Bool

    /// Describes an end.
    public init(
        producer: Int64, epoch: Int16, isCommit: Bool, coordinatorEpoch: Int32 = 0, beginsEpoch: Bool = false
    ) {
        self.producer = producer
        self.epoch = epoch
        self.isCommit = isCommit
        self.coordinatorEpoch = coordinatorEpoch
        self.beginsEpoch = beginsEpoch
    }
}

/// A transaction whose records in one partition do not count.
public struct AbortedTransaction: Sendable, Hashable {
    /// Whose it was.
    public let producer: Int64
    /// The offset of its first record.
    public let first: Offset
    /// The offset of its marker.
    public let last: Offset
    /// Below this offset every transaction was decided when the marker was written.
    public let lastStable: Offset

    /// Describes an aborted transaction.
    public init(producer: Int64, first: Offset, last: Offset, lastStable: Offset) {
        self.producer = producer
        self.first = first
        self.last = last
        self.lastStable = lastStable
    }
}

/// What one partition knows of a producer that numbers its records.
public struct ProducerStatus: Sendable, Hashable {
    /// Its id.
    public let producer: Int64
    /// Which life of it wrote last.
    public let epoch: Int16
    /// The number of its last record; nil when it has written none in its epoch.
    public let lastSequence: Int32?
    /// When it was heard of last.
    public let lastHeard: WallTime
    /// Which life of the coordinator ended a transaction of it last; -1 for none.
    public let coordinatorEpoch: Int32
    /// The first offset of its open transaction.
    public let transactionStart: Offset?

    /// Describes a producer.
    public init(
        producer: Int64, epoch: Int16, lastSequence: Int32?, lastHeard: WallTime, coordinatorEpoch: Int32 = -1,
        transactionStart: Offset? = nil
    ) {
        self.producer = producer
        self.epoch = epoch
        self.lastSequence = lastSequence
        self.lastHeard = lastHeard
        self.coordinatorEpoch = coordinatorEpoch
        self.transactionStart = transactionStart
    }
}

/// Whether the records of a batch count.
public enum TransactionFate: UInt8, Sendable, Hashable {
    /// They do: they belong to no transaction, or to one that was committed.
    case counts
    /// Their transaction is open.
    case open
    /// Their transaction was aborted.
    case aborted
}
