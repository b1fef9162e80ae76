// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsTesting

/// What a person sees of the demo: a line per thing that happens, and below them a table that lives.
///
/// - Concurrency: one thread.
struct DemoScreen {
    /// One consumer's line.
    struct Row {
        let name: String
        let wants: String
        let tally: DeliveryLedger.Tally
        /// What the server says of it.
        let state: String
    }

    private let terminal: Terminal
    private var drawn = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Tells what happens now.
    mutating func tell(_ text: String) {
        erase()
        terminal.print(terminal.styled("→ ", .blue) + text)
    }

    /// Draws the table anew where a person watches; nothing elsewhere.
    mutating func draw(_ rows: [Row]) {
        guard terminal.isOutInteractive else { return }
        erase()
        var table = Table([
            .text("CONSUMER"), .text("WANTS"), .number("PUBLISHED"), .number("DELIVERED"), .text("STATE"),
        ])
        for row in rows {
            table.add([row.name, row.wants, String(row.tally.published), String(row.tally.delivered), row.state])
        }
        let lines = table.lines(heading: { terminal.styled($0, .faint) })
        for line in lines { terminal.print("  " + line) }
        drawn = lines.count
    }

    /// Prints what each consumer's receipts come to.
    mutating func sum(_ rows: [Row]) {
        erase()
        var table = Table([
            .text("CONSUMER"), .text("WANTS"), .number("PUBLISHED"), .number("DELIVERED"), .number("DUPLICATES"),
            .number("OUT OF ORDER"), .number("LOST"),
        ])
        for row in rows {
            let tally = row.tally
            table.add([
                row.name, row.wants, String(tally.published), String(tally.delivered), String(tally.duplicates),
                String(tally.outOfOrder), String(tally.lost),
            ])
        }
        terminal.print("")
        for line in table.lines(heading: { terminal.styled($0, .bold) }) { terminal.print("  " + line) }
        terminal.print("")
    }

    private mutating func erase() {
        if drawn > 0 { terminal.print("\u{1B}[\(drawn)A\u{1B}[J\u{1B}[1A") }
        drawn = 0
    }
}
