// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Every single point at which a process can end (F4 of the fault catalogue): the state afterwards is the old one or the
/// new one, never a third, and what was acknowledged is there.
@Suite struct CrashPointTests {
    /// Rounds, checkpoints, blocks that are made, prepared and used again, segments rolled, topics made and deleted, a
    /// snapshot, records deleted, a clean stop and the life after it.
    static let script: [CrashSimulation.Action] =
        [.create, .commit, .stage, .commit, .snapshot, .checkpoint, .create]
        + Array(repeating: .commit, count: 6) + [.prepare, .snapshot, .delete]
        + Array(repeating: .commit, count: 8) + [.checkpoint, .create]
        + Array(repeating: .commit, count: 12) + [
            .deleteRecords, .checkpoint, .commit, .stop, .commit, .stage, .commit,
        ]

    /// Which outcomes of each point are tried: `TIDINGS_CRASH_POINTS` says how many, and that every point of the opening is
    /// tried; otherwise some.
    static let all = getenv("TIDINGS_CRASH_POINTS").flatMap { UInt64(String(cString: $0)) }

    private static func simulation() throws -> CrashSimulation {
        var settings = LogBench.smallSettings
        settings.segmentBytes = 2 << 10
        return try CrashSimulation(seed: 1, settings: settings)
    }

    /// The operations of the script, from its first to the one after its last, and what it leaves.
    private static func operations() throws -> (first: Int, end: Int, disk: SimulatedDisk) {
        let simulation = try Self.simulation()
        defer { simulation.end() }
        let first = simulation.disk.operationCount
        try simulation.run(script, crashingAt: nil, outcome: 0)
        return (first, simulation.disk.operationCount, simulation.disk)
    }

    @Test func `the script has everything`() throws {
        let (_, _, disk) = try Self.operations()
        let paths = disk.paths
        #expect(paths.count { $0.hasSuffix(".wal") } > 1, "blocks")
        #expect(
            paths.contains { $0.hasSuffix(".log") && !$0.hasSuffix("/00000000000000000000.log") }, "a rolled segment")
        #expect(paths.contains("state/state"), "a snapshot")
    }

    @Test(arguments: 0..<(all ?? 2))
    func `whichever operation is the last, nothing is lost`(_ outcome: UInt64) throws {
        let (first, end, _) = try Self.operations()
        // Where the process ends alone, less can go wrong: some points are enough for every run.
        for operation in stride(from: first, to: end, by: Self.all == nil && outcome == 0 ? 4 : 1) {
            let simulation = try Self.simulation()
            defer { simulation.end() }
            do {
                try simulation.run(Self.script, crashingAt: operation, outcome: outcome)
            } catch {
                let point = "operation \(operation), outcome \(outcome)"
                Issue.record("\(point): \(error) after \(simulation.trace.suffix(6))")
            }
        }
    }

    @Test(arguments: 0..<(all ?? 2))
    func `whichever operation of the opening after that is the last, nothing is lost`(_ outcome: UInt64) throws {
        let (first, end, _) = try Self.operations()
        for operation in stride(from: first + Int(outcome), to: end, by: Self.all == nil ? 80 : 3) {
            let whole = try Self.simulation()
            defer { whole.end() }
            try whole.run(Self.script, crashingAt: operation, outcome: outcome)
            for again in 0..<whole.operationsOfOpening {
                let simulation = try Self.simulation()
                defer { simulation.end() }
                do {
                    try simulation.run(
                        Self.script, crashingAt: operation, outcome: outcome, andInOpeningAt: again)
                } catch {
                    let point = "operation \(operation), then \(again) of the opening, outcome \(outcome)"
                    Issue.record("\(point): \(error) after \(simulation.trace.suffix(6))")
                }
            }
        }
    }
}
