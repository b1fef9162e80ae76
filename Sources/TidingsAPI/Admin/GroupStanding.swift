// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// How a group of Kafka's clients stands against the log: what it reads, how far it is, how far behind.
struct GroupStanding {
    /// One partition that it committed an offset of, or that a member reads.
    struct Row {
        let topic: TopicName
        let partition: PartitionID
        /// What was committed; nil for nothing.
        let position: ClientGroup.Position?
        /// The offset the next record gets.
        let end: Offset
        /// The member that reads it.
        let member: ClientGroup.Member?
        /// When the first record that was not taken was stored; nil when there is none, or nobody looked.
        var oldest: WallTime?

        /// How many records lie between what was committed and the end; nil when nothing was.
        var lag: Int64? { position.map { max(0, end.value - max(0, $0.offset)) } }
        /// The first offset that was not taken, if there is a record.
        var unread: Offset? {
            guard let position, let offset = Offset(decoding: max(0, position.offset)), offset < end else { return nil }
            return offset
        }
    }

    let group: ClientGroup
    /// By topic, then partition; topics that are gone are left out.
    var rows: [Row]

    init(_ group: ClientGroup, in log: any EventLog) {
        self.group = group
        let topics = log.topics
        var readers: [PartitionID: ClientGroup.Member] = [:]
        for member in group.members {
            for place in member.assigned {
                guard let topic = TopicName(place.topic).flatMap({ topics[$0] }) else { continue }
                readers[PartitionID(topic.id, place.partition)] = member
            }
        }
        var positions: [PartitionID: ClientGroup.Position] = [:]
        for position in group.positions { positions[position.partition] = position }
        rows = Set(positions.keys).union(readers.keys).compactMap { partition in
            guard let topic = topics[partition.topic], let bounds = log.bounds(of: partition) else { return nil }
            return Row(
                topic: topic.name, partition: partition, position: positions[partition], end: bounds.end,
                member: readers[partition])
        }.sorted { ($0.topic, $0.partition.index) < ($1.topic, $1.partition.index) }
    }

    /// How many records it has not taken, where it committed something.
    var lag: Int64 { rows.reduce(0) { $0 + ($1.lag ?? 0) } }
    /// The topics it reads.
    var topics: [TopicName] {
        var names: [TopicName] = []
        for row in rows where names.last != row.topic { names.append(row.topic) }
        return names
    }
    /// When it committed last.
    var lastCommit: WallTime? { rows.compactMap { $0.position?.committed }.max() }
    /// When the oldest record that it has not taken was stored; nil when there is none, or not all were looked up.
    var oldest: WallTime? {
        let behind = rows.filter { $0.unread != nil }
        return behind.contains { $0.oldest == nil } ? nil : behind.compactMap(\.oldest).min()
    }

    // MARK: - JSON

    /// Appends the members that lists show.
    func writeSummary(_ json: inout JSONWriter) {
        json.member("name", group.name)
        json.member("state", group.state.rawValue)
        json.member("since", RFC3339.format(group.since))
        json.member("protocol_type", group.protocolType)
        json.member("protocol", group.protocolName)
        json.member("group_protocol", group.assignmentEpoch == nil ? "classic" : "consumer")
        json.member("generation", group.generation)
        json.member("member_count", group.members.count)
        json.key("topics")
        json.array { json in for topic in topics { json.string(topic.text) } }
        json.member("lag", lag)
        json.key("last_commit")
        json.moment(lastCommit)
    }

    /// Appends all of it.
    func write(at now: WallTime, _ json: inout JSONWriter) {
        writeSummary(&json)
        json.key("assignment_epoch")
        json.optional(group.assignmentEpoch.map(Int64.init))
        json.key("oldest_age")
        json.age(oldest, at: now)
        json.key("members")
        json.array { json in for member in group.members { json.object { member.write(&$0) } } }
        json.key("partitions")
        json.array { json in for row in rows { json.object { row.write(at: now, &$0) } } }
    }
}

