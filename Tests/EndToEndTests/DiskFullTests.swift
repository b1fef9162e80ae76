// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

/// The real server on a real disk that is full (F8 of the fault catalogue).
@Suite(.serialized, .enabled(if: SmallDisk.isPossible, "only root on Linux can mount a small disk"))
struct DiskFullTests {
    @Test func `on a full disk events are refused, everything else goes on, and events are taken when there is room`()
        throws
    {
        let disk = try SmallDisk(megabytes: 64, taken: 24 << 20)
        let server = try ServerUnderTest(
            environment: RecordedLoad.smallStorage.merging(["TIDINGS_STORAGE_DISK_RESERVE_BYTES": "8MiB"]) { $1 },
            data: disk.path + "/data")
        try server.start()
        let load = try RecordedLoad(on: server, seed: 1, pause: 2_000, padding: 30_000)
        try load.prepare()
        let client = server.client()
        let receiver = try Receiver { _ in .answer(204) }
        #expect(client.send("PUT", "/v1/topics/spare", json: #"{"partitions":1}"#)?.status == 201)
        let subscribed = try #require(
            client.send(
                "PUT", "/v1/subscriptions/later",
                json: #"{"consumer":"later","types":["audit.*"],"start":"beginning","paused":true,"#
                    + #""endpoint":{"url":"\#(receiver.url)"}}"#))
        #expect(subscribed.status == 201, "\(subscribed.text)")
        load.start(writers: 3, readers: 2)

        // Full: what the writers get.
        #expect(becomesTrue { load.refusals["503 disk-full", default: 0] > 30 })
        let taken = load.acknowledgedCount
        #expect(taken > 100)
        // What goes on: pages, a topic that goes, deliveries and their positions, a restart after SIGKILL.
        for partition in 0..<RecordedLoad.partitions {
            let page = client.send("GET", "/v1/topics/load/events?partition=\(partition)&offset=0&limit=1")
            #expect(page?.status == 200)
        }
        #expect(client.send("DELETE", "/v1/topics/spare")?.status == 204)
        #expect(client.send("POST", "/v1/subscriptions/later/resume")?.status == 200)
        #expect(becomesTrue { receiver.receivedCount > 20 }, "deliveries go on")
        server.crash()
        // It takes no events while it is full, but it serves.
        try server.start()
        let ready = try #require(server.client().send("GET", "/readyz"))
        #expect(try ready.status == 200 && JSONValue.parse(ready.body)["status"]?.string == "degraded", "\(ready.text)")
        let refused = load.refusals["503 disk-full", default: 0]
        #expect(becomesTrue { load.refusals["503 disk-full", default: 0] > refused + 10 }, "still full")
        let received = receiver.receivedCount
        #expect(becomesTrue { receiver.receivedCount > received + 20 }, "deliveries go on after a restart")

        // Room again, and nobody has to do anything.
        let full = load.acknowledgedCount
        try disk.makeRoom()
        #expect(becomesTrue { load.acknowledgedCount > full + 50 }, "events are taken again")
        let refusals = load.refusals
        let report = try load.finish()
        print(
            "full disk test: \(taken) events until it was full; refusals \(refusals.sorted { $0.key < $1.key }); "
                + "\(load.acknowledgedCount - full) events after there was room\n\(report)")
        #expect(report.isClean, "\(report)")
        #expect(server.stop() == 0)
    }
}
