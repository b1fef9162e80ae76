// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting
import TidingsCore
import TidingsTesting

@testable import TidingsKafkaListener

/// Requests in front of a live broker (on a log in memory): the first byte chooses which, the second its version; from
/// 0x80 on the bytes are a connection's as they are, lengths and all. Whatever it is told, another client goes on working.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard count >= 2 else { return 0 }
    let broker = Broker.current()
    let stream = broker.connect()
    if bytes[0] < 0x80 {
        let api = APIKey.allCases[Int(bytes[0]) % APIKey.allCases.count]
        let version = api.versions.lowerBound + Int16(bytes[1]) % Int16(api.versions.count)
        stream.receive(Broker.frame(api, version, Array(bytes[2...])))
    } else {
        // In pieces: what does not come whole is kept.
        let cut = 1 + Int(bytes[1]) % count
        stream.receive(Array(bytes[2...].prefix(cut)))
        if stream.isOpen { stream.receive(Array(bytes[2...].dropFirst(cut))) }
    }
    broker.settle()
    broker.isHealthy()
    stream.finish()
    broker.settle()
    return 0
}

/// A broker, and a client that behaves.
private final class Broker {
    nonisolated(unsafe) private static var live: Broker?

    private let clock = ManualClock()
    private let loop: SimulatedLoop
    private let log = InMemoryEventLog()
    private let server: KafkaServer
    private let healthy: MemoryStream
    private var uses = 0

    private init() {
        loop = SimulatedLoop(clock: clock)
        log.makeTopic(TopicName("orders")!, partitions: 2)
        log.makeTopic(TopicName("healthy")!, partitions: 1)
        let logger = Logger("kafka", to: nil)
        let coordinator = KafkaCoordinator(log: log, loop: loop, random: SeededRandom(seed: 1), logger: logger)
        let broker = KafkaBroker(
            log: log, loop: loop, settings: KafkaListenerSettings(), identity: KafkaIdentity(clusterID: "fuzz"),
            coordinator: coordinator, logger: logger)
        server = KafkaServer(broker, KafkaListenerSettings(), meter: KafkaMeter(Metrics()), logger: logger)
        healthy = MemoryStream()
        server.serve(healthy)
        coordinator.start()
        loop.runUntilIdle()
    }

    /// A new one now and then: what was stored goes with it.
    static func current() -> Broker {
        if let live, live.uses < 200 {
            live.uses += 1
            return live
        }
        let broker = Broker()
        live = broker
        return broker
    }

    func connect() -> MemoryStream {
        let stream = MemoryStream()
        server.serve(stream)
        return stream
    }

    /// Lets happen what happens by itself, and what happens with time.
    func settle() {
        loop.runUntilIdle()
        clock.advance(by: .milliseconds(100))
        loop.runUntilIdle()
    }

    static func frame(_ api: APIKey, _ version: Int16, _ body: [UInt8]) -> [UInt8] {
        var writer = MessageWriter()
        let frame = writer.beginFrame()
        RequestHeader(
            requestAPIKey: api.rawValue, requestAPIVersion: version, correlationID: 7, clientID: "fuzz"
        ).write(to: &writer, version: api.requestHeaderVersion(version))
        do { try writer.endFrame(frame) } catch { preconditionFailure("\(error)") }
        var bytes = [].withUnsafeBytes { writer.assembled(from: $0) } + body
        let length = UInt32(bytes.count - 4)
        for place in 0..<4 { bytes[place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
        return bytes
    }

    /// The client that behaves is answered: its metadata has its topic.
    func isHealthy() {
        _ = healthy.takeBytes()
        healthy.receive(
            {
                var writer = MessageWriter()
                let request = MetadataRequest(topics: [.init(name: "healthy")])
                do { try writer.frame(request, of: .metadata, version: 4, correlationID: 9) } catch {
                    preconditionFailure("\(error)")
                }
                return [].withUnsafeBytes { writer.assembled(from: $0) }
            }())
        loop.runUntilIdle()
        let answer = healthy.takeBytes()
        precondition(healthy.isOpen && answer.count > 40, "another client was disturbed")
        precondition(answer[4..<8].elementsEqual([0, 0, 0, 9]), "an answer to something else")
    }
}
