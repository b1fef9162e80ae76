"""What all clients have in common: how a client's scenarios are run and told, the records they write, and groups.

A client's program is started by run.py with the server's address. It prints a line of JSON per scenario, and may ask for a
restart of its server, which it has for itself. A member of a group is a process of its own (`… member ADDRESS GROUP TOPIC
PROTOCOL INSTANCE`), so that it can be killed; it prints what it is assigned and what it got.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback

import raw

LARGEST_BATCH = 1048588  # bytes of a batch, by default
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


class Lacks(Exception):
    """The client does not have what the scenario is about."""


def run(client, version, scenarios, member=None):
    """Runs a client's scenarios: name → function of the address. One that is missing is one the client does not have."""
    if sys.argv[1] == "member":
        return member(*sys.argv[2:])
    address, wanted = sys.argv[1], sys.argv[2:]
    for name, scenario in scenarios.items():
        if wanted and name not in wanted:
            continue
        begun = time.monotonic()
        verdict, reason = "ok", ""
        signal.signal(signal.SIGALRM, lambda *_: fail("not over after 60 s"))
        signal.alarm(60)
        try:
            scenario(address)
        except Lacks as lack:
            verdict, reason = "lacks", str(lack)
        except Exception as error:
            verdict = "fails"
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            traceback.print_exc()
        signal.alarm(0)
        tell(client=client, version=version, scenario=name, verdict=verdict, reason=reason,
             seconds=round(time.monotonic() - begun, 1))


def tell(**what):
    print(json.dumps(what), flush=True)


def fail(sentence):
    raise AssertionError(sentence)


def restart_server(kills=False):
    """Has the server restarted; killed, when it should have no time to say goodbye."""
    tell(ask="kill" if kills else "restart")
    if sys.stdin.readline().strip() != "done":
        raise RuntimeError("the server was not restarted")


def same(found, expected, what):
    """What was found is what was expected, or the difference is told."""
    if found != expected:
        raise AssertionError(f"{what}: {brief(found)} where {brief(expected)} was expected")


def brief(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text)} characters)"


def until(seconds, what, look):
    """Waits for `look` to answer something that is true."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not after {seconds} s")
        time.sleep(0.05)


def samples(count=200):
    """Records of all kinds: (key, value, headers)."""
    records = [
        (None, b"no key", []),
        (b"", b"", []),
        (b"key", None, []),  # a tombstone
        (b"\xff\x00key", bytes(range(256)), [("one", b"1"), ("one", b"again"), ("empty", b"")]),
        ("schlüssel".encode(), "wert €".encode(), [("naïve", "ü".encode())]),
    ]
    for number in range(count - len(records)):
        records.append((b"key-%d" % (number % 17), b"value %d " % number * (number % 40 + 1), [("n", b"%d" % number)]))
    return records


def value_of_batch(size):
    """The value that makes a batch of one record, without key and headers, `size` bytes long."""
    # 61 bytes of the batch; the record's length 3, attributes 1, two deltas 2, no key 1, the value's length 3, no headers 1.
    return b"x" * (size - 72)


# --- Groups

class Member:
    """A member of a group, in a process of its own."""

    def __init__(self, command, address, group, topic, protocol="eager", instance=""):
        self.process = subprocess.Popen(
            [*command, "member", address, group, topic, protocol, instance], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        self.assigned = None
        self.history = []  # every assignment it had
        self.got = []
        self.lost = 0  # partitions that were taken from it
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "assigned" in said:
                after = set(said["assigned"])
                self.lost += len((self.assigned or set()) - after)
                self.assigned = after
                self.history.append(after)
            if "got" in said:
                self.got.append(tuple(said["got"]))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.assigned = None

    def leave(self):
        """Goes in good order."""
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            fail("a member does not end")
        self.assigned = None


def divided(members, count=4):
    """Whether the members share all partitions, none of them twice and none of them without."""
    shares = [member.assigned or set() for member in members]
    return all(shares) and sum(map(len, shares)) == count and set().union(*shares) == set(range(count))


def group(command, address, topic, produce, protocol="eager"):
    """Members come, go and die; every record is read, and read again only where a member died.

    `produce(first, count)` writes numbered records to all four partitions of the topic. Members commit what they read.
    """
    name = f"group-{protocol}-{os.getpid()}"
    members = []
    try:
        one = Member(command, address, name, topic, protocol)
        members.append(one)
        until(20, "the first member has all partitions", lambda: divided([one]))
        produce(0, 40)
        until(10, "the first member reads everything", lambda: len(one.got) >= 40)
        lost = one.lost
        two = Member(command, address, name, topic, protocol)
        members.append(two)
        until(20, "the second member gets its share", lambda: divided([one, two]))
        if protocol == "cooperative":
            same(one.lost - lost, 2, "partitions that a cooperative member gave away")
            same([share for share in one.history if not share], [], "a cooperative member without a partition")
        produce(40, 40)
        until(10, "two members read everything", lambda: len(one.got) + len(two.got) >= 80)
        same(sorted(set(number for _, _, number in one.got + two.got)), list(range(80)), "the records of two members")
        same(len(one.got) + len(two.got), 80, "records of two members, with repetitions")
        three = Member(command, address, name, topic, protocol)
        members.append(three)
        until(20, "the third member gets its share", lambda: divided([one, two, three]))
        three.leave()
        until(10, "what the third member left is divided", lambda: divided([one, two]))
        if protocol == "consumer":
            two.leave()  # how long a dead one is waited for, these groups' server says: 45 s
        else:
            two.kill()
        until(20, "what the dead member had is divided", lambda: divided([one]))
        produce(80, 40)
        until(10, "the last member reads everything", lambda: {number for _, _, number in one.got} >= set(range(80, 120)))
        one.leave()
    finally:
        for member in members:
            if member.process.poll() is None:
                member.kill()
    return name


def static_members(command, address, topic, produce, protocol="eager"):
    """A static member that goes and comes back within its time has what it had, and nobody else is disturbed."""
    name = f"group-static-{os.getpid()}"
    members = []
    try:
        one = Member(command, address, name, topic, protocol, "first")
        two = Member(command, address, name, topic, protocol, "second")
        members += [one, two]
        until(20, "two static members share", lambda: divided([one, two]))
        before, share = len(one.history), set(two.assigned)
        two.kill()
        again = Member(command, address, name, topic, protocol, "second")
        members.append(again)
        until(20, "the static member is back", lambda: again.assigned)
        same(again.assigned, share, "what a static member has when it is back")
        same(len(one.history), before, "assignments of the other member")
        produce(0, 40)
        until(10, "static members read everything",
              lambda: {number for _, _, number in one.got + again.got} >= set(range(40)))
    finally:
        for member in members:
            if member.process.poll() is None:
                member.kill()


def codecs_of(address, topic):
    """The codecs of a partition's batches; clients leave small ones as they are when they would become larger."""
    return {codec for _, codec, _, _, count in raw.batches(address, topic) if count > 5}
