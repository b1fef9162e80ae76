// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What is recorded of a group when its members got their assignments, or when the last one left.
struct GroupRecord: Sendable, Hashable {
    struct Member: Sendable, Hashable {
        var id: String
        var instanceID: String?
        var clientID: String
        var clientHost: String
        var sessionTimeout: Duration
        var rebalanceTimeout: Duration
        /// For the protocol in use.
        var subscription: [UInt8]
        var assignment: [UInt8]
    }

    var generation: Int32
    var protocolType: String?
    var protocolName: String?
    var leader: String?
    /// When the group became what it is.
    var since: WallTime
    var members: [Member]

    private static let version: UInt8 = 1

    /// The value of its record.
    var value: [UInt8] {
        var bytes = ByteBuffer(capacity: 256)
        bytes.append(Self.version)
        bytes.append(varint: Int64(generation))
        bytes.append(record: protocolType)
        bytes.append(record: protocolName)
        bytes.append(record: leader)
        bytes.append(varint: since.millis)
        bytes.append(varint: Int64(members.count))
        for member in members {
            bytes.append(record: member.id)
            bytes.append(record: member.instanceID)
            bytes.append(record: member.clientID)
            bytes.append(record: member.clientHost)
            bytes.append(varint: member.sessionTimeout.millis)
            bytes.append(varint: member.rebalanceTimeout.millis)
            bytes.append(record: member.subscription)
            bytes.append(record: member.assignment)
        }
        return bytes.array()
    }
}

extension GroupRecord {
    /// Reads a record's value.
    init(value: [UInt8]) throws(RecordError) {
        self = try RecordReader.read(value) { reader throws(RecordError) in
            try reader.version(Self.version)
            var record = GroupRecord(
                generation: try reader.number(as: Int32.self), protocolType: try reader.optionalText(),
                protocolName: try reader.optionalText(), leader: try reader.optionalText(),
                since: try reader.wall(), members: [])
            for _ in 0..<(try reader.count(ofAtLeast: 8)) {
                record.members.append(
                    Member(
                        id: try reader.text(), instanceID: try reader.optionalText(), clientID: try reader.text(),
                        clientHost: try reader.text(), sessionTimeout: try reader.span(),
                        rebalanceTimeout: try reader.span(), subscription: try reader.data(),
                        assignment: try reader.data()))
            }
            try record.check()
            return record
        }
    }

    /// What a group relies on: members and instances come once, and the leader is one of them.
    private func check() throws(RecordError) {
        guard generation >= 0 else { throw RecordError("a generation is \(generation)") }
        let instances = members.compactMap(\.instanceID)
        guard Set(members.map(\.id)).count == members.count, Set(instances).count == instances.count else {
            throw RecordError("a member is there twice")
        }
        guard
            members.isEmpty
                || protocolType != nil && protocolName != nil && members.contains(where: { $0.id == leader })
        else { throw RecordError("members without a protocol or a leader") }
    }
}
