// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The limits of one connection.
package struct StreamSettings: Sendable, Hashable {
    /// From how many waiting bytes on a stream calls itself full; its owner then stops writing until
    /// ``ByteStreamHandler/streamDidDrain()``, which comes when half of it is left. A request to stop, not a wall.
    package var outputHighWater = 256 << 10
    /// How many bytes may wait at most; whoever writes more loses the connection (``NetworkError/Code/outputOverflow``).
    package var outputLimit = 64 << 20
    /// How long ``ByteStream/close()`` waits for the peer to take what is still to be sent before it breaks off.
    package var closeTimeLimit: Duration = .seconds(30)
    /// How long a closed connection still reads and throws away what the peer sends, so that the system's reset does
    /// not destroy the last answer on its way.
    package var lingerTime: Duration = .seconds(1)
    /// How many such bytes at most.
    package var lingerByteLimit = 1 << 20

    /// The defaults.
    package init() {}
}
