"""Stands in for Apache Kafka's kafka-topics.sh and kafka-configs.sh where tests of others call them.

Kafka's own refuse, in the client, what its servers of old took (small segments); and start a JVM for every call.
"""

import argparse
import struct
import sys

import raw


def ask(address, key, version, body, what):
    connection = raw.Connection(address)
    answer = connection.ask(key, version, body)
    connection.close()
    error = what(answer)
    if error:
        sys.exit(f"error {error}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap-server", "--zookeeper", "--topic", "--partitions", "--replication-factor", "--entity-type",
                 "--entity-name", "--add-config"):
        parser.add_argument(name)
    for name in ("--create", "--delete", "--alter"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--config", action="append", default=[])
    wanted = parser.parse_args()
    address, topic = wanted.bootstrap_server, raw.text(wanted.topic or wanted.entity_name)
    timeout = struct.pack(">i", 10_000)
    if wanted.create:
        body = struct.pack(">i", 1) + topic + struct.pack(">ihi", int(wanted.partitions or -1), int(wanted.replication_factor or -1), 0)
        body += struct.pack(">i", len(wanted.config))
        for pair in wanted.config:
            name, value = pair.split("=", 1)
            body += raw.text(name) + raw.text(value)
        ask(address, 19, 2, body + timeout + b"\0", lambda answer: struct.unpack_from(">h", answer, 8 + len(topic))[0])
    elif wanted.delete:
        ask(address, 20, 1, struct.pack(">i", 1) + topic + timeout,
            lambda answer: struct.unpack_from(">h", answer, 8 + len(topic))[0])
    elif wanted.alter and wanted.partitions:
        body = struct.pack(">i", 1) + topic + struct.pack(">ii", int(wanted.partitions), -1)
        ask(address, 37, 0, body + timeout + b"\0", lambda answer: struct.unpack_from(">h", answer, 8 + len(topic))[0])
    elif wanted.add_config:
        configs = [pair.split("=", 1) for pair in wanted.add_config.split(",")]
        body = struct.pack(">ib", 1, 2) + topic + struct.pack(">i", len(configs))
        for name, value in configs:
            body += raw.text(name) + b"\0" + raw.text(value)
        # Version 0 of an incremental change has no flexible parts.
        ask(address, 44, 0, body + b"\0", lambda answer: struct.unpack_from(">h", answer, 8)[0])
    else:
        sys.exit("create, delete or alter?")


main()
