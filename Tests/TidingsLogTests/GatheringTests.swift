// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

@testable import TidingsLog

@Suite("The commit thread waits for those it answered only as long as they come back")
struct GatheringTests {
    @Test(arguments: [(0, 5, nil), (1, 0, nil), (1, 1, 2), (8, 0, 8), (4, 4, 8)] as [(Int, Int, Int?)])
    func howManyItWaitsFor(answered: Int, waiting: Int, target: Int?) {
        var gathering = Gathering()
        #expect(gathering.target(answered: answered, waiting: waiting) == target)
    }

    @Test func itRestsLongerEachTimeThatNobodyComes() {
        var gathering = Gathering()
        func restsFor() -> Int {
            var rounds = 0
            while gathering.target(answered: 4, waiting: 4) == nil { rounds += 1 }
            return rounds
        }
        var rests: [Int] = []
        for _ in 0..<9 {
            rests.append(restsFor())
            gathering.ended(reached: false)
        }
        #expect(rests == [0, 1, 2, 4, 8, 16, 32, 64, 64])
        _ = restsFor()
        gathering.ended(reached: true)
        #expect(restsFor() == 0)
        gathering.ended(reached: false)
        #expect(restsFor() == 1)
    }

    @Test(arguments: [(sync: 0, inAll: 20, sinceLast: 20), (80, 80, 40), (4_000, 2_000, 2_000)])
    func howLongItWaits(sync: Int, inAll: Int, sinceLast: Int) {
        let limits = Gathering.limits(
            sync: .microseconds(sync), least: .microseconds(20), most: .milliseconds(2))
        #expect(limits.inAll == .microseconds(inAll))
        #expect(limits.sinceLast == .microseconds(sinceLast))
    }
}
