// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

@testable import TidingsCommand

@Suite struct TableTests {
    @Test func `columns are as wide as their widest cell, numbers on the right`() {
        var table = Table([.text("topic"), .number("events"), .text("reader")])
        table.add(["orders", "1042", "email"])
        table.add(["a-longer-name", "7"])
        #expect(
            table.lines() == [
                "TOPIC          EVENTS  READER",
                "orders           1042  email",
                "a-longer-name       7  -",
            ])
    }

    @Test func `control characters reach no terminal`() {
        #expect(Table.printable("a\nb\u{1B}[2Jc") == "a b\u{FFFD}[2Jc")
        #expect(Table.printable("größe 🚚") == "größe 🚚")
    }
}
