// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// `tidings produce`: stores records as they are.
enum ProduceCommand {
    static let command = Command(
        "produce", "Stores records as they are: lines of standard input or of files, files, or one value.",
        details: """
            Without a key, records of one request go to one partition; with one, where Kafka's Java clients would put them. Nothing is \
            sent twice: where it fails it is said how many were stored. --format reads lines: %k key, %s value, %p partition, with \
            something between them. --records reads lines as 'consume --json' prints them.
            """,
        arguments: [
            CommandArgument("TOPIC", help: "which; it must be there"),
            CommandArgument("FILE", help: "- or none is standard input", optional: true, repeated: true),
        ],
        options: ClientOptions.all + [
            CommandOption("value", "TEXT", letter: "v", help: "one record with this value"),
            CommandOption("key", "KEY", letter: "k", help: "the key of every record that brings none"),
            CommandOption("key-separator", "TEXT", letter: "K", help: "what stands between key and value on a line"),
            CommandOption("header", "NAME=VALUE", letter: "H", repeated: true, help: "a header of every record"),
            CommandOption("partition", "N", letter: "p", help: "the partition of every record that brings none"),
            CommandOption("format", "FORMAT", letter: "f", help: "how a line is read, like '%k:%s'"),
            .flag("records", help: "lines are records in JSON"), .flag("whole", help: "each file is one value"),
            .flag("null", letter: "Z", help: "an empty value is none: a tombstone; an empty key is none"),
            .flag("tombstone", help: "one record with --key and no value"),
            CommandOption("repeat", "N", letter: "r", help: "stores it all so many times (not standard input)"),
        ],
        examples: [
            "tidings produce orders < lines.txt", "tidings produce prices --key EUR --value 1.07",
            "tidings produce prices --key EUR --tombstone", "tidings produce orders --key-separator : orders.txt",
            "tidings consume orders --json | tidings produce copy --records",
        ]
    ) { invocation throws(CommandFailure) in
        let work = try RecordWriting(invocation)
        return try work.run()
    }
}

/// One run of `tidings produce`.
private struct RecordWriting {
    /// The longest line that is read, in bytes.
    private static let longestLine = 4 << 20

    private enum Form {
        case line, records, whole
        case separated([UInt8])
        case formatted(RecordFormat)
    }

    private let invocation: Invocation
    private let form: Form
    private let files: [String]
    private let times: Int
    private let template: OutgoingRecord
    private let emptyIsNull: Bool
    private let sender: RecordSender

    init(_ invocation: Invocation) throws(CommandFailure) {
        self.invocation = invocation
        let forms = ["key-separator", "format", "records", "whole", "value", "tombstone"].filter { invocation.has($0) }
        if forms.count > 1 {
            throw CommandFailure(
                .usage, "--\(forms[0]) and --\(forms[1]) do not go together: leave one of them out")
        }
        files = Array(invocation.arguments.dropFirst())
        times = try invocation.number("repeat", in: 1...1_000_000_000) ?? 1
        emptyIsNull = invocation.has("null")
        let single = invocation.has("value") || invocation.has("tombstone")
        if single, !files.isEmpty { throw CommandFailure(.usage, "--\(forms[0]) is the record: no file is read") }
        if invocation.has("whole"), files.isEmpty { throw CommandFailure(.usage, "--whole needs files") }
        if times > 1, !single, files.isEmpty || files.contains("-") {
            throw CommandFailure(.usage, "standard input can be read once: --repeat goes with --value or files")
        }
        if invocation.has("tombstone"), !invocation.has("key") {
            throw CommandFailure(.usage, "a tombstone needs a key: --key KEY")
        }
        var template = OutgoingRecord()
        template.key = invocation.value("key").map { Array($0.utf8) }
        template.partition = try invocation.number("partition", in: 0...Int(Int32.max)).map { Int64($0) }
        for pair in invocation.all("header") {
            guard let equals = pair.firstIndex(of: "=") else {
                throw CommandFailure(.usage, "--header is NAME=VALUE, not \"\(pair)\"")
            }
            template.headers.append((String(pair[..<equals]), Array(pair[pair.index(after: equals)...].utf8)))
        }
        self.template = template
        if let separator = invocation.value("key-separator") {
            guard !separator.isEmpty else { throw CommandFailure(.usage, "--key-separator must not be empty") }
            form = .separated(Array(separator.utf8))
        } else if let format = invocation.value("format") {
            form = .formatted(try RecordFormat(format).forReading())
        } else {
            form = invocation.has("records") ? .records : invocation.has("whole") ? .whole : .line
        }
        let terminal = invocation.terminal
        let isJSON = invocation.has("json")
        sender = RecordSender(try invocation.client(), topic: invocation.arguments[0]) { answer in
            if isJSON { terminal.print(answer.text) }
        }
    }

