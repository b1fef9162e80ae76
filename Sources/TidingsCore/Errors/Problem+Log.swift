// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What the log says, as doors answer it.
extension Problem {
    /// The refusal for an error of the log.
    public init(_ error: LogError) {
        switch error.code {
        case .unknownTopic, .outOfRange: self.init(.notFound, error.description)
        case .recordTooLarge: self.init(.tooLarge, error.description)
        case .tooManyTopics, .outOfOrderSequence, .fencedProducer, .duplicateSequence, .invalidTransaction,
            .fencedCoordinator:
            self.init(.conflict, error.description)
        case .invalidSetting, .invalidTimestamp: self.init(.invalidResource, error.description)
        case .diskFull: self.init(.diskFull, error.description, retryAfter: .seconds(5))
        case .overloaded, .layoutChanged, .tooManyProducers:
            self.init(.unavailable, error.description, retryAfter: .seconds(1))
        case .stopping: self.init(.shuttingDown, error.description, retryAfter: .seconds(5))
        case .offline, .quarantined: self.init(.unavailable, error.description, retryAfter: .seconds(30))
        case .corruptBatch, .corruptMetadata, .corruptSnapshot, .folderInUse, .unknownFormat:
            self.init(.internalError, error.description)
        }
    }
}
