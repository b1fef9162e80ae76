// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol

extension RequestHeader {
    /// Reads the header of any request; its own version follows from the request's key and version.
    package init(of reader: inout MessageReader) throws(MessageError) {
        var ahead = reader
        let api = APIKey(rawValue: try ahead.int16("RequestApiKey"))
        let version = try ahead.int16("RequestApiVersion")
        try self.init(from: &reader, version: api?.requestHeaderVersion(version) ?? 1)
    }
}

extension MessageWriter {
    /// Writes the whole frame of a response.
    package mutating func frame(
        _ response: some WritableMessage, to api: APIKey, version: Int16, correlationID: Int32
    ) throws(MessageError) {
        let frame = beginFrame()
        ResponseHeader(correlationID: correlationID).write(to: &self, version: api.responseHeaderVersion(version))
        response.write(to: &self, version: version)
        try endFrame(frame)
    }

    /// Writes the whole frame of a request.
    package mutating func frame(
        _ request: some WritableMessage, of api: APIKey, version: Int16, correlationID: Int32, clientID: String? = nil
    ) throws(MessageError) {
        let frame = beginFrame()
        let header = RequestHeader(
            requestAPIKey: api.rawValue, requestAPIVersion: version, correlationID: correlationID, clientID: clientID)
        header.write(to: &self, version: api.requestHeaderVersion(version))
        request.write(to: &self, version: version)
        try endFrame(frame)
    }

    /// The output in one array; insertions come from `source`, in which their places are offsets.
    package borrowing func assembled(from source: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(totalCount)
        forEachPiece { written, inserted in
            output += written
            if let inserted { output += inserted.bytes(in: source) }
        }
        return output
    }
}
