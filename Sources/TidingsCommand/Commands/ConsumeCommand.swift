// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings consume`: prints records as they lie, without a group.
enum ConsumeCommand {
    static let command = Command(
        "consume", "Prints records of topics as they lie, without a group.",
        details: """
            Prints what is there and ends; with --follow it goes on. Standard output has records only. A format is text with fields: \
            %t topic, %p partition, %o offset, %k key, %s value, %K and %S their lengths in bytes (-1: none), %h headers, %T time in \
            milliseconds, %% a percent sign, and \\n \\t \\r \\xHH. With --json one object per line, which 'produce --records' reads: \
            key, value, or key_base64, value_base64 where they are no UTF-8.
            """,
        arguments: [CommandArgument("TOPIC", help: "which", repeated: true)],
        options: ClientOptions.all + [
            CommandOption("partition", "N,…", letter: "p", help: "only these partitions"),
            CommandOption(
                "offset", "PLACE", letter: "o",
                help:
                    "where to begin in each partition: beginning (default), end, N, -N (the last N), @TIME (RFC 3339, "
                    + "milliseconds since 1970, or back from now like @-1h)"),
            CommandOption("count", "N", letter: "c", help: "ends after so many records"),
            .flag("follow", letter: "F", help: "waits for more"),
            CommandOption("format", "FORMAT", letter: "f", help: #"how a record is printed (default "%s\n")"#),
            .flag("uncommitted", help: "shows records of open and aborted transactions too"),
        ],
        examples: [
            "tidings consume orders", #"tidings consume orders -o -10 -f '%p %o %k: %s\n'"#,
            "tidings consume orders --offset end --follow --json | jq .value",
        ]
    ) { invocation throws(CommandFailure) in
        var reading = try RecordReading(invocation)
        try reading.run()
        return .ok
    }
}

/// One run of `tidings consume`.
private struct RecordReading {
    /// Partitions of a topic that are read by one request, and where it goes on.
    private struct Part {
        let topic: String
        let partitions: [Int64]
        /// Where each partition ended at the beginning.
        let ends: [Int64: Int64]
        /// The parameter that says where to go on.
        var place: (name: String, value: String)
        var isDone = false

        /// Whether every partition is where it ended at the beginning.
        func isPast(_ positions: String) -> Bool {
            positions.split(separator: ",").allSatisfy { item in
                let parts = item.split(separator: ":").map { Int64($0) ?? 0 }
                return parts.count == 2 && parts[1] >= ends[parts[0]] ?? 0
            }
        }
    }

    /// How many partitions one request reads.
    private static let partitionsAtOnce = 100

    private let client: any APIClient
    private let terminal: Terminal
    private let format: RecordFormat?
    private let follows: Bool
    private let isolation: String?
    private let limit: Int
    private var parts: [Part] = []

    init(_ invocation: Invocation) throws(CommandFailure) {
        if invocation.has("json"), invocation.has("format") {
            throw CommandFailure(.usage, "--json and --format both say how to print: leave one of them out")
        }
        client = try invocation.client()
        terminal = invocation.terminal
        format = invocation.has("json") ? nil : try RecordFormat(invocation.value("format") ?? "%s\\n")
        follows = invocation.has("follow")
        isolation = invocation.has("uncommitted") ? "uncommitted" : nil
        limit = try invocation.number("count", in: 0...Int(Int32.max)) ?? .max
        let wanted = try invocation.value("partition").map { text throws(CommandFailure) in
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int64($0) }
            guard numbers.allSatisfy({ $0 != nil }) else {
                throw CommandFailure(.usage, "--partition is a list of numbers like 0,1, not \"\(text)\"")
            }
            return numbers.compactMap(\.self)
        }
        for topic in invocation.arguments {
            try addParts(of: topic, wanted, invocation.value("offset") ?? "beginning")
        }
    }

