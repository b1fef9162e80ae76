// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `script/bench kafka` loads a Kafka server with, ours or another: librdkafka, as the system has it. Prints JSON.
enum KafkaBench {
    static func option(_ name: String) -> String? {
        let words = CommandLine.arguments
        guard let place = words.firstIndex(of: "--" + name), place + 1 < words.count else { return nil }
        return words[place + 1]
    }

    static func number(_ name: String, _ standard: Int) -> Int { option(name).flatMap { Int($0) } ?? standard }

    static let broker = option("broker") ?? "127.0.0.1:9092"
    static let topic = option("topic") ?? "bench"
    static let partitions = Int32(number("partitions", 1))

    static func run() {
        switch CommandLine.arguments.dropFirst().first {
        case "produce": print(ProduceLoad().run())
        case "consume": print(ConsumeLoad().run())
        case "latency": print(LatencyLoad().run())
        case "groups": print(GroupLoad().run())
        case "topic":
            Topics.create()
            print("{}")
        case "drop":
            Topics.delete()
            print("{}")
        default:
            print("usage: kafka-bench produce|consume|latency|groups|topic|drop --broker HOST:PORT --topic NAME …")
            exit(64)
        }
    }

    /// Ends the run, and says why.
    static func fail(_ sentence: String) -> Never {
        let line = "kafka-bench: \(sentence)\n"
        _ = line.withCString { write(2, $0, strlen($0)) }
        exit(1)
    }
}

KafkaBench.run()
