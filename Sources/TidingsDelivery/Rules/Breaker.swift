// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Whether a subscription's endpoint takes attempts, judged by what became of the last ones.
///
/// A refused connection, a DNS or TLS failure brings it down at once; time-outs, 429 and 503 do after three different
/// entities or five in a row. While it is down, one event probes it now and then and failures count for nobody. It
/// comes back with one attempt at a time, then two, four, … until all that the subscription allows.
struct Breaker {
    /// What an answer says about the endpoint.
    enum Signal: Hashable {
        /// It delivered.
        case success
        /// It answered, but refused this event.
        case refusal
        /// It could not be reached at all.
        case unreachable
        /// It did not keep up: time-out, 429, 503.
        case overload

        init(_ result: AttemptResult) {
            switch result.outcome {
            case .answered(let status):
                self = (200..<300).contains(status) ? .success : status == 429 || status == 503 ? .overload : .refusal
            case .failed(let fault):
                switch fault {
                case .unreachable, .unresolved, .untrusted, .forbidden: self = .unreachable
                case .timedOut: self = .overload
                case .broken, .unwritable: self = .refusal
                }
            }
        }
    }

    /// What follows from a signal.
    enum Verdict: Hashable {
        /// The attempt counts as its event's.
        case counts
        /// The endpoint is down: the attempt counts for nobody.
        case spared
        /// The endpoint just went down: the attempt counts for nobody, nor do those of `suspects`.
        case wentDown
        /// The endpoint came back with this success.
        case cameBack
    }

    enum State: Hashable {
        case up
        /// At most `limit` attempts at once; `left` more successes double it.
        case ramping(limit: Int, left: Int)
        /// The next probe is due at `probe`.
        case down(probe: MonotonicTime)
        /// One event is on its way to find out.
        case probing
    }

    private(set) var state = State.up
    /// Lanes whose attempts failed by overload since the last other answer, the latest last; at most five.
    private(set) var suspects: [UInt64] = []
    private var pause: Duration = .zero
    private var lastDown: MonotonicTime?
    private let longestPause: Duration
    private let longestRetryAfter: Duration

    init(longestPause: Duration, longestRetryAfter: Duration) {
        self.longestPause = longestPause
        self.longestRetryAfter = longestRetryAfter
    }

    /// Whether attempts wait for a probe.
    var isDown: Bool {
        switch state {
        case .up, .ramping: false
        case .down, .probing: true
        }
    }

    /// When the next probe is due; nil when none is awaited.
    var probeTime: MonotonicTime? { if case .down(let probe) = state { probe } else { nil } }

    /// How many attempts may be in flight now.
    func limit(of concurrency: Int, at now: MonotonicTime) -> Int {
        switch state {
        case .up: concurrency
        case .ramping(let limit, _): min(limit, concurrency)
        case .down(let probe): probe <= now ? 1 : 0
        case .probing: 1
        }
    }

    /// An attempt begins; when the endpoint is down it is the probe.
    mutating func began() { if case .down = state { state = .probing } }

    /// The attempt that began ended without saying anything about the endpoint.
    mutating func ended(at now: MonotonicTime) { if state == .probing { state = .down(probe: now) } }

    /// The next probe may be sent at once.
    mutating func probeNow(at now: MonotonicTime) { if case .down = state { state = .down(probe: now) } }

    /// Takes in what became of an attempt.
    /// - Parameters:
    ///   - lane: whose it was.
    ///   - first: the pause before the first probe.
    mutating func take(
        _ signal: Signal, of lane: UInt64, retryAfter: Duration?, first: Duration, concurrency: Int,
        at now: MonotonicTime
    ) -> Verdict {
        switch (state, signal) {
        case (.down, .success), (.probing, .success), (.down, .refusal), (.probing, .refusal):
            suspects = []
            state = concurrency > 1 ? .ramping(limit: 2, left: 2) : .up
            return .cameBack
        case (.down, _):
            return .spared
        case (.probing, _):
            goDown(first: first, retryAfter: retryAfter, at: now)
            return .spared
        case (.ramping(let limit, let left), .success):
            suspects = []
            if left > 1 {
                state = .ramping(limit: limit, left: left - 1)
            } else if limit * 2 >= concurrency {
                state = .up
                pause = .zero
            } else {
                state = .ramping(limit: limit * 2, left: limit * 2)
            }
            return .counts
        case (.up, .success):
            if !suspects.isEmpty { suspects = [] }
            pause = .zero
            return .counts
        case (_, .refusal):
            suspects = []
            return .counts
        case (_, .unreachable), (.ramping, .overload):
            goDown(first: first, retryAfter: retryAfter, at: now)
            return .wentDown
        case (.up, .overload):
            suspects.append(lane)
            guard suspects.count >= 5 || Set(suspects).count >= 3 else { return .counts }
            goDown(first: first, retryAfter: retryAfter, at: now)
            return .wentDown
        }
    }

    /// Forgets whose overloads were counted; for one who has spared them.
    mutating func forgetSuspects() { suspects = [] }

    private mutating func goDown(first: Duration, retryAfter: Duration?, at now: MonotonicTime) {
        pause = pause == .zero ? min(first, longestPause) : min(pause * 2, longestPause)
        let asked = retryAfter.map { min(max($0, .zero), longestRetryAfter) } ?? .zero
        state = .down(probe: now + max(pause, asked))
    }
}
