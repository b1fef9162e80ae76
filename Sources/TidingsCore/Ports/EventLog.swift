// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization

/// The log inside the server, as doors and delivery use it: appends with one answer per round, and reads that borrow.
///
/// A *round* is what one sync makes durable. Rounds are numbered from 1 and never reused; all records of one
/// append are in one round or none is stored. Batches in a round are ordered by partition (`PartitionID`'s order),
/// so (round, partition, offset) is a total order over the whole log.
public protocol EventLog: AnyObject, Sendable {
    /// All topics, as of now. Any thread; replaced whole when a topic comes or goes.
    var topics: TopicTable { get }

    /// The first stored offset and the offset after the last durable record; nil when there is no such partition.
    /// Any thread.
    func bounds(of partition: PartitionID) -> PartitionBounds?

    /// The producers that number their records in a partition, as far as their records are durable, in the order of their
    /// ids; nil when there is no such partition. Any thread.
    func producers(in partition: PartitionID) -> [ProducerStatus]?

    /// The last durable round: bounds and reads that begin after this was asked show all of it, and a follower that
    /// was there before is told of every later one. Any thread.
    var lastRound: UInt64 { get }

    /// An entrance for one loop; made once per loop. Any thread.
    func session(on loop: any Loop) -> any LogSession
}

/// Where a partition begins and ends.
public struct PartitionBounds: Hashable, Sendable {
    /// The first offset that can be read.
    public let start: Offset
    /// The offset the next durable record gets.
    public let end: Offset
    /// Stored bytes.
    public let byteCount: Int64
    /// The first offset of the oldest transaction that is still open; `end` when none is. Readers that want whole
    /// transactions only stop here.
    public let lastStable: Offset

    /// Creates bounds; without a last stable offset no transaction is open.
    public init(start: Offset, end: Offset, byteCount: Int64, lastStable: Offset? = nil) {
        self.start = start
        self.end = end
        self.byteCount = byteCount
        self.lastStable = lastStable ?? end
    }
}

/// A record found by its time.
public struct TimedOffset: Hashable, Sendable {
    /// Its offset; the partition's end when no record is that young.
    public let offset: Offset
    /// Its timestamp; nil when there is none.
    public let timestamp: WallTime?

    /// Names a record.
    public init(_ offset: Offset, _ timestamp: WallTime?) {
        self.offset = offset
        self.timestamp = timestamp
    }
}

/// The topics of a log at one moment.
public struct TopicTable: Sendable {
    private let byName: [TopicName: TopicDescription]
    private let byID: [TopicID: TopicDescription]
    /// Another one with every change; for those who keep something made of the table.
    public let version: UInt64

    /// Creates a table.
    public init(_ topics: [TopicDescription], version: UInt64 = 0) {
        self.version = version
        byName = Dictionary(uniqueKeysWithValues: topics.map { ($0.name, $0) })
        byID = Dictionary(uniqueKeysWithValues: topics.map { ($0.id, $0) })
    }

    /// The topic of that name.
    public subscript(name: TopicName) -> TopicDescription? { byName[name] }
    /// The topic of that identity.
    public subscript(id: TopicID) -> TopicDescription? { byID[id] }
    /// All topics, by identity.
    public var all: [TopicDescription] { byID.values.sorted { $0.id < $1.id } }
}

/// One loop's entrance to the log.
///
/// - Concurrency: lives on the loop it was made for; every method is called there, every callback runs there.
public protocol LogSession: AnyObject {
    /// Appends all records of `buffer` in one round and writes each record's offset into `buffer.entries`.
    /// The buffer may be reused as soon as this returns.
    /// - Parameter then: runs later, once: with the round's number when it is durable, or with the reason why it
    ///   is not. Answers come in the order of the appends, among those to topics of one kind: a relaxed topic's append
    ///   may be answered before an earlier one that waits for its sync.
    /// - Throws: at once, with nothing stored: a record too large, an unknown partition, a log that is offline or full.
    func append(_ buffer: inout AppendBuffer, then: @escaping (Result<UInt64, LogError>) -> Void) throws(LogError)

