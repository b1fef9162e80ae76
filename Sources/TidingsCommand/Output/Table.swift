// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Rows under headings, for people. Columns are two spaces apart, numbers stand on the right; no lines are drawn.
package struct Table: Sendable {
    /// One column's heading.
    package struct Column: Sendable {
        let title: String
        let isNumber: Bool

        /// A column of text.
        package static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        /// A column of numbers, which stand on the right.
        package static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    /// A table without rows.
    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; missing cells are empty, and an empty cell shows as `-`. Control characters are made visible.
    package mutating func add(_ cells: [String]) {
        rows.append(
            columns.indices.map { index in
                let cell = index < cells.count ? cells[index] : ""
                return cell.isEmpty ? "-" : Self.printable(cell)
            })
    }

    /// Whether there is nothing to show.
    package var isEmpty: Bool { rows.isEmpty }

    /// The lines, headings first; `heading` may style the first.
    package func lines(heading: (String) -> String = { $0 }) -> [String] {
        var widths = columns.map(\.title.count)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        func line(_ cells: [String]) -> String {
            var line = ""
            for (index, cell) in cells.enumerated() {
                let gap = String(repeating: " ", count: widths[index] - cell.count)
                if index > 0 { line += "  " }
                if columns[index].isNumber {
                    line += gap + cell
                } else {
                    line += index == cells.count - 1 ? cell : cell + gap
                }
            }
            return line
        }
        return [heading(line(columns.map { $0.title.uppercased() }))] + rows.map(line)
    }

    /// The text on one line, with control characters (an event's data may hold escape sequences) replaced.
    package static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\r", "\t": shown.append(" ")
            default: shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
            }
        }
        return shown
    }
}

extension Terminal {
    /// Prints a table.
    package func print(_ table: Table) {
        for line in table.lines(heading: { styled($0, .bold) }) where !print(line) { return }
    }
}
