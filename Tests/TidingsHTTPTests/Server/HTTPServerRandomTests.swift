// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsHTTP

/// Whole conversations drawn from a seed.
@Suite struct HTTPServerRandomTests {
    /// Draws numbers.
    private struct Dice {
        let random: SeededRandom
        init(_ seed: UInt64) { random = SeededRandom(seed: seed) }
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(bound, 1))) }
        func oneIn(_ chance: Int) -> Bool { below(chance) == 0 }
        func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
            var pieces: [[UInt8]] = []
            var at = 0
            while at < bytes.count {
                let count = min(bytes.count - at, 1 + below(oneIn(3) ? 3 : 200))
                pieces.append(Array(bytes[at..<(at + count)]))
                at += count
            }
            return pieces
        }
    }

    /// Answers in every way there is, now or later.
    private final class Answering {
        let dice: Dice
        var waiting: [() -> Void] = []
        init(_ dice: Dice) { self.dice = dice }

        func answer(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) {
            let text = "\(request.path.text) \(request.body.text)"
            let dice = dice
            func answer() {
                switch dice.below(4) {
                case 0:
                    let stream = responder.stream(.ok, contentType: "text/plain")
                    let half = text.utf8.count / 2
                    stream.write(String(decoding: Array(text.utf8).prefix(half), as: UTF8.self))
                    let rest = {
                        stream.write(String(decoding: Array(text.utf8).dropFirst(half), as: UTF8.self))
                        stream.end()
                    }
                    if dice.oneIn(2) { rest() } else { waiting.append(rest) }
                default: responder.respond(.ok, contentType: "text/plain", text: text)
                }
            }
            if dice.oneIn(2) { answer() } else { waiting.append(answer) }
        }

        /// Lets one of those that wait go on.
        func goOn() {
            guard !waiting.isEmpty else { return }
            waiting.remove(at: dice.below(waiting.count))()
        }
    }

    @Test(arguments: UInt64(1)...40)
    func `every request is answered once, in order, whatever comes between`(_ seed: UInt64) throws {
        let dice = Dice(seed)
        let bench = ServerBench {
            $0.inFlight = 1 + dice.below(6)
            $0.parkedStream = 16
        }
        let answering = Answering(dice)
        bench.answer = answering.answer
        var sent = ""
        var expected: [String] = []
        for number in 0..<60 {
            let body = String(repeating: "b", count: dice.below(dice.oneIn(4) ? 900 : 9)) + "\(number)"
            switch dice.below(3) {
            case 0:
                sent += ServerBench.get("/\(number)")
                expected.append("/\(number) ")
            case 1:
                sent += "POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                expected.append("/\(number) \(body)")
            default:
                sent += "PUT /\(number) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                for piece in dice.pieces(Array(body.utf8)) {
                    sent += "\(String(piece.count, radix: 16))\r\n\(String(decoding: piece, as: UTF8.self))\r\n"
                }
                sent += "0\r\n\r\n"
                expected.append("/\(number) \(body)")
            }
        }
        bench.stream.highWater = 500
        var reader = MessageReader(.response)
        func look() throws {
            if dice.oneIn(5) { bench.stream.isStalled.toggle() }
            if dice.oneIn(2) { answering.goOn() }
            bench.clock.runUntilIdle()
            if !bench.stream.isStalled || dice.oneIn(2) { try reader.feed(Array(bench.turn().utf8)) }
        }
        for piece in dice.pieces(Array(sent.utf8)) {
            bench.stream.receive(piece)
            try look()
        }
        for _ in 0..<3000 where reader.messages.count < expected.count { try look() }
        #expect(reader.messages.map(\.body) == expected, "seed \(seed)")
        #expect(bench.stream.isOpen)
        bench.stream.receiveEnd()
        _ = bench.turn()
        #expect(bench.server.connectionCount == 0)
    }

    @Test(arguments: UInt64(1)...20)
    func `bytes that were changed end in an answer or a refusal, never in a fault`(_ seed: UInt64) {
        let dice = Dice(seed)
        let samples = HTTPParserTests.requests.map { Array($0.0.utf8) }
        for round in 0..<60 {
            var bytes = samples[dice.below(samples.count)] + samples[dice.below(samples.count)]
            for _ in 0..<(1 + dice.below(4)) where !bytes.isEmpty {
                switch dice.below(3) {
                case 0: bytes[dice.below(bytes.count)] = UInt8(dice.below(256))
                case 1: bytes.remove(at: dice.below(bytes.count))
                default: bytes.insert([13, 10, 0, 32, 58, 59, 255][dice.below(7)], at: dice.below(bytes.count))
                }
            }
            func run(_ pieces: [[UInt8]]) -> String {
                let bench = ServerBench()
                bench.plan = seed % 2 == 0 ? .collect(atMost: 1000) : .stream
                var answer = ""
                for piece in pieces {
                    bench.stream.receive(piece)
                    answer += bench.turn()
                }
                bench.stream.receiveEnd()
                answer += bench.turn()
                if bench.stream.isOpen || bench.server.connectionCount != 0 { answer += " left open" }
                return answer
            }
            let whole = run([bytes])
            #expect(!whole.contains("left open"), "seed \(seed), round \(round)")
            if seed % 2 == 0 { #expect(run(dice.pieces(bytes)) == whole, "seed \(seed), round \(round)") }
        }
    }
}
