// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Which Tidings this is.
package enum TidingsVersion {
    /// The version, by Semantic Versioning.
    package static let text = "0.1.0"
}
