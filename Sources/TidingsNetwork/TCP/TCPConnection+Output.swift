// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import CUV
import TidingsCore

extension TCPConnection {
    /// From how many bytes on a write is offered to the socket at once, without copying it first.
    private static let largeWrite = 16 << 10

    package var bufferedByteCount: Int {
        var count = memory.pointee.output?.pointee.count ?? 0
        if memory.pointee.pending != nil { count += uv_stream_get_write_queue_size(stream) }
        return count
    }

    package var isFull: Bool { memory.pointee.isFull }

    /// Whether bytes may still be written.
    @inline(__always)
    var takesOutput: Bool { memory.pointee.phase == .open && !memory.pointee.endsWriting && !memory.pointee.writeBroke }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        guard takesOutput else { return }
        let rest = bytes.count >= Self.largeWrite ? sendNow(bytes) : bytes
        guard rest.count > 0, takesOutput else { return }
        output.pointee.append(rest)
        wrote()
    }

    package func withOutput(_ body: (inout ByteBuffer) -> Void) {
        guard takesOutput else { return }
        body(&output.pointee)
        wrote()
    }

    /// Lets a filter append what is really sent.
    func appendRaw(_ body: (inout ByteBuffer) -> Void) {
        guard takesOutput else { return }
        body(&output.pointee)
        wrote()
    }

    /// The buffer to append to.
    @inline(__always)
    private var output: UnsafeMutablePointer<ByteBuffer> {
        if let output = memory.pointee.output { return output }
        let output = loop.takeOutputBuffer()
        memory.pointee.output = output
        return output
    }

    @inline(__always)
    private func wrote() {
        loop.noteDirty(memory)
        guard let output = memory.pointee.output else { return }
        if output.pointee.count > settings.outputHighWater || memory.pointee.pending != nil { checkLimits() }
    }

    @inline(never)
    private func checkLimits() {
        let count = bufferedByteCount
        if count > settings.outputHighWater { memory.pointee.isFull = true }
        if count > settings.outputLimit {
            breakOff(
                NetworkError(
                    .outputOverflow,
                    "\(count) bytes wait for \(remoteAddress), more than the limit of \(settings.outputLimit)"))
        }
    }

    /// Offers what waits, and `bytes` behind it, to the socket; returns what it did not take of `bytes`.
    private func sendNow(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if let filter { filter.flushFilter() }
        guard memory.pointee.pending == nil, takesOutput else { return bytes }
        let waiting = memory.pointee.output?.pointee.count ?? 0
        let sent = withUnsafeTemporaryAllocation(of: uv_buf_t.self, capacity: 2) { buffers -> Int32 in
            buffers[0] = TCPConnection.buffer(memory.pointee.output?.pointee.bytes ?? .init(start: nil, count: 0))
            buffers[1] = TCPConnection.buffer(bytes)
            return waiting == 0
                ? uv_try_write(stream, buffers.baseAddress! + 1, 1) : uv_try_write(stream, buffers.baseAddress, 2)
        }
        if sent == UV_EAGAIN.rawValue { return bytes }
        guard sent >= 0 else {
            writeFailed(sent)
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let count = Int(sent)
        if waiting > 0 { memory.pointee.output?.pointee.removeFirst(min(count, waiting)) }
        return bytes.part(max(0, count - waiting)..<bytes.count)
    }

    private static func buffer(_ bytes: UnsafeRawBufferPointer) -> uv_buf_t {
        uv_buf_t(
            base: UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self)),
            len: bytes.count)
    }

    package func flush() {
        if let filter { filter.flushFilter() }
        if memory.pointee.phase == .closed || memory.pointee.pending != nil { return }
        if let output = memory.pointee.output {
            memory.pointee.output = nil
            let count = output.pointee.count
            var sent: Int32 = 0
            if count > 0 {
                var buffer = TCPConnection.buffer(output.pointee.bytes)
                sent = uv_try_write(stream, &buffer, 1)
            }
            if Int(sent) == count {
                loop.giveBack(output)
            } else if sent >= 0 || sent == UV_EAGAIN.rawValue {
                output.pointee.removeFirst(max(Int(sent), 0))
                queue(output)
                return
            } else {
                loop.giveBack(output)
                writeFailed(sent)
                return
            }
        }
        if memory.pointee.isFull || memory.pointee.endsWriting { afterFlush() }
    }

    /// Lets libuv send what the socket did not take.
    private func queue(_ output: UnsafeMutablePointer<ByteBuffer>) {
        let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
        memory.pointee.pending = output
        memory.pointee.request = request
        var buffer = TCPConnection.buffer(output.pointee.bytes)
        let status = uv_write(request, stream, &buffer, 1) { request, status in
            TCPConnection.of(request?.pointee.handle) { connection in
                let loop = connection.loop
                connection.queueLeft(status)
                loop.endTurn()
            }
        }
        if status != 0 {
            releasePending()
            writeFailed(status)
        }
    }

    private func queueLeft(_ status: Int32) {
        releasePending()
        if memory.pointee.phase == .closed { return }
        if status != 0 {
            writeFailed(status)
        } else {
            flush()
        }
    }

    /// The peer takes no more. What it said before that still counts (a refusal, sent before the request was read to
    /// its end): it is read first, and the end of reading, which follows at once, ends the connection.
    private func writeFailed(_ status: Int32) {
        let error = NetworkError(status: status, "cannot write to \(remoteAddress)")
        guard memory.pointee.phase == .open, !memory.pointee.isPaused, !memory.pointee.readEnded,
            !memory.pointee.writeBroke
        else { return breakOff(error) }
        memory.pointee.writeBroke = true
        dropOutput()
        readToItsEnd(error)
    }

    private func releasePending() {
        memory.pointee.request?.deallocate()
        memory.pointee.request = nil
        if let pending = memory.pointee.pending { loop.giveBack(pending) }
        memory.pointee.pending = nil
    }

    @inline(never)
    private func afterFlush() {
        if memory.pointee.isFull, bufferedByteCount <= settings.outputHighWater / 2 {
            memory.pointee.isFull = false
            if memory.pointee.phase == .open { handler?.streamDidDrain() }
        }
        if memory.pointee.endsWriting, !memory.pointee.endSent, memory.pointee.phase != .closed,
            memory.pointee.output == nil, memory.pointee.pending == nil
        {
            sendEnd()
        }
    }

    /// Frees what will not be sent any more.
    func dropOutput() {
        releasePending()
        if let output = memory.pointee.output { loop.giveBack(output) }
        memory.pointee.output = nil
    }
}
