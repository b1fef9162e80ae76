"""aiokafka: a client in pure Python for asyncio."""

import asyncio
import os
import signal
import sys
import time

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition, errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

import common
from common import same, until


async def producer(address, **settings):
    writer = AIOKafkaProducer(bootstrap_servers=address, **settings)
    await writer.start()
    return writer


async def consumer(address, *topics, **settings):
    reader = AIOKafkaConsumer(
        *topics, bootstrap_servers=address, **{"auto_offset_reset": "earliest", "enable_auto_commit": False} | settings)
    await reader.start()
    return reader


async def admin(address):
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    return client


def raised(answers):
    """Raises the errors in an answer of the administration: rows of name, code and a sentence."""
    for _, code, *_ in answers:
        if code:
            raise errors.for_code(code)()


async def create(address, topic, partitions=1, **config):
    client = await admin(address)
    try:
        answer = await client.create_topics([NewTopic(topic, partitions, 1, topic_configs=config)])
        raised(answer.topic_errors)
    finally:
        await client.close()


async def send(address, topic, records, partition=None, **settings):
    """Writes records with a producer of their own, and answers their offsets."""
    writer = await producer(address, **settings)
    try:
        futures = [await writer.send(topic, value, key, headers=headers, partition=partition) for key, value, headers in records]
        return [(await future).offset for future in futures]
    finally:
        await writer.stop()


async def read(address, topic, count, offset=0, seconds=20, **settings):
    reader, place = await consumer(address, **settings), TopicPartition(topic, 0)
    reader.assign([place])
    reader.seek(place, offset)
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        for records in (await reader.getmany(timeout_ms=200)).values():
            found += records
    await reader.stop()
    return found


async def refused(kind, work):
    try:
        await work
    except kind:
        return
    common.fail(f"not refused with {kind}")


