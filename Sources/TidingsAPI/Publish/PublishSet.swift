// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// The events of one request on their way into one round: what is stored, and what became of each event.
struct PublishSet: ~Copyable {
    /// What became of one event.
    enum Outcome {
        /// It is stored; `entry` is its record in the buffer, copies come behind it.
        case stored(entry: Int, topic: TopicName)
        case refused(Problem)
    }

    /// A record whose topic does not exist yet.
    struct Homeless {
        let entry: Int
        let topic: TopicName
    }

    /// The records of all events and their copies.
    var buffer = AppendBuffer()
    /// What became of each event, in the order sent.
    var outcomes: [Outcome] = []
    /// Records that wait for their topic.
    var homeless: [Homeless] = []

    /// Forgets everything and keeps the memory.
    mutating func removeAll() {
        buffer.removeAll()
        outcomes.removeAll(keepingCapacity: true)
        homeless.removeAll(keepingCapacity: true)
    }

    /// Where a record of a key belongs, and among how many partitions that was chosen; 0 for a record without a key, which
    /// may lie anywhere.
    static func place(
        in topic: TopicDescription, _ key: UnsafeRawBufferPointer?, _ turn: UInt32
    ) -> (partition: PartitionID, among: Int32) {
        guard let key else { return (PartitionID(topic.id, Int32(turn % UInt32(topic.partitionCount))), 0) }
        let index = Murmur2.partition(of: key, count: topic.partitionCount)
        return (PartitionID(topic.id, index), topic.partitionCount)
    }

    /// Gives the record of an entry its partition.
    mutating func place(_ entry: Int, in topic: TopicDescription, _ turn: UInt32) {
        let home = withKey(entry) { Self.place(in: topic, $0, turn) }
        buffer.entries[entry].partition = home.partition
        buffer.entries[entry].chosenAmong = home.among
    }

    /// Gives every record with a key its partition as the topics are now.
    mutating func placeAgain(in topics: TopicTable) {
        for entry in buffer.entries.indices where buffer.entries[entry].chosenAmong > 0 {
            if let topic = topics[buffer.entries[entry].partition.topic] { place(entry, in: topic, 0) }
        }
    }

    /// Which event the record of an entry is.
    func identity(
        _ entry: Int
    ) -> (id: UnsafeRawBufferPointer, source: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer) {
        do throws(RecordError) {
            return try EventRecord.identity(ofBody: buffer.bodies.bytes.part(buffer.entries[entry].body))
        } catch {
            preconditionFailure("a record that was just written is well formed: \(error)")
        }
    }

    /// The key of the record of an entry.
    func withKey<Result>(_ entry: Int, _ look: (UnsafeRawBufferPointer?) -> Result) -> Result {
        let stored = buffer.entries[entry]
        do throws(RecordError) {
            let body = buffer.bodies.bytes.part(stored.body)
            return look(try RecordView(body: body, offset: stored.offset, timestamp: stored.timestamp).key)
        } catch {
            preconditionFailure("a record that was just written is well formed: \(error)")
        }
    }

    /// Appends the answer for one event that is stored.
    func writeReceipt(_ entry: Int, _ topic: TopicName, isWhole: Bool, to json: inout JSONWriter) {
        let stored = buffer.entries[entry]
        json.beginObject()
        let event = identity(entry)
        json.key("id")
        json.string(event.id)
        if isWhole {
            json.key("source")
            json.string(event.source)
            json.key("type")
            json.string(event.type)
        }
        json.key("topic")
        json.string(topic.text)
        json.key("partition")
        json.number(stored.partition.index)
        json.key("offset")
        json.number(stored.offset.value)
        json.endObject()
    }
}
