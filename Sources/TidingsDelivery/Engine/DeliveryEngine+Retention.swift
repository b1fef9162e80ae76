// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What deliveries still need of what retention would let go of.
extension DeliveryEngine: RetentionPins {
    /// How long an answer waits for it to be recorded that the rest has expired; a log that records nothing must not be
    /// kept from making room.
    static let longestRecording = Duration.seconds(5)

    package func pins(
        in partition: PartitionID, below limit: Offset, then: @escaping @Sendable ([Offset]) -> Void
    ) {
        let merged = Merged(homes.count, then: then)
        for home in homes {
            home.later {
                let found = home.pins(in: partition, below: limit)
                // Recorded first: a subscription that goes on after a crash knows that it was told.
                let answer = Once { merged.add(found) }
                let timer = home.loop.schedule(after: Self.longestRecording) { answer.give() }
                home.writer.whenRecorded {
                    home.loop.cancel(timer)
                    answer.give()
                }
            }
        }
    }

    /// Something that happens once, whoever is first; lives on one loop.
    private final class Once: @unchecked Sendable {
        private var work: (() -> Void)?

        init(_ work: @escaping () -> Void) { self.work = work }

        func give() {
            let work = work
            self.work = nil
            work?()
        }
    }

    /// The answers of all loops, in order and without repetitions.
    private final class Merged: Sendable {
        private struct Answers {
            var left: Int
            var offsets: Set<Offset> = []
        }

        private let answers: Locked<Answers>
        private let then: @Sendable ([Offset]) -> Void

        init(_ count: Int, then: @escaping @Sendable ([Offset]) -> Void) {
            answers = Locked(Answers(left: count))
            self.then = then
        }

        func add(_ offsets: [Offset]) {
            let whole: Set<Offset>? = answers.withLock { answers in
                answers.left -= 1
                answers.offsets.formUnion(offsets)
                return answers.left == 0 ? answers.offsets : nil
            }
            if let whole { then(whole.sorted()) }
        }
    }
}
