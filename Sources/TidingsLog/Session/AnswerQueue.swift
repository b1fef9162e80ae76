// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Who waits for rounds, oldest first.
struct AnswerQueue {
    private var waiting: [((Result<UInt64, LogError>) -> Void)?] = []
    private var first = 0

    mutating func append(_ then: @escaping (Result<UInt64, LogError>) -> Void) { waiting.append(then) }

    mutating func takeFirst() -> (Result<UInt64, LogError>) -> Void {
        guard let then = waiting[first] else { preconditionFailure("an append is answered once") }
        waiting[first] = nil
        first += 1
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 1024, first * 2 >= waiting.count {
            waiting.removeFirst(first)
            first = 0
        }
        return then
    }
}