    func run() throws(CommandFailure) -> ExitCode {
        for _ in 0..<times {
            if invocation.has("tombstone") {
                try sender.add(template)
            } else if let value = invocation.value("value") {
                try add(Array(value.utf8)[...], template)
            } else {
                for file in files.isEmpty ? ["-"] : files { try read(file) }
            }
        }
        try sender.send()
        let count = sender.stored
        invocation.terminal.say(
            "\(count) \(count == 1 ? "record is" : "records are") stored in \(invocation.arguments[0])")
        return .ok
    }

    // MARK: - Input

    private func read(_ path: String) throws(CommandFailure) {
        if case .whole = form {
            return try add(InputFile.readWhole(path, limit: Self.longestLine)[...], template)
        }
        let file = try InputFile(path)
        var rest: [UInt8] = []
        while let piece = try file.next() {
            var start = piece.startIndex
            while let end = piece[start...].firstIndex(of: 0x0A) {
                if rest.isEmpty {
                    try addLine(piece[start..<end])
                } else {
                    rest += piece[start..<end]
                    try addLine(rest[...])
                    rest.removeAll()
                }
                start = end + 1
            }
            rest += piece[start...]
            if rest.count > Self.longestLine {
                throw CommandFailure(.failure, "a line of \(file.name) is longer than \(Self.longestLine) bytes")
            }
            // What comes slowly is stored as it comes.
            if piece.count < 1 << 16 { try sender.send() }
        }
        if !rest.isEmpty { try addLine(rest[...]) }
    }

    private func addLine(_ line: ArraySlice<UInt8>) throws(CommandFailure) {
        var record = template
        switch form {
        case .line, .whole: return try add(line, record)
        case .separated(let separator):
            guard let range = line.firstRange(of: separator) else { return try add(line, record) }
            record.key = Array(line[..<range.lowerBound])
            try add(line[range.upperBound...], record)
        case .formatted(let format):
            guard let found = format.read(line) else {
                throw CommandFailure(.failure, "a line is not as --format says: \"\(shown(line))\"")
            }
            if let key = found[.key] { record.key = Array(key) }
            if let text = found[.partition] {
                guard let number = Int64(String(decoding: text, as: UTF8.self)) else {
                    throw CommandFailure(.failure, "a line has no partition's number: \"\(shown(line))\"")
                }
                record.partition = number
            }
            try add(found[.value] ?? [], record)
        case .records:
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
            try addRecord(line)
        }
    }

    private func addRecord(_ line: ArraySlice<UInt8>) throws(CommandFailure) {
        guard let value = try? JSONValue.parse(Array(line)), value.object != nil else {
            throw CommandFailure(.failure, "a line is no record in JSON: \"\(shown(line))\"")
        }
        var record = template
        record.key = value.bytes("key") ?? template.key
        record.value = value.bytes("value")
        record.timestamp = value["timestamp"]?.string
        for header in value["headers"]?.array ?? [] {
            record.headers.append((header["name"]?.string ?? "", header.bytes("value")))
        }
        try sender.add(record)
    }

    private func add(_ value: ArraySlice<UInt8>, _ record: OutgoingRecord) throws(CommandFailure) {
        var record = record
        record.value = emptyIsNull && value.isEmpty ? nil : Array(value)
        if emptyIsNull, record.key?.isEmpty == true { record.key = nil }
        try sender.add(record)
    }

    private func shown(_ line: ArraySlice<UInt8>) -> String {
        Table.printable(String(decoding: line.prefix(100), as: UTF8.self))
    }
}
