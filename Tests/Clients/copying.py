"""Transactions under SIGKILL of the server and of clients: script/soak transactions.

  copying.py --program PATH [--kafka KAFKA] [--older PYTHON] [--plant uncommitted|offsets|torn] [KILLS]

Copiers (librdkafka's, kafka-python, Apache Kafka's Java client where it is; by KIP-890 and without) read numbered records of one
topic in one group, and write two records for each to another topic, with the offsets in the same transaction; some transactions
they abort. The server and the copiers are killed at random. A reader of what is committed follows meanwhile. In the end every
record must be there exactly twice, every transaction whole, and nothing else; the reader must have seen the same in the same order.
A fault can be planted, to see that it is found: a reader of what is not committed, copiers that commit offsets beside their
transactions, copiers that commit in the middle of one.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import server

PARTITIONS = 4
GROUP = "copiers"


def record(transaction, number, total, value, half):
    """A record of the output: which transaction it belongs to, how many that has, and whose half it is."""
    return json.dumps([transaction, number, total, int(value), half]).encode()


def halves(values):
    """The records that a transaction writes for what it read."""
    transaction, total = str(uuid.uuid4()), 2 * len(values)
    for number, value in enumerate(values):
        yield record(transaction, 2 * number, total, value, "a")
        yield record(transaction, 2 * number + 1, total, value, "b")


# --- Copiers: they end when anything goes wrong, and are started again

def confluent_copier(address, slot, plant):
    from confluent_kafka import Consumer, Producer, TopicPartition
    writer = Producer({"bootstrap.servers": address, "transactional.id": slot, "transaction.timeout.ms": 8000, "log_level": 0})
    writer.init_transactions(30)
    reader = Consumer({"bootstrap.servers": address, "group.id": GROUP, "enable.auto.commit": False, "log_level": 0,
                       "auto.offset.reset": "earliest", "isolation.level": "read_committed", "session.timeout.ms": 6000})
    reader.subscribe(["input"])
    while True:
        messages = [one for one in reader.consume(random.randint(1, 40), 0.3) if not one.error()]
        if not messages:
            continue
        positions = {}
        for one in messages:
            positions[one.partition()] = TopicPartition("input", one.partition(), one.offset() + 1)
        writer.begin_transaction()
        for place, value in enumerate(halves([one.value() for one in messages])):
            if plant == "torn" and place == len(messages):
                writer.commit_transaction(30)
                writer.begin_transaction()
            writer.produce("output", value, partition=random.randrange(PARTITIONS))
            writer.poll(0)
        if plant == "offsets":
            reader.commit(offsets=list(positions.values()), asynchronous=False)
        else:
            writer.send_offsets_to_transaction(list(positions.values()), reader.consumer_group_metadata(), 30)
        if random.randrange(8) == 0:
            writer.flush(10)
            writer.abort_transaction(30)
            for place in reader.committed(reader.assignment(), timeout=10):
                reader.seek(TopicPartition("input", place.partition, max(place.offset, 0)))
        else:
            writer.commit_transaction(30)


def kafka_python_copier(address, slot, plant):
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.structs import OffsetAndMetadata
    writer = KafkaProducer(bootstrap_servers=address, transactional_id=slot, transaction_timeout_ms=8000)
    writer.init_transactions()
    reader = KafkaConsumer("input", bootstrap_servers=address, group_id=GROUP, enable_auto_commit=False, auto_offset_reset="earliest",
                           isolation_level="read_committed", session_timeout_ms=6000, heartbeat_interval_ms=1000)
    while not reader.partitions_for_topic("input"):  # see kafka_python.py
        time.sleep(0.05)
    while True:
        records = [one for some in reader.poll(300, max_records=40).values() for one in some]
        if not records:
            continue
        positions = {}
        for place in {(one.topic, one.partition) for one in records}:
            last = max(one.offset for one in records if (one.topic, one.partition) == place)
            positions[next(one for one in reader.assignment() if tuple(one) == place)] = OffsetAndMetadata(last + 1, "", -1)
        writer.begin_transaction()
        for value in halves([one.value for one in records]):
            writer.send("output", value, partition=random.randrange(PARTITIONS))
        writer.send_offsets_to_transaction(positions, reader.group_metadata())
        if random.randrange(8) == 0:
            writer.abort_transaction()
            for place in reader.assignment():
                reader.seek(place, reader.committed(place) or 0)
        else:
            writer.commit_transaction()


def follow(address, level):
    """Reads the output until its input ends: what it read, in order."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
    reader = Consumer({"bootstrap.servers": address, "group.id": "none", "enable.auto.commit": False, "isolation.level": level,
                       "enable.partition.eof": False, "log_level": 0, "reconnect.backoff.max.ms": 300})
    reader.assign([TopicPartition("output", partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    quiet = time.monotonic()
    # Goes on until nothing has come for some seconds after it was told to end.
    while not over.is_set() or time.monotonic() < quiet + 4:
        message = reader.poll(0.2)
        if message is None or message.error():
            continue
        quiet = time.monotonic()
        print(json.dumps([message.partition(), message.offset(), *json.loads(message.value())]), flush=True)
    reader.close()


# --- The judge

def judge(seen, followed, written, plant):
    """What is wrong with what was read: sentences."""
    wrong = []
    per_record = collections.Counter((value, half) for *_, value, half in seen)
    expected = {(value, half) for value in written for half in "ab"}
    lost, invented = expected - set(per_record), set(per_record) - expected
    repeated = [one for one, count in per_record.items() if count > 1]
    transactions = collections.defaultdict(set)
    totals = {}
    for _, _, transaction, number, total, _, _ in seen:
        transactions[transaction].add(number)
        totals[transaction] = total
    torn = [one for one, numbers in transactions.items() if len(numbers) != totals[one]]
    for what, found in (("lost", lost), ("invented", invented), ("repeated", repeated), ("torn transactions", torn)):
        if found:
            wrong.append(f"{len(found)} {what}, as {sorted(found)[:3]}")
    for partition in range(PARTITIONS):
        then = [row for row in followed if row[0] == partition]
        now = [row for row in seen if row[0] == partition]
        if [row[1] for row in then] != sorted({row[1] for row in then}):
            wrong.append(f"the follower saw partition {partition} out of order or twice")
        if then != now:
            wrong.append(f"the follower saw {len(then)} records of partition {partition}, and not the {len(now)} that are there")
    print(f"{len(written)} records read, {len(seen)} written in {len(transactions)} transactions: lost {len(lost)}, invented {len(invented)}, "
          f"repeated {len(repeated)}, torn {len(torn)}")
    return wrong


class Copiers:
    """The processes that copy; those that end are started again."""

    def __init__(self, address, options, folder):
        self.commands, self.processes, self.starts = {}, {}, collections.Counter()
        plant = options.plant or ""
        for slot in ("confluent-1", "confluent-2"):
            self.commands[slot] = [sys.executable, __file__, "confluent", address, slot, plant]
        if options.older:
            self.commands["librdkafka-1"] = [options.older, __file__, "confluent", address, "librdkafka-1", plant]
        self.commands["kafka-python-1"] = [sys.executable, __file__, "kafka-python", address, "kafka-python-1", plant]
        if options.kafka and shutil.which("javac"):
            library = pathlib.Path(options.kafka).resolve().parent / "lib"
            source = pathlib.Path(__file__).with_name("JavaClient.java")
            subprocess.run(["javac", "-nowarn", "-cp", f"{library}/*", "-d", folder, source], check=True)
            (folder / "log4j2.properties").write_text("rootLogger.level = OFF\n")
            self.commands["java-1"] = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m",
                                       f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
                                       "-cp", f"{folder}:{library}/*", "JavaClient", "copier", address, "java-1"]
        self.errors = open(folder / "copiers.err", "w+")

    def keep(self):
        for slot, command in self.commands.items():
            process = self.processes.get(slot)
            if process is None or process.poll() is not None:
                self.processes[slot] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors)
                self.starts[slot] += 1

    def kill(self, slot):
        self.processes[slot].kill()
        self.processes[slot].wait()

    def stop(self):
        for slot in self.processes:
            self.kill(slot)


def fill(address, written, over, failures):
    """Writes numbered records until it is over; those that were acknowledged are in `written`."""
    from confluent_kafka import Producer
    writer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 5, "log_level": 0,
                       "reconnect.backoff.max.ms": 300})

    def told(error, message):
        (failures if error else written).append(str(error) if error else int(message.value()))

    number = 0
    while not over.is_set():
        writer.produce("input", b"%d" % number, partition=number % PARTITIONS, on_delivery=told)
        writer.poll(0)
        number += 1
        time.sleep(0.004)
    writer.flush(60)


