"""kcat: librdkafka at the command line, without an administration of its own."""

import ctypes
import json
import re
import signal
import subprocess
import sys
import threading
import time

import common
import raw
from common import same, until


def kcat(address, *arguments, text="", seconds=30):
    """Runs kcat to its end: what it wrote."""
    done = subprocess.run(["kcat", "-b", address, *arguments], input=text.encode(), capture_output=True, timeout=seconds)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    return done.stdout.decode()


def produce(address, topic, *arguments, lines):
    kcat(address, "-P", "-t", topic, *arguments, text="\n".join(lines))


def read(address, topic, *arguments):
    """The values of a topic's first partition, to its end."""
    return kcat(address, "-C", "-q", "-e", "-t", topic, "-p", "0", *arguments).splitlines()


def codecs(address):
    for codec in common.CODECS:
        topic = f"codec-{codec}"
        lines = [f"key-{number % 7}:{'value ' * (number % 50)}{number}" for number in range(200)] + ["gone:", ":no key"]
        produce(address, topic, "-z", codec, "-K:", "-Z", "-H", "name=wért", "-X", "linger.ms=50", lines=lines)
        found = [json.loads(line) for line in kcat(address, "-C", "-q", "-e", "-J", "-t", topic).splitlines()]
        same([(one["key"], one["payload"]) for one in found],
             [tuple(part or None for part in line.split(":", 1)) for line in lines], codec)
        same({tuple(one["headers"]) for one in found}, {("name", "wért")}, "headers")
        same(common.codecs_of(address, topic), {codec}, "codecs of the stored batches")


def acks(address):
    for acks in ("0", "1", "all"):
        produce(address, "acks", "-X", f"acks={acks}", lines=[f"{acks} {number}" for number in range(20)])
    # Without acknowledgements nobody says when the last one is there.
    until(5, "what was written", lambda: len(read(address, "acks")) == 60)


def idempotent(address):
    lines = [str(number) for number in range(500)]
    produce(address, "idempotent", "-X", "enable.idempotence=true", "-X", "batch.num.messages=20", lines=lines)
    same(read(address, "idempotent"), lines, "values")
    same(sum(batch[4] for batch in raw.batches(address, "idempotent")), 500, "records")


def large(address):
    def one(size):
        kcat(address, "-P", "-t", "large", "-D", "\x01", "-X", "message.max.bytes=20000000", text=common.value_of_batch(size).decode())

    one(1 << 20)
    try:
        one((1 << 20) + 1)
    except RuntimeError as error:
        same("too large" in str(error), True, str(error))
    else:
        common.fail("a batch beyond the limit was taken")
    same([len(line) for line in read(address, "large")], [(1 << 20) - 72], "lengths")


def offsets(address):
    begin = int(time.time() * 1000)
    produce(address, "offsets", lines=[str(number) for number in range(50)])
    time.sleep(0.01)
    middle = int(time.time() * 1000)
    time.sleep(0.01)
    produce(address, "offsets", lines=[str(number) for number in range(50, 100)])
    for where, first in (("beginning", 0), ("33", 33), ("-7", 93), (f"s@{middle}", 50), (f"s@{begin - 1}", 0)):
        same(read(address, "offsets", "-o", where)[:3], [str(number) for number in range(first, first + 3)][:3], f"from {where}")
    same(read(address, "offsets", "-o", "end"), [], "from the end")
    for when, offset in ((middle, 50), (-2, 0), (-1, 100)):
        same(kcat(address, "-Q", "-t", f"offsets:0:{when}").strip(), f"offsets [0] offset {offset}", f"the offset of {when}")


# --- Groups