    /// Appends one whole Kafka record batch (v2, magic 2) as a client sent it: checked (length, CRC, counts, attributes)
    /// and not decoded, given its offset, stored otherwise byte for byte. The bytes are free when this returns.
    /// - Parameter then: as for appends of records, in one order with them.
    /// - Returns: the offset of its first record: of the one stored before, when an idempotent producer sent it again.
    /// - Throws: at once, with nothing stored: why it is refused.
    func append(
        batch: UnsafeRawBufferPointer, to partition: PartitionID,
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset

    /// Appends a batch as the other one does, out of memory that nobody else has and that the log keeps: where it is large
    /// and on pages (``SharedBytes/isPaged``), nothing of it is copied.
    func append(
        batch: SharedBytes, to partition: PartitionID, then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError) -> Offset

    /// A producer id that nobody was given before, in this folder.
    func allocateProducerID(then: @escaping (Result<Int64, LogError>) -> Void)
    /// Ends a producer's transaction in some partitions: a marker in each, all in one round.
    /// - Parameter then: as for appends of records, in one order with them.
    /// - Throws: at once, with nothing stored: `fencedProducer` or `fencedCoordinator` when another one has taken over.
    func append(
        _ end: TransactionEnd, to partitions: [PartitionID],
        then: @escaping (Result<UInt64, LogError>) -> Void
    ) throws(LogError)
    /// The aborted transactions that have records from `start` on and below `end`, in the order of their markers; what
    /// is decided above ``PartitionBounds/lastStable`` may be missing.
    func abortedTransactions(
        in partition: PartitionID, from start: Offset, to end: Offset,
        then: @escaping (Result<[AbortedTransaction], LogError>) -> Void)

    /// Calls `observer` after every durable round that has records, in order, after the answers to its appends.
    func follow(_ observer: @escaping (CommittedRound) -> Void) -> LogFollower
    /// Ends a follow; the observer is not called again.
    func unfollow(_ follower: LogFollower)

    /// The batch that holds `offset` (or the first one after it), if it is still in the memory that all readers
    /// share; nil when it must be read from disk or is not durable yet.
    func recent(_ partition: PartitionID, from offset: Offset) -> StoredBatch?

    /// Reads whole durable batches from the one that holds `offset` (or the first one after it): at least one if
    /// there is any, then more up to `maxBytes`. Runs `then` later; never blocks the loop. An empty answer means
    /// that `offset` is the end. Every batch's CRC was verified.
    func read(
        _ partition: PartitionID, from offset: Offset, maxBytes: Int,
        then: @escaping (Result<[StoredBatch], LogError>) -> Void)

    /// The first offset of `partition` whose record is in round `round` or a later one; the end when there is none.
    func offset(in partition: PartitionID, atRound round: UInt64, then: @escaping (Result<Offset, LogError>) -> Void)

    /// The first record of `partition` whose timestamp is `time` or later, in the order of offsets; the end when there
    /// is none.
    func offset(
        in partition: PartitionID, atTime time: WallTime, then: @escaping (Result<TimedOffset, LogError>) -> Void)
    /// The first of the records of `partition` that have its latest timestamp; the end when there is no record.
    func latest(in partition: PartitionID, then: @escaping (Result<TimedOffset, LogError>) -> Void)

    /// Creates a topic, durable before `then` runs; answers the existing one, as it is, when there is one of that name.
    func createTopic(
        _ name: TopicName, partitions: Int32, settings: TopicSettings,
        then: @escaping (Result<TopicDescription, LogError>) -> Void)
    /// Gives a topic other settings, durable before `then` runs; they hold for what comes next, and for old records
    /// when housekeeping comes to them.
    func configureTopic(
        _ id: TopicID, _ settings: TopicSettings, then: @escaping (Result<TopicDescription, LogError>) -> Void)
    /// Gives a topic more partitions, durable before `then` runs; nothing happens when it has `count` or more. Where the
    /// old ones ended becomes the last of its ``TopicDescription/formerLayouts``.
    func addPartitions(
        _ id: TopicID, upTo count: Int32, then: @escaping (Result<TopicDescription, LogError>) -> Void)
    /// Deletes a topic and its records, durable before `then` runs.
    func deleteTopic(_ id: TopicID, then: @escaping (Result<Void, LogError>) -> Void)

    /// Moves the start of a partition to `offset` (never backward, never past the end), durable before `then` runs with
    /// the new start; the space comes back by whole segments.
    func deleteRecords(
        _ partition: PartitionID, before offset: Offset, then: @escaping (Result<Offset, LogError>) -> Void)
    /// Keeps `bytes` durably under `name` ([a-z0-9-]), replacing what was there: whole or not at all.
    func saveSnapshot(_ name: String, _ bytes: [UInt8], then: @escaping (Result<Void, LogError>) -> Void)
    /// What `saveSnapshot` kept last under `name`; nil when there is none.
    func loadSnapshot(_ name: String, then: @escaping (Result<[UInt8]?, LogError>) -> Void)
}

extension LogSession {
    /// Creates a topic with the default settings; answers the existing one when there is one of that name.
    public func createTopic(
        _ name: TopicName, partitions: Int32, then: @escaping (Result<TopicDescription, LogError>) -> Void
    ) {
        createTopic(name, partitions: partitions, settings: TopicSettings(), then: then)
    }
}

/// Who knows which old records are still needed; asked before retention lets go of any.
public protocol RetentionPins: AnyObject, Sendable {
    /// Answers, in order, the offsets of `partition` below `limit` that waiting events, dead letters and deliveries in
    /// flight still need. From its answer on nothing else below `limit` is asked for: what was not taken yet has
    /// expired. Any thread; `then` runs once on any thread.
    func pins(in partition: PartitionID, below limit: Offset, then: @escaping @Sendable ([Offset]) -> Void)
}

/// Names one `follow` of one session.
public struct LogFollower: Hashable, Sendable {
    /// Which; never reused within its session.
    public let number: UInt64

