// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Testing
import TidingsCore
import TidingsTesting

/// The real server over power cuts and over disks that fail (F3 and F7 of the fault catalogue), judged by the history
/// checker.
@Suite(.serialized, .enabled(if: PowerCut.library != nil, "the library that stands in for the disk is not there"))
struct PowerLossTests {
    /// How often the power is cut: some times on every run, 500 times in a soak.
    static let cuts = Int(ProcessInfo.processInfo.environment["TIDINGS_POWER_CUTS"] ?? "") ?? 6
    static let seed =
        UInt64(ProcessInfo.processInfo.environment["TIDINGS_SEED"] ?? "") ?? UInt64.random(in: 0...UInt64.max)

    @Test func `whenever the power goes, what was acknowledged is there, once and in order`() throws {
        let seed = Self.seed
        print("power cut test: seed \(seed), \(Self.cuts) cuts")
        let random = SeededRandom(seed: seed)
        let server = try ServerUnderTest(environment: RecordedLoad.smallStorage)
        let power = PowerCut(folder: server.data, journal: server.folder + "/journal", seed: seed)
        server.environment.merge(power.environment) { $1 }
        try server.start()
        let load = try RecordedLoad(on: server, seed: seed, pause: Self.cuts > 50 ? 40_000 : 2_000)
        try load.prepare()
        load.start(writers: 4, readers: 2)
        var (bytes, syncs) = (0, 0)
        for _ in 0..<Self.cuts {
            usleep(50_000 + UInt32(random.next() % 850_000))
            server.crash()
            let seen = try power.cut()
            bytes += seen.bytes
            syncs += seen.syncs
            try server.start()
        }
        let report = try load.finish()
        print("power cut test: \(bytes >> 10) KiB written, \(syncs) syncs\n\(report)")
        #expect(report.isClean, "seed \(seed): \(report)")
        #expect(report.acknowledged > Self.cuts * 5 && syncs > Self.cuts)
        #expect(server.stop() == 0)
    }

    /// Waits until so many more requests were refused: then every writer has heard what became of those before.
    private func isRefused(_ count: Int, of load: RecordedLoad) -> Bool {
        let before = load.refusals.values.reduce(0, +)
        return becomesTrue { load.refusals.values.reduce(0, +) >= before + count }
    }

    /// The call that fails once, its errno, and whether the log goes on by itself.
    static let faults: [(call: String, reason: Int32, goesOn: Bool)] = [
        ("dsync", EIO, false), ("fdatasync", EIO, false), ("fdatasync", ENOSPC, false), ("pwrite", EIO, false),
        ("pwrite", ENOSPC, true),
    ]

    @Test(arguments: faults)
    func `after one failed call nothing is acknowledged that is not there`(
        _ fault: (call: String, reason: Int32, goesOn: Bool)
    ) throws {
        let server = try ServerUnderTest(environment: RecordedLoad.smallStorage)
        let faults = server.folder + "/faults"
        try FileManager.default.createDirectory(atPath: faults, withIntermediateDirectories: true)
        server.environment["LD_PRELOAD"] = PowerCut.library
        server.environment["TIDINGS_SHIM_ROOT"] = server.data
        server.environment["TIDINGS_SHIM_FAULTS"] = faults
        try server.start()
        let load = try RecordedLoad(on: server, seed: 1, pause: 2_000)
        try load.prepare()
        load.start(writers: 3, readers: 2)
        #expect(becomesTrue { load.acknowledgedCount > 50 })
        try Data("\(fault.reason)".utf8).write(to: URL(fileURLWithPath: faults + "/" + fault.call), options: .atomic)
        #expect(becomesTrue { !FileManager.default.fileExists(atPath: faults + "/" + fault.call) })
        if !fault.goesOn {
            let client = server.client()
            #expect(becomesTrue { client.send("GET", "/readyz")?.status == 503 }, "it says that it is not ready")
            // What was durable before is answered; the next call would succeed, and nobody may be answered by it.
            #expect(isRefused(60, of: load), "the writers are refused")
            let before = load.acknowledgedCount
            #expect(isRefused(60, of: load), "and still are")
            #expect(load.acknowledgedCount == before, "acknowledged after a failed \(fault.call)")
            server.crash()
            try server.start()
        }
        let before = load.acknowledgedCount
        #expect(becomesTrue { load.acknowledgedCount > before + 50 }, "it takes events again")
        let report = try load.finish()
        #expect(report.isClean, "\(fault): \(report)")
        #expect(server.stop() == 0)
    }
}
