"""Apache Kafka's own tools: one scenario each."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import common
import raw
from common import same


def tool(kafka, name, *arguments, text="", seconds=60):
    """What a tool wrote."""
    environment = os.environ | {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run([kafka, name, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=seconds,
                          env=environment)
    errors = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("Picked up"))
    if done.returncode:
        raise RuntimeError(f"{name}: {(errors or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


class Tools:
    def __init__(self, kafka):
        self.kafka = kafka

    def run(self, name, address, *arguments, **more):
        return tool(self.kafka, name, "--bootstrap-server", address, *arguments, **more)

    def holds(self, text, *wanted):
        for part in wanted:
            if not re.search(part, text):
                common.fail(f"no '{part}' in {common.brief(text)}")

    def topics(self, address):
        self.run("topics", address, "--create", "--topic", "orders", "--partitions", 2, "--config", "retention.ms=86400000")
        self.run("topics", address, "--alter", "--topic", "orders", "--partitions", 3)
        self.holds(self.run("topics", address, "--describe", "--topic", "orders"), "PartitionCount: 3", "retention.ms=86400000", "Isr: 1")
        self.holds(self.run("topics", address, "--list"), "orders")

    def console(self, address):
        lines = [f"key-{number}\tvalue {number}" for number in range(100)]
        self.run("console-producer", address, "--topic", "console", "--reader-property", "parse.key=true", text="\n".join(lines) + "\n")
        found = self.run("console-consumer", address, "--topic", "console", "--from-beginning", "--max-messages", 100,
                         "--timeout-ms", 20000, "--formatter-property", "print.key=true")
        same(found.splitlines(), lines, "lines")

    def verifiable(self, address):
        said = [json.loads(line) for line in self.run(
            "verifiable-producer", address, "--topic", "verifiable", "--max-messages", 1000, "--acks", -1).splitlines() if line[:1] == "{"]
        same([one["acked"] for one in said if one["name"] == "tool_data"], [1000], "acknowledged")
        said = [json.loads(line) for line in self.run(
            "verifiable-consumer", address, "--topic", "verifiable", "--group-id", "verifiable", "--max-messages", 1000,
            "--reset-policy", "earliest", "--session-timeout", 6000).splitlines() if line[:1] == "{"]
        same(sum(one["count"] for one in said if one["name"] == "records_consumed"), 1000, "consumed")
        same(all(one["success"] for one in said if one["name"] == "offsets_committed"), True, "whether commits succeeded")

    def perf(self, address):
        self.holds(self.run("producer-perf-test", address, "--topic", "perf", "--num-records", 50000, "--record-size", 100,
                            "--throughput", -1), "50000 records sent")
        self.holds(self.run("consumer-perf-test", address, "--topic", "perf", "--num-records", 50000, "--timeout", 20000), ", 50000, ")

    def get_offsets(self, address):
        found = self.run("get-offsets", address, "--topic", "verifiable")
        self.holds(found, "verifiable:0:1000")

    def groups(self, address):
        self.holds(self.run("consumer-groups", address, "--list"), "verifiable")
        self.holds(self.run("consumer-groups", address, "--describe", "--group", "verifiable"), r"verifiable\s+verifiable\s+0\s+1000\s+1000\s+0")
        self.run("consumer-groups", address, "--reset-offsets", "--group", "verifiable", "--topic", "verifiable", "--to-offset", 400,
                 "--execute")
        self.holds(self.run("consumer-groups", address, "--describe", "--group", "verifiable"), r"0\s+400\s+1000\s+600")
        self.run("consumer-groups", address, "--delete", "--group", "verifiable")

    def configs(self, address):
        self.run("configs", address, "--alter", "--entity-type", "topics", "--entity-name", "orders", "--add-config",
                 "max.message.bytes=2000000")
        self.holds(self.run("configs", address, "--describe", "--entity-type", "topics", "--entity-name", "orders"),
                   "max.message.bytes=2000000")

    def delete_records(self, address):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"partitions": [{"topic": "perf", "partition": 0, "offset": 20000}], "version": 1}, file)
            file.flush()
            self.holds(self.run("delete-records", address, "--offset-json-file", file.name), "low_watermark: 20000")

    def log_dirs(self, address):
        self.holds(self.run("log-dirs", address, "--describe", "--topic-list", "perf"), '"partition":"perf-0","size":[1-9]')

    def cluster(self, address):
        self.holds(tool(self.kafka, "cluster", "cluster-id", "--bootstrap-server", address), "Cluster ID: ")
        self.holds(self.run("broker-api-versions", address), r"Produce\(0\): 0 to \d+")

    def features(self, address):
        self.holds(self.run("features", address, "describe"), "transaction.version")

    def copier(self, address):
        connection = raw.Connection(address)
        raw.create(connection, "copied-in", 1)
        raw.create(connection, "copied-out", 1)
        for first in range(0, 1000, 100):
            same(raw.produce(connection, "copied-in", 0, raw.batch([b"%d" % number for number in range(first, first + 100)]))[0], 0, "the error")
        tool(self.kafka, "transactional-copier", "--broker-list", address, "--input-topic", "copied-in", "--input-partition", 0,
             "--output-topic", "copied-out", "--max-messages", 1000, "--consumer-group", "copier", "--transaction-size", 77,
             "--transactional-id", "copier", "--enable-random-aborts")
        found = tool(self.kafka, "console-consumer", "--bootstrap-server", address, "--topic", "copied-out", "--from-beginning",
                     "--max-messages", 1000, "--timeout-ms", 20000, "--isolation-level", "read_committed")
        same([int(line) for line in found.split()], list(range(1000)), "what was copied")

    def transactions(self, address):
        self.holds(self.run("transactions", address, "list"), "copier")
        self.holds(self.run("transactions", address, "describe", "--transactional-id", "copier"), "Complete(Commit|Abort)")
        self.run("transactions", address, "find-hanging", "--broker-id", 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("address")
    parser.add_argument("wanted", nargs="*")
    options = parser.parse_args()
    version = next(pathlib.Path(options.kafka).parent.glob("lib/kafka-tools-4*.jar")).stem.removeprefix("kafka-tools-")
    tools = Tools(options.kafka)
    sys.argv[1:] = [options.address, *options.wanted]
    common.run("", version, {
        "kafka-topics": tools.topics, "console producer and consumer": tools.console, "verifiable producer and consumer": tools.verifiable,
        "perf tests": tools.perf, "get-offsets": tools.get_offsets, "consumer-groups": tools.groups, "kafka-configs": tools.configs,
        "delete-records": tools.delete_records, "log-dirs": tools.log_dirs, "cluster and broker-api-versions": tools.cluster,
        "features": tools.features, "transactional-copier": tools.copier, "kafka-transactions": tools.transactions,
    })


main()
