"""Malformed frames against the real port while a healthy client works: script/soak frames.

  frames.py --program PATH [COUNT]

Frames are drawn from a seed (TIDINGS_SEED runs them again): recorded frames that were mutated (Tests/Recordings), lengths and
counts that cannot be, unknown requests and versions, batches with a wrong checksum, of old formats, that decompress to far
too much or are too long, names that no topic can have, commits by strangers. What has an error of its own in the protocol has
to be answered with it; anything else with an error or a closed connection. Meanwhile a client writes with acks=all and reads
what it wrote; none of its requests may fail, and its connections have to last.
"""

import argparse
import base64
import json
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import raw
import server

MOST_RESIDENT = 500 << 20


def healthy(address):
    """Writes and reads one record after another until its input ends; tells when each began and how long it took."""
    writer, reader = raw.Connection(address), raw.Connection(address)
    raw.create(writer, "healthy", 1)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    times, number = [], 0
    while not over.is_set():
        begun = time.monotonic()
        error, offset = raw.produce(writer, "healthy", 0, raw.batch([b"healthy %d" % number]))
        if (error, offset) != (0, number):
            sys.exit(f"record {number}: error {error}, offset {offset}")
        acknowledged = time.monotonic()
        error, _, data = raw.fetch(reader, "healthy", 0, number, wait=5000)
        if error or b"healthy %d" % number not in data:
            sys.exit(f"record {number} is not read: error {error}, {len(data)} bytes")
        times.append((begun, acknowledged - begun, time.monotonic() - begun))
        number += 1
        time.sleep(0.002)
    print(json.dumps(times))


