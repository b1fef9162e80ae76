// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsRouting

/// Look-ups per second with few and with many routes, and what an event costs that one of many subscriptions wants.
enum RoutingBench {
    static func run() throws -> String {
        var line = "{"
        for routes in [10, 10_000] {
            let table = try RoutingTable(
                (0..<routes).map { number in
                    .route(
                        Route(
                            name: Name("route-\(number)")!, types: [TypePattern("company.area\(number).*")!],
                            target: RouteTarget(topic: TopicName("topic-\(number % 50)")!)))
                })
            let types = (0..<1_000).map { Array("company.area\($0 * 7 % routes).thing-happened".utf8) }
            line += "\"\(routes)\":\(perSecond(types) { table.plan(forType: $0).destinations.count }),"
        }
        for subscriptions in [1, 1_000] {
            let endpoint = Endpoint(url: EndpointURL("http://127.0.0.1:9/")!, secret: Secret("whsec_bench"))
            let table = try RoutingTable(
                (0..<subscriptions).map { number in
                    .subscription(
                        Subscription(
                            uuid: UUID128(high: 1, low: UInt64(number)), name: Name("s-\(number)")!,
                            created: WallTime(millis: 0),
                            types: [TypePattern("company.area\(number).*")!], endpoint: endpoint))
                })
            let types = (0..<1_000).map { Array("company.area\($0 % subscriptions).thing-happened".utf8) }
            let events = TopicName("events")!
            let rate = perSecond(types) { table.subscribers(ofType: $0, in: events).count }
            line += "\"subscribers_\(subscriptions)\":\(1e9 / rate),"
        }
        return line.dropLast() + "}"
    }

    /// Rounds of a tenth of a second; the median one counts.
    private static func perSecond(_ types: [[UInt8]], _ look: (UnsafeRawBufferPointer) -> Int) -> Double {
        let clock = ContinuousClock()
        var sum = 0
        var rates: [Double] = []
        for _ in 0..<15 {
            var count = 0
            let began = clock.now
            repeat {
                for type in types { sum &+= type.withUnsafeBytes(look) }
                count += types.count
            } while clock.now - began < .milliseconds(100)
            rates.append(Double(count) / Double((clock.now - began).nanos) * 1e9)
        }
        precondition(sum > 0, "nothing was found")
        return rates.sorted()[rates.count / 2]
    }
}
