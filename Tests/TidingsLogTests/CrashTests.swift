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

/// Promises P1 to P4 under crashes at moments that a seed chooses. `TIDINGS_SEEDS` sets how many seeds each argument has.
@Suite struct CrashTests {
    static let seedsPerArgument = getenv("TIDINGS_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 64

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `what was acknowledged survives crashes at any moment`(_ part: UInt64) throws {
        var openings = 0
        // A seed that failed can be looked at alone: TIDINGS_SEED.
        let only = getenv("TIDINGS_SEED").flatMap { UInt64(String(cString: $0)) }
        for seed in part * Self.seedsPerArgument..<(part + 1) * Self.seedsPerArgument {
            if let only, only != seed { continue }
            let simulation = try CrashSimulation(seed: seed)
            do {
                try simulation.run(steps: 60)
            } catch {
                Issue.record("seed \(seed): \(error) after \(simulation.trace.suffix(8))")
            }
            openings += simulation.openings
        }
        #expect(openings > 0)
    }
}
