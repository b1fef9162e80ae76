// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if TIDINGS_MUTATIONS
    import Testing
    import TidingsCore
    import TidingsTesting

    @testable import TidingsLog

    /// The harness has teeth: each fault that is planted into the log is found by the simulation that otherwise finds
    /// nothing.
    @Suite struct MutationTests {
        /// Seeds within which a fault has to be found.
        static let bound: UInt64 = 200

        /// The first seed whose simulation finds a log wrong; nil for none.
        private func firstFound(_ mutation: LogMutation) -> (seed: UInt64, problem: String)? {
            var settings = LogBench.smallSettings
            settings.mutation = mutation
            for seed in 0..<Self.bound {
                do {
                    let simulation = try CrashSimulation(seed: seed, settings: settings)
                    defer { simulation.end() }
                    try simulation.run(steps: 40)
                } catch {
                    return (seed, "\(error)")
                }
            }
            return nil
        }

        // A repeated batch is found where producers are simulated.
        @Test(arguments: LogMutation.allCases.filter { $0 != .storesRepeats })
        func `a planted fault is found`(_ mutation: LogMutation) throws {
            let found = try #require(firstFound(mutation), "\(mutation) was not found within \(Self.bound) seeds")
            print("mutation \(mutation): found by seed \(found.seed): \(found.problem.prefix(160))")
        }
    }
#endif
