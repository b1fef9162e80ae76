// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation

/// Payloads of real GitHub webhooks, from the folder `shared/real-events/github` beside the repository; there are
/// none where that folder is missing.
enum RealGitHubEvents {
    struct Payload: Sendable, CustomStringConvertible {
        /// The name GitHub sends as `X-GitHub-Event`.
        let event: String
        let file: String
        let body: [UInt8]
        var description: String { "\(event)/\(file)" }
    }

    static let all: [Payload] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("shared/real-events/github")
        var payloads: [Payload] = []
        let events = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for event in events.sorted() {
            let inside = folder.appendingPathComponent(event)
            let files = (try? FileManager.default.contentsOfDirectory(atPath: inside.path)) ?? []
            for file in files.sorted() where file.hasSuffix(".json") {
                guard let body = try? Data(contentsOf: inside.appendingPathComponent(file)) else { continue }
                payloads.append(Payload(event: event, file: file, body: [UInt8](body)))
            }
        }
        return payloads
    }()
}
