"""kafka-python: a client in pure Python."""

import os
import signal
import sys
import time

import kafka
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata

import common
from common import Lacks, same, until

# The assignors are classes here.
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor


def producer(address, **settings):
    return KafkaProducer(bootstrap_servers=address, **{"acks": "all", "linger_ms": 0} | settings)


def consumer(address, **settings):
    return KafkaConsumer(bootstrap_servers=address, **{"auto_offset_reset": "earliest", "enable_auto_commit": False} | settings)


def admin(address):
    return KafkaAdminClient(bootstrap_servers=address)


def create(address, topic, partitions=1, **config):
    client = admin(address)
    client.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1, "configs": config}})
    return client


def send(writer, topic, records, **more):
    futures = [writer.send(topic, value=value, key=key, headers=headers, **more) for key, value, headers in records]
    writer.flush(30)
    return [future.get(10).offset for future in futures]


def read(address, topic, count, offset=0, seconds=20, **settings):
    reader = consumer(address, **settings)
    place = TopicPartition(topic, 0)
    reader.assign([place])
    reader.seek(place, offset)
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        for records in reader.poll(200).values():
            found += records
    reader.close()
    return found


def subscribe(reader, topic, **more):
    """Subscribes, and waits for the topic's metadata. Without them this client joins before it knows the partitions and again
    when it does; when the time of a poll is over during the second join, it never looks for its answer, also with Apache Kafka.
    """
    reader.subscribe([topic], **more)
    until(10, "metadata of the topic", lambda: reader.partitions_for_topic(topic))


def refused(kind, work):
    try:
        work()
    except kind:
        return
    except errors.KafkaError as error:
        common.fail(f"refused with {type(error).__name__}: {error}; {kind.__name__} was expected")
    common.fail(f"not refused with {kind.__name__}")


# --- Producing and consuming

def codecs(address):
    for codec in common.CODECS:
        topic = f"codec-{codec}"
        create(address, topic)
        writer = producer(address, compression_type=None if codec == "none" else codec, linger_ms=50, batch_size=1 << 18)
        same(send(writer, topic, common.samples()), list(range(200)), f"offsets of {codec}")
        found = [(one.key, one.value, [(name, bytes(value)) for name, value in one.headers]) for one in read(address, topic, 200)]
        same(found, common.samples(), codec)
        same(common.codecs_of(address, topic), {codec}, "codecs of the stored batches")
        writer.close()


def acks(address):
    create(address, "acks")
    for acks in (0, 1, "all"):
        writer = producer(address, acks=acks)
        for number in range(20):
            writer.send("acks", b"%s %d" % (str(acks).encode(), number))
        writer.flush(10)
        writer.close()
    expected = sorted(b"%s %d" % (acks, number) for acks in (b"0", b"1", b"all") for number in range(20))
    same(sorted(record.value for record in read(address, "acks", 60)), expected, "what was written")


def idempotent(address):
    create(address, "idempotent")
    writer = producer(address, enable_idempotence=True, linger_ms=5, batch_size=300)
    same(send(writer, "idempotent", [(None, b"%d" % number, []) for number in range(500)]), list(range(500)), "offsets")
    same([int(record.value) for record in read(address, "idempotent", 500)], list(range(500)), "values")


def large(address):
    client = create(address, "large")
    resource = ConfigResource(ConfigResourceType.TOPIC, "large")
    limit = int(client.describe_configs([resource], config_filter="all")["topic"]["large"]["max.message.bytes"]["value"])
    writer = producer(address, max_request_size=20 << 20, batch_size=0)
    send(writer, "large", [(None, common.value_of_batch(limit), [])])
    refused(errors.MessageSizeTooLargeError, lambda: send(writer, "large", [(None, common.value_of_batch(limit + 1), [])]))
    # What was refused is fatal to this client's idempotent producer.
    writer = producer(address, max_request_size=20 << 20, batch_size=0)
    create(address, "larger", **{"max.message.bytes": "6000000"})
    value = os.urandom(5_000_000)
    for _ in range(3):
        send(writer, "larger", [(None, value, [])])
    same([record.value == value for record in read(address, "larger", 3)], [True] * 3, "large values")


