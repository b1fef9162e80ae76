// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One event on its way to the server: its JSON without line breaks, and where it was found.
struct EventLine: Sendable {
    let json: [UInt8]
    /// `orders.ndjson:17`, or the file's name alone.
    let place: String
    /// Whether it is a structured CloudEvent; else the plain form.
    let isCloudEvent: Bool
    /// Why it is not sent at all; nil when the server shall judge it.
    let fault: String?

    init(_ json: [UInt8], place: String, fault: String? = nil) {
        self.json = json
        self.place = place
        self.fault = fault
        isCloudEvent = json.withUnsafeBytes { Self.hasMember("specversion", in: $0) }
    }

    private static func hasMember(_ wanted: String, in json: UnsafeRawBufferPointer) -> Bool {
        var scanner = JSONScanner()
        scanner.begin(json)
        do throws(JSONError) {
            guard try scanner.peek() == .object else { return false }
            try scanner.enterObject()
            while let name = try scanner.nextName() {
                if scanner.string(name) == wanted { return true }
                _ = try scanner.value()
            }
        } catch {
            // The server says what is wrong with it.
        }
        return false
    }
}

/// Finds the events in files, folders and standard input.
///
/// A file that ends in `.json` holds one event or an array of events; any other holds one event per line.
struct EventLines {
    /// How long one line may be.
    static let longestLine = 72 << 20

    /// Turns the content of a file into an event; for files that hold data only. Nil: files hold events.
    let envelope: (([UInt8]) -> [UInt8])?

    /// Hands on every event of the files, in order.
    func read(
        _ paths: [String], _ take: (EventLine) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        for path in paths {
            for file in try InputFile.events(in: path) {
                if envelope != nil || file.hasSuffix(".json") {
                    try readWhole(file, take)
                } else {
                    try readLines(file, take)
                }
            }
        }
    }

    private func readLines(
        _ path: String, _ take: (EventLine) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        let file = try InputFile(path)
        var line: [UInt8] = []
        var number = 1
        func end() throws(CommandFailure) {
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) {
                try take(EventLine(line, place: "\(file.name):\(number)"))
            }
            line.removeAll(keepingCapacity: true)
            number += 1
        }
        while let piece = try file.next() {
            var rest = piece
            while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<newline]
                rest = rest[(newline + 1)...]
                try end()
            }
            line += rest
            if line.count > Self.longestLine {
                throw CommandFailure(.failure, "\(file.name):\(number) is longer than \(Self.longestLine) bytes")
            }
        }
        try end()
    }

    private func readWhole(
        _ path: String, _ take: (EventLine) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        let text = try InputFile.readWhole(path, limit: 1 << 30)
        if let envelope {
            // What is no JSON alone could pass for JSON inside the envelope, and say more than data.
            let fault = Self.fault(of: text).map { "the file is not JSON: \($0.description)" }
            return try take(EventLine(envelope(Self.onOneLine(text[...])), place: path, fault: fault))
        }
        let isArray = text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "[")
        guard isArray else { return try take(EventLine(Self.onOneLine(text[...]), place: path)) }
        let elements: Result<[Range<Int>], JSONError> = text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                var scanner = JSONScanner()
                scanner.begin(bytes)
                var elements: [Range<Int>] = []
                try scanner.enterArray()
                while try scanner.nextElement() { elements.append(try scanner.value().range) }
                try scanner.end()
                return .success(elements)
            } catch {
                return .failure(error)
            }
        }
        switch elements {
        case .success(let ranges):
            for (index, range) in ranges.enumerated() {
                try take(EventLine(Self.onOneLine(text[range]), place: "\(path)[\(index)]"))
            }
        case .failure(let error): throw CommandFailure(.failure, "\(path) is not JSON: \(error.description)")
        }
    }

    /// Why the bytes are not one JSON value; nil when they are.
    private static func fault(of json: [UInt8]) -> JSONError? {
        json.withUnsafeBytes { bytes in
            do throws(JSONError) {
                var scanner = JSONScanner()
                scanner.begin(bytes)
                _ = try scanner.value()
                try scanner.end()
                return nil
            } catch {
                return error
            }
        }
    }

    /// JSON has line breaks only between its tokens, so they may become spaces.
    private static func onOneLine(_ json: ArraySlice<UInt8>) -> [UInt8] {
        json.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
    }
}
