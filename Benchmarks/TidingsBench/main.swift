// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `script/bench` runs beside the product: loads and baselines that only Swift can make. Prints JSON.
enum Bench {
    static func option(_ name: String) -> String? {
        let words = CommandLine.arguments
        guard let place = words.firstIndex(of: "--" + name), place + 1 < words.count else { return nil }
        return words[place + 1]
    }

    static func number(_ name: String, _ standard: Int) -> Int { option(name).flatMap { Int($0) } ?? standard }

    static func numbers(_ name: String) -> [Int] {
        (option(name) ?? "1").split(separator: ",").compactMap { Int($0) }
    }

    static func run() throws {
        switch CommandLine.arguments.dropFirst().first {
        case "empty": try EmptyServer.run(port: number("port", 0))
        case "latency": print(try LatencyBench().run())
        case "log":
            let folder = option("dir") ?? "/tmp"
            let seconds = number("seconds", 4)
            switch option("do") {
            case nil: print(try LogBench(folder: folder, seconds: seconds).run(option("part")))
            case "scale":
                print(
                    try LogScale.curve(
                        folder: folder, sizes: numbers("sizes"), partitions: numbers("partitions"),
                        nanos: Int64(seconds) * 1_000_000_000))
            case "fill":
                try LogScale.fillAndDie(
                    folder: folder, bytes: number("bytes", 1 << 30), partitions: number("partitions", 1_000))
            case "open": try LogScale.open(folder: folder)
            case let what?: try LogCount.run(what, number("times", 1_000), folder: folder)
            }
        case "sync":
            let nanos = Int64(number("seconds", 4)) * 1_000_000_000
            print(LogDriver.raw(option("dir") ?? "/tmp", bytes: 250, nanos: nanos, grows: true).json)
        case "batches":
            if let what = option("do") {
                BatchBench.repeated(what, number("times", 1))
            } else {
                print(BatchBench.run())
            }
        case "routing": print(try RoutingBench.run())
        case "poison": try PoisonBench().run()
        case "idle": IdleConnections.run(port: number("port", 0), count: number("connections", 10_000))
        default:
            print("usage: tidings-bench empty|latency|log|sync|batches|routing|poison|idle …")
            exit(64)
        }
    }
}

try Bench.run()