def offsets(address):
    create(address, "offsets")
    writer = producer(address, linger_ms=20)
    for number in range(100):
        writer.send("offsets", b"%d" % number, timestamp_ms=1_700_000_000_000 + number * 1000)
        if number == 49:
            writer.flush(10)
    writer.flush(10)
    reader, place = consumer(address), TopicPartition("offsets", 0)
    same((reader.beginning_offsets([place])[place], reader.end_offsets([place])[place]), (0, 100), "the first and the next offset")

    def by_time(millis):
        found = reader.offsets_for_times({place: millis})[place]
        return found and found.offset

    same(by_time(0), 0, "the offset before all")
    same(by_time(1_700_000_000_000 + 37_000), 37, "the offset of a time")
    same(by_time(1_700_000_000_000 + 37_001), 38, "the offset between two times")
    same(by_time(1_800_000_000_000), None, "the offset behind all")
    reader.close()
    same([int(record.value) for record in read(address, "offsets", 5, offset=33)][:5], list(range(33, 38)), "from the middle")
    same(len(read(address, "offsets", 1, offset=100, seconds=1)), 0, "records behind the end")
    same(read(address, "offsets", 1, offset=5000)[0].offset, 0, "where a reset leads")


# --- Groups

class Listener(ConsumerRebalanceListener):
    def __init__(self, reader, cooperative):
        self.reader, self.cooperative, self.mine = reader, cooperative, set()

    def on_partitions_revoked(self, revoked):
        self.mine -= {partition.partition for partition in revoked}

    def on_partitions_lost(self, lost):
        self.on_partitions_revoked(lost)

    def on_partitions_assigned(self, assigned):
        new = {partition.partition for partition in assigned}
        self.mine = self.mine | new if self.cooperative else new
        common.tell(assigned=sorted(self.mine))


def member(address, group, topic, protocol, instance):
    cooperative = protocol == "cooperative"
    reader = consumer(
        address, group_id=group, session_timeout_ms=6000, heartbeat_interval_ms=500, group_instance_id=instance or None,
        partition_assignment_strategy=[CooperativeStickyAssignor if cooperative else RangePartitionAssignor])
    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    subscribe(reader, topic, listener=Listener(reader, cooperative))
    while running:
        for place, records in reader.poll(100).items():
            for record in records:
                common.tell(got=[record.partition, record.offset, int(record.value)])
            try:
                reader.commit({place: OffsetAndMetadata(records[-1].offset + 1, "", -1)})
            except errors.CommitFailedError:
                pass
    reader.close(autocommit=False)


COMMAND = [sys.executable, __file__]


def numbered(address, topic):
    create(address, topic, 4)
    writer = producer(address)

    def produce(first, count):
        for number in range(first, first + count):
            writer.send(topic, b"%d" % number, partition=number % 4)
        writer.flush(10)

    return produce


def committed(address, name, topic):
    def answered():
        try:
            return client.list_group_offsets(name)[name]
        except errors.CoordinatorLoadInProgressError:  # for a moment after a start; others ask again by themselves
            return None

    for _ in range(2):
        client = admin(address)
        found = until(10, "offsets of the group", answered)
        same([found[TopicPartition(topic, partition)].offset for partition in range(4)], [30] * 4, "commits")
        client.close()
        common.restart_server(kills=True)


def group(address):
    committed(address, common.group(COMMAND, address, "group", numbered(address, "group")), "group")


def cooperative(address):
    raise Lacks("its cooperative members do not join again once they gave a partition up; the same with Apache Kafka")


def static_members(address):
    common.static_members(COMMAND, address, "static", numbered(address, "static"))


def restart(address):
    create(address, "restart")
    writer = producer(address, enable_idempotence=True)
    reader = consumer(address, group_id="restart", session_timeout_ms=6000, heartbeat_interval_ms=500)
    subscribe(reader, "restart")
    found = []

    def hears(count):
        for place, records in reader.poll(100).items():
            found.extend(int(record.value) for record in records)
            reader.commit_async({place: OffsetAndMetadata(records[-1].offset + 1, "", -1)})
        return len(found) >= count

    for turn in range(3):
        send(writer, "restart", [(None, b"%d" % number, []) for number in range(turn * 20, turn * 20 + 20)])
        until(20, f"records after {turn} restarts", lambda: hears(turn * 20 + 20))
        if turn < 2:
            common.restart_server(kills=turn == 1)
    same(sorted(set(found)), list(range(60)), "what was read")
    reader.close(autocommit=False)
    same([int(record.value) for record in read(address, "restart", 60)], list(range(60)), "what was written")


# --- Transactions

def values(address, topic, count, seconds=10, level="read_committed"):
    return [record.value for record in read(address, topic, count, isolation_level=level, seconds=seconds)]


