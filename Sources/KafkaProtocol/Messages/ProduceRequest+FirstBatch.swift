// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension ProduceRequest {
    /// Where the first batch begins in a request's frame (without its length) of which so much has come: so that the frame
    /// can be received to a place where that batch may stay. Nil when it does not show yet, and for other requests.
    package static func firstBatch(in frame: UnsafeRawBufferPointer) -> Int? {
        let api = APIKey.produce
        guard frame.count >= 4, frame.number(0, Int16.self) == api.rawValue else { return nil }
        let version = frame.number(2, Int16.self)
        guard api.versions.contains(version) else { return nil }
        var reader = MessageReader(frame)
        do throws(MessageError) {
            _ = try RequestHeader(from: &reader, version: api.requestHeaderVersion(version))
            try reader.begin("ProduceRequest", version, api.versions, flexible: 9)
            _ = try reader.nullableString("TransactionalId")
            _ = try reader.int16("Acks")
            _ = try reader.int32("TimeoutMs")
            guard try reader.elementCount("TopicData") > 0 else { return nil }
            _ = try reader.string("Name")
            guard try reader.elementCount("PartitionData") > 0 else { return nil }
            _ = try reader.int32("Index")
            return try reader.beginningOfBytes("Records")
        } catch {
            return nil
        }
    }
}
