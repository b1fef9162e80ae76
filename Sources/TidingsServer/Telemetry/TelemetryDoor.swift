// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP
import TidingsLog

/// What stands beside the API for those who watch: `/metrics`, `/livez`, `/readyz`.
///
/// - Concurrency: lives on its server's loop.
package final class TelemetryDoor {
    /// One thing that must be well for the server to do all it can.
    package struct Check: Sendable {
        /// Its name in the answer.
        package let name: String
        /// Whether the server serves all the same while this is not well: it is degraded then, else not ready.
        package let isBearable: Bool
        /// What is wrong with it, in a sentence; nil when it is well. Any thread; must not block.
        package let fault: @Sendable () -> String?

        /// Describes a check.
        package init(_ name: String, isBearable: Bool = false, _ fault: @escaping @Sendable () -> String?) {
            self.name = name
            self.isBearable = isBearable
            self.fault = fault
        }
    }

    private let metrics: Metrics
    private let process: ProcessMetrics
    private let checks: [Check]
    private let warnings: @Sendable () -> [String]
    private let recovery: RecoveryReport?
    private let gauges: PartitionGauges?
    private let groups: GroupGauges?

    /// Creates the door of one loop.
    /// - Parameters:
    ///   - warnings: what people should know of a server that is ready all the same, a sentence each. Any thread; must not
    ///     block.
    ///   - recovery: what the start found and did.
    ///   - gauges: what is said of every topic and partition.
    ///   - groups: what is said of groups of Kafka's clients.
    init(
        metrics: Metrics, process: ProcessMetrics, checks: [Check],
        warnings: @escaping @Sendable () -> [String] = { [] }, recovery: RecoveryReport? = nil,
        gauges: PartitionGauges? = nil, groups: GroupGauges? = nil
    ) {
        self.metrics = metrics
        self.process = process
        self.checks = checks
        self.warnings = warnings
        self.recovery = recovery
        self.gauges = gauges
        self.groups = groups
    }

    private func expose(_ groups: String, _ responder: HTTPResponder) {
        responder.respond(.ok, contentType: "text/plain; version=0.0.4; charset=utf-8") { body in
            metrics.expose(into: &body)
            gauges?.expose(into: &body)
            body.append(groups)
            process.expose(into: &body)
        }
    }

    /// Adds its routes.
    package func register(on router: Router) {
        router.add(.get, "/metrics", query: nil) { [self] _, responder in
            guard let groups else { return expose("", responder) }
            groups.expose(on: responder.loop) { self.expose($0, responder) }
        }
        router.add(.get, "/livez") { _, responder in
            // That a loop answers is all there is to say.
            responder.respond(.ok, contentType: "application/json", text: "{\"status\":\"ok\"}")
        }
        router.add(.get, "/readyz") { _, responder in
            let faults = self.checks.map { (check: $0, fault: $0.fault()) }
            let isReady = faults.allSatisfy { $0.fault == nil || $0.check.isBearable }
            let isWell = faults.allSatisfy { $0.fault == nil }
            responder.respond(isReady ? .ok : 503, contentType: "application/json") { body in
                JSONWriter.write(into: &body) { json in
                    json.object { json in
                        json.member("status", isWell ? "ok" : isReady ? "degraded" : "not ready")
                        json.key("checks")
                        json.object { json in
                            for (check, fault) in faults {
                                json.key(check.name)
                                json.string(fault ?? "ok")
                            }
                        }
                        json.key("warnings")
                        json.array { json in for warning in self.warnings() { json.string(warning) } }
                        json.key("recovery")
                        self.recovery.write(&json)
                    }
                }
            }
        }
    }
}

extension RecoveryReport? {
    /// What an unclean end made necessary; null after a clean one.
    fileprivate func write(_ json: inout JSONWriter) {
        guard let report = self, !report.wasClean else { return json.null() }
        json.object { json in
            json.member("rounds", report.rounds)
            json.member("cut_bytes", report.cutBytes)
            json.member("damaged_rounds", report.damagedRounds)
            json.member("old_metadata", report.hadOldMetadata)
            json.member("quarantines", report.quarantines)
            json.member("milliseconds", report.duration.millis)
        }
    }
}