class Frames:
    """Draws frames: (what it is, bytes to send, the errors one of which has to be answered, or None)."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        lines = (server.ROOT / "Tests/Recordings/kafka-frames.txt").read_text().splitlines()
        self.recorded = [base64.b64decode(line.split("\t")[4]) for line in lines if line.split("\t")[2] == "request"]
        squeezed = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = bytes(1 << 20)
        bomb = b"".join(squeezed.compress(zeros) for _ in range(300)) + squeezed.flush()  # 300 MiB of zeros
        self.bombs = [raw.batch([], attributes=1, records=bomb, count=count) for count in (1, 10, 1_000_000)]
        self.long = raw.batch([bytes(2 << 20)])
        self.kinds = [self.mutated] * 8 + [
            self.truncated, self.length, self.count, self.unknown, self.checksum, self.magic, self.bomb_batch, self.too_large,
            self.bad_name, self.stranger, self.batch_field, self.noise]

    def draw(self):
        return self.random.choice(self.kinds)()

    def recording(self):
        return bytearray(self.random.choice(self.recorded))

    def framed(self, body):
        return struct.pack(">i", len(body)) + bytes(body)

    def request(self, key, version, body):
        return self.framed(struct.pack(">hhi", key, version, 1) + raw.text("stranger") + body)

    def mutated(self):
        frame = self.recording()
        for _ in range(self.random.randint(1, 4)):
            place = self.random.randrange(len(frame)) if frame else 0
            kind = self.random.randrange(4)
            if kind == 0 and frame:
                frame[place] ^= 1 << self.random.randrange(8)
            elif kind == 1 and frame:
                frame[place] = self.random.choice((0, 1, 127, 128, 255))
            elif kind == 2:
                del frame[place:place + self.random.randint(1, 8)]
            else:
                frame[place:place] = self.random.randbytes(self.random.randint(1, 8))
        return "mutated", self.framed(frame), None

    def truncated(self):
        frame = self.framed(self.recording())
        return "truncated", frame[:self.random.randrange(1, len(frame))], None

    def length(self):
        length = self.random.choice((-1, -2**31, 2**31 - 1, (100 << 20) + 1, 0, 1, 7, self.random.randrange(-2**31, 2**31)))
        return "length", struct.pack(">i", length) + bytes(self.recording()[:64]), None

    def count(self):
        frame = self.recording()
        if len(frame) > 14:
            place = self.random.randrange(8, len(frame) - 4)
            frame[place:place + 4] = self.random.choice((b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\x01\0\0\0", b"\xff\xff\xff\x0f"))
        return "count", self.framed(frame), None

    def unknown(self):
        frame = self.recording()
        if self.random.randrange(2):
            frame[0:2] = struct.pack(">h", self.random.choice((-1, 93, 1000, 32767, 4, 5, 6, 7, 52, 53)))
        else:
            frame[2:4] = struct.pack(">h", self.random.choice((-1, 99, 32767, -32768)))
        return "unknown", self.framed(frame), None

    def produce(self, batch, topic="victim"):
        body = struct.pack(">hhii", -1, -1, 5000, 1) + raw.text(topic) + struct.pack(">iii", 1, 0, len(batch)) + batch
        return self.request(0, 7, body)

    def checksum(self):
        batch = bytearray(raw.batch([b"x"]))
        batch[17 + self.random.randrange(4)] ^= 1 << self.random.randrange(8)
        return "checksum", self.produce(bytes(batch)), (2,)

    def magic(self):
        batch = bytearray(raw.batch([b"x"]))
        batch[16] = self.random.choice((0, 1))
        return "magic", self.produce(bytes(batch)), (87,)

    def bomb_batch(self):
        # Records whose bytes decompress to far too much; only who looks into them finds out.
        topic = self.random.choice(("victim", "compacted"))
        return f"bomb {topic}", self.produce(self.random.choice(self.bombs), topic), (0, 87) if topic == "victim" else (87,)

    def too_large(self):
        return "too large", self.produce(self.long), (10,)

    def bad_name(self):
        name = self.random.choice(("../../etc", "", ".", "..", "a/b", "x" * 250, "nul\0", "ü", "__tidings.groups", " "))
        kind = self.random.randrange(3)
        if kind == 0:
            return "name", self.produce(raw.batch([b"x"]), name), None
        if kind == 1:
            return "name", self.request(3, 4, struct.pack(">i", 1) + raw.text(name) + b"\1"), None
        return "name", self.request(19, 2, struct.pack(">i", 1) + raw.text(name) + struct.pack(">ihiiib", 1, 1, 0, 0, 1000, 0)), None

    def stranger(self):
        body = raw.text("group") + struct.pack(">i", self.random.choice((0, 5, 2**31 - 1))) + raw.text("nobody") + struct.pack(">q", -1)
        body += struct.pack(">i", 1) + raw.text("victim") + struct.pack(">iiq", 1, 0, 7) + raw.text("")
        return "stranger", self.request(8, 2, body), (22, 25)

    def batch_field(self):
        # Any field of the batch, with a right checksum.
        tail = bytearray(raw.batch([b"one", b"two"])[21:])
        place = self.random.randrange(len(tail))
        tail[place:place + 2] = self.random.randbytes(2)
        batch = struct.pack(">qiibI", 0, len(tail) + 9, -1, 2, raw.crc32c(tail)) + bytes(tail)
        return "batch", self.produce(batch), None

    def noise(self):
        return "noise", self.random.randbytes(self.random.randrange(1, 400)), None


def attack(address, frames, count):
    """Sends them one after another: how many of each kind, and what came back."""
    told, connection = {}, None
    host, port = address.rsplit(":", 1)
    for number in range(count):
        kind, data, expected = frames.draw()
        if connection is None:
            connection = socket.create_connection((host, int(port)), timeout=10)
        # An answer that may never come is not waited for long; one that has to come is.
        connection.settimeout(10 if expected else 0.02)
        result = "silence"
        try:
            connection.sendall(data)
            size = connection.recv(4, socket.MSG_WAITALL)
            if len(size) < 4:
                result = "closed"
            else:
                answer = connection.recv(struct.unpack(">i", size)[0], socket.MSG_WAITALL)
                result = "answered"
                if expected:
                    # Behind the number of the request: one topic, its name, one partition, and its number.
                    error = struct.unpack_from(">h", answer, 8 + 2 + struct.unpack_from(">h", answer, 8)[0] + 8)[0]
                    if error not in expected:
                        raise AssertionError(f"frame {number}, {kind}: error {error}, one of {expected} was expected")
        except TimeoutError:
            if expected:
                raise AssertionError(f"frame {number}, {kind}: no answer") from None
        except (ConnectionError, BrokenPipeError):
            result = "closed"
        if expected and result != "answered":
            raise AssertionError(f"frame {number}, {kind}: {result}; an error of {expected} was expected")
        told.setdefault(kind, {}).setdefault(result, 0)
        told[kind][result] += 1
        # What is half a frame to the server would eat the next one.
        if result != "answered" or frames.random.randrange(8) == 0:
            connection.close()
            connection = None
    return told


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] * 1000 if values else float("nan")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    options = parser.parse_args()
    seed = int(os.environ.get("TIDINGS_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}")
    folder = pathlib.Path(tempfile.mkdtemp())
    broker = server.Server(options.program, folder / "data", "--kafka-no-auto-create").start()
    client = None
    try:
        setup = raw.Connection(broker.address)
        raw.create(setup, "victim", 1)
        raw.create(setup, "compacted", 1, {"cleanup.policy": "compact"})
        client = subprocess.Popen([sys.executable, __file__, "healthy", broker.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(5)
        begun, resting = time.monotonic(), broker.resident()
        most, over = [resting], threading.Event()

        def watch():
            while not over.wait(0.05) and broker.is_running():
                most[0] = max(most[0], broker.resident())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            told = attack(broker.address, Frames(seed), options.count)
        finally:
            over.set()
            watcher.join()
        ended = time.monotonic()
        if not broker.is_running():
            raise AssertionError("the server has died")
        out, _ = client.communicate(timeout=20)
        if client.returncode:
            raise AssertionError("the healthy client was disturbed")
        times = json.loads(out)
    except AssertionError as error:
        print(f"FAILED: {error}\n{broker.log_tail()}")
        return 1
    finally:
        if client and client.poll() is None:
            client.kill()
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
    for kind, results in sorted(told.items()):
        print(f"{kind:10} " + ", ".join(f"{count} {result}" for result, count in sorted(results.items())))
    for name, chosen in (("before", [one for one in times if one[0] < begun]), ("during", [one for one in times if begun <= one[0] < ended])):
        print(f"healthy client {name}: {len(chosen)} records; acknowledged p50 {percentile([one[1] for one in chosen], 0.5):.2f}, "
              f"p99 {percentile([one[1] for one in chosen], 0.99):.2f} ms; read p50 {percentile([one[2] for one in chosen], 0.5):.2f}, "
              f"p99 {percentile([one[2] for one in chosen], 0.99):.2f} ms")
    print(f"{options.count} frames in {ended - begun:.0f} s; memory {resting >> 20} MB before, at most {most[0] >> 20} MB")
    if most[0] > MOST_RESIDENT:
        print(f"FAILED: more than {MOST_RESIDENT >> 20} MB")
        return 1
    return 0


if sys.argv[1:2] == ["healthy"]:
    healthy(sys.argv[2])
else:
    sys.exit(main())
