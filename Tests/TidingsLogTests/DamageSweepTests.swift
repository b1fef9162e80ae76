// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Every byte of a large segment, of its indexes and of the live rounds rots in turn: all of it is noticed, nothing else is
/// lost, nothing is deleted. Every n-th byte, by TIDINGS_DAMAGE_STRIDE; all of them with 1.
@Suite struct DamageSweepTests {
    private static func stride(_ normally: Int) -> Int {
        getenv("TIDINGS_DAMAGE_STRIDE").flatMap { Int(String(cString: $0)) } ?? normally
    }

    @Test func `each byte of a segment of 1 MiB`() throws {
        var settings = LogSettings()
        settings.recentBytes = 0
        settings.diskReserveBytes = 0
        settings.writeAheadBlockBytes = 1 << 20
        settings.maxWaitingBytes = 1 << 20
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk, settings: settings)
        let topic = try bench.topic("orders", partitions: 2)
        let random = SeededRandom(seed: 5)
        let path = "log/orders-0/00000000000000000000.log"
        while (disk.bytes(of: path)?.count ?? 0) < 1 << 20 {
            // What does not compress, as long as a batch often is.
            let text = String(decoding: (0..<16_000).map { _ in UInt8(32 + random.next() % 90) }, as: UTF8.self)
            try bench.append(topic.partitions.map { ($0, text) })
        }
        bench.log.checkpoint()
        let size = try #require(disk.bytes(of: path)).count
        var batches: [StoredBatch] = []
        while true {
            let more = try bench.read(topic.partitions[0], from: batches.last?.lastOffset.next ?? .zero)
            if more.isEmpty { break }
            batches += more
        }
        let starts = batches.map(\.bytes.count).reduce(into: [0]) { $0.append($0.last! + $1) }
        let paths = Set(disk.paths)
        var (flips, missed) = (0, [Int]())
        for position in Swift.stride(from: 0, to: size, by: Self.stride(809)) {
            flips += 1
            disk.flipBit(of: path, at: Int64(position), bit: flips % 8)
            let place = try #require(starts.lastIndex { $0 <= position })
            let damaged = batches[place]
            do {
                let found = try bench.read(topic.partitions[0], from: damaged.baseOffset, maxBytes: 1)
                if found.first?.baseOffset == damaged.baseOffset { missed.append(position) }
            } catch let error as LogError {
                #expect(error.code == .quarantined && error.resume == damaged.lastOffset.next, "byte \(position)")
            }
            if flips % 50 == 0 {
                #expect(try bench.read(topic.partitions[1], from: damaged.baseOffset, maxBytes: 1).count == 1)
                if place > 0 {
                    let before = batches[place - 1]
                    #expect(try bench.read(topic.partitions[0], from: before.baseOffset, maxBytes: 1).count == 1)
                }
            }
            disk.flipBit(of: path, at: Int64(position), bit: flips % 8)
        }
        #expect(missed.isEmpty, "bytes that rotted unnoticed")
        #expect(Set(disk.paths).isSuperset(of: paths))
        print("damage: \(flips) bytes of a segment of \(size) flipped, \(flips - missed.count) noticed")
    }

    @Test func `each byte of the indexes`() throws {
        let disk = SimulatedDisk(seed: 1)
        var settings = LogBench.smallSettings
        settings.recentBytes = 0
        let bench = try LogBench(disk, settings: settings)
        let topic = try bench.topic("orders")
        for number in 0..<80 {
            try bench.append([(topic.partitions[0], "event \(number) " + String(repeating: "x", count: 300))])
        }
        bench.log.stop()
        var flips = 0
        for path in disk.paths where path.hasPrefix("log/orders-0/") && !path.hasSuffix(".log") {
            let size = try #require(disk.bytes(of: path)).count
            for position in Swift.stride(from: 0, to: size, by: Self.stride(11)) {
                flips += 1
                disk.flipBit(of: path, at: Int64(position), bit: flips % 8)
                try bench.open()
                for offset in Swift.stride(from: 0, to: 80, by: 13) {
                    let found = try bench.read(topic.partitions[0], from: Offset(Int64(offset)), maxBytes: 1)
                    #expect(found.first?.baseOffset == Offset(Int64(offset)), "byte \(position) of \(path)")
                }
                #expect(bench.log.quarantines.isEmpty)
                bench.log.stop()
                disk.flipBit(of: path, at: Int64(position), bit: flips % 8)
            }
        }
        print("damage: \(flips) bytes of indexes flipped, no record out of reach")
    }

    @Test func `each byte of the live rounds`() throws {
        let disk = SimulatedDisk(seed: 1)
        let bench = try LogBench(disk)
        let topic = try bench.topic("orders", partitions: 2)
        for number in 0..<5 {
            try bench.append(topic.partitions.map { ($0, "event \(number) " + String(repeating: "x", count: 900)) })
        }
        bench.drop()
        disk.killProcess()
        let saved = Dictionary(uniqueKeysWithValues: disk.paths.map { ($0, disk.bytes(of: $0) ?? []) })
        let path = WriteAheadLog.path(1)
        let live = try BlockReader(disk.open(path, .read)).rounds(of: LogLife.newest(saved[path]!)).found
        #expect(live.count == 5)
        let end = live.map { $0.position + $0.round.header.paddedByteCount }.max() ?? 0
        var (flips, missed, cut, healed) = (0, [Int](), 0, 0)
        for position in Swift.stride(from: 0, to: end, by: Self.stride(43)) {
            flips += 1
            let copy = SimulatedDisk(seed: UInt64(position))
            for folder in ["log"] + FolderOpening.folders + topic.partitions.map({ "log/orders-\($0.index)" }) {
                try copy.createDirectory(folder)
            }
            for (name, bytes) in saved where name != "LOCK" {
                _ = try copy.open(name, .create)
                // As a power cut leaves it: nothing of the partitions was synced.
                copy.replace(name, with: name.hasPrefix("log/orders-") ? [] : bytes)
            }
            copy.flipBit(of: path, at: Int64(position), bit: flips % 8)
            let names = Set(copy.paths)
            let found = try LogBench(copy)
            let report = found.log.recovery
            if report.cutBytes + report.damagedRounds + report.damagedPadding == 0 { missed.append(position) }
            let records = try topic.partitions.map { try found.all($0).map(\.text) }
            let lost = topic.partitions.map { partition in
                found.log.quarantines.filter { $0.partition == partition }
                    .reduce(0) { $0 + Int($1.offsets.upperBound - $1.offsets.lowerBound) }
            }
            if report.cutBytes > 0 {
                cut += 1
                #expect(position >= live[4].position, "only the last round may be cut; byte \(position)")
                #expect(records.allSatisfy { $0.count == 4 })
            } else {
                for (texts, count) in zip(records, lost) { #expect(texts.count + count == 5, "byte \(position)") }
                if report.damagedRounds == 0 { healed += 1 }
            }
            #expect(Set(copy.paths).isSuperset(of: names), "nothing is deleted; byte \(position)")
            found.drop()
        }
        #expect(missed.isEmpty, "bytes that rotted unnoticed")
        print(
            "damage: \(flips) bytes of live rounds flipped, \(flips - missed.count) noticed, \(cut) of them as a cut end, "
                + "\(healed) where no record lies")
    }
}

extension LogLife {
    /// The life of the first round in a block.
    static func newest(_ block: [UInt8]) -> LogLife {
        block.withUnsafeBytes { RoundHeader($0)?.life } ?? LogLife(generation: 0, nonce: 0)
    }
}