def transactions(address):
    create(address, "transactions")
    writer = producer(address, transactional_id="scenario")
    writer.init_transactions()
    expected = []
    for turn in range(6):
        writer.begin_transaction()
        written = [b"%d-%d" % (turn, number) for number in range(10)]
        send(writer, "transactions", [(None, value, []) for value in written])
        if turn % 3 == 1:
            writer.abort_transaction()
        else:
            writer.commit_transaction()
            expected += written
    same(values(address, "transactions", 40), expected, "what was committed")
    same(len(values(address, "transactions", 60, level="read_uncommitted")), 60, "everything")
    writer.begin_transaction()
    send(writer, "transactions", [(None, b"open", [])])
    send(producer(address), "transactions", [(None, b"behind", [])])
    same(values(address, "transactions", 41, seconds=1.5), expected, "while a transaction is open")
    common.restart_server(kills=True)
    writer.commit_transaction()
    same(values(address, "transactions", 42), expected + [b"open", b"behind"], "after it was committed")


def transactional_offsets(address):
    create(address, "in")
    create(address, "out")
    send(producer(address), "in", [(None, b"%d" % number, []) for number in range(20)])
    writer = producer(address, transactional_id="offsets")
    writer.init_transactions()
    reader, place = consumer(address, group_id="offsets", session_timeout_ms=6000), TopicPartition("in", 0)
    subscribe(reader, "in")
    until(20, "an assignment", lambda: reader.poll(100) or reader.assignment())

    def transfer(upto, commits):
        writer.begin_transaction()
        send(writer, "out", [(None, b"to %d" % upto, [])])
        writer.send_offsets_to_transaction({place: OffsetAndMetadata(upto, "", -1)}, reader.group_metadata())
        (writer.commit_transaction if commits else writer.abort_transaction)()
        return reader.committed(place)

    same(transfer(5, True), 5, "offsets of a committed transaction")
    same(transfer(9, False), 5, "offsets after an aborted transaction")
    same(transfer(12, True), 12, "offsets of the next transaction")
    reader.close(autocommit=False)
    same(values(address, "out", 2), [b"to 5", b"to 12"], "what went with the offsets")


def fencing(address):
    create(address, "fencing")
    old = producer(address, transactional_id="fenced")
    old.init_transactions()
    old.begin_transaction()
    send(old, "fencing", [(None, b"old", [])])
    new = producer(address, transactional_id="fenced")
    new.init_transactions()
    refused((errors.ProducerFencedError, errors.InvalidProducerEpochError), old.commit_transaction)
    new.begin_transaction()
    send(new, "fencing", [(None, b"new", [])])
    new.commit_transaction()
    same(values(address, "fencing", 1), [b"new"], "what was committed")


# --- Administration

def topics(address):
    client = create(address, "admin", 2, **{"retention.ms": "86400000"})
    refused(errors.TopicAlreadyExistsError, lambda: create(address, "admin"))
    refused(errors.InvalidConfigurationError, lambda: create(address, "no", **{"retention.ms": "soon"}))
    refused(errors.InvalidPartitionsError, lambda: create(address, "no", 0))
    count = lambda: len(client.describe_topics(["admin"])[0]["partitions"])  # noqa: E731
    same(count(), 2, "partitions")
    client.create_partitions({"admin": 5})
    same(count(), 5, "partitions")
    refused(errors.InvalidPartitionsError, lambda: client.create_partitions({"admin": 3}))
    client.delete_topics(["admin"])
    same("admin" in client.list_topics(), False, "whether the topic is there")
    refused(errors.UnknownTopicOrPartitionError, lambda: client.delete_topics(["admin"]))


def configs(address):
    client = create(address, "configs", **{"cleanup.policy": "compact"})

    def value(name):
        resource = ConfigResource(ConfigResourceType.TOPIC, "configs")
        return client.describe_configs([resource], config_filter="all")["topic"]["configs"][name]["value"]

    def alter(incremental, **settings):
        resource = ConfigResource(ConfigResourceType.TOPIC, "configs", {key.replace("_", "."): one for key, one in settings.items()})
        client.alter_configs([resource], incremental=incremental)

    same(value("cleanup.policy"), "compact", "a setting of the creation")
    alter(True, cleanup_policy=("APPEND", "delete"), retention_ms=("SET", "3600000"))
    same((value("retention.ms"), set(value("cleanup.policy").split(","))), ("3600000", {"compact", "delete"}), "single changes")
    alter(True, cleanup_policy=("SUBTRACT", "compact"), retention_ms=("DELETE", None))
    same((value("retention.ms"), value("cleanup.policy")), ("604800000", "delete"), "single changes back")
    alter(False, retention_ms="7200000")
    same(value("retention.ms"), "7200000", "all settings replaced")


