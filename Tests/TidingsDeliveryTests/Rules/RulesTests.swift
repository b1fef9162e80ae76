// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsDelivery

@Suite struct RetryScheduleTests {
    @Test func `pauses grow to the longest, then it is over`() {
        let policy = RetryPolicy(attempts: 5, first: .seconds(1), factor: 3, longest: .seconds(10), jitter: 0)
        let schedule = RetrySchedule(policy: policy, longestRetryAfter: .seconds(86_400))
        let steps = (1...5).map { schedule.step(afterFailure: $0, retryAfter: nil, chance: 0.3) }
        #expect(
            steps == [
                .retry(after: .seconds(1)), .retry(after: .seconds(3)), .retry(after: .seconds(9)),
                .retry(after: .seconds(10)), .exhausted,
            ])
    }

    @Test(arguments: [(0.0, 800), (0.5, 1_000), (0.75, 1_100)] as [(Double, Int64)])
    func `jitter shortens or lengthens a pause`(_ chance: Double, _ millis: Int64) {
        let schedule = RetrySchedule(policy: RetryPolicy(), longestRetryAfter: .seconds(86_400))
        #expect(schedule.step(afterFailure: 1, retryAfter: nil, chance: chance) == .retry(after: .milliseconds(millis)))
    }

    @Test(
        arguments: [(Duration.seconds(-5), 1), (.seconds(7), 7), (.seconds(1_000_000), 86_400)] as [(Duration, Int64)])
    func `the endpoint may ask for a longer pause`(_ asked: Duration, _ seconds: Int64) {
        let schedule = RetrySchedule(policy: RetryPolicy(jitter: 0), longestRetryAfter: .seconds(86_400))
        #expect(schedule.step(afterFailure: 1, retryAfter: asked, chance: 0) == .retry(after: .seconds(seconds)))
    }
}

@Suite struct BreakerTests {
    private var now = MonotonicTime(nanos: 0)
    private var breaker = Breaker(longestPause: .seconds(30), longestRetryAfter: .seconds(86_400))

    private mutating func take(
        _ signal: Breaker.Signal, lane: UInt64 = 1, retryAfter: Duration? = nil
    ) -> Breaker.Verdict {
        breaker.take(
            signal, of: lane, retryAfter: retryAfter, first: .seconds(1), concurrency: 16, at: now)
    }

    @Test mutating func `a refused connection brings it down at once`() {
        let first = take(.unreachable)
        #expect(first == .wentDown)
        #expect(breaker.isDown && breaker.limit(of: 16, at: now) == 0)
        let late = take(.overload)
        #expect(late == .spared)
    }

    @Test mutating func `three entities that time out bring it down, one alone needs five`() {
        let verdicts = [take(.overload, lane: 1), take(.overload, lane: 2), take(.overload, lane: 3)]
        #expect(verdicts == [.counts, .counts, .wentDown])
        breaker = Breaker(longestPause: .seconds(30), longestRetryAfter: .seconds(86_400))
        var alone: [Breaker.Verdict] = []
        for _ in 0..<5 { alone.append(take(.overload)) }
        #expect(alone == [.counts, .counts, .counts, .counts, .wentDown])
    }

    @Test(arguments: [Breaker.Signal.success, .refusal])
    mutating func `another answer between time-outs shows that it lives`(_ signal: Breaker.Signal) {
        for lane in 1...20 {
            let verdicts = [take(.overload, lane: UInt64(lane)), take(signal, lane: 99)]
            #expect(verdicts == [.counts, .counts])
        }
    }

    @Test mutating func `probes come after first, doubling, at most every 30 s`() {
        _ = take(.unreachable)
        var pauses: [Int64] = []
        for _ in 0..<8 {
            let probe = breaker.probeTime!
            pauses.append((probe - now).millis / 1_000)
            now = probe
            #expect(breaker.limit(of: 16, at: now) == 1)
            breaker.began()
            let verdict = take(.unreachable)
            #expect(verdict == .spared)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30])
    }

    @Test mutating func `an endpoint may ask for a later probe`() {
        _ = take(.overload, lane: 1)
        _ = take(.overload, lane: 2)
        let verdict = take(.overload, lane: 3, retryAfter: .seconds(600))
        #expect(verdict == .wentDown)
        #expect(breaker.probeTime == now + .seconds(600))
    }

    @Test mutating func `it comes back with two at once, then four, then all`() {
        _ = take(.unreachable)
        now = breaker.probeTime!
        breaker.began()
        let verdict = take(.success)
        #expect(verdict == .cameBack)
        var limits: [Int] = []
        for _ in 0..<14 {
            limits.append(breaker.limit(of: 16, at: now))
            _ = take(.success)
        }
        #expect(limits == [2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8])
        #expect(breaker.limit(of: 16, at: now) == 16)
    }

    @Test mutating func `a relapse while it comes back is a relapse, with longer pauses`() {
        _ = take(.unreachable)
        now = breaker.probeTime!
        breaker.began()
        _ = take(.success)
        let verdict = take(.overload)
        #expect(verdict == .wentDown)
        #expect(breaker.probeTime == now + .seconds(2))
    }
}

@Suite struct OutstandingOffsetsTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `it knows what is unanswered, in whatever order answers come`(_ seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var offsets = OutstandingOffsets()
        var model: [Int64] = []
        var next: Int64 = 0
        for _ in 0..<2_000 {
            if model.isEmpty || random.next(below: 10) < 5 {
                next += Int64(random.next(below: 3)) + 1
                offsets.take(Offset(next), storedAt: WallTime(millis: next))
                model.append(next)
            } else {
                let place = random.next(below: 3) == 0 ? Int(random.next(below: UInt64(model.count))) : 0
                let answers = [offsets.answer(Offset(model[place])), offsets.answer(Offset(model[place]))]
                #expect(answers == [true, false])
                model.remove(at: place)
            }
            #expect(offsets.count == model.count && offsets.first?.value == model.first)
            #expect(offsets.firstTime?.millis == model.first)
        }
        #expect(offsets.all.map(\.value) == model)
    }
}

@Suite struct DeliveryNamesTests {
    @Test func `a message id differs by subscription, partition and offset, and has no dot`() {
        let uuids = (1...4).map { UUID128(high: $0, low: 1) }
        var seen: Set<String> = []
        for uuid in uuids {
            for topic in 1...3 {
                for partition in 0...3 {
                    for offset in 0...50 {
                        let place = PartitionID(TopicID(UInt32(topic)), Int32(partition))
                        let id = DeliveryNames.messageID(uuid, place, Offset(Int64(offset)))
                        #expect(seen.insert(id).inserted)
                        #expect(id == DeliveryNames.messageID(uuid, place, Offset(Int64(offset))))
                    }
                }
            }
        }
        #expect(seen.allSatisfy { $0.utf8.count == 36 && $0.hasPrefix("msg_") && !$0.contains(".") })
    }
}
