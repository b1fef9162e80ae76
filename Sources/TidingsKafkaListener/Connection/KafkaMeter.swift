// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Counts what one loop's connections are asked and answered: a few plain additions per request, none per record, in cells
/// that no other loop writes. A cell is made when it first counts: no client asks for everything.
///
/// - Concurrency: lives on its loop.
package final class KafkaMeter {
    private let metrics: Metrics
    /// By the API's number.
    private var times = [Histogram?](repeating: nil, count: Int(APIKey.allCases.map(\.rawValue).max() ?? 0) + 1)
    private var errors: [Int16: Counter] = [:]
    private let received: Counter
    private let sent: Counter
    private let closed: Counter

    /// Makes a loop's meter.
    package init(_ metrics: Metrics) {
        self.metrics = metrics
        received = metrics.counterPart("tidings_kafka_received_bytes_total", "Bytes of requests of Kafka's clients.")
        sent = metrics.counterPart("tidings_kafka_sent_bytes_total", "Bytes of answers to Kafka's clients.")
        closed = metrics.counterPart(
            "tidings_kafka_refused_connections_total",
            "Connections closed because their client did not keep to the protocol or to a limit.")
    }

    /// Counts a request that has its answer.
    /// - Parameter nanos: from the request's arrival; of a fetch, its wait for records is part of it.
    func count(_ api: APIKey, nanos: Int64, received: Int, sent: Int) {
        self.received.addAlone(received)
        self.sent.addAlone(sent)
        let place = Int(api.rawValue)
        if let known = times[place] { return known.observeAlone(nanos: nanos) }
        let made = metrics.histogramPart(
            "tidings_kafka_request_seconds",
            "Time from a request's arrival to its answer; a fetch may wait for records.",
            [("api", "\(api.name)")])
        times[place] = made
        made.observeAlone(nanos: nanos)
    }

    /// Counts the errors that an answer told.
    func count(errors codes: [Int16]) {
        for code in codes {
            let counter =
                errors[code]
                ?? metrics.counterPart(
                    "tidings_kafka_errors_total", "Errors told to Kafka's clients, by Kafka's names.",
                    [("error", Self.name(of: code))])
            errors[code] = counter
            counter.addAlone()
        }
    }

    /// Counts a connection that was closed.
    func countRefusal() { closed.addAlone() }

    /// An error as Kafka calls it: UNKNOWN_TOPIC_OR_PARTITION.
    private static func name(of code: Int16) -> String {
        guard let known = ErrorCode(rawValue: code) else { return String(code) }
        let letters = Array("\(known)")
        var name = ""
        for (place, letter) in letters.enumerated() {
            // A word begins behind a small letter, or, behind an acronym, before one: memberIDRequired.
            let isBeforeSmall = place + 1 < letters.count && letters[place + 1].isLowercase
            if place > 0, letter.isUppercase, letters[place - 1].isLowercase || isBeforeSmall { name.append("_") }
            name += letter.uppercased()
        }
        return name
    }
}