    /// Creates a name; for implementations of ``LogSession``.
    public init(_ number: UInt64) { self.number = number }
}

/// Records on their way into the log: what one call appends in one round. Kept by its owner and reused.
public struct AppendBuffer: ~Copyable {
    /// One record: where it goes, and where its body lies in `bodies`.
    public struct Entry: Sendable {
        /// The partition it goes to; may be chosen as late as just before the append.
        public var partition: PartitionID
        /// The record's timestamp.
        public let timestamp: WallTime
        /// The record's body in `bodies`.
        public let body: Range<Int>
        /// How many partitions the topic had when the partition was chosen by the record's key: where it has more by
        /// now, the append is refused with `layoutChanged`. 0 when the partition does not depend on that.
        public var chosenAmong: Int32 = 0
        /// Set by the append.
        public var offset = Offset.zero
    }

    /// The records in order.
    public var entries: [Entry] = []
    /// Their bodies: what follows offsetDelta in Kafka's record format (key length, key, value length, value, headers).
    public private(set) var bodies = ByteBuffer(capacity: 4096)

    /// Makes an empty buffer.
    public init() {}

    /// Adds a record whose body `write` appends.
    public mutating func add<Failure>(
        to partition: PartitionID, among partitions: Int32 = 0, at timestamp: WallTime,
        _ write: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        let from = bodies.count
        do {
            try write(&bodies)
        } catch {
            bodies.truncate(to: from)
            throw error
        }
        entries.append(
            Entry(partition: partition, timestamp: timestamp, body: from..<bodies.count, chosenAmong: partitions))
    }

    /// Forgets the records and keeps the memory.
    public mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        bodies.removeAll()
    }
}

/// A batch as it lies in the log: a whole Kafka record batch (v2), immutable, shared by all its readers.
public final class StoredBatch: @unchecked Sendable {
    /// Where it lies.
    public let partition: PartitionID
    /// The offset of its first record.
    public let baseOffset: Offset
    /// The offset of its last record (of its last delta: compaction keeps it).
    public let lastOffset: Offset
    /// The round that made it durable.
    public let round: UInt64
    /// What the bytes are part of.
    private let owner: SharedBytes
    private let range: Range<Int>
    private let decodedForm = DecodedForm()
    private let fateValue: Atomic<UInt8>

    /// Wraps a batch's bytes, which its maker has validated.
    public init(
        partition: PartitionID, baseOffset: Offset, lastOffset: Offset, round: UInt64, owner: SharedBytes,
        range: Range<Int>, fate: TransactionFate = .counts
    ) {
        precondition(range.lowerBound >= 0 && range.upperBound <= owner.count, "the batch lies outside of its bytes")
        self.partition = partition
        self.baseOffset = baseOffset
        self.lastOffset = lastOffset
        self.round = round
        self.owner = owner
        self.range = range
        fateValue = Atomic(fate.rawValue)
    }

