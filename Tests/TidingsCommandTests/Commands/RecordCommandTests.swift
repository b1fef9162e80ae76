// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsCommand

@Suite struct RecordCommandTests {
    @Test func `records are produced and consumed in every form`() throws {
        let server = try RunningServer()
        #expect(server.run("topics", "create", "raw", "--partitions", "2").code == .ok)
        #expect(server.run("topics", "create", "raw").code == .conflict)
        #expect(server.run("topics", "create", "raw", "--if-not-exists").code == .ok)
        #expect(server.run("topics", "describe", "raw").out.contains("partitions"))
        #expect(server.run("produce", "none", "--value", "x").code == .notFound)

        let lines = try server.file("lines", "k1:v1\nk2:v2\nno key\n")
        let produced = server.run("produce", "raw", lines, "-K", ":", "-p", "0", "-H", "from=test", "-r", "2")
        #expect(produced.out.isEmpty && produced.talk.contains("6 records are stored in raw"), "\(produced.talk)")
        #expect(server.run("consume", "raw").lines == ["v1", "v2", "no key", "v1", "v2", "no key"])
        let formatted = server.run("consume", "raw", "-o", "-3", "-p", "0", "-f", #"%t/%p %o %k=%s %K %S %h%%\t|\n"#)
        #expect(
            formatted.lines == [
                "raw/0 3 k1=v1 2 2 from=test%\t|", "raw/0 4 k2=v2 2 2 from=test%\t|",
                "raw/0 5 =no key -1 6 from=test%\t|",
            ])
        #expect(server.run("consume", "raw", "-o", "4", "-c", "1").lines == ["v2"])
        #expect(server.run("consume", "raw", "-o", "end").out.isEmpty)
        #expect(server.run("consume", "raw", "-o", "@-1h", "-c", "2").lines == ["v1", "v2"])
        #expect(server.run("consume", "raw", "-o", "@4000000000000").out.isEmpty)

        // What is printed as JSON is read again, with whatever bytes.
        let bytes = try server.file(
            "bytes", #"{"key_base64":"/w==","value":null,"headers":[{"name":"h","value_base64":"gA=="}]}"#)
        #expect(server.run("produce", "raw", bytes, "--records", "--partition", "1").code == .ok)
        let json = server.run("consume", "raw", "-p", "1", "--json")
        #expect(json.out.contains(#""key_base64":"/w==","value":null,"headers":[{"name":"h","value_base64":"gA=="}]"#))
        #expect(json.out.hasPrefix(#"{"topic":"raw","partition":1,"offset":0"#))
        let copy = try server.file("copy", json.out)
        #expect(server.run("topics", "create", "copy").code == .ok)
        #expect(server.run("produce", "copy", copy, "--records", "--json").out.contains(#""offset":0"#))
        #expect(server.run("consume", "copy", "-f", #"%S\n"#).lines == ["-1"])

        let whole = server.run("produce", "copy", lines, "--whole", "--key", "file")
        #expect(whole.code == .ok && server.run("consume", "copy", "-f", "%s").out == "k1:v1\nk2:v2\nno key\n")
        let read = try server.file("formatted", "1 a|b\n0 c|\n")
        #expect(server.run("produce", "raw", read, "-f", #"%p %k|%s\n"#, "-Z").code == .ok)
        #expect(
            server.run("consume", "raw", "copy", "-o", "-1", "-f", #"%t %p %k %S,"#).out.contains(
                "raw 0 c -1,raw 1 a 1,"))
        #expect(server.run("produce", "copy", "--key", "file", "--tombstone").code == .ok)
    }

    @Test(
        arguments: [
            ["produce", "raw", "--value", "a", "--records"], ["produce", "raw", "-f", "%k%s"],
            ["produce", "raw", "-f", "%o"], ["produce", "raw", "--tombstone"], ["produce", "raw", "-r", "2"],
            ["produce", "raw", "-H", "x", "--value", "a"], ["consume", "raw", "-f", "%x"],
            ["consume", "raw", "-f", #"\xzz"#], ["consume", "raw", "--json", "-f", "%s"],
            ["consume", "raw", "-o", "soon"],
            ["consume", "raw", "-p", "a"],
        ])
    func `what makes no sense is a usage error`(_ words: [String]) throws {
        let server = try RunningServer()
        #expect(server.run("topics", "create", "raw").code == .ok)
        #expect(RunningServer.run(words, server: server.url).code == .usage)
    }
}
