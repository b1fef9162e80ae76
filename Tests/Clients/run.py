"""Runs Kafka's clients against the real server, each with a server of its own; see script/clients.

  run.py --program PATH [--table] [--older PYTHON] [CLIENT[:SCENARIO] …]
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import server

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = server.ROOT / "docs/kafka-clients.md"
COLUMNS = (
    "codecs", "acks", "idempotent", "large", "offsets", "group", "cooperative", "next generation", "static", "restart", "transactions",
    "transactional offsets", "fencing", "topics", "configs", "delete records", "groups", "cluster", "errors")
LONGEST = 170  # seconds of one client


def commands(older):
    """The clients: name → command; a sentence where it cannot run."""
    python = sys.executable
    found = {
        "kcat": [python, HERE / "kcat.py"] if shutil.which("kcat") else "kcat is not installed",
        "librdkafka": [older, HERE / "confluent.py"] if older else "confluent-kafka could not be built with the system's librdkafka",
        "confluent-kafka": [python, HERE / "confluent.py"],
        "kafka-python": [python, HERE / "kafka_python.py"],
        "aiokafka": [python, HERE / "aiokafka_client.py"],
    }
    kafka = pathlib.Path(os.environ.get("TIDINGS_KAFKA", server.ROOT / "../shared/kafka/kafka")).resolve()
    lack = None if kafka.exists() else f"there is no {kafka} (TIDINGS_KAFKA)"
    if not lack and not shutil.which("java"):
        lack = "there is no Java (openjdk-17-jdk-headless)"
    found["Apache Kafka's tools"] = lack or [python, HERE / "java_tools.py", "--kafka", kafka]
    if not lack and not shutil.which("javac"):
        lack = "there is no Java compiler (openjdk-17-jdk-headless)"
    found["Apache Kafka's Java client"] = lack or [python, HERE / "java_client.py", "--kafka", kafka]
    return found


def run(client, command, scenarios, program, folder):
    """Runs one client: its results, and what went wrong besides."""
    broker = server.Server(program, folder / re.sub(r"\W", "-", client))
    broker.start()
    errors = open(folder / f"{re.sub(r'[^a-z]', '-', client.lower())}.err", "w+")
    process = subprocess.Popen([*command, broker.address, *scenarios], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=errors, text=True)
    timer = threading.Timer(LONGEST, process.kill)
    timer.start()
    results, wrong = [], ""
    try:
        for line in process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if "ask" in said:
                broker.restart(kills=said["ask"] == "kill")
                process.stdin.write("done\n")
                process.stdin.flush()
            elif "verdict" in said:
                said["client"] = client
                results.append(said)
                print(f"{client:28} {said['scenario']:22} {said['verdict']:6} {said['seconds']:5} s  {said['reason']}", flush=True)
        if process.wait():
            wrong = f"{client} ended with {process.returncode}" + (f", after {LONGEST} s" if process.returncode == -9 else "")
        if not broker.is_running():
            wrong = f"the server of {client} has died"
        broker.stop()
    except RuntimeError as error:
        wrong = str(error)
    finally:
        timer.cancel()
        process.kill()
        broker.kill()
    if wrong or any(result["verdict"] == "fails" for result in results):
        errors.seek(0)
        wrong += f"\n--- {client} said\n{errors.read()[-6000:]}\n--- its server\n{broker.log_tail()}"
    return results, wrong


def table(results, missing):
    """The results as a table, a line for every reason, and what the tools were asked."""
    by_client = {}
    for result in results:
        by_client.setdefault((result["client"], result["version"]), {})[result["scenario"]] = result
    columns, notes, others = [], [], []
    for (client, version), found in by_client.items():
        if not set(found) & set(COLUMNS):
            said = [name + (f" (**fails**: {result['reason']})" if result["verdict"] != "ok" else "") for name, result in found.items()]
            others.append(f"{client} {version}: {', '.join(said)}.")
            continue
        cells = []
        for column in COLUMNS:
            result = found.get(column)
            if result is None or result["verdict"] == "ok":
                cells.append("ok" if result else "–")
                continue
            notes.append(f"{client}, {column}: {result['reason']}")
            cells.append(("– " if result["verdict"] == "lacks" else "**fails** ") + f"({len(notes)})")
        columns.append((f"{client} {version.removeprefix(client).strip()}", cells))
    lines = []
    if columns:
        lines += ["| | " + " | ".join(head for head, _ in columns) + " |", "|---|" + "---|" * len(columns)]
        lines += [f"| {name} | " + " | ".join(cells[place] for _, cells in columns) + " |" for place, name in enumerate(COLUMNS)]
    for part in ([f"{number}. {note}" for number, note in enumerate(notes, 1)], others,
                 [f"{client} did not run: {lack}." for client, lack in missing.items()]):
        lines += [""] + part if part else []
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--older")
    parser.add_argument("wanted", nargs="*")
    options = parser.parse_args()
    known = commands(options.older)
    wanted = {}
    for one in options.wanted or known:
        client, _, scenario = one.partition(":")
        if client not in known:
            sys.exit(f"clients: there is no client '{client}': {', '.join(known)}")
        wanted.setdefault(client, []).extend([scenario] if scenario else [])
    missing = {client: known[client] for client in wanted if isinstance(known[client], str)}
    for client, lack in missing.items():
        print(f"{client}: skipped: {lack}")
    folder = pathlib.Path(tempfile.mkdtemp())
    results, wrongs, begun = [], [], time.monotonic()
    # The slowest first; most of their time they wait.
    order = sorted((client for client in wanted if client not in missing), key=lambda client: "Java" not in client)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        running = [pool.submit(run, client, known[client], wanted[client], options.program, folder) for client in order]
        for future in running:
            found, wrong = future.result()
            results += found
            wrongs += [wrong] if wrong else []
    shutil.rmtree(folder, ignore_errors=True)
    results.sort(key=lambda result: list(known).index(result["client"]))
    text = table(results, missing)
    print(f"\n{text}\n\n{sum(result['verdict'] == 'ok' for result in results)} of {len(results)} scenarios ok, "
          f"in {time.monotonic() - begun:.0f} s")
    if options.table:
        before, after = DOCUMENT.read_text().split("<!-- generated -->")[::2]
        DOCUMENT.write_text(f"{before}<!-- generated -->\n\n{text}\n\n<!-- generated -->{after}")
    for wrong in wrongs:
        print(wrong, file=sys.stderr)
    needed = set(missing) & {"kcat", "librdkafka"} if os.environ.get("CI") else set()
    if needed:
        print(f"clients: needed in CI: {', '.join(needed)}", file=sys.stderr)
    return 1 if wrongs or needed else 0


sys.exit(main())
