// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

struct TopicSettingsTests {
    @Test(arguments: [
        (TopicSettingName.durability, "os", "os"), (.cleanup, "delete, compact", "compact,delete"),
        (.cleanup, "compact", "compact"), (.retentionTime, "-1", "-1"), (.retentionTime, "9223372036854775807", "-1"),
        (.retentionTime, "1000", "1000"), (.retentionBytes, "0", "0"), (.segmentBytes, "4096", "4096"),
        (.segmentTime, "1", "1"), (.maxBatchBytes, "1024", "1024"), (.timestampType, "LogAppendTime", "LogAppendTime"),
        (.timestampPast, "0", "0"), (.timestampFuture, "3600000", "3600000"), (.maxCompactionLag, "1", "1"),
        (.minDirtyPercent, "0.05", "0.05"), (.minDirtyPercent, "1", "1"), (.minDirtyPercent, "0.3", "0.3"),
    ])
    func aSettingIsReadAndShown(name: TopicSettingName, text: String, shown: String) throws {
        var settings = TopicSettings()
        try settings.set(name, to: text)
        #expect(settings.value(of: name) == shown)
        #expect(settings.overrides.map(\.text) == [shown])
        try settings.set(name, to: nil)
        #expect(settings == TopicSettings())
    }

    @Test(arguments: [
        (TopicSettingName.durability, "fast"), (.cleanup, ""), (.cleanup, "delete,"), (.retentionTime, "-2"),
        (.retentionTime, "1d"), (.segmentBytes, "4095"), (.segmentTime, "0"), (.timestampType, "now"),
        (.timestampPast, "-1"), (.maxCompactionLag, "0"),
        (.minDirtyPercent, "1.01"), (.minDirtyPercent, "0.123"), (.minDirtyPercent, ".5"), (.tombstoneTime, ""),
    ])
    func aSettingThatCannotBeIsRefused(name: TopicSettingName, text: String) {
        var settings = TopicSettings()
        let error = #expect(throws: TopicSettingError.self) { try settings.set(name, to: text) }
        #expect(error?.name == name.rawValue && error?.found == text)
        #expect(settings == TopicSettings())
    }
}