    private mutating func addParts(
        of topic: String, _ wanted: [Int64]?, _ place: String
    ) throws(CommandFailure) {
        let found = try client.expect(APIRequest(["v1", "topics", topic])).json()
        var bounds: [Int64: (start: Int64, end: Int64)] = [:]
        for partition in found["status"]?["partitions"]?.array ?? [] {
            guard let number = partition["partition"]?.integer, let start = partition["start"]?.integer,
                let end = partition[isolation == nil ? "last_stable" : "end"]?.integer
            else { continue }
            bounds[number] = (start, end)
        }
        let partitions = wanted ?? bounds.keys.sorted()
        if let missing = partitions.first(where: { bounds[$0] == nil }) {
            throw CommandFailure(.notFound, "topic '\(topic)' has \(bounds.count) partitions, no number \(missing)")
        }
        for from in stride(from: 0, to: partitions.count, by: Self.partitionsAtOnce) {
            let some = Array(partitions[from..<min(from + Self.partitionsAtOnce, partitions.count)])
            let begins = try Self.begins(place, some, bounds)
            parts.append(
                Part(topic: topic, partitions: some, ends: bounds.mapValues(\.end), place: begins))
        }
    }

    /// The parameter that says where to begin.
    private static func begins(
        _ place: String, _ partitions: [Int64], _ bounds: [Int64: (start: Int64, end: Int64)]
    ) throws(CommandFailure) -> (name: String, value: String) {
        func positions(_ offset: ((start: Int64, end: Int64)) -> Int64) -> (name: String, value: String) {
            let items = partitions.compactMap { number in
                bounds[number].map { "\(number):\(min(max(offset($0), $0.start), $0.end))" }
            }
            return ("positions", items.joined(separator: ","))
        }
        switch place {
        case "beginning": return positions(\.start)
        case "end": return positions(\.end)
        default: break
        }
        if place.hasPrefix("@") {
            let text = String(place.dropFirst())
            let millis = text.allSatisfy(\.isASCII) && text.allSatisfy(\.isNumber) ? Int64(text) : nil
            return ("from", millis.map { RFC3339.format(WallTime(millis: $0)) } ?? text)
        }
        guard let number = Int64(place), number > .min else {
            throw CommandFailure(.usage, "--offset is beginning, end, N, -N or @TIME, not \"\(place)\"")
        }
        return positions { number < 0 ? $0.end - min($0.end, -number) : number }
    }

    // MARK: - Reading

    mutating func run() throws(CommandFailure) {
        var left = limit
        while left > 0, parts.contains(where: { !$0.isDone }) {
            for index in parts.indices where !parts[index].isDone && left > 0 {
                guard try read(index, &left) else { return }
            }
        }
    }

    /// Reads and prints what comes next of one part; false when nobody reads any more.
    private mutating func read(_ index: Int, _ left: inout Int) throws(CommandFailure) -> Bool {
        let part = parts[index]
        var request = APIRequest(["v1", "topics", part.topic, "records"])
        request.query = [
            (part.place.name, part.place.value), ("isolation", isolation), ("limit", String(min(left, 1_000))),
        ]
        if part.place.name == "from" {
            request.query.append(("partitions", part.partitions.map(String.init).joined(separator: ",")))
        }
        // Where several are read in turn, none may hold up the others for long.
        if follows { request.query.append(("wait", parts.count == 1 ? "10s" : "100ms")) }
        let answer = try client.expect(request).json()
        let positions = answer["positions"]?.string ?? ""
        parts[index].place = ("positions", positions)
        if !follows { parts[index].isDone = answer["at_end"]?.bool ?? true || part.isPast(positions) }
        var text = ByteBuffer(capacity: 1 << 16)
        for item in answer["items"]?.array ?? [] where left > 0 {
            let offset = item["offset"]?.integer ?? 0
            // What came after the beginning is not asked for.
            if !follows, let end = part.ends[item["partition"]?.integer ?? -1], offset >= end { continue }
            if let reason = item["unreadable"] {
                terminal.say(
                    "\(part.topic)/\(item["partition"]?.cell ?? ""): offsets \(offset) to \(item["to"]?.cell ?? "") cannot be "
                        + "read: \(reason.cell)")
                continue
            }
            left -= 1
            if let format {
                format.write(item, topic: part.topic, into: &text)
            } else {
                let members = item.object?.members.map { ($0.name, $0.value) } ?? []
                text.append(JSONValue.object(JSONObject([("topic", .string(part.topic))] + members)).text)
                text.append("\n")
            }
        }
        return text.isEmpty || terminal.printBytes(text.bytes)
    }
}
