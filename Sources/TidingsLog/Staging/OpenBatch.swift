// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// A batch as it came, checked, in memory that readers will share; only its place was changed.
struct WholeBatch: Sendable {
    /// Its bytes; on pages when there are many of them.
    let bytes: SharedBytes
    let recordCount: Int32

    /// Takes a batch that lies where the disk and all readers may have it, or copies it into such memory: the one copy
    /// there is.
    /// - Parameter own: what `batch` is all of, when it may be kept.
    init(_ batch: UnsafeRawBufferPointer, _ own: SharedBytes?, recordCount: Int32) {
        let isLarge = batch.count >= RoundWriter.sharedFrom
        if let own, own.isPaged == isLarge {
            bytes = own
        } else {
            bytes =
                isLarge
                ? SharedBytes(paged: batch.count) { $0.copyMemory(from: batch) } : SharedBytes(copying: batch)
        }
        self.recordCount = recordCount
    }
}

/// A batch being filled, or one on its way to the disk; kept and reused.
///
/// - Concurrency: under the staging lock while it fills; the commit thread's alone once its group was taken.
final class OpenBatch: @unchecked Sendable {
    var builder = RecordBatchBuilder(capacity: 1024)
    /// The batch of a client that this is; nil when records are put together here.
    private(set) var whole: WholeBatch?
    private(set) var partition: Partition
    private(set) var baseOffset: Offset

    /// How many offsets it takes.
    var recordCount: Int32 { whole?.recordCount ?? builder.count }

    init(_ partition: Partition, at baseOffset: Offset) {
        self.partition = partition
        self.baseOffset = baseOffset
    }

    /// Starts over for another partition.
    func begin(_ partition: Partition, at baseOffset: Offset) {
        builder.removeAll()
        whole = nil
        self.partition = partition
        self.baseOffset = baseOffset
    }

    /// Makes it a client's batch, which nobody else has yet, and writes its place into it.
    func take(_ batch: WholeBatch) {
        batch.bytes.patch { RecordBatchHeader.place($0, at: baseOffset) }
        whole = batch
    }
}
