// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Testing
import TidingsCore
import TidingsServer

/// What the documents promise is what the code has.
@Suite struct DocsTests {
    private func text(_ path: String, testFile: String = #filePath) throws -> String {
        let root = URL(fileURLWithPath: testFile).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func `every refusal has its line in docs/problems.md, with its status`() throws {
        let page = try text("docs/problems.md")
        for code in Problem.Code.allCases {
            let line = "| `\(code.rawValue)` | \(code.status) |"
            #expect(page.contains(line), "\(line) is not in it")
        }
    }

    @Test func `docs/limits.md has every setting as it is`() throws {
        let page = try text("docs/limits.md")
        #expect(
            page.contains(SettingsReference.markdown),
            "write the output of 'tidings config reference' below the line that says so")
    }
}
