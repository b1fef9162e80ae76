// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsTesting

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The main job, played: a food-delivery company's services tell each other what happened, and nothing is lost while
/// one consumer is down, another chokes, an impostor tries its luck and the server is killed.
///
/// - Concurrency: one thread, which publishes, tells and draws; calls block.
final class Demo {
    /// How it is played.
    struct Options {
        /// Without pauses, and with the seventh consumer played by the demo itself.
        var isFast = false
        /// Keeps the folder with data and logs.
        var keepsFolder = false
        /// How many orders come in.
        var orders = 40
    }

    private let options: Options
    private let program: String
    private let folder: String
    private let server: DemoServer
    private let client: any APIClient
    private let cast: Cast
    private let terminal: Terminal
    private var screen: DemoScreen
    private var states: [String: String] = [:]
    private var consumers = Company.consumers
    private var newcomer: ChildProcess?
    private var newcomerTakes: String { folder + "/you.ndjson" }

    /// Prepares everything; nothing runs yet.
    init(
        _ options: Options, program: String, folder: String, terminal: Terminal,
        connect: (String) throws(CommandFailure) -> any APIClient
    ) throws(CommandFailure) {
        self.options = options
        self.program = program
        self.folder = folder
        self.terminal = terminal
        screen = DemoScreen(terminal)
        server = try DemoServer(program: program, folder: folder)
        client = try connect(server.url)
        cast = try Cast(Company.consumers + [Company.late])
    }

    /// Plays it to the end and answers whether every consumer got everything, in order.
    func run() throws(CommandFailure) -> ExitCode {
        defer {
            cast.stop()
            newcomer?.signal(SIGTERM)
            newcomer?.wait()
        }
        try open()
        try play()
        try settle()
        return try sumUp()
    }

    // MARK: The scenes

