// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

/// The library that stands between a program and the clock; nil where it is not installed.
enum FakeTime {
    static let library: String? = {
        #if os(Linux)
            let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
            return folders.map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }.first {
                FileManager.default.fileExists(atPath: $0)
            }
        #else
            return nil
        #endif
    }()
}

/// The real server while the wall clock jumps under it (F9 of the fault catalogue); needs libfaketime, which `script/soak`
/// installs.
@Suite(.serialized, .enabled(if: FakeTime.library != nil, "libfaketime is not there"))
struct WallClockTests {
    /// How often all jumps are made.
    static let rounds = Int(ProcessInfo.processInfo.environment["TIDINGS_CLOCK_ROUNDS"] ?? "") ?? 1
    static let jumps = ["+3600", "-3600", "+400d", "+0", "-3600", "+3600", "-3600", "+3600", "+0"]

    @Test func `whatever the clock says, nothing is lost, and retries neither stall nor storm`() throws {
        let server = try ServerUnderTest(environment: RecordedLoad.smallStorage)
        let clock = server.folder + "/clock"
        func set(_ jump: String) throws {
            try Data("\(jump)\n".utf8).write(to: URL(fileURLWithPath: clock), options: .atomic)
        }
        try set("+0")
        server.environment.merge([
            "LD_PRELOAD": FakeTime.library ?? "", "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        ]) { $1 }
        try server.start()
        let load = try RecordedLoad(on: server, seed: 1, pause: 20_000)
        try load.prepare()
        // Every event fails twice before it is taken.
        let attempts = Mutex<[String: Int]>([:])
        let receiver = try Receiver { request in
            guard let id = try? JSONValue.parse(request.body)["id"]?.string else { return .answer(400) }
            let count = attempts.withLock { attempts in
                attempts[id, default: 0] += 1
                return attempts[id] ?? 0
            }
            return .answer(count > 2 ? 204 : 500)
        }
        let client = server.client()
        let answer = try #require(
            client.send(
                "PUT", "/v1/subscriptions/retried",
                json: #"{"consumer":"retried","types":["audit.*"],"start":"beginning","concurrency":64,"#
                    + #""endpoint":{"url":"\#(receiver.url)"},"retry":{"attempts":16,"first":"50ms","longest":"300ms"}}"#
            ))
        #expect(answer.status == 201, "\(answer.text)")
        load.start(writers: 2, readers: 2)
        for _ in 0..<Self.rounds {
            for jump in Self.jumps {
                let (before, done) = (load.acknowledgedCount, attempts.withLock { $0.values.count { $0 > 2 } })
                try set(jump)
                #expect(becomesTrue { load.acknowledgedCount > before + 10 }, "events are taken after \(jump)")
                #expect(
                    becomesTrue { attempts.withLock { $0.values.count { $0 > 2 } } > done + 3 },
                    "retries go on after \(jump)")
            }
        }
        let report = try load.finish()
        #expect(report.isClean, "\(report)")
        let tried = attempts.withLock { $0 }
        #expect(tried.values.allSatisfy { $0 <= 4 }, "more attempts than the three that are needed")
        print("wall clock test: \(tried.count) events retried, most attempts \(tried.values.max() ?? 0)\n\(report)")
        #expect(server.stop() == 0)
    }
}
