// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Testing
import TidingsServer

@testable import TidingsCommand

/// What the documents tell people to type is there to be typed.
@Suite struct DocsCommandTests {
    /// One page: the lines in its fences, and the pieces of code in its text.
    private struct Page {
        let path: String
        var lines: [String] = []
        var spans: [String] = []

        init(_ path: String, in root: URL) throws {
            self.path = path
            let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            var isFenced = false
            for line in text.components(separatedBy: "\n") {
                if line.hasPrefix("```") {
                    isFenced.toggle()
                } else if isFenced {
                    lines.append(line)
                } else {
                    spans += line.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
                }
            }
        }
    }

    private func pages(testFile: String = #filePath) throws -> [Page] {
        var root = URL(fileURLWithPath: testFile)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        var paths = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "ARCHITECTURE.md"]
        let docs = try #require(FileManager.default.enumerator(atPath: root.appendingPathComponent("docs").path))
        for case let path as String in docs where path.hasSuffix(".md") { paths.append("docs/" + path) }
        return try paths.map { try Page($0, in: root) }
    }

    /// The words of a line of a shell, up to a comment or what follows the command.
    private func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let whole = word { words.append(whole) }
                word = nil
            } else if "#|&;".contains(character), word == nil {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    private func everyCommand(_ command: Command = Program.root) -> [Command] {
        [command] + command.subcommands.flatMap { everyCommand($0) }
    }

    /// What is wrong with a command that the text speaks of: it may leave out what has to follow.
    private func fault(_ words: [String]) -> String? {
        var command = Program.root
        for (place, word) in words.enumerated() {
            if word.hasPrefix("--") {
                let name = word.dropFirst(2).prefix { $0 != "=" }
                let options = (command.subcommands + [command]).flatMap(\.options).map(\.name) + ["help", "version"]
                if !options.contains(String(name)) { return "no option \(word)" }
            } else if !command.subcommands.isEmpty {
                if word.contains("|") {
                    return word.split(separator: "|").lazy.compactMap { choice in
                        fault(words[..<place] + [String(choice)])
                    }.first
                }
                guard let child = command.subcommands.first(where: { $0.isCalled(word) }) else { return "no \(word)" }
                command = child
            }
        }
        return nil
    }

    @Test func `every command, flag, variable and setting that a document names is there`() throws {
        let flags = Set(everyCommand().flatMap(\.options).map { "--" + $0.name } + ["--help"])
        let settings = SettingDescription.all
        let variables = Set(settings.map(\.variable) + ["TIDINGS_SERVER", "TIDINGS_CONFIG"])
        let groups = Set(settings.map(\.group)).subtracting([""])
        let terminal = Terminal(out: { _ in true }, talk: { _ in true })
        for page in try pages() {
            for line in page.lines where line.hasPrefix("tidings ") {
                #expect(throws: Never.self, "\(page.path): \(line)") {
                    try CommandParser(Program.root).read(
                        Array(words(line).dropFirst()), environment: [:], terminal: terminal)
                }
            }
            for span in page.spans {
                let words = words(span)
                guard let first = words.first else { continue }
                if first == "tidings", words.count > 1 {
                    let fault = fault(Array(words.dropFirst()))
                    #expect(fault == nil, "\(page.path): \(span)")
                }
                if first.hasPrefix("--") {
                    #expect(flags.contains(String(first.prefix { $0 != "=" })), "\(page.path): \(span)")
                }
                if first.hasPrefix("TIDINGS_"), page.path != "CONTRIBUTING.md" {
                    #expect(variables.contains(String(first.prefix { $0 != "=" })), "\(page.path): \(span)")
                }
                if let dot = first.firstIndex(of: "."), groups.contains(String(first[..<dot])),
                    first.allSatisfy({ $0.isLowercase || $0 == "_" || $0 == "." })
                {
                    #expect(settings.contains { $0.name == first }, "\(page.path): \(span)")
                }
            }
        }
    }
}
