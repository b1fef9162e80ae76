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
