// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Sends events in batches, one request at a time so that their order stays, and counts what became of them.
struct Publisher {
    /// How many events one request holds.
    static let batchEvents = 500
    /// How many bytes one request holds, if more than one event.
    static let batchBytes = 1 << 20
    /// How often a request that the server could not take now is sent again.
    static let retries = 10

    private let client: any APIClient
    private let terminal: Terminal
    private let printsResults: Bool
    private let time: any TimeSource
    private let begun: MonotonicTime
    private var lastProgress: MonotonicTime
    private var batch: [EventLine] = []
    private var byteCount = 0
    private(set) var accepted = 0
    private(set) var refused = 0

    /// Creates a publisher; `printsResults` prints one JSON line per event.
    init(_ client: any APIClient, _ terminal: Terminal, printsResults: Bool, time: any TimeSource = SystemTime()) {
        self.client = client
        self.terminal = terminal
        self.printsResults = printsResults
        self.time = time
        begun = time.now
        lastProgress = begun
    }

    /// Takes one event; sends a batch when it is full.
    mutating func add(_ line: EventLine) throws(CommandFailure) {
        if let fault = line.fault {
            try send()
            return refuse(line, fault, nil)
        }
        let isFull = batch.count >= Self.batchEvents || byteCount + line.json.count > Self.batchBytes
        if let first = batch.first, isFull || first.isCloudEvent != line.isCloudEvent { try send() }
        batch.append(line)
        byteCount += line.json.count + 1
    }

    /// Sends what waits.
    mutating func send() throws(CommandFailure) {
        guard let first = batch.first else { return }
        var request = APIRequest("POST", ["v1", "events"])
        request.body =
            first.isCloudEvent
            ? ("application/cloudevents-batch+json", joined(open: "[", separator: ",", close: "]"))
            : ("application/x-ndjson", joined(open: "", separator: "\n", close: "\n"))
        let answer = try answer(to: request)
        if answer.isSuccess {
            try take(try answer.json()["results"]?.array ?? [])
        } else if answer.status == 401 || answer.status == 403 || answer.status >= 500 {
            throw answer.failure
        } else {
            let failure = answer.failure
            for line in batch { refuse(line, failure.message, nil) }
        }
        batch.removeAll(keepingCapacity: true)
        byteCount = 0
        progress()
    }

    /// The last words: how many, how fast; and how the command ends.
    func end() -> ExitCode {
        terminal.progress("")
        let seconds = max(Double((time.now - begun).nanos) / 1e9, 1e-9)
        let events = accepted == 1 ? "1 event" : "\(Self.grouped(accepted)) events"
        var words = "published \(events)"
        if refused > 0 { words += ", \(Self.grouped(refused)) refused" }
        if accepted > 1 { words += ", in \(Self.short(seconds)) s, \(Self.grouped(Int(Double(accepted) / seconds)))/s" }
        terminal.say(words)
        return refused > 0 ? .failure : .ok
    }

    private func joined(open: String, separator: String, close: String) -> [UInt8] {
        var body = Array(open.utf8)
        body.reserveCapacity(byteCount + 2)
        for (index, line) in batch.enumerated() {
            if index > 0 { body += separator.utf8 }
            body += line.json
        }
        return body + close.utf8
    }

    private func answer(to request: APIRequest) throws(CommandFailure) -> APIAnswer {
        var attempt = 0
        while true {
            let answer = try client.call(request)
            // These two say that nothing was stored.
            guard answer.status == 429 || answer.status == 503, attempt < Self.retries else { return answer }
            attempt += 1
            let rest = min(answer.retryAfter ?? .milliseconds(250 << min(attempt, 6)), .seconds(30))
            terminal.progress("the server is busy: trying again in \(DurationText.format(rest))")
            Pause.wait(rest)
        }
    }

    private mutating func take(_ results: [JSONValue]) throws(CommandFailure) {
        guard results.count == batch.count else {
            throw CommandFailure(.failure, "the server answered for \(results.count) of \(batch.count) events")
        }
        for (line, result) in zip(batch, results) {
            if let problem = result["problem"] {
                refuse(line, Self.sentence(problem), problem)
            } else {
                accepted += 1
                if printsResults { terminal.print(result.text) }
            }
        }
    }

    private mutating func refuse(_ line: EventLine, _ reason: String, _ problem: JSONValue?) {
        refused += 1
        terminal.progress("")
        terminal.say("\(line.place): refused: \(reason)")
        if printsResults, let problem {
            terminal.print(
                JSONValue.object(JSONObject([("place", .string(line.place)), ("problem", problem)])).text)
        }
    }

    private static func sentence(_ problem: JSONValue) -> String {
        let broken = (problem["errors"]?.array ?? []).map { violation in
            [violation["pointer"]?.string ?? "", violation["rule"]?.string ?? ""].filter { !$0.isEmpty }
                .joined(separator: " ")
        }
        let detail = problem["detail"]?.string ?? problem.text
        return broken.isEmpty ? detail : "\(detail) (\(broken.joined(separator: "; ")))"
    }

    private mutating func progress() {
        let now = time.now
        guard (now - lastProgress) > .milliseconds(100) else { return }
        lastProgress = now
        let seconds = Double((now - begun).nanos) / 1e9
        let rate = Self.grouped(Int(Double(accepted) / seconds))
        terminal.progress("\(Self.grouped(accepted)) published, \(Self.grouped(refused)) refused, \(rate)/s")
    }

    /// A number with commas between its thousands.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    private static func short(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
