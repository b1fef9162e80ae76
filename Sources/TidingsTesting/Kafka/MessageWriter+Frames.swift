// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol

extension MessageWriter {
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
