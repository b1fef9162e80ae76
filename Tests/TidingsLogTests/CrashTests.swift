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

/// Promises P1 to P4 under crashes and faults at moments that a seed chooses. `TIDINGS_SEEDS` sets how many seeds there
/// are; a seed that failed is run alone with `TIDINGS_SEED`.
@Suite struct CrashTests {
    static let seeds = getenv("TIDINGS_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 2_000
    /// A share of them, for tests that draw per argument.
    static let seedsPerArgument = max(1, seeds / 32)
    static let only = getenv("TIDINGS_SEED").flatMap { UInt64(String(cString: $0)) }
    static let parts: UInt64 = 8
    /// Seeds that failed once, beyond those of every run.
    static let kept: [UInt64] = [5_465, 5_837, 7_648, 9_071]

    @Test(arguments: 0..<parts)
    func `what was acknowledged survives crashes at any moment`(_ part: UInt64) throws {
        let seeds = Self.only.map { [$0] } ?? Array(0..<Self.seeds) + Self.kept.filter { $0 >= Self.seeds }
        for seed in seeds where seed % Self.parts == part {
            do {
                let kinds = CrashSimulation.Kind.all
                let simulation = try CrashSimulation(
                    seed: seed, kind: kinds[Int(seed / Self.parts % UInt64(kinds.count))])
                defer { simulation.end() }
                do {
                    try simulation.run(steps: 40)
                } catch {
                    Issue.record("seed \(seed): \(error) after \(simulation.trace.suffix(8))")
                }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }
}
