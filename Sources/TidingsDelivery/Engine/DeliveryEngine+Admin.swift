// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension DeliveryEngine: DeliveryAdmin {
    package func status(
        of uuid: UUID128, on loop: any Loop, then: @escaping (Result<SubscriptionStatus, Problem>) -> Void
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in answer(.success(runner.status)) }
    }

    package func entities(
        of uuid: UUID128, in state: EntityState?, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<Page<WaitingEntity>, Problem>) -> Void
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in
            answer(Self.place(after).map { runner.entities(in: state, after: $0, limit: max(limit, 1)) })
        }
    }

    package func deadLetters(
        of uuid: UUID128, where filter: DeadLetterFilter, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<Page<DeadLetterSummary>, Problem>) -> Void
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in
            answer(Self.place(after).map { runner.deadLetters(where: filter, after: $0, limit: max(limit, 1)) })
        }
    }

    private static func place(_ cursor: String?) -> Result<UInt64, Problem> {
        guard let cursor else { return .success(0) }
        guard let place = UInt64(cursor) else {
            return .failure(
                Problem(
                    .invalidParameter, "'cursor' is not one this list gave",
                    [.init("/cursor", "cursor", found: cursor)]))
        }
        return .success(place)
    }

    package func deadLetter(
        of uuid: UUID128, id: DeadLetterID, on loop: any Loop,
        then: @escaping (Result<DeadLetterDetails, Problem>) -> Void
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in runner.details(of: id, then: answer) }
    }

    package func redrive(
        of uuid: UUID128, id: DeadLetterID, data: [UInt8]?, on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void
    ) {
        change(uuid, on: loop, then: then) { runner throws(Problem) in try runner.redrive(id, data: data) }
    }

    package func discard(
        of uuid: UUID128, id: DeadLetterID, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void
    ) {
        change(uuid, on: loop, then: then) { runner throws(Problem) in try runner.discard(id) }
    }

    package func redrive(
        of uuid: UUID128, _ selection: DeadLetterSelection, dryRun: Bool, on loop: any Loop,
        then: @escaping (Result<RedriveCount, Problem>) -> Void
    ) {
        change(uuid, on: loop, then: then) { runner throws(Problem) in runner.redrive(selection, dryRun: dryRun) }
    }

    package func test(
        of uuid: UUID128, on loop: any Loop, then: @escaping (Result<AttemptRecord, Problem>) -> Void
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in runner.test(then: answer) }
    }

    package func resume(
        of uuid: UUID128, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void
    ) {
        change(uuid, on: loop, then: then) { runner throws(Problem) in runner.resume() }
    }

    package func seek(
        of uuid: UUID128, _ request: SeekRequest, dryRun: Bool, on loop: any Loop,
        then: @escaping (Result<[SeekStep], Problem>) -> Void
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in
            runner.seek(request, dryRun: dryRun) { result in
                if dryRun { return answer(result) }
                runner.home.writer.whenRecorded { answer(result) }
            }
        }
    }

    /// Changes something and answers when the change is durable.
    private func change<Value>(
        _ uuid: UUID128, on loop: any Loop, then: @escaping (Result<Value, Problem>) -> Void,
        _ body: @escaping (SubscriptionRunner) throws(Problem) -> Value
    ) {
        ask(uuid, on: loop, then: then) { runner, answer in
            do throws(Problem) {
                let value = try body(runner)
                runner.home.writer.whenRecorded { answer(.success(value)) }
            } catch {
                answer(.failure(error))
            }
        }
    }
}
