// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The limits of one event loop.
package struct EventLoopSettings: Sendable, Hashable {
    /// The size of the buffer all reads of a loop go through; the most a handler is lent at once.
    package var readBufferByteCount = 64 << 10
    /// How many output buffers a loop keeps for its connections; more are made and freed as needed.
    package var keptOutputBuffers = 64
    /// The largest output buffer that is kept rather than shrunk.
    package var keptOutputByteCount = 64 << 10
    /// How often in a row the end of a callback runs what was posted and flushes what was written meanwhile, before
    /// the loop looks at its sockets and timers again.
    package var roundsPerTurn = 16

    /// The defaults.
    package init() {}
}
