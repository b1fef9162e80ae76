// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// What stands beside the API for those who watch: `/metrics`, `/livez`, `/readyz`.
///
/// - Concurrency: lives on its server's loop.
package final class TelemetryDoor {
    /// One thing that must be well for the server to be ready.
    package struct Check: Sendable {
        /// Its name in the answer.
        package let name: String
        /// What is wrong with it, in a sentence; nil when it is well. Any thread; must not block.
        package let fault: @Sendable () -> String?

        /// Describes a check.
        package init(_ name: String, _ fault: @escaping @Sendable () -> String?) {
            self.name = name
            self.fault = fault
        }
    }

    private let metrics: Metrics
    private let process: ProcessMetrics
    private let checks: [Check]
    private let warnings: @Sendable () -> [String]
    private let gauges: PartitionGauges?

    /// Creates the door of one loop.
    /// - Parameters:
    ///   - warnings: what people should know of a server that is ready all the same, a sentence each. Any thread; must not
    ///     block.
    ///   - gauges: what is said of every topic and partition.
    package init(
        metrics: Metrics, process: ProcessMetrics, checks: [Check],
        warnings: @escaping @Sendable () -> [String] = { [] }, gauges: PartitionGauges? = nil
    ) {
        self.metrics = metrics
        self.process = process
        self.checks = checks
        self.warnings = warnings
        self.gauges = gauges
    }

    /// Adds its routes.
    package func register(on router: Router) {
        router.add(.get, "/metrics", query: nil) { _, responder in
            responder.respond(.ok, contentType: "text/plain; version=0.0.4; charset=utf-8") { body in
                self.metrics.expose(into: &body)
                self.gauges?.expose(into: &body)
                self.process.expose(into: &body)
            }
        }
        router.add(.get, "/livez") { _, responder in
            // That a loop answers is all there is to say.
            responder.respond(.ok, contentType: "application/json", text: "{\"status\":\"ok\"}")
        }
        router.add(.get, "/readyz") { _, responder in
            let faults = self.checks.map { ($0.name, $0.fault()) }
            let isReady = faults.allSatisfy { $0.1 == nil }
            responder.respond(isReady ? .ok : 503, contentType: "application/json") { body in
                JSONWriter.write(into: &body) { json in
                    json.object { json in
                        json.member("status", isReady ? "ok" : "not ready")
                        json.key("checks")
                        json.object { json in
                            for (name, fault) in faults {
                                json.key(name)
                                json.string(fault ?? "ok")
                            }
                        }
                        json.key("warnings")
                        json.array { json in for warning in self.warnings() { json.string(warning) } }
                    }
                }
            }
        }
    }
}
