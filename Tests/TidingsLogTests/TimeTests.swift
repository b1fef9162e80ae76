// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// The first record at a time or later, whatever the indexes say.
@Suite struct TimeTests {
    /// What is done to the log before it is asked.
    enum Trouble: CaseIterable, Sendable {
        case none, reopened, crashed, missingIndexes, emptyIndexes, rottenIndexes, olderFormat
    }

    private static func paths(_ disk: SimulatedDisk, _ suffix: String) -> [String] {
        disk.paths.filter { $0.hasSuffix(suffix) }
    }

    /// 300 records over several segments, in files and in memory; every tenth one has a time of its own choice.
    private static func fill(_ bench: LogBench, _ partition: PartitionID) throws -> [Int64] {
        let random = SeededRandom(seed: 9)
        var times: [Int64] = []
        for number in 0..<150 {
            for place in 0..<2 {
                var millis = bench.clock.wall.millis
                if number % 10 == 7 { millis += Int64(random.next() % 400_000) - 200_000 }
                times.append(millis)
                bench.buffer.removeAll()
                bench.buffer.add(to: partition, at: WallTime(millis: millis)) {
                    LogBench.body("\(number)-\(place) " + String(repeating: "x", count: 200), into: &$0)
                }
                _ = try bench.session.append(&bench.buffer) { _ in }
            }
            bench.log.commitPending()
            if number % 40 == 39 { bench.log.checkpoint() }
            bench.clock.advance(by: .seconds(1))
        }
        bench.loop.runUntilIdle()
        return times
    }

    @Test(arguments: Trouble.allCases)
    func `the first record at a time or later is found`(_ trouble: Trouble) throws {
        let disk = SimulatedDisk(seed: 3)
        let bench = try LogBench(disk)
        let partition = try bench.topic("orders").partitions[0]
        let times = try Self.fill(bench, partition)
        switch trouble {
        case .none: break
        case .crashed:
            bench.drop()
            disk.crash()
            try bench.open()
        case .reopened, .missingIndexes, .emptyIndexes, .rottenIndexes, .olderFormat:
            bench.log.stop()
            for path in Self.paths(disk, ".timeindex") {
                switch trouble {
                case .missingIndexes: try disk.remove(path)
                case .emptyIndexes: disk.replace(path, with: [])
                case .rottenIndexes:
                    for at in 0..<Int64(disk.bytes(of: path)!.count) where at % 5 == 2 {
                        disk.flipBit(of: path, at: at, bit: Int(at % 8))
                    }
                default: break
                }
            }
            try bench.open()
        }
        func check(_ millis: Int64) throws {
            let expected = times.firstIndex { $0 >= millis }
            let found = try bench.offset(in: partition, atTime: WallTime(millis: millis))
            #expect(found.offset.value == Int64(expected ?? times.count), "\(trouble), time \(millis)")
            #expect(found.timestamp?.millis == expected.map { times[$0] })
        }
        for time in times { for change in [-1, 0, 1] as [Int64] { try check(time + change) } }
        try check(0)
        try check(.max)
        // What was made again is not made again.
        let before = disk.operationCount
        for time in times { try check(time) }
        #expect(disk.operationCount == before)
        _ = bench.log.deleteRecords(partition, before: Offset(200))
        #expect(try bench.offset(in: partition, atTime: WallTime(millis: 0)).offset == Offset(200))
    }

    @Test func `a compressed batch is looked into`() throws {
        let bench = try LogBench(SimulatedDisk(seed: 3))
        let partition = try bench.topic("orders").partitions[0]
        bench.buffer.removeAll()
        for number in 0..<40 {
            bench.buffer.add(to: partition, at: WallTime(millis: Int64(number) * 1000)) {
                LogBench.body(String(repeating: "the same again ", count: 6), into: &$0)
            }
        }
        try bench.session.append(&bench.buffer) { _ in }
        bench.log.commitPending()
        bench.loop.runUntilIdle()
        let batch = try #require(try bench.read(partition, from: .zero).first)
        #expect(try RecordBatchHeader(reading: batch.bytes).codec == .lz4)
        for number in 0..<40 as Range<Int64> {
            let found = try bench.offset(in: partition, atTime: WallTime(millis: number * 1000 - 1))
            #expect(found == TimedOffset(Offset(number), WallTime(millis: number * 1000)))
        }
    }
}
