// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Why the coordinator refuses a request; each case is Kafka's error of that name.
package enum TransactionRefusal: Error, Sendable, Hashable, CaseIterable {
    case coordinatorNotAvailable
    /// What was recorded is not read yet.
    case coordinatorLoadInProgress
    case notCoordinator
    case unknownServerError
    case invalidRequest
    case policyViolation
    case invalidTransactionTimeout
    case invalidProducerIDMapping
    /// Clients that do not know it (InitProducerId before 4, the others before 2) are told `INVALID_PRODUCER_EPOCH`.
    case producerFenced
    case invalidProducerEpoch
    case concurrentTransactions
    case invalidTxnState
    /// Clients that do not know it (Produce before 12, TxnOffsetCommit before 5) are told `INVALID_TXN_STATE`.
    case transactionAbortable
    case transactionalIDNotFound
}

extension StoreFailure {
    /// The failure as producers are told.
    var transactionRefusal: TransactionRefusal {
        switch self {
        case .unavailable: .coordinatorNotAvailable
        case .offline: .notCoordinator
        case .tooLarge: .unknownServerError
        }
    }
}
