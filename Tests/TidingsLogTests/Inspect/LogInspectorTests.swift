// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What `tidings log dump` and `verify` read from a folder.
@Suite struct InspectorTests {
    @Test func `a folder's batches and rounds are shown, and what is wrong with it is found`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 2)
        for number in 0..<60 {
            try bench.append([(topic.partitions[number % 2], "event \(number) " + String(repeating: "x", count: 600))])
            if number == 40 { bench.log.checkpoint() }
        }
        // Of a folder in use.
        var inspector = try LogInspector(disk: disk)
        #expect(inspector.checkpoint == 41)
        #expect(try inspector.verify() == [])
        var live: [UInt64] = []
        try inspector.rounds { round in
            if round.isLive, round.isWhole { live.append(round.number) }
            return true
        }
        #expect(live == Array(42...60))
        bench.log.stop()
        inspector = try LogInspector(disk: disk)
        #expect(inspector.isClean)
        #expect(try inspector.verify() == [])
        let partitions = try inspector.partitions()
        #expect(partitions.map(\.partition) == topic.partitions)
        #expect(partitions[0].segments.count == 3)
        var seen: [(Int64, UInt64, String)] = []
        try inspector.batches(of: partitions[1], from: Offset(7)) { batch in
            for record in try batch.stored.records() {
                seen.append((record.offset.value, batch.stored.round, record.value!.text.prefix { $0 != "x" } + ""))
            }
            return seen.count < 20
        }
        #expect(seen.map(\.0) == Array(7..<27))
        let rounds: [UInt64] = (7..<27).map { UInt64($0 * 2 + 2) }
        #expect(seen.map(\.1) == rounds)
        #expect(seen.map(\.2) == (7..<27).map { "event \($0 * 2 + 1) " })
        // Segments that are passed over are not missing.
        var missing: [LogInspector.Finding] = []
        _ = try inspector.storedBatches(
            of: partitions[0], from: partitions[0].segments[1], damaged: { missing.append($0) }, each: { _ in true })
        #expect(missing == [])
        // Each kind of damage, alone.
        let middle = SegmentNames.digits(partitions[0].segments[1])
        let places: [(path: String, at: Int64, severity: LogInspector.Finding.Severity)] = [
            ("log/orders-0/00000000000000000000.log", 1500, .damage),
            ("log/orders-0/\(middle).log", 3, .damage),
            ("log/orders-0/\(middle).rounds", 45, .notice),
            ("log/orders-0/\(middle).index", 14, .notice),
            ("log/meta/b", 30, .notice),
        ]
        for place in places {
            disk.flipBit(of: place.path, at: place.at, bit: 2)
            let findings = try LogInspector(disk: disk).verify()
            #expect(findings.count { $0.severity == .damage } == (place.severity == .damage ? 1 : 0), "\(findings)")
            #expect(!findings.isEmpty, "\(place.path)")
            disk.flipBit(of: place.path, at: place.at, bit: 2)
        }
        #expect(try LogInspector(disk: disk).verify() == [])
        let end = "log/orders-0/\(SegmentNames.digits(partitions[0].segments[2])).log"
        disk.replace(end, with: Array(disk.bytes(of: end)!.dropLast(10)))
        #expect(try LogInspector(disk: disk).verify().contains { $0.severity == .damage })
    }

    @Test func `a damaged round of an unclean folder is told from a torn one`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders")
        for number in 0..<5 { try bench.append([(topic.partitions[0], "event \(number)")]) }
        bench.drop()
        disk.flipBit(of: WriteAheadLog.path(1), at: 4 * 4096 + 140)
        #expect(try LogInspector(disk: disk).verify().map(\.severity) == [.notice])
        disk.flipBit(of: WriteAheadLog.path(1), at: 2 * 4096 + 140)
        #expect(Set(try LogInspector(disk: disk).verify().map(\.severity)) == [.notice, .damage])
        let empty = #expect(throws: LogError.self) { _ = try LogInspector(disk: SimulatedDisk(seed: 2)) }
        #expect(empty?.code == .unknownFormat)
    }
}
