// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

@testable import TidingsKafkaListener

@Suite struct FetchSessionTests {
    private static func session() -> FetchSession {
        var session = FetchSession(id: 7)
        for index in 0..<3 { session.set("a", Int32(index), offset: 10, maxBytes: 100, leaderEpoch: 0) }
        return session
    }

    @Test(
        arguments: [
            (0, -1, FetchSession.Start.sessionless), (7, -1, .sessionless), (0, 0, .new), (7, 0, .new),
            (7, 1, .incremental), (7, 2, .wrongEpoch), (8, 1, .unknownSession), (0, 1, .unknownSession),
            (7, -5, .wrongEpoch),
        ] as [(Int32, Int32, FetchSession.Start)])
    func `a request says what becomes of the session`(_ id: Int32, _ epoch: Int32, _ start: FetchSession.Start) {
        #expect(FetchSession.start(id, epoch, in: Self.session()) == start)
        if epoch > 0 { #expect(FetchSession.start(id, epoch, in: nil) == .unknownSession) }
    }

    @Test func `epochs go up, and from the last one to 1`() {
        var session = Self.session()
        session.advance()
        #expect(FetchSession.start(7, 1, in: session) == .wrongEpoch)
        #expect(FetchSession.start(7, 2, in: session) == .incremental)
    }

    @Test func `partitions are changed, forgotten and told once`() {
        var session = Self.session()
        session.set("a", 1, offset: 20, maxBytes: 50, leaderEpoch: 0)
        session.forget("a", 0)
        session.forget("b", 0)
        #expect(session.entries.map(\.index) == [1, 2])
        #expect(session.entries[0].offset == 20 && session.entries[0].maxBytes == 50)
        let told = FetchSession.Told(end: 5, lastStable: 5, start: 0, error: 0)
        var news = [session.tell("a", 2, told), session.tell("a", 2, told)]
        session.rotate()
        #expect(session.entries.map(\.index) == [2, 1])
        news.append(session.tell("a", 2, told))
        news.append(session.tell("a", 2, FetchSession.Told(end: 6, lastStable: 5, start: 0, error: 0)))
        #expect(news == [true, false, false, true])
    }
}
