"""Record batches across implementations, for `script/cross-read`: what others write Tidings reads, and the other way round.

    cross_read.py write FOLDER [KAFKA PORT]     makes FOLDER/theirs: segments, and expected.json that says what is in them
    cross_read.py read FOLDER [KAFKA]           reads FOLDER/ours, and holds it against its expected.json

KAFKA is Apache Kafka's own command; with it, its server and clients write, and its dump-log reads.
"""

import base64, glob, importlib, importlib.metadata, json, os, re, shutil, subprocess, sys

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TIME = 1_700_000_000_000


def record(number):
    key = None if number % 7 == 3 else f"key-{number % 5}".encode()
    value = None if number % 11 == 4 else (f'{{"number":{number},"text":"' + "the same again and " * 6 + '"}').encode()
    headers = [] if number % 3 == 2 else [("ce_id", f"e-{number}".encode()), ("empty", b"")]
    return key, value, headers


def text(data):
    return None if data is None else base64.b64encode(bytes(data)).decode()


def described(offset, timestamp, key, value, headers):
    return {
        "offset": offset, "timestamp": timestamp, "key": text(key), "value": text(value),
        "headers": [[name, text(data)] for name, data in headers]}


def versions(*packages):
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)


# -- writing


def write(folder, kafka=None, port=None):
    theirs = f"{folder}/theirs"
    os.makedirs(theirs, exist_ok=True)
    expected = {}
    for name, builder in (("kafka-python", kafka_python), ("aiokafka", aiokafka)):
        for code, codec in enumerate(CODECS):
            segment, records = builder(code)
            with open(f"{theirs}/{name}-{codec}.log", "wb") as file:
                file.write(segment)
            expected[f"{name}-{codec}"] = records
    print(f"written by {versions('kafka-python', 'aiokafka')}: {len(expected)} segments")
    if kafka:
        by_kafka = with_kafka(folder, kafka, port)
        expected.update(by_kafka)
        print(f"written by Apache Kafka and {versions('confluent-kafka')} (librdkafka): {len(by_kafka)} segments")
    with open(f"{theirs}/expected.json", "w") as file:
        json.dump(expected, file)


def kafka_python(code):
    from kafka.record.memory_records import MemoryRecordsBuilder

    segment, records = b"", []
    # Nobody's records, then those of an idempotent producer: several batches.
    for first, producer in ((0, {}), (40, {"producer_id": 70 + code, "producer_epoch": 2, "base_sequence": 0})):
        builder = MemoryRecordsBuilder(magic=2, compression_type=code, batch_size=1 << 20, **producer)
        for number in range(40):
            key, value, headers = record(first + number)
            builder.append(TIME + number, key, value, headers)
            records.append(described(first + number, TIME + number, key, value, headers))
        builder.close()
        segment += placed(builder.buffer(), first)
    return segment, records


def aiokafka(code):
    from aiokafka.record.default_records import DefaultRecordBatchBuilder

    builder = DefaultRecordBatchBuilder(2, code, 0, 80 + code, 0, 0, 1 << 20)
    records = []
    for number in range(40):
        key, value, headers = record(number)
        builder.append(number, TIME + number, key, value, headers)
        records.append(described(number, TIME + number, key, value, headers))
    return placed(builder.build(), 0), records


def placed(batch, offset):
    """What a broker does: the base offset and its leader epoch."""
    batch = bytearray(batch)
    batch[0:8] = offset.to_bytes(8, "big")
    batch[12:16] = bytes(4)
    return bytes(batch)


