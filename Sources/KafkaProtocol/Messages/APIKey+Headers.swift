// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

extension APIKey {
    /// What an ApiVersions response names: ``versions``, and below them what clients want to see.
    package var advertisedVersions: ClosedRange<Int16> { lowestAdvertisedVersion...versions.upperBound }

    /// The version of the header before a request of this version, also of one that is not served.
    package func requestHeaderVersion(_ version: Int16) -> Int16 { version >= firstFlexibleVersion ? 2 : 1 }

    /// The version of the header before a response. That of ApiVersions is always 0: its reader does not know yet what
    /// it may expect.
    package func responseHeaderVersion(_ version: Int16) -> Int16 {
        self != .apiVersions && version >= firstFlexibleVersion ? 1 : 0
    }
}

extension RequestHeader {
    /// Reads the header of any request; its own version follows from the request's key and version.
    ///
    /// A version that is not served is no error here, so that it can be answered: ApiVersions must be.
    /// - Throws: ``MessageError`` `.unknownAPI`, and what every reading does.
    package init(of reader: inout MessageReader) throws(MessageError) {
        var ahead = reader
        let key = try ahead.int16("RequestApiKey")
        let version = try ahead.int16("RequestApiVersion")
        guard let api = APIKey(rawValue: key) else {
            throw MessageError(code: .unknownAPI, message: "RequestHeader", field: "RequestApiKey", value: Int(key))
        }
        try self.init(from: &reader, version: api.requestHeaderVersion(version))
    }
}

extension MessageWriter {
    /// Writes the whole frame of a response.
    /// - Throws: what ``endFrame(_:)`` throws; nothing was written then.
    package mutating func frame(
        _ response: some WritableMessage, to api: APIKey, version: Int16, correlationID: Int32
    ) throws(MessageError) {
        let frame = beginFrame()
        ResponseHeader(correlationID: correlationID).write(to: &self, version: api.responseHeaderVersion(version))
        response.write(to: &self, version: version)
        try endFrame(frame)
    }
}
