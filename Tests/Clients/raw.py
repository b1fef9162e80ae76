"""A few requests of Kafka's protocol by hand, to see what no client shows."""

import socket
import struct

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


class Connection:
    """One connection; requests in the old, inflexible forms."""

    def __init__(self, address, timeout=10):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.last = 0

    def ask(self, key, version, body):
        """The body of the answer."""
        self.last += 1
        frame = struct.pack(">hhi", key, version, self.last) + text("raw") + body
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)
        answer = self.exactly(struct.unpack(">i", self.exactly(4))[0])
        if struct.unpack(">i", answer[:4])[0] != self.last:
            raise RuntimeError("an answer to another request")
        return answer[4:]

    def exactly(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise EOFError("the connection was closed")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def close(self):
        self.socket.close()


def text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def fetch(connection, topic, partition, offset, wait=0, most=50 << 20, committed=False):
    """A fetch of version 10: (error, high watermark, bytes of the batches)."""
    body = struct.pack(">iiiibii", -1, wait, 1, most, 1 if committed else 0, 0, -1)
    body += struct.pack(">i", 1) + text(topic) + struct.pack(">iiiqqi", 1, partition, -1, offset, -1, most)
    answer = connection.ask(1, 10, body + struct.pack(">i", 0))
    place = 4 + 2 + 4 + 4 + 2 + len(topic.encode()) + 4 + 4
    error, high, _, _, aborted = struct.unpack_from(">hqqqi", answer, place)
    place += 30 + max(aborted, 0) * 16
    count = struct.unpack_from(">i", answer, place)[0]
    return error, high, answer[place + 4:place + 4 + max(count, 0)]


def split(data):
    """Batches one by one, as (first offset, attributes, last offset, bytes)."""
    place = 0
    while place + 61 <= len(data):
        first, length = struct.unpack_from(">qi", data, place)
        if place + 12 + length > len(data):
            return
        attributes, last = struct.unpack_from(">hi", data, place + 21)
        yield first, attributes, first + last, data[place:place + 12 + length]
        place += 12 + length


def batches(address, topic, partition=0):
    """All batches of a partition: (first offset, codec, whether transactional, whether control, records)."""
    connection = Connection(address)
    found, offset = [], 0
    try:
        while True:
            error, high, data = fetch(connection, topic, partition, offset)
            if error:
                raise RuntimeError(f"fetch: error {error}")
            for first, attributes, last, batch in split(data):
                found.append((first, CODECS[attributes & 7], bool(attributes & 16), bool(attributes & 32),
                              struct.unpack_from(">i", batch, 57)[0]))
                offset = last + 1
            if offset >= high or not data:
                return found
    finally:
        connection.close()


def crc32c(data, table=[]):
    """The checksum of a batch."""
    if not table:
        for byte in range(256):
            for _ in range(8):
                byte = byte >> 1 ^ 0x82F63B78 if byte & 1 else byte >> 1
            table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def varint(value):
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value & ~127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def batch(values, attributes=0, producer=(-1, -1, -1), time=1_700_000_000_000, records=None, magic=2, count=None):
    """A batch of records without keys."""
    if records is None:
        records = b""
        for number, value in enumerate(values):
            record = b"\0\0" + varint(number) + varint(-1) + varint(len(value)) + value + varint(0)
            records += varint(len(record)) + record
    count = len(values) if count is None else count
    tail = struct.pack(">hiqqqhii", attributes, max(count - 1, 0), time, time, *producer, count) + records
    return struct.pack(">qiibI", 0, len(tail) + 9, -1, magic, crc32c(tail)) + tail


def produce(connection, topic, partition, data, acks=-1):
    """A produce of version 7: (error, offset)."""
    body = struct.pack(">hhi", -1, acks, 10_000) + struct.pack(">i", 1) + text(topic)
    body += struct.pack(">ii", 1, partition) + struct.pack(">i", len(data)) + data
    answer = connection.ask(0, 7, body)
    place = 4 + 2 + len(topic.encode()) + 4 + 4
    return struct.unpack_from(">hq", answer, place)


def create(connection, topic, partitions, configs={}):
    """A CreateTopics of version 2."""
    body = struct.pack(">i", 1) + text(topic) + struct.pack(">ihii", partitions, 1, 0, len(configs))
    for name, value in configs.items():
        body += text(name) + text(value)
    answer = connection.ask(19, 2, body + struct.pack(">ib", 10_000, 0))
    error = struct.unpack_from(">h", answer, 8 + 2 + len(topic.encode()))[0]
    if error:
        raise RuntimeError(f"create: error {error}")
