// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsServer

/// The program `tidings`.
package enum Program {
    /// The command line of the whole program.
    static let root = Command("tidings", "Tidings carries events between services.", [])
}
