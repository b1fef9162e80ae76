// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// How large an event and its parts may be; what exceeds a limit is refused with the rule `too-long` or `too-many`.
package struct EventLimits: Sendable, Hashable {
    /// Bytes of `id`.
    package var id = 512
    /// Bytes of `source`.
    package var source = 2_048
    /// Bytes of `type`.
    package var type = 512
    /// Bytes of `subject`, the entity.
    package var subject = 2_048
    /// Bytes of `datacontenttype`.
    package var contentType = 256
    /// Bytes of `dataschema`.
    package var dataSchema = 2_048
    /// Bytes of `time`; nine fraction digits and an offset take 35.
    package var time = 64
    /// How many extensions an event may have.
    package var extensions = 64
    /// Bytes of an extension's name; CloudEvents advises 20.
    package var extensionName = 64
    /// Bytes of an extension's value; an authorisation context with claims has some thousand.
    package var extensionValue = 8_192
    /// Bytes of all attributes and extensions together, names included.
    package var attributes = 64 * 1_024
    /// Bytes of data.
    package var data = 1_024 * 1_024
    /// Events in one batch or NDJSON body.
    package var batch = 10_000

    /// The default limits.
    package init() {}
}
