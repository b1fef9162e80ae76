"""Apache Kafka's Java client: compiles JavaClient.java, and runs it and the members of groups."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import common
import raw

HERE = pathlib.Path(__file__).resolve().parent
GROUPS = ("group", "cooperative", "next generation", "static")


def numbered(address, topic):
    """Writes numbered records to four partitions of a new topic."""
    connection = raw.Connection(address)
    raw.create(connection, topic, 4)

    def produce(first, count):
        for number in range(first, first + count):
            error, _ = raw.produce(connection, topic, number % 4, raw.batch([b"%d" % number]))
            common.same(error, 0, "the error of a produce")

    return produce


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("address")
    parser.add_argument("wanted", nargs="*")
    options = parser.parse_args()
    library = pathlib.Path(options.kafka).parent / "lib"
    version = next(library.glob("kafka-clients-*.jar")).stem.removeprefix("kafka-clients-")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["javac", "-nowarn", "-cp", f"{library}/*", "-d", folder, HERE / "JavaClient.java"], check=True)
        quiet = pathlib.Path(folder, "log4j2.properties")
        quiet.write_text("rootLogger.level = OFF\n")
        command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx192m", f"-Dlog4j2.configurationFile={quiet}",
                   "-cp", f"{folder}:{library}/*", "JavaClient"]
        sys.argv[1:] = [options.address, *options.wanted]
        common.run("", version, {
            "group": lambda address: common.group(command, address, "group", numbered(address, "group")),
            "cooperative": lambda address: common.group(
                command, address, "cooperative", numbered(address, "cooperative"), "cooperative"),
            "next generation": lambda address: common.group(command, address, "next", numbered(address, "next"), "consumer"),
            "static": lambda address: common.static_members(command, address, "static", numbered(address, "static")),
        })
        others = [name for name in options.wanted if name not in GROUPS]
        if others or not options.wanted:
            sys.exit(subprocess.run([*command, options.address, *others]).returncode)


main()
