// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Settings of what an event may be.
package enum EventOptions {
    private static let tooLong = "422 invalid-event with the rule too-long"

    /// All of them, by the fields of ``EventLimits``.
    package static let limits = SettingTable(
        EventLimits(),
        [
            .bytes(
                "events.max_data_bytes", \.data, "1KiB", "64MiB", "an event's data", effect: "413 too-large"),
            .count(
                "events.max_batch", \.batch, 1...1_000_000, "events of one batch or NDJSON body",
                effect: "413 too-large"),
            .bytes("events.max_id_bytes", \.id, "16", "64KiB", "an event's id", effect: tooLong),
            .bytes("events.max_source_bytes", \.source, "16", "64KiB", "an event's source", effect: tooLong),
            .bytes("events.max_type_bytes", \.type, "16", "64KiB", "an event's type", effect: tooLong),
            .bytes("events.max_entity_bytes", \.subject, "16", "64KiB", "an event's entity", effect: tooLong),
            .bytes(
                "events.max_content_type_bytes", \.contentType, "16", "64KiB", "an event's datacontenttype",
                effect: tooLong),
            .bytes("events.max_schema_bytes", \.dataSchema, "16", "64KiB", "an event's dataschema", effect: tooLong),
            .bytes("events.max_time_bytes", \.time, "20", "1KiB", "an event's time as text", effect: tooLong),
            .count(
                "events.max_extensions", \.extensions, 0...1000, "extensions of one event",
                effect: "422 invalid-event with the rule too-many"),
            .bytes(
                "events.max_extension_name_bytes", \.extensionName, "1", "1KiB", "an extension's name", effect: tooLong),
            .bytes(
                "events.max_extension_value_bytes", \.extensionValue, "16", "64KiB", "an extension's value",
                effect: tooLong),
            .bytes(
                "events.max_attribute_bytes", \.attributes, "1KiB", "1MiB",
                "all attributes and extensions of an event",
                effect: tooLong),
        ])
}
