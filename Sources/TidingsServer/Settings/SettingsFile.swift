// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// The settings a YAML file gives: keys may be nested (`http: {listen: …}`) or dotted (`http.listen: …`).
struct SettingsFile {
    /// A value as written, and its line.
    struct Given: Hashable {
        let text: String
        let line: Int
    }

    /// What it gives, by the setting's name.
    private(set) var given: [String: Given] = [:]
    /// Unknown keys, values of the wrong shape, keys given twice: each with its place.
    private(set) var errors: [String] = []
    private let path: String
    private let types = Dictionary(uniqueKeysWithValues: SettingDescription.all.map { ($0.name, $0.type) })

    private init(path: String) { self.path = path }

    /// Reads a file's text.
    /// - Throws: ``YAMLError`` for what is not YAML.
    static func read(_ text: [UInt8], path: String) throws(YAMLError) -> SettingsFile {
        var file = SettingsFile(path: path)
        guard let root = try YAMLNode.parse(text) else { return file }
        file.take(root, prefix: "")
        return file
    }

    private mutating func take(_ node: YAMLNode, prefix: String) {
        guard case .mapping(let members) = node.content else {
            return refuse(node.line, prefix.isEmpty ? "a mapping of settings is expected" : "\(prefix) holds settings")
        }
        for member in members {
            let name = prefix.isEmpty ? member.key : "\(prefix).\(member.key)"
            if let type = types[name] {
                if given[name] != nil { refuse(member.line, "\(name) is given twice") }
                if let text = text(of: member.value, as: type, name) {
                    given[name] = Given(text: text, line: member.line)
                }
            } else if types.keys.contains(where: { $0.hasPrefix(name + ".") }) {
                take(member.value, prefix: name)
            } else {
                refuseUnknown(member.key, line: member.line, prefix: prefix)
            }
        }
    }

    private mutating func text(of node: YAMLNode, as type: SettingType, _ name: String) -> String? {
        switch (node.content, type) {
        case (.scalar(let text, _), _):
            if node.isNull, !isCollection(type) {
                refuse(node.line, "\(name) has no value")
                return nil
            }
            return node.isNull ? "" : text
        case (.sequence(let items), .list):
            var texts: [String] = []
            for item in items {
                guard case .scalar(let text, _) = item.content, !item.isNull, !text.contains(",") else {
                    refuse(item.line, "\(name) is a list of texts without commas")
                    return nil
                }
                texts.append(text)
            }
            return texts.joined(separator: ",")
        case (.mapping(let members), .map):
            var pairs: [String] = []
            for member in members {
                guard case .scalar(let text, _) = member.value.content, !member.value.isNull else {
                    refuse(member.line, "\(name).\(member.key) is a text")
                    return nil
                }
                pairs.append("\(member.key)=\(text)")
            }
            return pairs.joined(separator: ",")
        default:
            refuse(node.line, "\(name) is \(isCollection(type) ? "written otherwise" : "one value, not several")")
            return nil
        }
    }

    private func isCollection(_ type: SettingType) -> Bool {
        switch type {
        case .list, .map: true
        default: false
        }
    }

    private mutating func refuseUnknown(_ key: String, line: Int, prefix: String) {
        let start = prefix.isEmpty ? "" : prefix + "."
        var candidates: Set<String> = []
        for name in types.keys where name.hasPrefix(start) {
            let rest = name.dropFirst(start.count)
            candidates.insert(String(rest))
            candidates.insert(String(rest.prefix { $0 != "." }))
        }
        let nearest = Spelling.nearest(to: key, in: candidates.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
        refuse(line, "there is no setting \"\(start)\(key)\"" + nearest)
    }

    private mutating func refuse(_ line: Int, _ reason: String) { errors.append("\(path):\(line): \(reason)") }
}
