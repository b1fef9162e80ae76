// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsLog

/// `tidings log dump`: what lies in a data folder, as lines for people or JSON for programs.
enum LogDump {
    @Sendable static func run(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let inspector = try LogCommand.inspector(invocation)
        let filter = try LogDumpFilter(invocation)
        do {
            if invocation.has("rounds") {
                try rounds(inspector, filter, invocation)
            } else if invocation.argument(0) != nil {
                try contents(inspector, filter, invocation)
            } else {
                try partitions(inspector, invocation)
            }
        } catch {
            throw LogCommand.failure(error)
        }
        return .ok
    }

    // MARK: - Partitions

    private static func partitions(_ inspector: LogInspector, _ invocation: Invocation) throws {
        let items = try inspector.partitions().map { partition -> JSONValue in
            .object(
                JSONObject([
                    ("topic", .string(partition.topic.name.text)),
                    ("partition", LogCommand.number(partition.partition.index)),
                    ("start", LogCommand.number(partition.start.value)),
                    ("checkpoint", LogCommand.number(partition.checkpointEnd.value)),
                    ("segments", LogCommand.number(partition.segments.count)), ("folder", .string(partition.folder)),
                ]))
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .text("topic", "topic"), .number("partition", "partition"), .number("start", "start"),
                .number("checkpoint", "checkpoint"), .number("segments", "segments"), .text("folder", "folder"),
            ], nothing: "There are no partitions.")
    }

    // MARK: - Records and batches

    private static func contents(
        _ inspector: LogInspector, _ filter: LogDumpFilter, _ invocation: Invocation
    ) throws {
        let terminal = invocation.terminal
        var left = filter.limit
        for partition in try filter.partitions(of: inspector) where left > 0 {
            try inspector.batches(
                of: partition, from: filter.from,
                damaged: { terminal.say("tidings: \($0.path) at \($0.position): \($0.description)") }
            ) { batch in
                if batch.stored.baseOffset > filter.to { return false }
                guard filter.mayHold(batch) else { return true }
                let records: BatchRecords
                do throws(RecordError) { records = try batch.stored.records() } catch {
                    terminal.say("tidings: \(batch.path) at \(batch.position): \(error.description)")
                    guard invocation.has("batches"), filter.key == nil else { return true }
                    left -= 1
                    return terminal.print(LogDumpLine.batch(batch, partition, nil, invocation)) && left > 0
                }
                if invocation.has("batches") {
                    // An emptied batch still says which offsets and sequences there were.
                    guard records.isEmpty && filter.isOpen || records.contains(where: filter.wants) else { return true }
                    left -= 1
                    return terminal.print(LogDumpLine.batch(batch, partition, records, invocation)) && left > 0
                }
                for record in records where left > 0 && filter.wants(record) {
                    guard terminal.print(LogDumpLine.record(record, batch, partition, records, invocation)) else {
                        return false
                    }
                    left -= 1
                }
                return left > 0
            }
        }
    }

    // MARK: - Rounds

    private static func rounds(
        _ inspector: LogInspector, _ filter: LogDumpFilter, _ invocation: Invocation
    ) throws {
        let wanted = invocation.argument(0) == nil ? nil : Set(try filter.partitions(of: inspector).map(\.partition))
        var items: [JSONValue] = []
        try inspector.rounds { round in
            let entries = round.entries.filter { entry in
                (wanted?.contains(entry.partition) ?? true)
                    && (filter.partition == nil || entry.partition.index == filter.partition)
            }
            guard filter.wants(round), !entries.isEmpty || wanted == nil && filter.partition == nil else { return true }
            items.append(
                .object(
                    JSONObject([
                        ("round", LogCommand.number(round.number)), ("time", .string(RFC3339.format(round.time))),
                        ("whole", .bool(round.isWhole)), ("live", .bool(round.isLive)),
                        ("partitions", LogCommand.number(Set(entries.map(\.partition)).count)),
                        ("records", LogCommand.number(entries.reduce(0) { $0 + Int64($1.records) })),
                        ("bytes", LogCommand.number(entries.reduce(0) { $0 + $1.bytes })),
                        ("path", .string(round.path)), ("position", LogCommand.number(round.position)),
                    ])))
            return items.count < filter.limit
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .number("round", "round"), .text("time", "time"), .text("whole", "whole"), .text("live", "live"),
                .number("partitions", "partitions"), .number("records", "records"), .number("bytes", "bytes"),
                .text("path", "path"), .number("position", "position"),
            ], nothing: "There are no such rounds of this life of the folder.")
    }
}

/// What a dump is asked for.
struct LogDumpFilter {
    let topic: String?
    let partition: Int32?
    let from: Offset
    let to: Offset
    let since: WallTime?
    let until: WallTime?
    let key: [UInt8]?
    let round: UInt64?
    let limit: Int

    init(_ invocation: Invocation) throws(CommandFailure) {
        let now = SystemTime().wall
        func time(_ name: String) throws(CommandFailure) -> WallTime? {
            guard let text = invocation.value(name) else { return nil }
            guard let time = TimeText.parse(text, now: now) else {
                throw CommandFailure(
                    .usage, "--\(name) is a time as in 2026-11-24T15:06:21Z, or back from now like -1h, not \"\(text)\""
                )
            }
            return time
        }
        topic = invocation.argument(0)
        partition = try invocation.number("partition", in: 0...Int(Int32.max)).map { Int32($0) }
        from = Offset(Int64(try invocation.number("offset", in: 0...Int.max - 1) ?? 0))
        to = Offset(Int64(try invocation.number("to", in: 0...Int.max - 1) ?? Int.max))
        since = try time("since")
        until = try time("until")
        key = invocation.value("key").map { Array($0.utf8) }
        round = try invocation.number("round", in: 1...Int.max).map { UInt64($0) }
        limit = try invocation.number("limit", in: 1...Int(Int32.max)) ?? .max
    }

    /// Whether nothing is asked of single records.
    var isOpen: Bool { key == nil && since == nil && until == nil }

    func partitions(of inspector: LogInspector) throws -> [LogInspector.PartitionSummary] {
        let found = try inspector.partitions().filter { summary in
            summary.topic.name.text == topic && (partition == nil || summary.partition.index == partition)
        }
        if found.isEmpty { throw CommandFailure(.notFound, "there is no such topic or partition in the folder") }
        return found
    }

    /// By the batch's header alone.
    func mayHold(_ batch: LogInspector.Batch) -> Bool {
        if let round, batch.stored.round != round { return false }
        if let since, batch.header.recordCount > 0, batch.header.maxTimestamp < since.millis { return false }
        return true
    }

    func wants(_ record: RecordView) -> Bool {
        if record.offset < from || record.offset > to { return false }
        if let since, record.timestamp < since { return false }
        if let until, record.timestamp >= until { return false }
        if let key { return record.key?.elementsEqual(key) ?? false }
        return true
    }

    func wants(_ round: LogInspector.RoundSummary) -> Bool {
        if let number = self.round, round.number != number { return false }
        if let since, round.time < since { return false }
        if let until, round.time >= until { return false }
        return true
    }
}