extension GroupStanding.Row {
    fileprivate func write(at now: WallTime, _ json: inout JSONWriter) {
        json.member("topic", topic.text)
        json.member("partition", partition.index)
        json.key("offset")
        json.optional(position?.offset)
        json.member("end", end.value)
        json.key("lag")
        json.optional(lag)
        json.key("oldest_age")
        json.age(oldest, at: now)
        json.key("committed_at")
        json.moment(position?.committed)
        json.member("metadata", position?.metadata ?? "")
        json.key("member")
        if let member { json.string(member.id) } else { json.null() }
    }
}

extension ClientGroup.Member {
    fileprivate func write(_ json: inout JSONWriter) {
        json.member("id", id)
        json.key("instance")
        if let instance { json.string(instance) } else { json.null() }
        json.member("client", client)
        json.member("host", host)
        json.member("since", RFC3339.format(since))
        json.key("assigned")
        json.places(assigned)
        json.key("epoch")
        json.optional(epoch.map(Int64.init))
        json.key("target")
        if epoch == nil { json.null() } else { json.places(target) }
    }
}

extension JSONWriter {
    fileprivate mutating func places(_ places: [ClientGroup.Place]) {
        array { json in
            for place in places {
                json.object { json in
                    json.member("topic", place.topic)
                    json.member("partition", place.partition)
                }
            }
        }
    }

    /// Writes a moment, or null.
    mutating func moment(_ time: WallTime?) {
        if let time { string(RFC3339.format(time)) } else { null() }
    }

    /// Writes how long ago a moment is, or null.
    mutating func age(_ time: WallTime?, at now: WallTime) {
        guard let time else { return null() }
        // Clients may choose the times of their records.
        let (millis, overflow) = now.millis.subtractingReportingOverflow(time.millis)
        string(DurationText.format(.milliseconds(overflow ? 0 : max(0, millis))))
    }

    /// Writes a number, or null.
    mutating func optional(_ number: Int64?) {
        if let number { self.number(number) } else { null() }
    }
}

extension AdminAPI {
    /// How many partitions of one request are looked at for the age of what was not read: each may cost a read of the disk.
    static let mostAges = 64

    /// Looks up, where it is behind, when the first record that was not taken was stored.
    /// - Parameter budget: how many partitions are looked at; of the others it stays unknown.
    func findAges(
        _ standings: [GroupStanding], budget: Int = AdminAPI.mostAges, then: @escaping ([GroupStanding]) -> Void
    ) {
        var places: [(standing: Int, row: Int, partition: PartitionID, offset: Offset)] = []
        for (index, standing) in standings.enumerated() {
            let behind = standing.rows.enumerated().compactMap { row in row.element.unread.map { (row.offset, $0) } }
            // An age of a part of it would say too little.
            guard places.count + behind.count <= budget else { continue }
            places += behind.map { (index, $0.0, standing.rows[$0.0].partition, $0.1) }
        }
        Gathering<(standing: Int, row: Int, partition: PartitionID, offset: Offset), WallTime>(places) {
            places, times in
            var standings = standings
            for (place, time) in zip(places, times) { standings[place.standing].rows[place.row].oldest = time }
            then(standings)
        }.gather { [self] place, then in
            if let batch = session.recent(place.partition, from: place.offset) { return then(batch.firstTime) }
            session.read(place.partition, from: place.offset, maxBytes: 1) { then((try? $0.get())?.first?.firstTime) }
        }
    }
}

extension StoredBatch {
    /// When its first record was stored, or made: without a look at the records.
    fileprivate var firstTime: WallTime? {
        guard let header = try? RecordBatchHeader(reading: bytes) else { return nil }
        let isLater = header.hasAppendTime || header.hasDeleteHorizon
        return WallTime(millis: isLater ? header.maxTimestamp : header.baseTimestamp)
    }
}