def lag(address):
    from confluent_kafka import Consumer, TopicPartition
    reader = Consumer({"bootstrap.servers": address, "group.id": GROUP, "log_level": 0})
    left = 0
    for place in reader.committed([TopicPartition("input", partition) for partition in range(PARTITIONS)], timeout=20):
        left += reader.get_watermark_offsets(TopicPartition("input", place.partition), timeout=20)[1] - max(place.offset, 0)
    reader.close()
    return left


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--kafka")
    parser.add_argument("--older")
    parser.add_argument("--plant", choices=["uncommitted", "offsets", "torn"])
    parser.add_argument("kills", nargs="?", type=int, default=100)
    options = parser.parse_args()
    seed = int(os.environ.get("TIDINGS_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}", flush=True)
    draw = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp())
    broker = server.Server(options.program, folder / "data", "--kafka-partitions", str(PARTITIONS), "--log-level", "warning").start()
    level = "read_uncommitted" if options.plant == "uncommitted" else "read_committed"
    copiers = follower = None
    written, failures, over, kills = [], [], threading.Event(), collections.Counter()
    try:
        import raw
        setup = raw.Connection(broker.address)
        for topic in ("input", "output"):
            raw.create(setup, topic, PARTITIONS)
        copiers = Copiers(broker.address, options, folder)
        followed = []
        follower = subprocess.Popen([sys.executable, __file__, "follow", broker.address, level], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        listening = threading.Thread(target=lambda: followed.extend(json.loads(line) for line in follower.stdout))
        filler = threading.Thread(target=fill, args=(broker.address, written, over, failures))
        listening.start()
        filler.start()
        for _ in range(options.kills):
            until = time.monotonic() + draw.uniform(0.3, 3)
            while time.monotonic() < until:
                copiers.keep()
                time.sleep(0.1)
            if draw.randrange(2):
                broker.restart(kills=True)
                kills["the server"] += 1
            else:
                slot = draw.choice(list(copiers.processes))
                copiers.kill(slot)
                kills[slot] += 1
        over.set()
        filler.join()
        deadline = time.monotonic() + 180
        while (left := lag(broker.address)) and time.monotonic() < deadline:
            copiers.keep()
            time.sleep(0.5)
        copiers.stop()
        # What they left open is aborted in time, and the follower comes to the end.
        time.sleep(10)
        follower.stdin.close()
        listening.join()
        fresh = subprocess.run([sys.executable, __file__, "follow", broker.address, level], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
        seen = [json.loads(line) for line in fresh.stdout.splitlines()]
        print("killed: " + ", ".join(f"{what} {count}" for what, count in sorted(kills.items())))
        print("started: " + ", ".join(f"{what} {count}" for what, count in sorted(copiers.starts.items())))
        wrong = judge(seen, followed, written, options.plant)
        if left:
            wrong.append(f"{left} records were not copied in time")
        if failures:
            wrong.append(f"{len(failures)} records were not taken, as {failures[0]}")
    finally:
        over.set()
        if copiers:
            copiers.stop()
        if follower and follower.poll() is None:
            follower.kill()
        broker.kill()
        if copiers:
            copiers.errors.seek(0)
            errors = copiers.errors.read()
        log = broker.log_tail()
        shutil.rmtree(folder, ignore_errors=True)
    for sentence in wrong:
        print(f"FAILED: {sentence}")
    if wrong and not options.plant:
        print(f"--- copiers\n{errors[-3000:]}\n--- server\n{log}")
    return 1 if wrong else 0


if sys.argv[1:2] == ["follow"]:
    follow(*sys.argv[2:])
elif sys.argv[1:2] == ["confluent"]:
    confluent_copier(*sys.argv[2:])
elif sys.argv[1:2] == ["kafka-python"]:
    kafka_python_copier(*sys.argv[2:])
else:
    sys.exit(main())