    /// Whether its records count; readers that want whole transactions pass over an aborted one, and do not go past an
    /// open one. Any thread; one that is read from disk keeps the fate it had then.
    public var fate: TransactionFate { TransactionFate(rawValue: fateValue.load(ordering: .acquiring)) ?? .open }

    /// Notes how its transaction ended; for implementations of ``EventLog``.
    public func decide(_ fate: TransactionFate) { fateValue.store(fate.rawValue, ordering: .releasing) }

    /// The stored bytes; valid while this object lives.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: owner.buffer[range]) }

    /// What `make` makes of the batch, made once and shared: a batch is decoded once, not once per reader.
    /// - Parameter isLight: whether the form may stay in memory as long as the batch does; else it goes with the last
    ///   reader that holds it.
    public func decoded<Form: AnyObject & Sendable, Failure>(
        isLight: (Form) -> Bool = { _ in true }, _ make: () throws(Failure) -> Form
    ) throws(Failure) -> Form {
        if let form = decodedForm.value as? Form { return form }
        let form = try make()
        decodedForm.take(form, keeps: isLight(form))
        return form
    }
}

/// What one round made durable.
public final class CommittedRound: Sendable {
    /// Its number.
    public let number: UInt64
    /// Its batches, by partition, then offset.
    public let batches: [StoredBatch]

    /// Creates a round's word to readers.
    public init(number: UInt64, batches: [StoredBatch]) {
        self.number = number
        self.batches = batches
    }
}

/// What the log refuses or could not do.
public struct LogError: Error, Sendable, CustomStringConvertible {
    /// What a program can act on. Codes are added, never renamed.
    public enum Code: String, Sendable {
        case unknownTopic = "log.unknown-topic"
        case recordTooLarge = "log.record-too-large"
        case corruptBatch = "log.corrupt-batch"
        /// A setting of a topic, or what is asked of it, is not possible.
        case invalidSetting = "log.invalid-setting"
        /// A client's record has a time that its topic does not take.
        case invalidTimestamp = "log.invalid-timestamp"
        /// An idempotent producer left out a sequence number.
        case outOfOrderSequence = "log.out-of-order-sequence"
        /// A producer of that id with a later epoch has taken over.
        case fencedProducer = "log.fenced-producer"
        /// An idempotent producer sent again what was stored so long ago that its offset is not known any more.
        case duplicateSequence = "log.duplicate-sequence"
        /// A partition knows as many producers as it may.
        case tooManyProducers = "log.too-many-producers"
        /// A batch does not fit the open transaction of its producer.
        case invalidTransaction = "log.invalid-transaction"
        /// A later life of who decides about transactions has taken over.
        case fencedCoordinator = "log.fenced-coordinator"
        /// The topic got more partitions, or gets them just now: the record's partition has to be chosen again.
        case layoutChanged = "log.layout-changed"
        /// A range of a partition is quarantined.
        case quarantined = "log.quarantined"
        case diskFull = "log.disk-full"
        /// A write or sync failed; nothing is taken until the folder is reopened. An append that is answered with this
        /// may have been stored or not.
        case offline = "log.offline"
        case outOfRange = "log.out-of-range"
        case tooManyTopics = "log.too-many-topics"
        case stopping = "log.stopping"
        case folderInUse = "log.folder-in-use"
        case unknownFormat = "log.unknown-format"
        /// Too much waits for the disk already.
        case overloaded = "log.overloaded"
        /// Both copies of the log's metadata are unreadable; nothing was changed.
        case corruptMetadata = "log.corrupt-metadata"
        /// A snapshot's checksum does not match; what it held has to be built again from the log.
        case corruptSnapshot = "log.corrupt-snapshot"
    }
    /// The kind.
    public let code: Code
    /// A sentence for people.
    public let description: String
    /// Where a reader can go on, when the kind is `quarantined` or `outOfRange`.
    public let resume: Offset?

    /// Creates an error with its sentence.
    public init(_ code: Code, _ description: String, resume: Offset? = nil) {
        self.code = code
        self.description = description
        self.resume = resume
    }
}
