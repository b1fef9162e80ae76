// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What older versions wrote is read, as it was acknowledged; what a newer one wrote is refused.
@Suite struct SavedFolderTests {
    private func ids(_ bench: LogBench, _ topic: String) throws -> [String] {
        let found = try #require(bench.log.topics[TopicName(topic)!])
        var ids: [String] = []
        for partition in found.partitions {
            var next = try #require(bench.log.bounds(of: partition)).start
            let end = try #require(bench.log.bounds(of: partition)).end
            while next < end {
                for batch in try bench.read(partition, from: next) {
                    for record in try batch.records() {
                        ids.append(EventView(record).id.text)
                    }
                    next = batch.lastOffset.next
                }
            }
        }
        return ids
    }

    private func check(_ disk: SimulatedDisk) throws {
        let bench = try LogBench(disk)
        #expect(bench.log.quarantines.isEmpty)
        let orders = (1...60).map { "order.created-\($0)" } + (61...90).map { "order.shipped-\($0)" }
        #expect(try ids(bench, "orders").sorted() == orders.sorted())
        #expect(try ids(bench, "payments").count == 3)
        let payments = try #require(bench.log.topics[TopicName("payments")!])
        #expect(try bench.append([(payments.partitions[0], "next")]).offsets == [Offset(3)])
        bench.log.stop()
        try bench.open()
        #expect(try ids(bench, "orders").count == 90)
        bench.log.stop()
        #expect(try LogInspector(disk: disk).verify().isEmpty)
    }

    @Test(arguments: SavedFolder.all)
    func `a folder that a version of Tidings wrote is opened`(_ name: String) throws {
        try check(SavedFolder.load(name))
    }

    @Test(arguments: SavedFolder.all.filter { $0.hasSuffix("-unclean") })
    func `what only the write-ahead log of such a folder has is recovered`(_ name: String) throws {
        let disk = try SavedFolder.load(name)
        // As a power cut leaves it: nothing of the partitions was synced.
        for path in disk.paths where path.hasSuffix(".log") || path.hasSuffix("index") || path.hasSuffix(".rounds") {
            disk.replace(path, with: [])
        }
        try check(disk)
    }

    @Test func `an older form of the metadata is kept beside the newer one`() throws {
        let disk = try SavedFolder.load("version-1-clean")
        let before = disk.bytes(of: "log/meta/a")
        let bench = try LogBench(disk)
        bench.log.stop()
        #expect(disk.bytes(of: "log/meta/a.version-1") == before)
        #expect(disk.bytes(of: "log/meta/a") != before)
        try bench.open()
    }

    @Test func `metadata of a newer version is refused in a sentence, and left alone`() throws {
        let disk = try SavedFolder.load("version-1-clean")
        for slot in MetadataStore.slots {
            var bytes = try #require(disk.bytes(of: slot))
            // The version, and the checksum over it and what follows.
            bytes[11] = 9
            let checksum = bytes.withUnsafeBytes { raw in
                CRC32C.checksum(raw.part(24..<raw.count), after: CRC32C.checksum(raw.part(0..<20)))
            }
            withUnsafeBytes(of: checksum.bigEndian) { bytes.replaceSubrange(20..<24, with: $0) }
            disk.replace(slot, with: bytes)
        }
        let before = disk.paths.map { disk.bytes(of: $0) }
        let error = #expect(throws: LogError.self) { try LogBench(disk) }
        #expect(error?.code == .unknownFormat)
        #expect(error?.description.contains("version 9") == true)
        #expect(disk.paths.filter { $0 != "LOCK" }.map { disk.bytes(of: $0) } == before)
    }
}
