// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import KafkaTesting

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Many groups with one member each, every member on a connection of its own: joins, waits for a line on standard input,
/// and lets all members beat in turn.
struct GroupLoad {
    private let count = KafkaBench.number("count", 1_000)
    private let rounds = KafkaBench.number("rounds", 50)

    private struct Member {
        let file: Int32
        let group: String
        var id = ""
        var generation: Int32 = 0
    }

    func run() -> String {
        var members = (0..<count).map { Member(file: Self.connect(), group: "bench-\($0)") }
        let metadata: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        var writer = MessageWriter()
        func send(_ request: some WritableMessage, _ api: APIKey, _ version: Int16, _ file: Int32) {
            writer = MessageWriter()
            do {
                try writer.frame(request, of: api, version: version, correlationID: 1, clientID: "bench")
            } catch {
                KafkaBench.fail("\(error)")
            }
            Self.write(metadata.withUnsafeBytes { writer.assembled(from: $0) }, file)
        }
        for member in members {
            let request = JoinGroupRequest(
                groupID: member.group, sessionTimeoutMs: 300_000, rebalanceTimeoutMs: 300_000, protocolType: "consumer",
                protocols: [.init(name: "range", metadata: MessageBytes(place: 0, count: metadata.count))])
            send(request, .joinGroup, 2, member.file)
        }
        for place in members.indices {
            let answer: JoinGroupResponse = Self.read(members[place].file, 2)
            if answer.errorCode != 0 { KafkaBench.fail("join: error \(answer.errorCode)") }
            (members[place].id, members[place].generation) = (answer.memberID, answer.generationID)
            send(
                SyncGroupRequest(
                    groupID: members[place].group, generationID: answer.generationID, memberID: answer.memberID,
                    assignments: [
                        .init(memberID: answer.memberID, assignment: MessageBytes(place: 0, count: metadata.count))
                    ]), .syncGroup, 1, members[place].file)
        }
        for member in members {
            let answer: SyncGroupResponse = Self.read(member.file, 1)
            if answer.errorCode != 0 { KafkaBench.fail("sync: error \(answer.errorCode)") }
        }
        print(#"{"joined":\#(count)}"#)
        fflush(nil)
        _ = readLine()
        let began = nanoseconds()
        for _ in 0..<rounds {
            for member in members {
                send(
                    HeartbeatRequest(groupID: member.group, generationID: member.generation, memberID: member.id),
                    .heartbeat, 1, member.file)
            }
            for member in members {
                let answer: HeartbeatResponse = Self.read(member.file, 1)
                if answer.errorCode != 0 { KafkaBench.fail("heartbeat: error \(answer.errorCode)") }
            }
        }
        return #"{"count":\#(count * rounds),"seconds":\#(Double(nanoseconds() - began) / 1e9)}"#
    }

    // MARK: - Sockets

    private static func connect() -> Int32 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let parts = KafkaBench.broker.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else { KafkaBench.fail("\(KafkaBench.broker): HOST:PORT") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let joined = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard joined == 0 else { KafkaBench.fail("\(KafkaBench.broker): no connection") }
        return file
    }

    private static func write(_ bytes: [UInt8], _ file: Int32) {
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { KafkaBench.fail("the server hung up") }
    }

    private static func read<Response: ReadableMessage>(_ file: Int32, _ version: Int16) -> Response {
        func bytes(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard recv(file, &bytes, count, Int32(MSG_WAITALL)) == count else {
                KafkaBench.fail("the server hung up")
            }
            return bytes
        }
        let size = bytes(4).reduce(0) { $0 << 8 | Int($1) }
        let frame = bytes(size)
        do {
            return try frame.withUnsafeBytes { bytes in
                var reader = MessageReader(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(4)))
                return try Response(from: &reader, version: version)
            }
        } catch {
            KafkaBench.fail("\(error)")
        }
    }
}
