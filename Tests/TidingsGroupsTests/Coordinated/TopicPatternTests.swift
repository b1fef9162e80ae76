// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsGroups

@Suite struct TopicPatternTests {
    @Test(arguments: [
        ("orders", "orders", "orders2 order"), ("^orders.*", "orders orders.new orders-1", "my-orders order"),
        ("orders|bills", "orders bills", "ordersbills"), ("a(b|cd)*e", "ae abe acdbe", "ace abcde2"),
        ("[a-c]+\\d{2,3}", "a12 cab123", "a1 d12 a1234"), ("[^a-c.]x?", "d dx -", "a ax . dxx"),
        ("a\\.b", "a.b", "axb"), ("(?:x|y){2}$", "xy yy", "x xyx"), ("\\w+_\\S*", "a_ a_b-c", "_ -_"),
        (".*", "a orders", ""), ("a??b*?c", "c abc bbc", "aabc"), ("()|a", "a", "b"), ("x{0}y", "y", "xy"),
        ("[]a-]+", "] a- -", "b"), ("(a*)*b", "b aab", "a"),
    ])
    func `whole names are held against an expression`(_ text: String, _ yes: String, _ no: String) throws {
        let pattern = try #require(TopicPattern(text))
        for name in yes.split(separator: " ") { #expect(pattern.matches(String(name)), "\(text) \(name)") }
        for name in no.split(separator: " ") { #expect(!pattern.matches(String(name)), "\(text) \(name)") }
    }

    @Test(arguments: [
        "(", ")", "a)", "[", "[a", "[b-a]", "*", "a**", "a{", "a{2,1}", "a{x}", "\\", "\\b", "(?=a)", "[[:alpha:]]",
        "a{1000}", "(a{100}){100}", "a{99999999999999999999}", String(repeating: "a", count: 257),
    ])
    func `what is no expression, or would take too long, is none`(_ text: String) {
        #expect(TopicPattern(text) == nil)
    }

    @Test func `no bytes trap, and no expression takes long`() {
        let random = SeededRandom(seed: 5)
        let letters = Array("ab()[]{}|*+?^$.\\-,:1dwAz]".utf8)
        for _ in 0..<3_000 {
            let count = Int(random.next() % 24)
            let text = (0..<count).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
            _ = TopicPattern(String(decoding: text, as: UTF8.self))?.matches("aab-ab1")
        }
        let slow = TopicPattern("(a*)*(a*)*(a*)*(a?){40}b")
        #expect(slow?.matches(String(repeating: "a", count: 249)) == false)
    }

    @Test func `members that want a pattern get the topics as they come`() {
        let bench = CoordinatedBench()
        let named = bench.add("a", ["bills"])
        let client = bench.add("b", [])
        bench.beat("a")
        bench.beat("b") { $0.pattern = "orders|news" }
        bench.settle()
        #expect(named.owned == bench.all("bills") && client.owned == bench.all("orders"))
        bench.partitions["news"] = 3
        bench.version += 1
        bench.settle()
        #expect(client.owned == bench.all("orders", "news"))
        client.isFull = true
        bench.beat("b") { $0.pattern = "" }
        bench.settle()
        #expect(client.owned.isEmpty && named.owned == bench.all("bills"))
        #expect(bench.refusal("b") { $0.pattern = "(" } == .invalidRegularExpression)
    }
}
