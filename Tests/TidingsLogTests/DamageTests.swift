// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// Promises P2 to P4: what is damaged is found, set aside and passed; nothing else is touched.
@Suite struct DamageTests {
    private func filled(
        _ disk: SimulatedDisk, _ name: String = "orders", records: Int = 60, partitions: Int32 = 2
    ) throws -> (LogBench, TopicDescription) {
        var settings = LogBench.smallSettings
        settings.recentBytes = 0
        let bench = try LogBench(disk, settings: settings)
        let topic = try bench.topic(name, partitions: partitions)
        for number in 0..<records {
            try bench.append(topic.partitions.map { ($0, "event \(number) " + String(repeating: "x", count: 200)) })
        }
        return (bench, topic)
    }

    @Test func `a batch that rots in a partition file is set aside, and the rest is served`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk)
        bench.log.checkpoint()
        let path = "log/orders-0/00000000000000000000.log"
        let before = disk.paths
        // In turn: the base offset (outside of the checksum), the length, the format, the checksum, a record.
        let sizes = try bench.read(topic.partitions[0], from: .zero).map(\.bytes.count)
        for (number, place) in [7, 10, 16, 18, 70].enumerated() {
            disk.flipBit(of: path, at: Int64(sizes.prefix(5 + 3 * number).reduce(place, +)))
        }
        let found = try bench.all(topic.partitions[0])
        #expect(found.count == 60 - 5)
        #expect(found.map(\.text) == found.map { "event \($0.offset) " + String(repeating: "x", count: 200) })
        #expect(try bench.all(topic.partitions[1]).count == 60)
        #expect(bench.log.quarantines.count == 5)
        for quarantine in bench.log.quarantines {
            #expect(quarantine.partition == topic.partitions[0])
            #expect(quarantine.offsets.upperBound - quarantine.offsets.lowerBound == 1)
            #expect(disk.bytes(of: quarantine.copy)?.isEmpty == false)
        }
        #expect(Set(disk.paths).isSuperset(of: before), "nothing is deleted")
        // They are remembered, once.
        bench.log.stop()
        try bench.open()
        #expect(try bench.all(topic.partitions[0]).count == 55)
        #expect(bench.log.quarantines.count == 5)
        // Somebody knows of two of them, for good.
        let ids = bench.log.quarantines.map(\.id)
        #expect(Set(ids).count == 5)
        bench.log.acceptQuarantines([ids[1], ids[3], "unknown"]) { _ in }
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(bench.log.quarantines.map { $0.acceptedAt != nil } == [false, true, false, true, false])
        #expect(bench.log.quarantines.map(\.id) == ids)
    }

    @Test(arguments: ["orders", String(repeating: "n", count: 249)])
    func `a range that was set aside while nothing is written is remembered after a power cut`(
        _ name: String
    ) throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk, name, records: 5, partitions: 1)
        bench.log.checkpoint()
        disk.flipBit(of: "log/\(name)-0/00000000000000000000.log", at: 70)
        #expect(try bench.all(topic.partitions[0]).count == 4)
        #expect(disk.bytes(of: bench.log.quarantines[0].copy)?.isEmpty == false)
        bench.log.checkpoint()
        bench.drop()
        disk.crash()
        try bench.open()
        #expect(bench.log.quarantines.count == 1)
    }

    @Test func `a lost end and a missing file of a partition are passed`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk)
        bench.log.stop()
        let paths = disk.paths.filter { $0.hasPrefix("log/orders-0/") && $0.hasSuffix(".log") }
        #expect(paths.count == 3)
        disk.replace(paths[0], with: Array(disk.bytes(of: paths[0])!.prefix(1000)))
        try disk.remove(paths[1])
        try bench.open()
        let found = try bench.all(topic.partitions[0])
        let firsts = paths.map { Int64($0.dropFirst(13).dropLast(4))! }
        #expect(Set(found.map(\.offset.value)).isSuperset(of: firsts[2]..<60))
        #expect(found.allSatisfy { $0.offset.value < 3 || $0.offset.value >= firsts[2] })
        #expect(bench.log.quarantines.map(\.offsets) == [Offset(3)..<Offset(firsts[2])])
        #expect(try bench.append([(topic.partitions[0], "next")]).offsets == [Offset(60)])
    }

    @Test(arguments: [true, false])
    func `a damaged round that a later one proves acknowledged is no torn tail`(_ filesSurvive: Bool) throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk, records: 6)
        bench.drop()
        disk.killProcess()
        if !filesSurvive {
            for path in disk.paths where path.hasPrefix("log/orders-") { disk.replace(path, with: []) }
        }
        // The third round, in the bytes of its second batch; and the fourth, in its header.
        disk.flipBit(of: WriteAheadLog.path(1), at: 2 * 4096 + 72 + 64 + 400)
        disk.flipBit(of: WriteAheadLog.path(1), at: 3 * 4096 + 20)
        try bench.open()
        let lost = bench.log.quarantines.filter { $0.partition != nil }.map { ($0.partition!.index, $0.offsets) }
        if filesSurvive {
            #expect(lost.isEmpty)
            for partition in topic.partitions { #expect(try bench.all(partition).count == 6) }
        } else {
            #expect(lost.filter { $0.0 == 0 }.map(\.1) == [Offset(3)..<Offset(4)])
            #expect(lost.filter { $0.0 == 1 }.map(\.1) == [Offset(2)..<Offset(3), Offset(3)..<Offset(4)])
            #expect(try bench.all(topic.partitions[0]).map(\.offset.value) == [0, 1, 2, 4, 5])
            #expect(try bench.all(topic.partitions[1]).map(\.offset.value) == [0, 1, 4, 5])
        }
        let copy = try #require(bench.log.quarantines.first { $0.partition == nil })
        #expect(disk.bytes(of: copy.copy)?.isEmpty == false)
        #expect(try bench.append([(topic.partitions[0], "next")]).offsets == [Offset(6)])
    }

    @Test func `bytes between records are told of once, however often they are read`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk)
        bench.log.stop()
        let path = "log/orders-0/00000000000000000000.log"
        let bytes = try #require(disk.bytes(of: path))
        let batches = try LogInspector(disk: disk).partitions()[0]
        var places: [Int] = []
        try LogInspector(disk: disk).batches(of: batches) { batch in
            places.append(Int(batch.position))
            return places.count < 3
        }
        disk.replace(path, with: bytes[..<places[2]] + [UInt8](repeating: 7, count: 300) + bytes[places[2]...])
        #expect(try LogInspector(disk: disk).verify().contains { $0.description.hasSuffix("no offset is missing") })
        try bench.open()
        for _ in 0..<3 {
            for offset in 0..<5 as Range<Int64> { _ = try? bench.read(topic.partitions[0], from: Offset(offset)) }
        }
        #expect(bench.log.quarantines.count == 1)
        #expect(disk.paths.count { $0.hasPrefix("log/quarantine/") } == 1)
    }

    @Test(arguments: [true, false])
    func `a damaged last round is cut as a torn tail, unless the files prove that it was acknowledged`(
        _ isFiled: Bool
    ) throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk, records: 5)
        let filed = disk.paths.filter { $0.hasPrefix("log/orders-") }.map { ($0, disk.bytes(of: $0)!) }
        try bench.append(topic.partitions.map { ($0, "event 5 " + String(repeating: "x", count: 200)) })
        bench.drop()
        disk.killProcess()
        if !isFiled { for (path, bytes) in filed { disk.replace(path, with: bytes) } }
        disk.flipBit(of: WriteAheadLog.path(1), at: 5 * 4096 + 150)
        try bench.open()
        #expect(bench.log.quarantines.map(\.name) == (isFiled ? ["write-ahead log"] : []))
        #expect(isFiled ? bench.log.lastRound > 6 : bench.log.lastRound == 5)
        #expect(bench.log.recovery.damagedRounds == (isFiled ? 1 : 0))
        #expect((bench.log.recovery.cutBytes > 0) == !isFiled)
        for partition in topic.partitions {
            let batches = try bench.read(partition, from: .zero)
            #expect(batches.count == (isFiled ? 6 : 5))
            let file = disk.bytes(of: "log/orders-\(partition.index)/00000000000000000000.log")
            #expect(file?.count == batches.reduce(0) { $0 + $1.bytes.count })
        }
    }

    @Test func `one rotten slot of the metadata costs nothing, two stop the opening and delete nothing`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk)
        bench.log.stop()
        disk.flipBit(of: "log/meta/a", at: 40)
        try bench.open()
        #expect(try bench.all(topic.partitions[0]).count == 60)
        bench.drop()
        disk.killProcess()
        let before = disk.paths.map { ($0, disk.bytes(of: $0)) }
        for slot in ["a", "b"] { disk.flipBit(of: "log/meta/\(slot)", at: 40) }
        let error = #expect(throws: LogError.self) { try bench.open() }
        #expect(error?.code == .corruptMetadata)
        for (path, bytes) in before where !path.hasPrefix("log/meta/") { #expect(disk.bytes(of: path) == bytes) }
    }

    @Test func `a folder without an owner goes to the quarantine`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, _) = try filled(disk)
        bench.log.stop()
        try disk.createDirectory("log/strangers-0")
        try disk.open("log/strangers-0/00000000000000000000.log", .create).write([1, 2, 3], at: 0)
        try bench.open()
        let quarantine = try #require(bench.log.quarantines.first)
        #expect(quarantine.name == "strangers-0")
        #expect(disk.bytes(of: quarantine.copy + "/00000000000000000000.log") == [1, 2, 3])
    }

    @Test func `a folder of another format, or in use, is refused and left alone`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let other = #expect(throws: LogError.self) { _ = try LogBench(disk) }
        #expect(other?.code == .folderInUse)
        bench.log.stop()
        disk.replace("format", with: Array("tidings-data 2\n".utf8))
        let error = #expect(throws: LogError.self) { try bench.open() }
        #expect(error?.code == .unknownFormat)
        #expect(error?.description.contains("tidings-data 2") == true)
        disk.replace("format", with: Array(FolderOpening.formatText.utf8))
        try bench.open()
    }

    @Test func `every bit of a segment and of the live rounds is watched over`() throws {
        let disk = SimulatedDisk(seed: 1)
        let (bench, topic) = try filled(disk, records: 5, partitions: 1)
        bench.log.checkpoint()
        let path = "log/orders-0/00000000000000000000.log"
        let whole = try #require(disk.bytes(of: path))
        let texts = try bench.all(topic.partitions[0]).map(\.text)
        for position in 0..<whole.count {
            disk.flipBit(of: path, at: Int64(position), bit: position % 8)
            let found = try bench.all(topic.partitions[0])
            #expect(found.count == 4, "byte \(position)")
            #expect(found.allSatisfy { $0.text == texts[Int($0.offset.value)] })
            disk.replace(path, with: whole)
        }
        bench.drop()
    }
}
