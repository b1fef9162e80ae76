// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A loop's look at the routing table: costs one load as long as the table is the same.
///
/// - Concurrency: lives on one loop.
package final class RoutingReader {
    private let store: RoutingStore
    private var kept: RoutingTable

    /// Makes a look at a store's table.
    package init(_ store: RoutingStore) {
        self.store = store
        kept = store.table
    }

    /// The table in force.
    package var table: RoutingTable {
        if store.currentVersion != kept.version { kept = store.table }
        return kept
    }
}
