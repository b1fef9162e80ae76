// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

struct FifoTests {
    @Test func `what came first leaves first, and is let go of`() {
        final class Thing {}
        var queue = Fifo<Thing>()
        var order: [ObjectIdentifier] = []
        #expect(queue.popFirst() == nil && queue.oldest == nil)
        for round in 0..<300 {
            for _ in 0..<2 {
                let thing = Thing()
                order.append(ObjectIdentifier(thing))
                queue.append(thing)
            }
            #expect(queue.count == round + 2 && queue.oldest === queue[0])
            #expect(ObjectIdentifier(queue[queue.count - 1]) == order.last)
            weak let left = queue.popFirst()
            #expect(left == nil)
            order.removeFirst()
        }
        #expect((0..<queue.count).map { ObjectIdentifier(queue[$0]) } == order)
        while queue.popFirst() != nil {}
        #expect(queue.isEmpty && queue.count == 0)
    }
}
