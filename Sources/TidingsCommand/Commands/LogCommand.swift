// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsLog
import TidingsServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tidings log`: what is done with a data folder without asking a server.
enum LogCommand {
    private static let data = CommandOption(
        "data", "DIR", help: "the data folder (TIDINGS_DATA; default \(ServerOptions.data.description.standard))")

    static let command = Command(
        "log", "The data folder: look into it, verify, repair, back up and restore it.",
        [
            Command(
                "dump", "Shows partitions, the records of a topic, or the rounds of the write-ahead log.",
                details: """
                    Without a topic: every partition with its segments. While a server runs, what is not yet checkpointed may
                    be seen in part.
                    """,
                arguments: [CommandArgument("TOPIC", help: "whose records; default: a list of all", optional: true)],
                options: [
                    data, CommandOption("partition", "N", help: "only this partition"),
                    CommandOption("offset", "N", help: "from this offset on"), ClientOptions.limit,
                    .flag("rounds", help: "the rounds of the write-ahead log"), ClientOptions.json,
                ],
                examples: ["tidings log dump", "tidings log dump orders --partition 3 --offset 1000 --limit 10"],
                run: dump),
            Command(
                "verify", "Reads everything, and says what is damaged.",
                details: "Ends with 1 when acknowledged records cannot be read; what is only noticed costs nothing.",
                options: [data, ClientOptions.json], examples: ["tidings log verify --data /var/lib/tidings"],
                run: verify),
            BackupCommand.backup, BackupCommand.restore,
        ])

    // MARK: - Dump

    @Sendable private static func dump(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let inspector = try inspector(invocation)
        let limit = try invocation.number("limit", in: 1...Int(Int32.max)) ?? .max
        do {
            if invocation.has("rounds") {
                try dumpRounds(inspector, invocation, limit)
            } else if let topic = invocation.argument(0) {
                try dumpRecords(inspector, topic, invocation, limit)
            } else {
                try dumpPartitions(inspector, invocation)
            }
        } catch {
            throw failure(error)
        }
        return .ok
    }

    private static func dumpPartitions(_ inspector: LogInspector, _ invocation: Invocation) throws {
        let items = try inspector.partitions().map { partition -> JSONValue in
            .object(
                JSONObject([
                    ("topic", .string(partition.topic.name.text)), ("partition", number(partition.partition.index)),
                    ("start", number(partition.start.value)), ("checkpoint", number(partition.checkpointEnd.value)),
                    ("segments", number(partition.segments.count)), ("folder", .string(partition.folder)),
                ]))
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .text("topic", "topic"), .number("partition", "partition"), .number("start", "start"),
                .number("checkpoint", "checkpoint"), .number("segments", "segments"), .text("folder", "folder"),
            ], nothing: "There are no partitions.")
    }

    private static func dumpRecords(
        _ inspector: LogInspector, _ topic: String, _ invocation: Invocation, _ limit: Int
    ) throws {
        let wanted = try invocation.number("partition", in: 0...Int(Int32.max)).map { Int32($0) }
        let offset = Offset(Int64(try invocation.number("offset", in: 0...Int.max - 1) ?? 0))
        let partitions = try inspector.partitions().filter { partition in
            partition.topic.name.text == topic && (wanted == nil || partition.partition.index == wanted)
        }
        if partitions.isEmpty { throw CommandFailure(.notFound, "there is no such topic or partition in the folder") }
        var left = limit
        for partition in partitions where left > 0 {
            try inspector.batches(
                of: partition, from: offset,
                damaged: { invocation.terminal.say("tidings: \($0.path) at \($0.position): \($0.description)") }
            ) { batch in
                let records = try batch.stored.records()
                for index in records.index(from: offset)..<records.endIndex {
                    guard left > 0, invocation.terminal.print(line(records[index], batch, partition, invocation)) else {
                        return false
                    }
                    left -= 1
                }
                return left > 0
            }
        }
    }

    private static func line(
        _ record: RecordView, _ batch: LogInspector.Batch, _ partition: LogInspector.PartitionSummary,
        _ invocation: Invocation
    ) -> String {
        let event = EventView(record)
        func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        if invocation.has("json") {
            return JSONWriter.text { json in
                json.object { json in
                    json.member("topic", partition.topic.name.text)
                    json.member("partition", partition.partition.index)
                    json.member("offset", record.offset.value)
                    json.member("timestamp", RFC3339.format(record.timestamp))
                    json.member("key", text(record.key))
                    json.member("path", batch.path)
                    json.member("position", batch.position)
                    json.key("headers")
                    json.array { json in
                        record.forEachHeader { name, value in
                            json.object { json in
                                json.member("name", text(name))
                                json.member("value", text(value))
                            }
                        }
                    }
                    json.key("value_base64")
                    if let value = record.value { json.base64(value) } else { json.null() }
                }
            }
        }
        let what = event.isEvent ? "\(text(event.type) ?? "") \(text(event.id) ?? "")" : "no event"
        return Table.printable(
            "\(partition.partition.index)/\(record.offset.value)  \(RFC3339.format(record.timestamp))  "
                + "\(text(record.key) ?? "-")  \(what)  \(record.value?.count ?? 0) bytes")
    }

    private static func dumpRounds(_ inspector: LogInspector, _ invocation: Invocation, _ limit: Int) throws {
        var items: [JSONValue] = []
        try inspector.rounds { round in
            let records = round.entries.reduce(0) { $0 + Int64($1.records) }
            items.append(
                .object(
                    JSONObject([
                        ("round", number(round.number)), ("time", .string(RFC3339.format(round.time))),
                        ("whole", .bool(round.isWhole)), ("live", .bool(round.isLive)),
                        ("partitions", number(round.entries.count)), ("records", number(records)),
                        ("bytes", number(round.entries.reduce(0) { $0 + $1.bytes })),
                        ("path", .string(round.path)), ("position", number(round.position)),
                    ])))
            return items.count < limit
        }
        invocation.terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .number("round", "round"), .text("time", "time"), .text("whole", "whole"), .text("live", "live"),
                .number("partitions", "partitions"), .number("records", "records"), .number("bytes", "bytes"),
                .text("path", "path"), .number("position", "position"),
            ], nothing: "There are no rounds of this life of the folder.")
    }

    // MARK: - Verify

    @Sendable private static func verify(_ invocation: Invocation) throws(CommandFailure) -> ExitCode {
        let terminal = invocation.terminal
        let findings: [LogInspector.Finding]
        do {
            findings = try inspector(invocation).verify { partition in
                terminal.progress("reading \(partition.folder)")
            }
        } catch {
            throw failure(error)
        }
        terminal.progress("")
        let items = findings.map { finding -> JSONValue in
            .object(
                JSONObject([
                    ("severity", .string(finding.severity.rawValue)), ("path", .string(finding.path)),
                    ("position", number(finding.position)), ("finding", .string(finding.description)),
                ]))
        }
        terminal.print(
            items, asJSON: invocation.has("json"),
            columns: [
                .text("severity", "severity"), .text("path", "path"), .number("position", "position"),
                .text("finding", "finding"),
            ], nothing: "Everything is whole.")
        return findings.contains { $0.severity == .damage } ? .failure : .ok
    }

    // MARK: - The folder

    private static func inspector(_ invocation: Invocation) throws(CommandFailure) -> LogInspector {
        let folder =
            invocation.value("data") ?? invocation.environment[ServerOptions.data.description.variable]
            ?? ServerOptions.data.description.standard
        // A disk makes its folder; looking makes nothing.
        guard access(folder, F_OK) == 0 else { throw CommandFailure(.notFound, "there is no folder \(folder)") }
        do {
            return try LogInspector(disk: FileDisk(root: folder))
        } catch {
            throw failure(error)
        }
    }

    private static func failure(_ error: any Error) -> CommandFailure {
        if let failure = error as? CommandFailure { return failure }
        if let error = error as? LogError { return CommandFailure(.failure, error.description) }
        if let error = error as? DiskError { return CommandFailure(.failure, error.description) }
        return CommandFailure(.failure, "\(error)")
    }

    private static func number(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(Int64(clamping: value))) }
}