def member(address, group, topic, protocol, instance):
    strategy = "cooperative-sticky" if protocol == "cooperative" else "range"
    command = ["kcat", "-b", address, "-G", group, "-u", "-f", "%p %o %s\n", "-X", "session.timeout.ms=6000",
               "-X", "heartbeat.interval.ms=500", "-X", "auto.offset.reset=earliest", "-X", "auto.commit.interval.ms=100",
               "-X", f"partition.assignment.strategy={strategy}", *(["-X", f"group.instance.id={instance}"] if instance else []), topic]
    # Dies with this process, however that ends.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                               preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL))
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    mine = set()

    def rebalances():
        for line in process.stderr:
            found = re.search(r"rebalanced.*?(assign|revoke)\w*(?:.*\): |: )(.*)", line)
            if not found:
                continue
            partitions = {int(number) for number in re.findall(r"\[(\d+)\]", found[2])}
            if found[1] == "revoke":
                mine.difference_update(partitions)
                continue
            if protocol != "cooperative":
                mine.clear()
            mine.update(partitions)
            common.tell(assigned=sorted(mine))

    threading.Thread(target=rebalances, daemon=True).start()
    for line in process.stdout:
        common.tell(got=[int(part) for part in line.split()])
    process.wait()


COMMAND = [sys.executable, __file__]


def numbered(address, topic):
    create(address, topic, 4)

    def write(first, count):
        for partition in range(4):
            lines = [str(number) for number in range(first, first + count) if number % 4 == partition]
            produce(address, topic, "-p", str(partition), lines=lines)

    return write


def create(address, topic, partitions):
    """kcat makes no topics itself."""
    connection = raw.Connection(address)
    raw.create(connection, topic, partitions)
    connection.close()


def group(address):
    common.group(COMMAND, address, "group", numbered(address, "group"))


def cooperative(address):
    common.group(COMMAND, address, "cooperative", numbered(address, "cooperative"), "cooperative")


def static_members(address):
    common.static_members(COMMAND, address, "static", numbered(address, "static"))


def restart(address):
    create(address, "restart", 1)
    reader = subprocess.Popen(["kcat", "-b", address, "-C", "-q", "-u", "-E", "-t", "restart", "-X", "reconnect.backoff.max.ms=300"],
                              stdout=subprocess.PIPE, text=True)
    found = []
    threading.Thread(target=lambda: found.extend(int(line) for line in iter(reader.stdout.readline, "")), daemon=True).start()
    try:
        for turn in range(3):
            produce(address, "restart", lines=[str(number) for number in range(turn * 20, turn * 20 + 20)])
            time.sleep(0.2)
            if turn < 2:
                common.restart_server(kills=turn == 1)
        common.same([int(line) for line in read(address, "restart")], list(range(60)), "what was written")
    finally:
        time.sleep(1)
        reader.terminate()
        reader.wait()
    same(found, list(range(60)), "what the reader that stayed got")


def transactions(address):
    for turn in range(3):
        produce(address, "transactions", "-X", f"transactional.id=scenario-{turn % 2}", lines=[f"{turn}-{number}" for number in range(10)])
    expected = [f"{turn}-{number}" for turn in range(3) for number in range(10)]
    same(read(address, "transactions", "-X", "isolation.level=read_committed"), expected, "what was committed")
    same([batch[3] for batch in raw.batches(address, "transactions")].count(True), 3, "markers")


def cluster(address):
    found = json.loads(kcat(address, "-L", "-J"))
    same([broker["id"] for broker in found["brokers"]], [1], "brokers")


def errors(address):
    try:
        produce(address, "not/a name", lines=["x"])
    except RuntimeError as error:
        same("nvalid" in str(error), True, str(error))
    else:
        common.fail("an invalid name was taken")
    produce(address, "errors", lines=["x"])
    try:
        kcat(address, "-C", "-e", "-t", "errors", "-p", "7")
    except RuntimeError as error:
        same("does not exist" in str(error), True, str(error))
    else:
        common.fail("a partition that does not exist was read")


if __name__ == "__main__":
    said = subprocess.run(["kcat", "-V"], capture_output=True, text=True).stdout
    version = re.search(r"Version ([\d.]+)", said)[1] + f" (librdkafka {re.search(r'librdkafka ([0-9.]+)', said)[1]})"
    common.run("kcat", version, {
        "codecs": codecs, "acks": acks, "idempotent": idempotent, "large": large, "offsets": offsets, "group": group,
        "cooperative": cooperative, "static": static_members, "restart": restart, "transactions": transactions,
        "cluster": cluster, "errors": errors,
    }, member)
