// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What the log knows besides its records: topics, and how far each partition's files are synced.
struct LogMetadata: Sendable, Hashable {
    /// A partition as the last checkpoint left it.
    struct PartitionRecord: Sendable, Hashable {
        /// The first offset that can be read.
        var start = Offset.zero
        /// The offset after the last record the checkpoint synced.
        var end = Offset.zero
        /// The segment that is written to: its base offset, and its synced length.
        var activeBase = Offset.zero
        var activeBytes: Int64 = 0
        /// Synced entries of the active segment's indexes.
        var indexEntries: UInt32 = 0
        var roundEntries: UInt32 = 0
        var timeEntries: UInt32 = 0
        /// Where the state of its producers begins: what is known of them at `producersAt` lies in the snapshot of that
        /// offset, or is nothing; the batches from there on bring the rest.
        var producersAt = Offset.zero
        var hasProducerSnapshot = false
        /// Bytes of all segments.
        var totalBytes: Int64 = 0
        /// The latest time in the active segment; nil when it is not known.
        var latest: TimeIndexEntry? = TimeIndexEntry.beginning
        /// When the active segment got its first record, by the server's clock; nil when it has none, or it is not known.
        var activeSince: WallTime?
        /// Compaction has been through everything below.
        var cleanedTo = Offset.zero
    }

    struct TopicRecord: Sendable, Hashable {
        let id: TopicID
        let uuid: UUID128
        let name: TopicName
        var partitions: [PartitionRecord]
        var settings = TopicSettings()
        /// Settings by names that this version does not know; kept for the one that does.
        var unknownSettings: [UnknownSetting] = []
        /// Where the partitions ended whenever more were added.
        var formerLayouts: [PartitionLayout] = []

        var description: TopicDescription {
            TopicDescription(
                id: id, uuid: uuid, name: name, partitionCount: Int32(partitions.count), settings: settings,
                formerLayouts: formerLayouts)
        }
    }

    struct UnknownSetting: Sendable, Hashable {
        let name: String
        let text: String
    }

    /// A topic whose folders are still to be removed.
    struct Deletion: Sendable, Hashable {
        let id: TopicID
        let name: TopicName
        let partitionCount: Int32
    }

    /// Counts the saves; the slot with the higher one holds.
    var sequence: UInt64 = 0
    /// Set by a stop that left nothing in the write-ahead log.
    var isClean = false
    var life = LogLife(generation: 0, nonce: 0)
    /// All rounds up to this one are in synced partition files.
    var checkpoint: UInt64 = 0
    /// What the housekeeping believed the time to be; nil when it has not said yet.
    var believedTime: WallTime?
    var nextTopic: UInt32 = 1
    /// The first producer id that nobody was promised.
    var nextProducer: Int64 = 0
    var topics: [TopicRecord] = []
    var deletions: [Deletion] = []
    var quarantines: [LogQuarantine] = []
}

extension LogMetadata {
    static let magic: UInt64 = 0x5449_444D_4554_4131
    /// Version 1 had no settings, layouts and time indexes, version 2 nobody who knows of a quarantine; they are still read.
    static let version: UInt32 = 3
    static let prefixBytes = 24