    private func open() throws(CommandFailure) {
        screen.tell("Tidings starts on \(server.url), on an empty folder.")
        try server.start(client)
        try put(["producers", "order-service"], #"{"sources":["/order-service"],"types":["order.*"]}"#)
        try put(["topics", "orders"], #"{"partitions":4}"#)
        try put(["routes", "orders"], #"{"types":["order.*"],"topic":"orders"}"#)
        for consumer in Company.consumers { try subscribe(consumer) }
        let listen = "\(program) listen 'order.*' --server \(server.url) --from beginning"
        if options.isFast {
            try startNewcomer()
            screen.tell("A seventh consumer listens: \(listen) -- …")
        } else {
            screen.tell("Be the seventh consumer. Paste into a second terminal, now or later:")
            terminal.print("\n    " + terminal.styled("\(listen) -- cat", .bold) + "\n")
            pause(.seconds(4))
        }
        screen.tell("Six consumers subscribed to the events of the order service. Orders come in.")
    }

    private func play() throws(CommandFailure) {
        let last = options.orders + Company.course.count - 1
        let scenes: [(at: Int, play: () throws(CommandFailure) -> Void)] = [
            (20, emailGoesDown), (35, impostor), (45, growth), (55, crash), (70, emailComesBack), (85, repair),
        ]
        var next = scenes[...]
        for tick in 0..<last {
            for step in Company.course.indices {
                let order = tick - step
                guard (0..<options.orders).contains(order) else { continue }
                try publish(Company.course[step], entity: "o-\(order)", number: order)
                if consumers.contains(where: { $0.name == Company.late.name }),
                    Company.course[step] == "order.picked_up"
                {
                    try publish("courier.assigned", entity: "c-\(order % 7)", number: order)
                }
            }
            if tick % 2 == 0 { refresh() }
            pause(.milliseconds(120))
            while let scene = next.first, tick * 100 >= scene.at * last {
                next = next.dropFirst()
                try scene.play()
                refresh()
                pause(.seconds(2))
            }
        }
        screen.tell(
            "The last order is delivered: \(cast.ledger.withLock { $0.acknowledgedCount }) events were published.")
    }

    private func emailGoesDown() throws(CommandFailure) {
        cast.takeDown(Company.email)
        screen.tell("The email service goes down. Its subscription rests; nobody else notices.")
    }

    private func impostor() throws(CommandFailure) {
        let event = Company.event(id: "fake", type: "order.created", entity: "o-0", number: 0, source: "/impostor")
        let answer = try client.call(post(event))
        guard answer.status == 403 else {
            throw CommandFailure(.failure, "the impostor was answered with \(answer.status), not refused")
        }
        screen.tell(
            "An impostor publishes order.created and is refused: " + terminal.styled(answer.failure.message, .faint))
    }

    private func growth() throws(CommandFailure) {
        try put(["routes", "couriers"], #"{"types":["courier.*"],"topic":"couriers"}"#)
        try subscribe(Company.late)
        consumers.append(Company.late)
        screen.tell(
            "The company grows: a route for courier.* and a subscription of the dispatch service, added while all runs."
        )
    }

    private func crash() throws(CommandFailure) {
        server.crash()
        let began = ContinuousClock().now
        screen.tell("The server is killed (kill -9) in the middle of it, with deliveries under way.")
        pause(.seconds(1))
        let restart = ContinuousClock().now
        try server.start(client)
        let took = ContinuousClock().now - restart
        let gone = ContinuousClock().now - began
        screen.tell("It is back after \(took.millis) ms (\(gone.millis) ms away), and goes on where it was.")
    }

    private func emailComesBack() throws(CommandFailure) {
        try cast.bringBack(Company.email)
        screen.tell("The email service is back and catches up by itself.")
    }

    private func repair() throws(CommandFailure) {
        guard try waits(until: { () throws(CommandFailure) in try self.parkedEntities() == [Company.poison] }) else {
            throw CommandFailure(.failure, "\(Company.choking) did not park \(Company.poison)")
        }
        let waiting = "only that order waits, all others went on"
        screen.tell("The warehouse chokes on order \(Company.poison): 3 attempts, then it is parked; \(waiting).")
        cast.repair()
        var request = APIRequest("POST", ["v1", "subscriptions", Company.choking, "dead-letters", "redrive"])
        request.body = ("application/json", Array(#"{"filter":{}}"#.utf8))
        _ = try client.expect(request)
        screen.tell("The warehouse is repaired, the dead letter redriven: \(Company.poison) goes on, in order.")
    }

    private func settle() throws(CommandFailure) {
        screen.tell("Waiting until everyone has everything …")
        _ = try waits(until: { () throws(CommandFailure) in
            self.refresh()
            return self.rows().allSatisfy { $0.tally.lost == 0 }
        })
    }

    private func sumUp() throws(CommandFailure) -> ExitCode {
        let rows = rows()
        screen.sum(rows)
        guard server.stop() == 0 else { throw CommandFailure(.failure, "the server did not stop in good order") }
        if rows.allSatisfy(\.tally.isClean) {
            terminal.print(terminal.styled("Nothing was lost and nothing came out of order.", .green))
            terminal.print("Duplicates are what the crash repeated: events that were received but not yet known to be.")
            return .ok
        }
        for row in rows where !row.tally.isClean {
            let missing = cast.ledger.withLock { ledger in
                ledger.missing(of: row.name, wanting: { type in self.consumer(row.name)?.wants(type) ?? false })
            }
            terminal.say("\(row.name): missing \(missing.prefix(10).joined(separator: ", "))")
        }
        terminal.say("tidings: events were lost or out of order; data and logs are in \(folder)")
        return .failure
    }

    // MARK: Calls

    private func put(_ parts: [String], _ json: String) throws(CommandFailure) {
        var request = APIRequest("PUT", ["v1"] + parts)
        request.body = ("application/json", Array(json.utf8))
        _ = try client.expect(request)
    }

    private func subscribe(_ consumer: Company.Consumer) throws(CommandFailure) {
        let types = consumer.types.map { "\"\($0)\"" }.joined(separator: ",")
        try put(
            ["subscriptions", consumer.name],
            """
            {"consumer":"\(consumer.name)-service","types":[\(types)],\
            "endpoint":{"url":"\(cast.url(of: consumer.name))"}\(consumer.settings)}
            """)
    }

    private func post(_ event: String) -> APIRequest {
        var request = APIRequest("POST", ["v1", "events"])
        request.body = ("application/json", Array(event.utf8))
        return request
    }

    /// Publishes one event; tries again until it is acknowledged, as a producer's local queue does.
    private func publish(_ type: String, entity: String, number: Int) throws(CommandFailure) {
        let id = "\(entity)/\(type)/\(number)"
        cast.ledger.withLock { $0.publishing(id: id, type: type, entity: entity) }
        let source = type.hasPrefix("order.") ? "/order-service" : "/courier-service"
        let event = Company.event(id: id, type: type, entity: entity, number: number, source: source)
        for _ in 0..<500 {
            if let answer = try? client.call(post(event)) {
                if answer.isSuccess {
                    cast.ledger.withLock { $0.acknowledged(id: id) }
                    return
                }
                guard answer.status == 503 || answer.status == 429 else { throw answer.failure }
            }
            usleep(20_000)
        }
        throw CommandFailure(.unreachable, "\(id) could not be published for 10 s")
    }

    private func parkedEntities() throws(CommandFailure) -> [String] {
        let request = APIRequest(
            "GET", ["v1", "subscriptions", Company.choking, "entities"], query: [("state", "parked")])
        return try client.items(request).compactMap { $0["entity"]?.string }
    }

    // MARK: The seventh consumer, the table, time

    private func startNewcomer() throws(CommandFailure) {
        do {
            newcomer = try ChildProcess(
                [
                    program, "listen", "order.*", "--server", server.url, "--from", "beginning", "--", "sh", "-c",
                    "cat >> '\(newcomerTakes)'; echo >> '\(newcomerTakes)'",
                ], output: folder + "/listen.log")
        } catch {
            throw CommandFailure(.failure, "the seventh consumer does not start: \(error)")
        }
        consumers.append(Company.newcomer)
    }

    private func consumer(_ name: String) -> Company.Consumer? { consumers.first { $0.name == name } }

    /// Reads what the seventh consumer's command wrote since last time into the ledger.
    private func collectNewcomer() {
        guard newcomer != nil, let file = fopen(newcomerTakes, "r") else { return }
        defer { fclose(file) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { break }
            text += piece[..<count]
        }
        let ids = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? JSONValue.parse(Array(line)))?["id"]?.string
        }
        cast.ledger.withLock { ledger in
            for id in ids.dropFirst(ledger.receiptCount(of: Company.newcomer.name)) {
                ledger.received(by: Company.newcomer.name, id: id)
            }
        }
    }

    private func rows() -> [DemoScreen.Row] {
        collectNewcomer()
        return consumers.map { consumer in
            DemoScreen.Row(
                name: consumer.name, wants: consumer.types.joined(separator: " "),
                tally: cast.ledger.withLock { $0.tally(of: consumer.name, wanting: consumer.wants) },
                state: states[consumer.name] ?? "")
        }
    }

    private func refresh() {
        guard terminal.isOutInteractive else { return }
        for consumer in consumers where consumer.name != Company.newcomer.name {
            let request = APIRequest("GET", ["v1", "subscriptions", consumer.name])
            guard let status = try? client.call(request).json()["status"] else {
                states[consumer.name] = "server down"
                continue
            }
            let parked = status["parked_entities"]?.integer ?? 0
            states[consumer.name] = (status["state"]?.string ?? "") + (parked > 0 ? ", \(parked) parked" : "")
        }
        screen.draw(rows())
    }

    private func waits(until isSo: () throws(CommandFailure) -> Bool) throws(CommandFailure) -> Bool {
        for _ in 0..<600 {
            if try isSo() { return true }
            usleep(100_000)
        }
        return false
    }

    private func pause(_ time: Duration) {
        if !options.isFast { usleep(UInt32(clamping: time.nanos / 1_000)) }
    }
}
