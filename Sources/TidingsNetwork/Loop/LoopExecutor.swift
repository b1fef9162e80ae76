// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Runs Swift concurrency's jobs on an event loop: `Task(executorPreference: loop.executor) { … }`.
///
/// A task that prefers it resumes on the loop's thread, at the end of the running callback and without a wake-up when
/// it was resumed from there. It is an object of its own beside the loop on purpose: one that is a serial executor as
/// well runs several jobs per resumption.
///
/// - Concurrency: any thread enqueues. Jobs of a loop that has stopped never run: end tasks before their loop.
package final class LoopExecutor: TaskExecutor {
    private unowned let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if loop.isCurrent {
            loop.append(job: job)
        } else {
            loop.post { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}