    /// The bytes of a slot: magic, version, length, checksum, content.
    func encoded() -> [UInt8] {
        var content = ByteBuffer(capacity: 4096)
        content.append(bigEndian: sequence)
        content.append(isClean ? 1 : 0 as UInt8)
        content.append(bigEndian: life.generation)
        content.append(bigEndian: life.nonce)
        content.append(bigEndian: checkpoint)
        content.append(bigEndian: believedTime?.millis ?? .min)
        content.append(bigEndian: nextTopic)
        content.append(bigEndian: nextProducer)
        content.append(bigEndian: UInt32(topics.count))
        for topic in topics {
            content.append(bigEndian: topic.id.number)
            content.append(bigEndian: topic.uuid.high)
            content.append(bigEndian: topic.uuid.low)
            content.append(counted: topic.name.text)
            content.append(bigEndian: UInt32(topic.partitions.count))
            for partition in topic.partitions {
                content.append(bigEndian: partition.start.value)
                content.append(bigEndian: partition.end.value)
                content.append(bigEndian: partition.activeBase.value)
                content.append(bigEndian: partition.activeBytes)
                content.append(bigEndian: partition.indexEntries)
                content.append(bigEndian: partition.roundEntries)
                content.append(bigEndian: partition.timeEntries)
                content.append(bigEndian: partition.producersAt.value)
                content.append(partition.hasProducerSnapshot ? 1 : 0 as UInt8)
                content.append(bigEndian: partition.totalBytes)
                content.append(bigEndian: partition.latest?.timestamp ?? .min)
                content.append(bigEndian: partition.latest?.relativeOffset ?? 0)
                content.append(bigEndian: partition.activeSince?.millis ?? .min)
                content.append(bigEndian: partition.cleanedTo.value)
            }
            let known = topic.settings.overrides.map { UnknownSetting(name: $0.name.rawValue, text: $0.text) }
            let settings = known + topic.unknownSettings
            content.append(bigEndian: UInt32(settings.count))
            for setting in settings {
                content.append(counted: setting.name)
                content.append(counted: setting.text)
            }
            content.append(bigEndian: UInt32(topic.formerLayouts.count))
            for layout in topic.formerLayouts {
                content.append(bigEndian: UInt32(layout.ends.count))
                for end in layout.ends { content.append(bigEndian: end.value) }
            }
        }
        content.append(bigEndian: UInt32(deletions.count))
        for deletion in deletions {
            content.append(bigEndian: deletion.id.number)
            content.append(counted: deletion.name.text)
            content.append(bigEndian: deletion.partitionCount)
        }
        content.append(bigEndian: UInt32(quarantines.count))
        for quarantine in quarantines { quarantine.encode(into: &content) }
        var slot = ByteBuffer(capacity: content.count + Self.prefixBytes)
        slot.append(bigEndian: Self.magic)
        slot.append(bigEndian: Self.version)
        slot.append(bigEndian: UInt64(content.count))
        slot.append(bigEndian: CRC32C.checksum(content.bytes, after: CRC32C.checksum(slot.bytes)))
        slot.append(content.bytes)
        return slot.array()
    }

    /// The version that a whole slot is of, whether this program reads it or not; nil when it is not whole.
    static func version(of slot: UnsafeRawBufferPointer) -> UInt32? {
        var prefix = ByteReader(slot)
        guard prefix.number(UInt64.self) == magic, let version = prefix.number(UInt32.self),
            let count = prefix.number(UInt64.self), let checksum = prefix.number(UInt32.self),
            count <= UInt64(prefix.left), let content = prefix.take(Int(count)),
            checksum == CRC32C.checksum(content, after: CRC32C.checksum(slot.part(0..<prefixBytes - 4)))
        else { return nil }
        return version
    }

    /// Reads a slot; nil when it is not whole, or not of this version.
    init?(decoding slot: UnsafeRawBufferPointer) {
        var prefix = ByteReader(slot)
        guard prefix.number(UInt64.self) == Self.magic, let version = prefix.number(UInt32.self),
            (1...Self.version).contains(version), let count = prefix.number(UInt64.self),
            let checksum = prefix.number(UInt32.self),
            count <= UInt64(prefix.left), let content = prefix.take(Int(count)),
            checksum == CRC32C.checksum(content, after: CRC32C.checksum(slot.part(0..<Self.prefixBytes - 4)))
        else { return nil }
        var reader = ByteReader(content)
        self.init(content: &reader, version)
    }

    /// A number of times or bytes with which sums do not overflow, whatever was read.
    fileprivate static func bounded(_ number: Int64) -> Int64 { min(max(number, -1 << 60), 1 << 60) }

    private init?(content reader: inout ByteReader, _ version: UInt32) {
        self.init()
        guard let sequence = reader.number(UInt64.self), let clean = reader.number(UInt8.self),
            let generation = reader.number(UInt32.self), let nonce = reader.number(UInt64.self),
            let checkpoint = reader.number(UInt64.self),
            let believed = version >= 2 ? reader.number(Int64.self) : .min, let nextTopic = reader.number(UInt32.self),
            let nextProducer = version >= 2 ? reader.number(Int64.self) : 0, nextProducer >= 0,
            let topicCount = reader.number(UInt32.self)
        else { return nil }
        // What no log reaches would overflow when it counts on.
        guard max(sequence, checkpoint) <= 1 << 62, nextTopic <= 1 << 31 else { return nil }
        self.sequence = sequence
        isClean = clean == 1
        life = LogLife(generation: generation, nonce: nonce)
        self.checkpoint = checkpoint
        believedTime = believed == .min ? nil : WallTime(millis: Self.bounded(believed))
        self.nextTopic = nextTopic
        self.nextProducer = nextProducer
        for _ in 0..<topicCount {
            guard let topic = TopicRecord(&reader, version) else { return nil }
            topics.append(topic)
        }
        // Topics that share an id or a folder are no topics.
        guard Set(topics.map(\.id)).count == topics.count, Set(topics.map(\.name)).count == topics.count else {
            return nil
        }
        // An id is given once, whatever the counter says.
        self.nextTopic = topics.reduce(nextTopic) { max($0, $1.id.number + 1) }
        guard let deletionCount = reader.number(UInt32.self) else { return nil }
        for _ in 0..<deletionCount {
            guard let number = reader.number(UInt32.self), let name = reader.text().flatMap({ TopicName($0) }),
                let partitions = reader.number(Int32.self), partitions >= 0
            else { return nil }
            deletions.append(Deletion(id: TopicID(number), name: name, partitionCount: partitions))
        }
        guard let quarantineCount = reader.number(UInt32.self) else { return nil }
        for _ in 0..<quarantineCount {
            guard let quarantine = LogQuarantine(&reader, version) else { return nil }
            quarantines.append(quarantine)
        }
    }
}

