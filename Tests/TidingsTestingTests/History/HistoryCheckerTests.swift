// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Testing
import TidingsTesting

@Suite struct HistoryCheckerTests {
    /// A history by hand, one event per line without its time, and the faults it has.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let lines: String
        let faults: [HistoryReport.Fault]
        var isIdempotent = false
        var isDrained = true
        var testDescription: String { name }

        init(
            _ name: String, _ faults: [HistoryReport.Fault], idempotent: Bool = false, drained: Bool = true,
            _ lines: String
        ) {
            self.name = name
            self.lines = lines
            self.faults = faults
            isIdempotent = idempotent
            isDrained = drained
        }

        var events: [HistoryEvent] {
            lines.split(separator: "\n").enumerated().compactMap {
                HistoryEvent(line: "\($0.offset * 1_000_000) \($0.element)")
            }
        }
    }

    static let sound = """
        1 invoke send ?:1.1 ?:1.2
        2 invoke send ?:2.1
        1 ok send 0:1.1@0 1:1.2@0
        2 ok send 0:2.1@1
        1 invoke send ?:1.3
        1 ok send 0:1.3@2
        9 ok assign 0@0 1@0
        9 invoke poll
        9 ok poll 0:1.1@0 0:2.1@1 1:1.2@0
        9 invoke commit 0@2 1@1
        9 ok commit 0@2 1@1
        9 invoke poll
        9 ok poll 0:1.3@2
        9 invoke commit 0@3
        9 ok commit 0@3
        """

    static let cases: [Case] = [
        Case("everything as it should be", [], sound),
        Case("nothing at all", [], ""),
        Case(
            "gaps between offsets are no gaps between values", [],
            """
            1 invoke send ?:1.1 ?:1.2
            1 ok send 0:1.1@3 0:1.2@7
            9 ok assign 0@0
            9 ok poll 0:1.1@3
            9 ok poll 0:1.2@7
            """),
        Case(
            "two readers of one offset saw two values", [.inconsistentOffset],
            """
            1 invoke send ?:1.1
            1 info send
            1 invoke send ?:1.2
            1 info send
            8 ok poll 0:1.1@0
            9 ok poll 0:1.2@0
            """),
        Case(
            "a reader saw another value than was acknowledged there", [.inconsistentOffset, .lostWrite],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            2 invoke send ?:2.1
            2 info send
            9 ok poll 0:2.1@0
            """),
        Case(
            "acknowledged, and readers went past it", [.lostWrite, .skippedPoll],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            1 invoke send ?:1.2
            1 ok send 0:1.2@1
            1 invoke send ?:1.3
            1 ok send 0:1.3@2
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            9 ok poll 0:1.3@2
            """),
        Case(
            "acknowledged at the end, and never read", [.unseen],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            1 invoke send ?:1.2
            1 ok send 0:1.2@1
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "not read yet is not lost before the end", [], drained: false,
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            """),
        Case(
            "half a request is there", [.torn],
            """
            1 invoke send ?:1.1 ?:1.2
            1 info send
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "a request in doubt that is not there at all", [],
            """
            1 invoke send ?:1.1 ?:1.2
            1 info send
            9 ok assign 0@0
            9 ok poll
            """),
        Case(
            "a request whose worker was never answered, and that is there", [],
            """
            1 invoke send ?:1.1 ?:1.2
            9 ok assign 0@0
            9 ok poll 0:1.1@0 0:1.2@1
            """),
        Case(
            "a value nobody sent", [.phantom],
            """
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "a value that is acknowledged to a worker that did not send it", [.phantom],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.2@0
            """),
        Case(
            "a value whose send was refused", [.abortedRead],
            """
            1 invoke send ?:1.1
            1 fail send
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "refused and then taken", [],
            """
            1 invoke send ?:1.1
            1 fail send
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "a value twice that was sent once", [.duplicate],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            9 ok assign 0@0
            9 ok poll 0:1.1@0 0:1.1@1
            """),
        Case(
            "a value twice in two partitions", [.duplicate],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            9 ok assign 0@0 1@0
            9 ok poll 0:1.1@0 1:1.1@0
            """),
        Case(
            "a value twice that was sent again after a doubt", [],
            """
            1 invoke send ?:1.1
            1 info send
            1 invoke send ?:1.1
            1 ok send 0:1.1@1
            9 ok assign 0@0
            9 ok poll 0:1.1@0 0:1.1@1
            """),
        Case(
            "the same where sends are idempotent", [.duplicate], idempotent: true,
            """
            1 invoke send ?:1.1
            1 info send
            1 invoke send ?:1.1
            1 ok send 0:1.1@1
            9 ok assign 0@0
            9 ok poll 0:1.1@0 0:1.1@1
            """),
        Case(
            "a later value of a worker lies before its earlier one", [.nonmonotonicSend],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@1
            1 invoke send ?:1.2
            1 ok send 0:1.2@0
            9 ok assign 0@0
            9 ok poll 0:1.2@0 0:1.1@1
            """),
        Case(
            "another worker's value may lie there", [],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@1
            2 invoke send ?:2.1
            2 ok send 0:2.1@0
            9 ok assign 0@0
            9 ok poll 0:2.1@0 0:1.1@1
            """),
        Case(
            "values of one request are turned around", [.internalSendOrder],
            """
            1 invoke send ?:1.1 ?:1.2
            1 ok send 0:1.1@1 0:1.2@0
            9 ok assign 0@0
            9 ok poll 0:1.2@0 0:1.1@1
            """),
        Case(
            "a reader goes back", [.nonmonotonicPoll],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "a reader goes back after it was told to", [],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            9 ok assign 0@0
            9 ok poll 0:1.1@0
            """),
        Case(
            "a reader leaves something out", [.skippedPoll],
            """
            1 invoke send ?:1.1 ?:1.2
            1 ok send 0:1.1@0 0:1.2@1
            8 ok assign 0@0
            8 ok poll 0:1.1@0
            9 ok assign 0@0
            9 ok poll 0:1.2@1
            """),
        Case(
            "one answer has a hole", [.internalPollOrder],
            """
            1 invoke send ?:1.1 ?:1.2 ?:1.3
            1 ok send 0:1.1@0 0:1.2@1 0:1.3@2
            8 ok assign 0@0
            8 ok poll 0:1.1@0 0:1.2@1
            9 ok assign 0@0
            9 ok poll 0:1.1@0 0:1.3@2
            """),
        Case(
            "a committed offset goes back", [.nonmonotonicCommit],
            sound + """

                9 invoke commit 0@1
                """),
        Case(
            "a committed offset lies behind what was read", [.commitAhead],
            """
            1 invoke send ?:1.1
            1 ok send 0:1.1@0
            9 ok assign 0@0
            9 invoke commit 0@1
            9 ok commit 0@1
            9 ok poll 0:1.1@0
            """),
    ]

    @Test(arguments: cases)
    func `it finds what a history has, and nothing else`(_ history: Case) {
        #expect(history.events.count == history.lines.split(separator: "\n").count, "the case cannot be read")
        var expectations = HistoryChecker.Expectations()
        expectations.isIdempotent = history.isIdempotent
        expectations.isDrained = history.isDrained
        let report = HistoryChecker.check(history.events, expectations)
        #expect(Set(report.counts.keys) == Set(history.faults), "\(report)")
        #expect(report.isClean == history.faults.isEmpty)
    }

    @Test func `it says what was lost, and which part of a worker's values`() {
        var lines: [String] = []
        for number in 0..<10 {
            lines.append("1 invoke send ?:1.\(number)")
            lines.append("1 ok send 0:1.\(number)@\(number)")
        }
        lines.append(
            "9 ok poll " + (0..<10).filter { !(4...6).contains($0) }.map { "0:1.\($0)@\($0)" }.joined(separator: " "))
        let report = HistoryChecker.check(Case("", [], lines.joined(separator: "\n")).events)
        #expect(report.lost == 3)
        #expect(report[.lostWrite] == 3)
        #expect(report.shapes == [1: .middle])
        #expect("\(report)".contains("1.5 was acknowledged at 0@5; readers were past it"))
        #expect("\(report)".contains("worker 1 lost a middle of what it sent"))
    }

    @Test func `how far readers are behind is told`() {
        let report = HistoryChecker.check(Case("", [], Self.sound).events)
        // Lines are a millisecond apart: 1.1 was there for five when the first poll began, 1.3 for six at the second.
        #expect(report.lags == [5_000_000, 6_000_000])
        #expect(report.sent == 4 && report.acknowledged == 4 && report.read == 4)
    }

    @Test func `a recorded history is what was noted, without what a killed process left unfinished`() throws {
        let path = NSTemporaryDirectory() + "tidings-history-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let events = Case("", [], Self.sound).events
        let recorder = try HistoryRecorder(path)
        for event in events { recorder.note(event) }
        let other = try HistoryRecorder(path)
        other.note(3, .info, .crash)
        let file = try #require(FileHandle(forWritingAtPath: path))
        file.seekToEndOfFile()
        file.write(Data("17 1 inv".utf8))
        let read = try #require(HistoryRecorder.events(at: path))
        #expect(Array(read.prefix(events.count)) == events)
        #expect(read.count == events.count + 1 && read.last?.operation == .crash)
    }

    @Test func `a line that says something else is refused`() {
        for line in [
            "", "1 2 ok", "x 1 ok crash", "1 1 done crash", "1 1 ok send 0:1", "1 1 ok send 0:1.2@x",
            "1 1 ok send 0:1.2@1@2",
            "1 1 ok assign 0", "1 1 ok crash 1", "1 1 ok think",
        ] {
            #expect(HistoryEvent(line: line) == nil, "\(line)")
        }
    }

    @Test func `a hundred thousand values are judged without a square`() {
        var events: [HistoryEvent] = []
        let count = 100_000
        for number in stride(from: 0, to: count, by: 10) {
            let time = Int64(number) * 10
            let values = (number..<number + 10).map { HistoryValue($0 / 10 % 4, $0) }
            let worker = number / 10 % 4
            events.append(
                .init(time: time, worker: worker, phase: .invoke, operation: .send(values.map { HistoryPlace($0) })))
            let places = values.map { HistoryPlace($0, partition: 0, offset: Int64($0.counter)) }
            events.append(.init(time: time + 1, worker: worker, phase: .ok, operation: .send(places)))
            events.append(.init(time: time + 2, worker: 9, phase: .ok, operation: .poll(places)))
        }
        let report = HistoryChecker.check(events)
        #expect(report.isClean && report.read == count, "\(report)")
    }
}
