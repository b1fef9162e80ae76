// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1))) struct SignalWatcherTests {
    @Test func `a signal becomes a call on the loop`() async throws {
        let loop = try EventLoop("test")
        let (signals, yield) = AsyncStream.makeStream(of: (Signal, Bool).self)
        let watcher = SignalWatcher([.hangUp], on: loop) { yield.yield(($0, loop.isCurrent)) }
        await loop.run {}
        kill(getpid(), SIGHUP)
        var seen = signals.makeAsyncIterator()
        let first = await seen.next()
        #expect(first?.0 == .hangUp && first?.1 == true)
        watcher.stop()
        loop.stop()
        loop.join()
    }
}
