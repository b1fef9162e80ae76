// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsLog

/// How a dump shows a record or a batch.
enum LogDumpLine {
    /// How much of a value stands on a record's line.
    private static let previewLength = 100

    static func record(
        _ record: RecordView, _ batch: LogInspector.Batch, _ partition: LogInspector.PartitionSummary,
        _ records: BatchRecords, _ invocation: Invocation
    ) -> String {
        if invocation.has("json") { return json(record, batch, partition, records) }
        let what = records.isControl ? kind(of: batch) : event(record, partition)
        let full = invocation.has("full")
        var line = Table.printable(
            "\(partition.partition.index)/\(record.offset.value)  \(RFC3339.format(record.timestamp))  "
                + "\(record.key.map(text) ?? "-")  \(what)  \(record.value.map { "\($0.count) bytes" } ?? "tombstone")"
                + (full || records.isControl ? "" : record.value.map { "  " + preview($0) } ?? ""))
        guard full else { return line }
        record.forEachHeader { name, value in
            line += "\n    " + Table.printable("\(text(name)): \(value.map(text) ?? "(null)")")
        }
        if let value = record.value {
            line += "\n    " + Table.printable(isText(value) ? text(value) : "base64 " + base64(value))
        }
        return line
    }

    /// The type and id of the event that a record is; records of internal topics are none.
    private static func event(_ record: RecordView, _ partition: LogInspector.PartitionSummary) -> String {
        if partition.topic.name.isInternal { return "no event" }
        let event = EventLens().event(record, in: partition.topic.name, partition.partition.index)
        return "\(text(event.type)) \(text(event.id))"
    }

    static func batch(
        _ batch: LogInspector.Batch, _ partition: LogInspector.PartitionSummary, _ records: BatchRecords?,
        _ invocation: Invocation
    ) -> String {
        let header = batch.header
        if invocation.has("json") {
            return JSONWriter.text { json in
                json.object { json in
                    place(batch, partition, &json)
                    json.member("base_offset", header.baseOffset)
                    json.member("last_offset", header.lastOffset)
                    json.member("records", header.recordCount)
                    json.member("bytes", header.totalByteCount)
                    json.member("codec", header.codec.map { "\($0)" })
                    json.member("timestamp_type", header.hasAppendTime ? "LogAppendTime" : "CreateTime")
                    json.member("base_timestamp", header.baseTimestamp)
                    json.member("max_timestamp", header.maxTimestamp)
                    json.member("leader_epoch", header.partitionLeaderEpoch)
                    json.member("producer_id", header.producerID)
                    json.member("producer_epoch", header.producerEpoch)
                    json.member("base_sequence", header.baseSequence)
                    json.member("last_sequence", header.lastSequence)
                    json.member("transactional", header.isTransactional)
                    json.member("control", header.isControl ? kind(of: batch) : nil)
                    json.member("delete_horizon", header.deleteHorizon.map { RFC3339.format($0) })
                    json.member("crc", header.crc)
                    json.member("readable", records != nil)
                }
            }
        }
        var words = [
            "\(partition.partition.index)/\(header.baseOffset)-\(header.lastOffset)",
            RFC3339.format(WallTime(millis: header.maxTimestamp)), "\(header.recordCount) records",
            header.codec.map { "\($0)" } ?? "", "\(header.totalByteCount) bytes", "round \(batch.stored.round)",
        ]
        if header.producerID >= 0 {
            words.append("producer \(header.producerID) epoch \(header.producerEpoch)")
            if header.baseSequence >= 0 { words.append("sequence \(header.baseSequence)-\(header.lastSequence)") }
        }
        if header.isTransactional { words.append("transactional") }
        if header.isControl { words.append(kind(of: batch)) }
        if header.hasAppendTime { words.append("append time") }
        if let horizon = header.deleteHorizon { words.append("delete horizon \(RFC3339.format(horizon))") }
        words.append("\(batch.path) at \(batch.position)")
        return Table.printable(words.joined(separator: "  "))
    }

    private static func json(
        _ record: RecordView, _ batch: LogInspector.Batch, _ partition: LogInspector.PartitionSummary,
        _ records: BatchRecords
    ) -> String {
        JSONWriter.text { json in
            json.object { json in
                place(batch, partition, &json)
                json.member("offset", record.offset.value)
                json.member("timestamp", RFC3339.format(record.timestamp))
                json.member("codec", batch.header.codec.map { "\($0)" })
                if records.isControl { json.member("control", kind(of: batch)) }
                json.member("key", record.key.map(text))
                if let key = record.key, !isText(key) {
                    json.key("key_base64")
                    json.base64(key)
                }
                json.key("headers")
                json.array { json in
                    record.forEachHeader { name, value in
                        json.object { json in
                            json.member("name", text(name))
                            json.member("value", value.map(text))
                        }
                    }
                }
                if let value = record.value, isText(value) { json.member("value", text(value)) }
                json.key("value_base64")
                if let value = record.value { json.base64(value) } else { json.null() }
            }
        }
    }

    private static func place(
        _ batch: LogInspector.Batch, _ partition: LogInspector.PartitionSummary, _ json: inout JSONWriter
    ) {
        json.member("topic", partition.topic.name.text)
        json.member("partition", partition.partition.index)
        json.member("round", batch.stored.round)
        json.member("path", batch.path)
        json.member("position", batch.position)
    }

    /// What a control batch says.
    private static func kind(of batch: LogInspector.Batch) -> String {
        guard let marker = try? TransactionMarker(reading: batch.stored.bytes) else { return "control" }
        return marker.isCommit ? "commit" : "abort"
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    private static func preview(_ value: UnsafeRawBufferPointer) -> String {
        let shown = UnsafeRawBufferPointer(rebasing: value.prefix(previewLength * 4))
        let text = String(text(shown).prefix(previewLength))
        return text.utf8.count < value.count ? text + "…" : text
    }

    private static func base64(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ByteBuffer()
        Base64.encode(bytes, into: &text)
        return text.text()
    }
}