extension LogMetadata.TopicRecord {
    fileprivate init?(_ reader: inout ByteReader, _ version: UInt32) {
        guard let number = reader.number(UInt32.self), let high = reader.number(UInt64.self),
            let low = reader.number(UInt64.self), let name = reader.text().flatMap({ TopicName($0) }),
            number < 1 << 31, let count = reader.number(UInt32.self), count > 0
        else { return nil }
        var partitions: [LogMetadata.PartitionRecord] = []
        for _ in 0..<count {
            guard let start = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let end = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let base = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }),
                let bytes = reader.number(Int64.self), let indexEntries = reader.number(UInt32.self),
                let roundEntries = reader.number(UInt32.self),
                let timeEntries = version >= 2 ? reader.number(UInt32.self) : 0,
                // Nothing stored by version 1 came from a producer that numbers its records.
                let producersAt = version >= 2 ? reader.number(Int64.self).flatMap({ Offset(decoding: $0) }) : end,
                let hasSnapshot = version >= 2 ? reader.number(UInt8.self) : 0,
                let total = reader.number(Int64.self)
            else { return nil }
            // What no log writes would lead reads and writes astray.
            guard max(start, end, base, producersAt).value <= 1 << 62, (0...Int64(Int32.max)).contains(bytes) else {
                return nil
            }
            var partition = LogMetadata.PartitionRecord(
                start: start, end: end, activeBase: base, activeBytes: bytes, indexEntries: indexEntries,
                roundEntries: roundEntries, timeEntries: timeEntries, producersAt: producersAt,
                hasProducerSnapshot: hasSnapshot == 1,
                // The files say better when they are looked at.
                totalBytes: LogMetadata.bounded(total), latest: nil)
            if version >= 2 {
                guard let latest = reader.number(Int64.self), let relative = reader.number(UInt32.self),
                    let since = reader.number(Int64.self),
                    let cleaned = reader.number(Int64.self).flatMap({ Offset(decoding: $0) })
                else { return nil }
                if latest != .min {
                    partition.latest = TimeIndexEntry(timestamp: LogMetadata.bounded(latest), relativeOffset: relative)
                }
                if since != .min { partition.activeSince = WallTime(millis: LogMetadata.bounded(since)) }
                partition.cleanedTo = cleaned
            }
            partitions.append(partition)
        }
        self.init(id: TopicID(number), uuid: UUID128(high: high, low: low), name: name, partitions: partitions)
        if version >= 2 {
            guard readSettings(&reader), readLayouts(&reader) else { return nil }
        }
    }

    private mutating func readSettings(_ reader: inout ByteReader) -> Bool {
        guard let count = reader.number(UInt32.self) else { return false }
        for _ in 0..<count {
            guard let name = reader.text(), let text = reader.text() else { return false }
            guard let known = TopicSettingName(rawValue: name), (try? settings.set(known, to: text)) != nil else {
                unknownSettings.append(.init(name: name, text: text))
                continue
            }
        }
        return true
    }

    private mutating func readLayouts(_ reader: inout ByteReader) -> Bool {
        guard let count = reader.number(UInt32.self) else { return false }
        for _ in 0..<count {
            guard let size = reader.number(UInt32.self) else { return false }
            var ends: [Offset] = []
            for _ in 0..<size {
                guard let end = reader.number(Int64.self).flatMap({ Offset(decoding: $0) }) else { return false }
                ends.append(end)
            }
            formerLayouts.append(PartitionLayout(ends: ends))
        }
        return true
    }
}