async def within(seconds, what, look):
    """Waits for `look` to answer something that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := await look()):
        if time.monotonic() > deadline:
            common.fail(f"{what}: not after {seconds} s")
    return answer


# --- Producing and consuming

async def codecs(address):
    for codec in common.CODECS:
        topic = f"codec-{codec}"
        await create(address, topic)
        compression = None if codec == "none" else codec
        offsets = await send(address, topic, common.samples(), compression_type=compression, linger_ms=50, max_batch_size=1 << 18)
        same(offsets, list(range(200)), f"offsets of {codec}")
        found = [(one.key, one.value, list(one.headers)) for one in await read(address, topic, 200)]
        same(found, common.samples(), codec)
        same(common.codecs_of(address, topic), {codec}, "codecs of the stored batches")


async def acks(address):
    await create(address, "acks")
    for acks in (0, 1, "all"):
        writer = await producer(address, acks=acks)
        for number in range(20):
            await writer.send("acks", b"%s %d" % (str(acks).encode(), number))
        await writer.stop()
    expected = sorted(b"%s %d" % (acks, number) for acks in (b"0", b"1", b"all") for number in range(20))
    same(sorted(record.value for record in await read(address, "acks", 60)), expected, "what was written")


async def idempotent(address):
    await create(address, "idempotent")
    records = [(None, b"%d" % number, []) for number in range(500)]
    same(await send(address, "idempotent", records, enable_idempotence=True, max_batch_size=300), list(range(500)), "offsets")
    same([int(record.value) for record in await read(address, "idempotent", 500)], list(range(500)), "values")


async def large(address):
    await create(address, "large")
    client = await admin(address)
    answer = (await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "large")]))[0]
    limit = int(next(entry[1] for entry in answer.resources[0][4] if entry[0] == "max.message.bytes"))
    await client.close()
    sizes = {"max_request_size": 20 << 20, "max_batch_size": 20 << 20}
    await send(address, "large", [(None, common.value_of_batch(limit), [])], **sizes)
    too_large = [(None, common.value_of_batch(limit + 1), [])]
    await refused(errors.MessageSizeTooLargeError, send(address, "large", too_large, **sizes))
    await create(address, "larger", **{"max.message.bytes": "6000000"})
    value = os.urandom(5_000_000)
    for _ in range(3):
        await send(address, "larger", [(None, value, [])], **sizes)
    same([record.value == value for record in await read(address, "larger", 3)], [True] * 3, "large values")


async def offsets(address):
    await create(address, "offsets")
    writer = await producer(address, linger_ms=20)
    for number in range(100):
        await writer.send("offsets", b"%d" % number, timestamp_ms=1_700_000_000_000 + number * 1000)
        if number == 49:
            await writer.flush()
    await writer.stop()
    reader, place = await consumer(address), TopicPartition("offsets", 0)
    found = (await reader.beginning_offsets([place]))[place], (await reader.end_offsets([place]))[place]
    same(found, (0, 100), "the first and the next offset")
    times = {0: 0, 1_700_000_037_000: 37, 1_700_000_037_001: 38, 1_800_000_000_000: None}
    for millis, expected in times.items():
        found = (await reader.offsets_for_times({place: millis}))[place]
        same(found and found.offset, expected, f"the offset of the time {millis}")
    await reader.stop()
    same([int(record.value) for record in await read(address, "offsets", 5, offset=33)][:5], list(range(33, 38)), "from the middle")
    same(len(await read(address, "offsets", 1, offset=100, seconds=1)), 0, "records behind the end")
    same((await read(address, "offsets", 1, offset=5000))[0].offset, 0, "where a reset leads")


# --- Groups

class Listener(ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked):
        pass

    async def on_partitions_assigned(self, assigned):
        common.tell(assigned=sorted(partition.partition for partition in assigned))


def member(address, group, topic, protocol, instance):
    asyncio.run(a_member(address, group, topic, instance))


async def a_member(address, group, topic, instance):
    reader = await consumer(
        address, group_id=group, session_timeout_ms=6000, heartbeat_interval_ms=500, group_instance_id=instance or None,
        partition_assignment_strategy=[RangePartitionAssignor])
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    reader.subscribe([topic], listener=Listener())
    while not stopping.is_set():
        for place, records in (await reader.getmany(timeout_ms=100)).items():
            for record in records:
                common.tell(got=[record.partition, record.offset, int(record.value)])
            try:
                await reader.commit({place: records[-1].offset + 1})
            except (errors.CommitFailedError, errors.IllegalStateError):
                pass
    await reader.stop()


COMMAND = [sys.executable, __file__]


async def numbered(address, topic):
    await create(address, topic, 4)

    async def write(first, count):
        writer = await producer(address)
        for number in range(first, first + count):
            await writer.send(topic, b"%d" % number, partition=number % 4)
        await writer.stop()

    return lambda first, count: asyncio.run(write(first, count))


def group(address):
    name = common.group(COMMAND, address, "group", asyncio.run(numbered(address, "group")))

    async def committed():
        client = await admin(address)
        found = await client.list_consumer_group_offsets(name)
        await client.close()
        # For a moment after a start groups are not read yet, and this client does not say so.
        return found and [found[TopicPartition("group", partition)].offset for partition in range(4)]

    for _ in range(2):
        same(until(10, "commits", lambda: asyncio.run(committed())), [30] * 4, "commits")
        common.restart_server(kills=True)


def static_members(address):
    common.static_members(COMMAND, address, "static", asyncio.run(numbered(address, "static")))


async def restart(address):
    await create(address, "restart")
    writer = await producer(address, enable_idempotence=True)
    reader = await consumer(address, "restart", group_id="restart", session_timeout_ms=6000, heartbeat_interval_ms=500)
    found = []

    async def hears(count):
        for records in (await reader.getmany(timeout_ms=100)).values():
            found.extend(int(record.value) for record in records)
        return len(found) >= count

    for turn in range(3):
        for number in range(turn * 20, turn * 20 + 20):
            await writer.send_and_wait("restart", b"%d" % number)
        await within(20, f"records after {turn} restarts", lambda: hears(turn * 20 + 20))
        if turn < 2:
            common.restart_server(kills=turn == 1)
    same(sorted(set(found)), list(range(60)), "what was read")
    await reader.stop()
    await writer.stop()
    same([int(record.value) for record in await read(address, "restart", 60)], list(range(60)), "what was written")


# --- Transactions

async def values(address, topic, count, seconds=10, level="read_committed"):
    return [record.value for record in await read(address, topic, count, isolation_level=level, seconds=seconds)]


async def transactions(address):
    await create(address, "transactions")
    writer = await producer(address, transactional_id="scenario")
    expected = []
    for turn in range(6):
        await writer.begin_transaction()
        written = [b"%d-%d" % (turn, number) for number in range(10)]
        for value in written:
            await writer.send_and_wait("transactions", value)
        if turn % 3 == 1:
            await writer.abort_transaction()
        else:
            await writer.commit_transaction()
            expected += written
    same(await values(address, "transactions", 40), expected, "what was committed")
    same(len(await values(address, "transactions", 60, level="read_uncommitted")), 60, "everything")
    await writer.begin_transaction()
    await writer.send_and_wait("transactions", b"open")
    await send(address, "transactions", [(None, b"behind", [])])
    same(await values(address, "transactions", 41, seconds=1.5), expected, "while a transaction is open")
    common.restart_server(kills=True)
    await writer.commit_transaction()
    await writer.stop()
    same(await values(address, "transactions", 42), expected + [b"open", b"behind"], "after it was committed")


async def transactional_offsets(address):
    await create(address, "in")
    await create(address, "out")
    writer, place = await producer(address, transactional_id="offsets"), TopicPartition("in", 0)
    reader = await consumer(address, group_id="offsets")
    reader.assign([place])

    async def transfer(upto, commits):
        await writer.begin_transaction()
        await writer.send_and_wait("out", b"to %d" % upto)
        await writer.send_offsets_to_transaction({place: upto}, "offsets")
        await (writer.commit_transaction if commits else writer.abort_transaction)()
        return await reader.committed(place)

    same(await transfer(5, True), 5, "offsets of a committed transaction")
    same(await transfer(9, False), 5, "offsets after an aborted transaction")
    same(await transfer(12, True), 12, "offsets of the next transaction")
    await reader.stop()
    await writer.stop()
    same(await values(address, "out", 2), [b"to 5", b"to 12"], "what went with the offsets")


async def fencing(address):
    await create(address, "fencing")
    old = await producer(address, transactional_id="fenced")
    await old.begin_transaction()
    await old.send_and_wait("fencing", b"old")
    new = await producer(address, transactional_id="fenced")
    await refused((errors.ProducerFenced, errors.InvalidProducerEpoch), old.commit_transaction())
    await new.begin_transaction()
    await new.send_and_wait("fencing", b"new")
    await new.commit_transaction()
    await new.stop()
    same(await values(address, "fencing", 1), [b"new"], "what was committed")


# --- Administration

async def topics(address):
    client = await admin(address)
    await create(address, "admin", 2, **{"retention.ms": "86400000"})
    await refused(errors.TopicAlreadyExistsError, create(address, "admin"))
    await refused(errors.InvalidConfigurationError, create(address, "no", **{"retention.ms": "soon"}))

    async def count():
        return len((await client.describe_topics(["admin"]))[0]["partitions"])

    same(await count(), 2, "partitions")
    await client.create_partitions({"admin": NewPartitions(5)})
    same(await count(), 5, "partitions")
    await refused(errors.InvalidPartitionsError, client.create_partitions({"admin": NewPartitions(3)}))
    raised((await client.delete_topics(["admin"])).topic_error_codes)
    same("admin" in await client.list_topics(), False, "whether the topic is there")
    await client.close()


async def configs(address):
    client = await admin(address)
    await create(address, "configs", **{"cleanup.policy": "compact"})

    async def value(name):
        answer = (await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "configs")]))[0]
        return next(entry[1] for entry in answer.resources[0][4] if entry[0] == name)

    same(await value("cleanup.policy"), "compact", "a setting of the creation")
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "configs", {"retention.ms": "3600000"})])
    same((await value("retention.ms"), await value("cleanup.policy")), ("3600000", "delete"), "all settings replaced")
    await client.close()


async def delete_records(address):
    client, place = await admin(address), TopicPartition("deleted", 0)
    await create(address, "deleted")
    await send(address, "deleted", common.samples(50))
    same((await client.delete_records({place: RecordsToDelete(20)}))[place], 20, "the first offset")
    same((await read(address, "deleted", 1))[0].offset, 20, "the first record")
    await client.close()


async def group_admin(address):
    client, place = await admin(address), TopicPartition("watched", 0)
    await create(address, "watched")
    await send(address, "watched", common.samples(10))
    reader = await consumer(address, "watched", group_id="watched")
    await within(20, "a record", lambda: reader.getmany(timeout_ms=100))
    await reader.commit({place: 7})
    same("watched" in [row[0] for row in await client.list_consumer_groups()], True, "whether the group is listed")
    found = (await client.describe_consumer_groups(["watched"]))[0].groups[0]
    same((found[2], len(found[5])), ("Stable", 1), "the group")
    same((await client.list_consumer_group_offsets("watched"))[place].offset, 7, "the offset that was committed")
    await reader.stop()
    await client.close()


async def cluster(address):
    client = await admin(address)
    same([broker["node_id"] for broker in (await client.describe_cluster())["brokers"]], [1], "brokers")
    await client.close()


async def errors_told(address):
    await refused(errors.InvalidTopicError, create(address, "not/a name"))
    await create(address, "compacted", **{"cleanup.policy": "compact"})
    await refused(errors.KafkaError, send(address, "compacted", [(None, b"no key", [])]))


def plain(scenario):
    return lambda address: asyncio.run(scenario(address))


if __name__ == "__main__":
    common.run("aiokafka", aiokafka.__version__, {
        "codecs": plain(codecs), "acks": plain(acks), "idempotent": plain(idempotent), "large": plain(large),
        "offsets": plain(offsets), "group": group, "static": static_members, "restart": plain(restart),
        "transactions": plain(transactions), "transactional offsets": plain(transactional_offsets), "fencing": plain(fencing),
        "topics": plain(topics), "configs": plain(configs), "delete records": plain(delete_records),
        "groups": plain(group_admin), "cluster": plain(cluster), "errors": plain(errors_told),
    }, member)
