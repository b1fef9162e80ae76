// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation

/// The repository's Swift sources, read as text.
struct SourceTree {
    struct File {
        /// The path below `Sources/`.
        let path: String
        let lines: [Substring]
        /// The target the file belongs to.
        var target: String { String(path.prefix { $0 != "/" }) }
    }

    let files: [File]

    init(testFile: String = #filePath) throws {
        let root = URL(fileURLWithPath: testFile).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources")
        var files: [File] = []
        let names = FileManager.default.enumerator(atPath: root.path)
        while let name = names?.nextObject() as? String {
            guard name.hasSuffix(".swift") else { continue }
            let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
            files.append(File(path: name, lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
        }
        self.files = files.sorted { $0.path < $1.path }
    }
}
