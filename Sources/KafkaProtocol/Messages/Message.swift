// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A message, or a struct in one, that can be read in each of its versions.
package protocol ReadableMessage {
    /// Reads it; fields that the version lacks have their defaults.
    init(from reader: inout MessageReader, version: Int16) throws(MessageError)

    /// The fewest bytes it takes: what bounds the count of an array of such elements.
    static func minimumSize(_ version: Int16) -> Int
}

/// A message, or a struct in one, that can be written in each of its versions.
package protocol WritableMessage {
    /// Writes it; fields that the version lacks are left out.
    func write(to writer: inout MessageWriter, version: Int16)
}