def with_kafka(folder, kafka, port):
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    address = f"127.0.0.1:{port}"
    data = f"{folder}/kafka"
    environment = {**os.environ, "KAFKA_HEAP": "512m"}
    server = subprocess.Popen(
        [kafka, "server", "--port", str(port), "--data", data], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in server.stdout:
            if "ready on" in line:
                break
        # The records are old: nothing may be taken for expired.
        topics = [NewTopic(f"{maker}-{codec}", 1, 1, config={"retention.ms": "-1"}) for maker in ("java", "librdkafka") for codec in CODECS]
        admin = AdminClient({"bootstrap.servers": address, "log_level": 2})
        for made in admin.create_topics(topics).values():
            made.result()
        expected = {}
        for codec in CODECS:
            producer = Producer({"bootstrap.servers": address, "compression.type": codec, "linger.ms": 200, "log_level": 2})
            lines = ""
            for number in range(40):
                key, value, headers = record(number)
                producer.produce(f"librdkafka-{codec}", value=value, key=key, headers=headers, timestamp=TIME + number)
                lines += "\t".join((
                    ",".join(f"{name}:{data.decode()}" for name, data in headers) or "NULL",
                    "NULL" if key is None else key.decode(), "NULL" if value is None else value.decode())) + "\n"
            producer.flush()
            subprocess.run(
                [kafka, "console-producer", "--bootstrap-server", address, "--topic", f"java-{codec}", "--compression-codec", codec,
                 "--command-property", "linger.ms=500", "--reader-property", "parse.key=true", "--reader-property", "parse.headers=true",
                 "--reader-property", "null.marker=NULL"],
                input=lines, text=True, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            expected[f"librdkafka-{codec}"] = [described(number, TIME + number, *record(number)) for number in range(40)]
            expected[f"java-{codec}"] = [described(number, None, *record(number)) for number in range(40)]
    finally:
        server.terminate()
        server.wait()
    for name in expected:
        with open(f"{folder}/theirs/{name}.log", "wb") as file:
            for part in sorted(glob.glob(f"{data}/log/{name}-0/*.log")):
                with open(part, "rb") as segment:
                    shutil.copyfileobj(segment, file)
    return expected


# -- reading


def read(folder, kafka=None):
    with open(f"{folder}/ours/expected.json") as file:
        expected = json.load(file)
    failed = 0
    paths = {path: f"{folder}/ours/{path}" for path in sorted(expected)}
    for name, reader in (("kafka-python", read_by_kafka_python), ("aiokafka", read_by_aiokafka)):
        found = {path: reader(open(place, "rb").read()) for path, place in paths.items()}
        failed += judged(f"{name} {importlib.metadata.version(name)}", found, expected)
    if kafka:
        known = {path: [known_to_kafka(record) for record in records] for path, records in expected.items()}
        failed += judged("Apache Kafka's dump-log", read_by_kafka(kafka, paths), known)
    return failed + messages_again(f"{folder}/ours/messages")


def messages_again(path):
    """Our messages, read and written again by kafka-python's protocol classes, are the same bytes."""
    classes = {}
    for name in ("admin", "producer", "consumer", "metadata", "sasl"):
        classes |= vars(importlib.import_module(f"kafka.protocol.{name}"))
    count, unknown, wrong = 0, set(), {}
    with open(path) as file:
        for line in file:
            name, version, ours = line.rstrip("\n").split(" ")
            kind, ours = classes.get(name), base64.b64decode(ours)
            if kind is None or int(version) > kind.max_version:
                unknown.add(name)
                continue
            count += 1
            if name == "ApiVersionsResponse":
                ours = b"\0\0" + ours[2:]  # one with an error is read as version 0, whatever it is
            try:
                message = kind.decode(ours, version=int(version))
                message._header = None
                theirs = bytes(message.encode(version=int(version)))
            except Exception as error:
                theirs = repr(error)
            if theirs != ours:
                wrong.setdefault(f"{name} {version}", (ours, theirs))
    for what, (ours, theirs) in wrong.items():
        print(f"   ! {what}: {ours.hex()}\n     became {theirs.hex() if isinstance(theirs, bytes) else theirs}")
    print(f"messages read and written by kafka-python: {count}" + (f", WRONG: {len(wrong)}" if wrong else "") +
          (f"; without a class there: {', '.join(sorted(unknown))}" if unknown else ""))
    return len(wrong)


def judged(reader, found, expected):
    wrong = []
    for path, wanted in sorted(expected.items()):
        if found[path] != wanted:
            first = next((pair for pair in zip(found[path], wanted) if pair[0] != pair[1]), (len(found[path]), len(wanted)))
            wrong.append(path)
            print(f"   ! {path}: {first[0]}\n     wanted {first[1]}")
    count = sum(map(len, expected.values()))
    print(f"read by {reader}: {len(expected)} segments, {count} records" + (f", WRONG: {', '.join(wrong)}" if wrong else ""))
    return len(wrong)


def read_by_kafka_python(segment):
    from kafka.record.memory_records import MemoryRecords

    batches, found = MemoryRecords(segment), []
    while batches.has_next():
        batch = batches.next_batch()
        assert batch.validate_crc(), f"the checksum of the batch at offset {batch.base_offset}"
        if not batch.is_control_batch:
            found += [described(r.offset, r.timestamp, r.key, r.value, r.headers) for r in batch]
    assert batches.valid_bytes() == len(segment)
    return found


def read_by_aiokafka(segment):
    from aiokafka.record import MemoryRecords

    batches, found = MemoryRecords(segment), []
    while batches.has_next():
        batch = batches.next_batch()
        assert batch.validate_crc(), f"the checksum of the batch at offset {batch.base_offset}"
        if not batch.is_control_batch:
            found += [described(r.offset, r.timestamp, r.key, r.value, r.headers) for r in batch]
    return found


def known_to_kafka(record):
    """What dump-log shows of a record."""
    return {
        "offset": record["offset"], "timestamp": record["timestamp"],
        "key": None if record["key"] is None else base64.b64decode(record["key"]).decode(),
        "value": None if record["value"] is None else base64.b64decode(record["value"]).decode(),
        "headers": [name for name, _ in record["headers"]]}


def read_by_kafka(kafka, paths):
    shown = subprocess.run(
        [kafka, "dump-log", "--deep-iteration", "--print-data-log", "--files", ",".join(paths.values())],
        env={**os.environ, "KAFKA_HEAP": "128m"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stdout
    assert "isvalid: false" not in shown, shown
    names = {place: path for path, place in paths.items()}
    found = {path: [] for path in paths}
    records = None
    for line in shown.splitlines():
        if line.startswith("Dumping "):
            records = found[names[line.removeprefix("Dumping ")]]
        match = re.match(
            r"\| offset: (\d+) (?:Create|LogAppend)Time: (-?\d+) keySize: (-?\d+) valueSize: (-?\d+) sequence: -?\d+ headerKeys: \[(.*?)\](.*)$",
            line)
        if not match or "endTxnMarker" in line:
            continue
        rest = match[6]
        records.append({
            "offset": int(match[1]), "timestamp": int(match[2]),
            "key": None if int(match[3]) < 0 else re.search(r" key: (.{%d})" % int(match[3]), rest)[1],
            "value": None if int(match[4]) < 0 else re.search(r" payload: (.*)$", rest)[1],
            "headers": match[5].split(",") if match[5] else []})
    return found


if sys.argv[1] == "write":
    write(*sys.argv[2:])
else:
    sys.exit(1 if read(*sys.argv[2:]) else 0)