def delete_records(address):
    client = create(address, "deleted")
    send(producer(address), "deleted", common.samples(50))
    place = TopicPartition("deleted", 0)
    same(client.delete_records({place: 20})[place]["low_watermark"], 20, "the first offset")
    same(read(address, "deleted", 1)[0].offset, 20, "the first record")
    refused(errors.OffsetOutOfRangeError, lambda: client.delete_records({place: 99}))


def group_admin(address):
    client = create(address, "groups")
    send(producer(address), "groups", common.samples(10))
    reader, place = consumer(address, group_id="watched", session_timeout_ms=6000), TopicPartition("groups", 0)
    subscribe(reader, "groups")
    until(20, "a record", lambda: reader.poll(100))
    reader.commit()
    listed = lambda: "watched" in [one["group_id"] for one in client.list_groups()]  # noqa: E731
    same(listed(), True, "whether the group is listed")
    found = client.describe_groups(["watched"])["watched"]
    same((found["group_state"], len(found["members"])), ("Stable", 1), "the group")
    refused(errors.NonEmptyGroupError, lambda: raised(client.delete_groups(["watched"])))
    reader.close(autocommit=False)
    client.alter_group_offsets("watched", {place: OffsetAndMetadata(7, "here", -1)})
    found = client.list_group_offsets("watched")["watched"][place]
    same((found.offset, found.metadata), (7, "here"), "the offset that was set")
    client.delete_group_offsets("watched", [place])
    same(place in client.list_group_offsets("watched")["watched"], False, "whether the offset is there")
    client.delete_groups(["watched"])
    same(listed(), False, "whether the group is listed")


def raised(answer):
    """An error that the client hands back instead of raising it."""
    for one in answer.values() if isinstance(answer, dict) else answer:
        error = one[1] if isinstance(one, tuple) else one
        if isinstance(error, type) and issubclass(error, errors.KafkaError) and error is not errors.NoError:
            raise error()
        if isinstance(error, str) and error != "OK":
            raise getattr(errors, error, errors.KafkaError)()


def cluster(address):
    client = create(address, "cluster")
    found = client.describe_cluster()
    same([broker["broker_id"] for broker in found["brokers"]], [1], "brokers")
    place = TopicPartition("cluster", 0)
    writer = producer(address, transactional_id="watched")
    writer.init_transactions()
    writer.begin_transaction()
    send(writer, "cluster", [(None, b"x", [])])
    same("watched" in [one.transactional_id for one in client.list_transactions()[1]], True, "whether the transaction is listed")
    transaction = client.describe_transactions(["watched"])["watched"]
    same((transaction.state.value, transaction.topic_partitions), ("Ongoing", {place}), "the transaction")
    producers = client.describe_producers([place])[place].active_producers
    same([one.producer_id for one in producers], [transaction.producer_id], "the partition's producers")
    writer.commit_transaction()
    sizes = client.describe_log_dirs()[0]["log_dirs"][0]["topics"]
    same("cluster" in [one["name"] for one in sizes], True, "whether the topic has a size")


def errors_told(address):
    refused(errors.InvalidTopicError, lambda: create(address, "not/a name"))
    client = admin(address)
    resource = ConfigResource(ConfigResourceType.TOPIC, "missing")
    refused(errors.UnknownTopicOrPartitionError, lambda: raised_configs(client, resource))
    create(address, "compacted", **{"cleanup.policy": "compact"})
    refused(errors.InvalidRecordError if hasattr(errors, "InvalidRecordError") else errors.KafkaError,
            lambda: send(producer(address), "compacted", [(None, b"no key", [])]))


def raised_configs(client, resource):
    if not client.describe_configs([resource], config_filter="all")["topic"]["missing"]:
        raise errors.UnknownTopicOrPartitionError()


if __name__ == "__main__":
    common.run("kafka-python", kafka.__version__, {
        "codecs": codecs, "acks": acks, "idempotent": idempotent, "large": large, "offsets": offsets, "group": group,
        "cooperative": cooperative, "static": static_members, "restart": restart, "transactions": transactions,
        "transactional offsets": transactional_offsets, "fencing": fencing, "topics": topics, "configs": configs,
        "delete records": delete_records, "groups": group_admin, "cluster": cluster, "errors": errors_told,
    }, member)
