// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// An event as it lies in the log, for tests.
struct StoredEvent: Sendable {
    private let body: [UInt8]

    init(
        id: String = "e-1", source: String = "/shop", type: String = "order.created", entity: String? = "o-17",
        contentType: String? = "application/json", data: [UInt8]? = [UInt8](#"{"total": 42}"#.utf8),
        extensions: [(String, String)] = []
    ) {
        var draft = EventDraft()
        draft.set(.id, id)
        draft.set(.source, source)
        draft.set(.type, type)
        if let entity { draft.set(.subject, entity) }
        if let contentType { draft.set(.contentType, contentType) }
        for (name, value) in extensions { draft.setExtension(name, value) }
        if let data { data.withUnsafeBytes { draft.setData(.binary, $0) } }
        var body = ByteBuffer()
        EventRecord.encodeBody(draft, key: draft[.subject], into: &body)
        self.body = body.array()
    }

    /// Lends a view of it.
    func look<Answer>(_ use: (EventView) throws -> Answer) throws -> Answer {
        try body.withUnsafeBytes {
            try use(EventView(RecordView(body: $0, offset: Offset(7), timestamp: WallTime(millis: 0))))
        }
    }

    /// It, alone in a batch of topic `orders`.
    func records() throws -> BatchRecords {
        var builder = RecordBatchBuilder()
        body.withUnsafeBytes { _ = builder.add(body: $0, timestamp: WallTime(millis: 0)) }
        let bytes = SharedBytes(copying: builder.seal(baseOffset: Offset(7)))
        let partition = PartitionID(TopicID(1), 0)
        return try StoredBatch(
            partition: partition, baseOffset: Offset(7), lastOffset: Offset(7), round: 1, owner: bytes,
            range: 0..<bytes.count
        ).records()
    }
}
