// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What a listener serves, and what its clients may use; every limit by name, with its default.
package struct KafkaListenerSettings: Sendable, Hashable {
    /// Connections on all loops together; 10,000. One more is reset.
    package var connections = 10_000
    /// The longest request; 100 MiB, as Apache Kafka's `socket.request.max.bytes`. A longer one closes its connection.
    package var requestBytes = 100 << 20
    /// Bytes of requests that have not come whole, on one loop; 256 MiB. Who takes more loses the connection.
    package var collectedBytes = 256 << 20
    /// Requests of one connection that are not answered; 256. It is not read from meanwhile.
    package var inFlight = 256
    /// Bytes of record batches on one loop that wait for their sync; 16 MiB. Further ones wait unread.
    package var waitingBytes = 16 << 20
    /// Bytes of one connection's answers that wait behind one that is owed; 1 MiB. It is not read from meanwhile.
    package var answeredBytes = 1 << 20
    /// Bytes of stored batches on one loop that are read for fetches or not sent yet; 256 MiB. Beyond it a fetch reads one
    /// batch.
    package var fetchedBytes = 256 << 20
    /// How long a connection may be silent with nothing in flight, or take nothing of an answer; 10 min, as
    /// `connections.max.idle.ms`.
    package var idleTime = Duration.seconds(600)
    /// The most bytes of one answer to a fetch; 55 MiB, as `fetch.max.bytes`.
    package var fetchBytes = 55 << 20
    /// The longest wait of a fetch that a client may ask for; 5 min.
    package var fetchWait = Duration.seconds(300)
    /// Partitions that one fetch, and the session it belongs to, may name; 20,000.
    package var fetchPartitions = 20_000

    /// The host and port that clients are told to connect to; nil: where the connection came in.
    package var advertisedHost: String?
    package var advertisedPort: UInt16?
    /// This server's number in what clients are told.
    package var nodeID: Int32 = 1
    /// Whether a topic that does not exist is created when a client names it, and the client does not forbid it.
    package var createsTopics = true
    /// How many partitions a topic gets when nobody says.
    package var partitions: Int32 = 1
    /// The most partitions a request may ask for, for one topic; 10,000.
    package var mostPartitions: Int32 = 10_000
    /// What the log's own settings say where a topic has none: when a segment is closed, and the largest batch.
    package var segmentBytes = 256 << 20
    package var batchBytes = 1 << 20
    /// Whether a replication factor above 1 is accepted (and means 1) or refused.
    package var acceptsReplication = true

    /// The defaults.
    package init() {}
}
