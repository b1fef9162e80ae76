// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Topics that a new folder begins with.
@Suite struct FirstTopicsTests {
    private static var settings: LogSettings {
        var settings = LogBench.smallSettings
        settings.firstTopics = [
            (TopicName("__tidings.a")!, 2, Self.kept), (TopicName("__tidings.b")!, 1, TopicSettings()),
        ]
        return settings
    }

    private static var kept: TopicSettings {
        var settings = TopicSettings()
        settings.retentionTime = nil
        return settings
    }

    @Test func `they are there, once, and take records`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk, settings: Self.settings)
        let made = disk.operationCount
        let topic = try bench.topic("__tidings.a", partitions: 2)
        #expect(topic.partitionCount == 2)
        #expect(topic.settings == Self.kept)
        #expect(disk.operationCount == made, "nothing is left to make")
        try bench.append([(topic.partitions[1], "kept")])
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(bench.log.topics[TopicName("__tidings.b")!]?.partitionCount == 1)
        #expect(try bench.all(topic.partitions[1]).map(\.text) == ["kept"])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a crash while the folder is made leaves a folder that opens`(_ seed: UInt64) throws {
        let whole = SimulatedDisk(seed: seed)
        _ = try LogBench(whole, settings: Self.settings)
        for operation in 0..<whole.operationCount {
            let disk = SimulatedDisk(seed: seed &+ UInt64(operation) << 8)
            disk.fail(operation: operation, .freeze)
            #expect(throws: LogError.self) { _ = try LogBench(disk, settings: Self.settings) }
            disk.crash()
            disk.heal()
            let bench = try LogBench(disk, settings: Self.settings)
            #expect(bench.log.topics[TopicName("__tidings.a")!]?.partitionCount == 2, "operation \(operation)")
            #expect(bench.log.quarantines.isEmpty)
        }
    }
}
