"""confluent-kafka, and with it the librdkafka it was built with."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

import common
from common import Lacks, same, until

QUIET = {"log_level": 0}


def producer(address, **settings):
    return Producer({"bootstrap.servers": address, **QUIET} | {k.replace("_", "."): v for k, v in settings.items()})


def consumer(address, group="none", **settings):
    return Consumer({"bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, **QUIET} | {k.replace("_", "."): v for k, v in settings.items()})


def admin(address):
    return AdminClient({"bootstrap.servers": address, **QUIET})


def send(writer, topic, records, **more):
    """Writes records, and answers their offsets."""
    offsets = []

    def told(error, message):
        if error:
            raise KafkaException(error)
        offsets.append(message.offset())

    for key, value, headers in records:
        writer.produce(topic, value, key, headers=headers, on_delivery=told, **more)
        writer.poll(0)
    same(writer.flush(30), 0, "records that were not delivered")
    return offsets


def read(address, topic, count, offset=OFFSET_BEGINNING, partition=0, seconds=20, **settings):
    """Reads so many messages from an offset on."""
    reader = consumer(address, **settings)
    reader.assign([TopicPartition(topic, partition, offset)])
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        message = reader.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        found.append(message)
    reader.close()
    return found


def contents(messages):
    return [(message.key(), message.value(), message.headers() or []) for message in messages]


def create(address, topic, partitions=1, **config):
    client = admin(address)
    for future in client.create_topics([NewTopic(topic, partitions, 1, config=config)]).values():
        future.result(10)
    return client


def code(error):
    """The name of the error in an exception."""
    return error.args[0].name()


def refused(name, work):
    """The work is refused with an error of that name."""
    try:
        work()
    except KafkaException as error:
        return same(code(error), name, "the error")
    common.fail(f"not refused with {name}")


# --- Producing and consuming

def codecs(address):
    for codec in common.CODECS:
        topic = f"codec-{codec}"
        create(address, topic)
        offsets = send(producer(address, compression_type=codec, linger_ms=50), topic, common.samples())
        same(offsets, list(range(200)), f"offsets of {codec}")
        same(contents(read(address, topic, 200)), common.samples(), codec)
        same(common.codecs_of(address, topic), {codec}, "codecs of the stored batches")


def acks(address):
    create(address, "acks")
    for acks in ("0", "1", "all"):
        writer = producer(address, acks=acks)
        for number in range(20):
            writer.produce("acks", b"%s %d" % (acks.encode(), number))
        same(writer.flush(10), 0, f"not delivered with acks={acks}")
    expected = sorted(b"%s %d" % (acks, number) for acks in (b"0", b"1", b"all") for number in range(20))
    same(sorted(message.value() for message in read(address, "acks", 60)), expected, "what was written")


def idempotent(address):
    create(address, "idempotent")
    writer = producer(address, enable_idempotence=True, linger_ms=5, batch_num_messages=20)
    offsets = send(writer, "idempotent", [(None, b"%d" % number, []) for number in range(500)])
    same(offsets, list(range(500)), "offsets")
    same([int(message.value()) for message in read(address, "idempotent", 500)], list(range(500)), "values")


def large(address):
    create(address, "large")
    limit = largest_batch(address, "large")
    writer = producer(address, message_max_bytes=20 << 20)
    send(writer, "large", [(None, common.value_of_batch(limit), [])])
    refused("MSG_SIZE_TOO_LARGE", lambda: send(writer, "large", [(None, common.value_of_batch(limit + 1), [])]))
    create(address, "larger", **{"max.message.bytes": "6000000"})
    value = os.urandom(5_000_000)
    send(writer, "larger", [(None, value, [])] * 3)
    found = read(address, "larger", 3, fetch_max_bytes=10 << 20, message_max_bytes=10 << 20)
    same([message.value() == value for message in found], [True] * 3, "large values")
    same(len(read(address, "larger", 3, max_partition_fetch_bytes=1000, fetch_max_bytes=10 << 20,
                  message_max_bytes=10 << 20)), 3, "large values with a small fetch")


def largest_batch(address, topic):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    client = admin(address)
    return int(client.describe_configs([resource])[resource].result(10)["max.message.bytes"].value)


def offsets(address):
    create(address, "offsets")
    writer = producer(address, linger_ms=20)
    for number in range(100):
        writer.produce("offsets", b"%d" % number, timestamp=1_700_000_000_000 + number * 1000)
        if number == 49:
            writer.flush(10)
    writer.flush(10)
    reader = consumer(address)
    same(reader.get_watermark_offsets(TopicPartition("offsets", 0), timeout=10), (0, 100), "watermarks")

    def by_time(millis):
        return reader.offsets_for_times([TopicPartition("offsets", 0, millis)], timeout=10)[0].offset

    same(by_time(0), 0, "the offset before all")
    same(by_time(1_700_000_000_000 + 37_000), 37, "the offset of a time")
    same(by_time(1_700_000_000_000 + 37_001), 38, "the offset between two times")
    same(by_time(1_800_000_000_000), -1, "the offset behind all")
    reader.close()
    same([int(message.value()) for message in read(address, "offsets", 5, offset=33)][:5], list(range(33, 38)), "from the middle")
    same(read(address, "offsets", 1, offset=99)[0].timestamp()[1], 1_700_000_099_000, "the last record's time")
    same(len(read(address, "offsets", 1, offset=OFFSET_END, seconds=1)), 0, "records behind the end")
    same(read(address, "offsets", 1, offset=5000)[0].offset(), 0, "where a reset leads")


# --- Groups

def member(address, group, topic, protocol, instance):
    settings = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 500,
                "partition_assignment_strategy": "cooperative-sticky" if protocol == "cooperative" else "range"}
    if protocol == "consumer":
        settings = {"group_protocol": "consumer"}
    incremental = protocol != "eager"
    if instance:
        settings["group_instance_id"] = instance
    reader = consumer(address, group, **settings)
    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    mine = set()

    def assigned(_, partitions):
        (mine.update if incremental else lambda new: (mine.clear(), mine.update(new)))(
            {partition.partition for partition in partitions})
        (reader.incremental_assign if incremental else reader.assign)(partitions)
        common.tell(assigned=sorted(mine))

    def revoked(_, partitions):
        mine.difference_update(partition.partition for partition in partitions)
        (reader.incremental_unassign(partitions) if incremental else reader.unassign())

    reader.subscribe([topic], on_assign=assigned, on_revoke=revoked)
    while running:
        message = reader.poll(0.1)
        if message is None or message.error():
            continue
        common.tell(got=[message.partition(), message.offset(), int(message.value())])
        reader.commit(message, asynchronous=False)
    reader.close()


COMMAND = [sys.executable, __file__]


def numbered(address, topic):
    """Writes numbered records to four partitions."""
    create(address, topic, 4)
    writer = producer(address)

    def produce(first, count):
        for number in range(first, first + count):
            writer.produce(topic, b"%d" % number, partition=number % 4)
        same(writer.flush(10), 0, "records that were not delivered")

    return produce


def group(address):
    committed(address, common.group(COMMAND, address, "group", numbered(address, "group")), "group")


def cooperative(address):
    name = common.group(COMMAND, address, "cooperative", numbered(address, "cooperative"), "cooperative")
    committed(address, name, "cooperative")


def next_generation(address):
    if confluent_kafka.libversion()[0] < "2.1":
        raise Lacks("groups of the next generation came later")
    name = common.group(COMMAND, address, "next", numbered(address, "next"), "consumer")
    committed(address, name, "next")


def committed(address, name, topic, expected=30):
    """What is committed is everything, also after a restart."""
    wanted = [TopicPartition(topic, partition) for partition in range(4)]
    for _ in range(2):
        reader = consumer(address, name)
        found = until(10, "commits", lambda: reader.committed(wanted, timeout=10))
        same([one.offset for one in found], [expected] * 4, "commits")
        reader.close()
        common.restart_server(kills=True)


def static_members(address):
    common.static_members(COMMAND, address, "static", numbered(address, "static"))


def restart(address):
    """Clients that were connected go on after a restart, and lose nothing."""
    create(address, "restart")
    writer = producer(address, enable_idempotence=True, reconnect_backoff_max_ms=500)
    reader = consumer(address, "restart", session_timeout_ms=6000, reconnect_backoff_max_ms=500)
    reader.subscribe(["restart"])
    found = []

    def hears(count):
        message = reader.poll(0.1)
        if message is not None and not message.error():
            found.append(int(message.value()))
            reader.commit(message, asynchronous=True)
        return len(found) >= count

    send(writer, "restart", [(None, b"%d" % number, []) for number in range(20)])
    until(20, "records before the restart", lambda: hears(20))
    common.restart_server()
    send(writer, "restart", [(None, b"%d" % number, []) for number in range(20, 40)])
    until(20, "records after the restart", lambda: hears(40))
    common.restart_server(kills=True)
    send(writer, "restart", [(None, b"%d" % number, []) for number in range(40, 60)])
    until(20, "records after the kill", lambda: hears(60))
    same(sorted(set(found)), list(range(60)), "what was read")
    reader.close()
    same([int(message.value()) for message in read(address, "restart", 60)], list(range(60)), "what was written")


# --- Transactions

def committed_values(address, topic, count, seconds=10, level="read_committed"):
    return [message.value() for message in read(address, topic, count, isolation_level=level, seconds=seconds)]


def transactions(address):
    create(address, "transactions")
    writer = producer(address, transactional_id="scenario", linger_ms=0)
    writer.init_transactions(20)
    expected = []
    for turn in range(6):
        writer.begin_transaction()
        values = [b"%d-%d" % (turn, number) for number in range(10)]
        send(writer, "transactions", [(None, value, []) for value in values])
        if turn % 3 == 1:
            writer.abort_transaction(20)
        else:
            writer.commit_transaction(20)
            expected += values
    same(committed_values(address, "transactions", 40), expected, "what was committed")
    same(len(committed_values(address, "transactions", 60, level="read_uncommitted")), 60, "everything")
    # An open transaction holds readers of what is committed back, and nobody else.
    writer.begin_transaction()
    send(writer, "transactions", [(None, b"open", [])])
    send(producer(address), "transactions", [(None, b"behind", [])])
    same(committed_values(address, "transactions", 41, seconds=1.5), expected, "while a transaction is open")
    common.restart_server(kills=True)
    writer.commit_transaction(30)
    same(committed_values(address, "transactions", 42), expected + [b"open", b"behind"], "after it was committed")
    # One that nobody ends is aborted in time.
    # This client gives its records no more time than the transaction has.
    left = producer(address, transactional_id="left", transaction_timeout_ms=4000)
    left.init_transactions(20)
    left.begin_transaction()
    send(left, "transactions", [(None, b"left", [])])
    send(producer(address), "transactions", [(None, b"last", [])])
    same(committed_values(address, "transactions", 43, seconds=25), expected + [b"open", b"behind", b"last"],
         "after a transaction timed out")


def transactional_offsets(address):
    create(address, "in")
    create(address, "out")
    send(producer(address), "in", [(None, b"%d" % number, []) for number in range(20)])
    writer = producer(address, transactional_id="offsets")
    writer.init_transactions(20)
    reader = consumer(address, "offsets", session_timeout_ms=6000, isolation_level="read_committed")
    reader.subscribe(["in"])
    until(20, "an assignment", lambda: reader.poll(0.1) is not None or reader.assignment())
    where = [TopicPartition("in", 0)]

    def transfer(upto, commits):
        writer.begin_transaction()
        send(writer, "out", [(None, b"to %d" % upto, [])])
        writer.send_offsets_to_transaction([TopicPartition("in", 0, upto)], reader.consumer_group_metadata(), 20)
        (writer.commit_transaction if commits else writer.abort_transaction)(20)
        return reader.committed(where, timeout=10)[0].offset

    same(transfer(5, True), 5, "offsets of a committed transaction")
    same(transfer(9, False), 5, "offsets after an aborted transaction")
    same(transfer(12, True), 12, "offsets of the next transaction")
    reader.close()
    same(committed_values(address, "out", 2), [b"to 5", b"to 12"], "what went with the offsets")


def fencing(address):
    create(address, "fencing")
    old = producer(address, transactional_id="fenced")
    old.init_transactions(20)
    old.begin_transaction()
    send(old, "fencing", [(None, b"old", [])])
    new = producer(address, transactional_id="fenced")
    new.init_transactions(20)
    try:
        old.commit_transaction(20)
        common.fail("a fenced producer commits")
    except KafkaException as error:
        same(error.args[0].fatal(), True, "whether being fenced is fatal")
        same(code(error), "_FENCED", "the error")
    new.begin_transaction()
    send(new, "fencing", [(None, b"new", [])])
    new.commit_transaction(20)
    same(committed_values(address, "fencing", 1), [b"new"], "what was committed")


# --- Administration

def topics(address):
    client = create(address, "admin", 2, **{"retention.ms": "86400000"})
    refused("TOPIC_ALREADY_EXISTS", lambda: create(address, "admin"))
    refused("INVALID_CONFIG", lambda: create(address, "no", **{"retention.ms": "soon"}))
    refused("INVALID_PARTITIONS", lambda: create(address, "no", 0))
    same(len(client.list_topics(timeout=10).topics["admin"].partitions), 2, "partitions")
    client.create_partitions([NewPartitions("admin", 5)])["admin"].result(10)
    same(len(client.list_topics(timeout=10).topics["admin"].partitions), 5, "partitions")
    refused("INVALID_PARTITIONS", lambda: client.create_partitions([NewPartitions("admin", 3)])["admin"].result(10))
    if hasattr(client, "describe_topics"):
        found = client.describe_topics(confluent_kafka.TopicCollection(["admin"]))["admin"].result(10)
        same((found.name, len(found.partitions)), ("admin", 5), "the description")
    client.delete_topics(["admin"])["admin"].result(10)
    same("admin" in client.list_topics(timeout=10).topics, False, "whether the topic is there")
    refused("UNKNOWN_TOPIC_OR_PART", lambda: client.delete_topics(["admin"])["admin"].result(10))


def configs(address):
    client = create(address, "configs", **{"cleanup.policy": "compact"})
    resource = ConfigResource(ConfigResource.Type.TOPIC, "configs")

    def value(name):
        return client.describe_configs([resource])[resource].result(10)[name].value

    same(value("cleanup.policy"), "compact", "a setting of the creation")
    client.alter_configs([ConfigResource(ConfigResource.Type.TOPIC, "configs", {"retention.ms": "3600000"})])[resource].result(10)
    same((value("retention.ms"), value("cleanup.policy")), ("3600000", "delete"), "all settings replaced")
    if hasattr(client, "incremental_alter_configs"):
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry
        change = ConfigResource(ConfigResource.Type.TOPIC, "configs", incremental_configs=[
            ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
            ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE)])
        client.incremental_alter_configs([change])[resource].result(10)
        same((value("retention.ms"), set(value("cleanup.policy").split(","))), ("604800000", {"delete", "compact"}), "single changes")
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    same(client.describe_configs([broker])[broker].result(10)["num.partitions"].value, "1", "a setting of the broker")


def delete_records(address):
    client = create(address, "deleted")
    if not hasattr(client, "delete_records"):
        raise Lacks("delete_records came in 2.4")
    send(producer(address), "deleted", common.samples(50))
    found = client.delete_records([TopicPartition("deleted", 0, 20)])
    same([future.result(10).low_watermark for future in found.values()], [20], "the first offset")
    same(read(address, "deleted", 1)[0].offset(), 20, "the first record")
    same(read(address, "deleted", 1, offset=3)[0].offset(), 20, "where a deleted offset leads")


def group_admin(address):
    client = create(address, "groups")
    if not hasattr(client, "list_consumer_groups"):
        raise Lacks("groups are administrated from 2.0 on")
    send(producer(address), "groups", common.samples(10))
    reader = consumer(address, "watched", session_timeout_ms=6000)
    reader.subscribe(["groups"])
    until(20, "a record", lambda: reader.poll(0.1))
    reader.commit(asynchronous=False)
    listed = [group.group_id for group in client.list_consumer_groups().result(10).valid]
    same("watched" in listed, True, f"whether the group is in {listed}")
    if hasattr(client, "describe_consumer_groups"):
        found = client.describe_consumer_groups(["watched"])["watched"].result(10)
        same((found.state.name, len(found.members)), ("STABLE", 1), "the group")
        same([(one.topic, one.partition) for one in found.members[0].assignment.topic_partitions], [("groups", 0)], "its member's share")
        refused("NON_EMPTY_GROUP", lambda: client.delete_consumer_groups(["watched"])["watched"].result(10))
    reader.close()
    from confluent_kafka import ConsumerGroupTopicPartitions
    asked = ConsumerGroupTopicPartitions("watched", [TopicPartition("groups", 0)])
    offset = lambda: client.list_consumer_group_offsets([asked])["watched"].result(10).topic_partitions[0].offset  # noqa: E731
    same(offset() > 0, True, "whether there is an offset")
    client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("watched", [TopicPartition("groups", 0, 7)])])["watched"].result(10)
    same(offset(), 7, "the offset that was set")
    client.delete_consumer_groups(["watched"])["watched"].result(10)
    same([group.group_id for group in client.list_consumer_groups().result(10).valid if group.group_id == "watched"], [], "groups left")


def cluster(address):
    client = admin(address)
    same([broker.id for broker in client.list_topics(timeout=10).brokers.values()], [1], "brokers")
    if hasattr(client, "describe_cluster"):
        found = client.describe_cluster().result(10)
        same(([node.id for node in found.nodes], bool(found.cluster_id)), ([1], True), "the cluster")
    if hasattr(client, "list_offsets"):
        from confluent_kafka.admin import OffsetSpec
        create(address, "listed")
        send(producer(address), "listed", common.samples(10))
        place = TopicPartition("listed", 0)
        for spec, offset in ((OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 10)):
            same(client.list_offsets({place: spec})[place].result(10).offset, offset, "the offset")


def errors(address):
    refused("TOPIC_EXCEPTION", lambda: create(address, "not/a name"))
    refused("_UNKNOWN_PARTITION", lambda: send(producer(address), "errors", [(None, b"x", [])], partition=77))
    client = admin(address)
    resource = ConfigResource(ConfigResource.Type.TOPIC, "missing")
    refused("UNKNOWN_TOPIC_OR_PART", lambda: client.describe_configs([resource])[resource].result(10))
    reader = consumer(address, allow_auto_create_topics=False)
    reader.subscribe(["missing"])
    error = until(10, "an error", lambda: reader.poll(0.2)).error()
    same(error.name(), "UNKNOWN_TOPIC_OR_PART", "the error of a consumer")
    reader.close()
    create(address, "compacted", **{"cleanup.policy": "compact"})
    refused("INVALID_RECORD", lambda: send(producer(address), "compacted", [(None, b"no key", [])]))


if __name__ == "__main__":
    library = confluent_kafka.libversion()[0]
    # Of the system's library this is the way in, no more.
    version = f"{confluent_kafka.__version__} (librdkafka {library})" if library != "2.0.2" else library
    common.run(
        "confluent-kafka", version, {
            "codecs": codecs, "acks": acks, "idempotent": idempotent, "large": large, "offsets": offsets, "group": group,
            "cooperative": cooperative, "next generation": next_generation, "static": static_members, "restart": restart, "transactions": transactions,
            "transactional offsets": transactional_offsets, "fencing": fencing, "topics": topics, "configs": configs,
            "delete records": delete_records, "groups": group_admin, "cluster": cluster, "errors": errors,
        }, member)
