"""What `script/bench` runs: Tidings beside a baseline, in alternating rounds, reported as ratios.

These machines flip between fast and slow for seconds, so every figure stands beside one measured next to it: rounds
alternate, and the median round counts. Nothing here is a test; the goals are those of the design.
"""

import argparse, json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.error, urllib.request

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SERVER_CORE, CLIENT_CORE = "0", "1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_taken(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * PAGE


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as listing:
        return [int(child) for child in listing.read().split()]


def drop_pages(folder):
    """Lets the system forget what it holds of a folder's files."""
    for parent, _, names in os.walk(folder):
        for name in names:
            file = os.open(os.path.join(parent, name), os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def wait_for(port, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.002)
    raise SystemExit(f"nothing listens on port {port} after {seconds} s")


class Program:
    """A server under measurement: its process ids, port and folder; stopped by pid."""

    def __init__(self, arguments, port, folder=None, core=SERVER_CORE, log=None):
        self.port, self.folder = port, folder
        pin = ["taskset", "-c", core] if core else []
        self.process = subprocess.Popen(pin + arguments, stdout=log or subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(port)
        self.pids = [self.process.pid] + children(self.process.pid)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Bench:
    def __init__(self, options):
        self.options = options
        self.seconds = 2 if options.quick else 4
        self.rounds = 2 if options.quick else 3
        self.work = tempfile.mkdtemp(prefix="tidings-bench-", dir=options.dir)
        self.missed = []

    # -- servers

    def nginx(self, body="return 204;", core=SERVER_CORE):
        folder = tempfile.mkdtemp(dir=self.work)
        port = free_port()
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(
                f"daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error crit;\n"
                "events { worker_connections 20000; multi_accept on; }\n"
                f"http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/body;\n"
                f" proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
                f" server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ {body} }} }} }}\n")
        return Program(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], port, folder, core)

    def tidings(self, *more, core=SERVER_CORE):
        folder = tempfile.mkdtemp(dir=self.work)
        port = free_port()
        return Program(
            [self.options.tidings, "serve", "--data", f"{folder}/data", "--http", f"127.0.0.1:{port}", "--kafka", "off", "--log-level", "warning", *more],
            port, folder, core)

    def empty(self):
        port = free_port()
        return Program([self.options.bench, "empty", "--port", str(port)], port)

    def own(self, *arguments, core=None):
        pin = ["taskset", "-c", core] if core else []
        answer = subprocess.run(pin + [self.options.bench, *map(str, arguments)], stdout=subprocess.PIPE, check=True)
        return json.loads(answer.stdout)

    def request(self, method, url, body=None, content_type="application/json"):
        data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        request = urllib.request.Request(url, data, {"content-type": content_type}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            raise SystemExit(f"{method} {url}: {refusal.code} {refusal.read()[:500]}")

    def wrk(self, program, connections, path="/", script=None, seconds=None):
        arguments = ["taskset", "-c", CLIENT_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds or self.seconds}s", "--latency"]
        if script:
            arguments += ["-s", script]
        before = cpu_seconds(program.pids)
        text = subprocess.run(arguments + [program.url + path], stdout=subprocess.PIPE, check=True, text=True).stdout
        spent = cpu_seconds(program.pids) - before
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        if bad or errors and any(int(count) for count in errors.groups()):
            print(f"   ! {program.url}{path}: {text}", file=sys.stderr)
        def micros(percentile):
            value, unit = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text).groups()
            return float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
            "cpu": spent / max(requests, 1) * 1e6, "p50": micros(50), "p99": micros(99)}

    def lua(self, name, body, content_type="application/json"):
        path = f"{self.work}/{name}.lua"
        with open(path, "w") as file:
            file.write(f'wrk.method = "POST"\nwrk.body = [====[{body}]====]\nwrk.headers["Content-Type"] = "{content_type}"\n')
        return path

    # -- reporting

    def title(self, text):
        print(f"\n{text}")

    def line(self, what, figure, goal=None, reached=None):
        mark = "" if reached is None else ("reached" if reached else "NOT REACHED")
        if reached is False:
            self.missed.append(what)
        print(f"  {what:<58} {figure:<44} {goal or '':<26} {mark}", flush=True)

    def ratio(self, what, ours, theirs, unit, least=None, most=None):
        value = ours / theirs if theirs else float("inf")
        goal = f"≥ {least}" if least is not None else f"≤ {most}" if most is not None else ""
        reached = None if least is None and most is None else (value >= least if least is not None else value <= most)
        self.line(what, f"{value:5.2f}   ({ours:,.4g} against {theirs:,.4g} {unit})", goal, reached)

    def paired(self, ours, theirs):
        """Runs two measurements in alternating rounds; the median of each key of each."""
        pairs = [(ours(), theirs()) for _ in range(self.rounds)]
        return tuple({key: statistics.median(pair[side][key] for pair in pairs) for key in pairs[0][side]} for side in (0, 1))

    # -- parts

    def http(self):
        self.title("HTTP server: an empty handler of ours against nginx answering 204 (wrk, one core each)")
        ours, theirs = self.empty(), self.nginx()
        for connections, rate, cpu in ((64, 1.0, 1.0), (8, 0.8, 1.15)):
            mine, nginx = self.paired(lambda: self.wrk(ours, connections), lambda: self.wrk(theirs, connections))
            self.ratio(f"{connections} connections: requests/s", mine["rate"], nginx["rate"], "/s", least=rate)
            self.ratio(f"{connections} connections: CPU per request", mine["cpu"], nginx["cpu"], "µs", most=cpu)
        ours.stop(), theirs.stop()

    def publish(self):
        self.title("Publish over HTTP, durable, against the empty handler (wrk on the other core)")
        event = '{"event_type":"order.created","entity_id":"o-17","source":"/order-service","data":{"total":42,"currency":"EUR"}}'
        batch = "[" + ",".join(
            f'{{"specversion":"1.0","id":"e-{n}","source":"/s","type":"order.created","subject":"o-{n}","data":{{"total":{n}}}}}'
            for n in range(100)) + "]"
        single = self.lua("single", event)
        batches = self.lua("batch", batch, "application/cloudevents-batch+json")
        ours, empty = self.tidings(core=None), self.empty()
        pinned = self.tidings()
        for connections in (64, 512):
            mine, base = self.paired(
                lambda: self.wrk(pinned, connections, "/v1/events", single),
                lambda: self.wrk(empty, connections, "/", single))
            self.ratio(
                f"single, {connections} connections, one core: CPU per event", mine["cpu"], base["cpu"], "µs",
                most=2.5 if connections == 512 else None)
            self.ratio(
                f"single, {connections} connections, one core: rate", mine["rate"], base["rate"], "/s",
                least=0.5 if connections == 512 else None)
            free = self.wrk(ours, connections, "/v1/events", single)
            self.line(f"single, {connections} connections, both cores", f"{free['rate']:,.0f}/s, p50 {free['p50']:.0f} µs, p99 {free['p99']:.0f} µs")
        for connections in (8, 64):
            free = statistics.median(self.wrk(ours, connections, "/v1/events", batches)["rate"] for _ in range(self.rounds)) * 100
            self.line(f"batches of 100, {connections} connections", f"{free:,.0f} events/s", "≥ 1,000,000", free >= 1e6 if connections == 64 else None)
        ours.stop(), pinned.stop(), empty.stop()

    def log(self):
        self.title("The log: beside pwrite + fdatasync of the same bytes into written blocks, and plain reads")
        for row in self.own("log", "--dir", self.work, "--seconds", self.seconds):
            self.ratio(row["what"], row["ours"], row["theirs"], row["unit"], least=row.get("least"), most=row.get("most"))
        if not shutil.which("valgrind"):
            return self.line("instructions and allocations", "not counted: no valgrind")
        # A round of one batch of a client's, of one record, of a record in each of 100 partitions.
        for what, name, instructions, allocations in (
                ("batch", "a batch of 16 KiB appended and committed", 65_000, 23), ("record", "a record appended and committed", 30_000, 24),
                ("records", "100 records for 100 partitions appended and committed", 1_080_000, 580)):
            count, allocated = (self.counted(tool, what, "log", "--dir", self.work) for tool in ("callgrind", "memcheck"))
            self.line(f"{name}: instructions", f"{count:,.0f}", f"≤ {instructions:,}", count <= instructions)
            self.line(f"{name}: allocations", f"{allocated:.1f}", f"≤ {allocations}", allocated <= allocations)

        self.recovery()

    def recovery(self):
        # Killed under load, with 1,000 partitions: the files in the system's memory, and read from the disk.
        size = 2 if self.options.quick else 10
        folder = f"{self.work}/log-recovery"
        for name, is_cached in (("", True), (", nothing cached", False)):
            times, rounds = [], 0
            for _ in range(3):
                shutil.rmtree(folder, ignore_errors=True)
                subprocess.run([self.options.bench, "log", "--do", "fill", "--dir", folder, "--bytes", str(size * 10**9), "--partitions", "1000"])
                if not is_cached:
                    drop_pages(folder)
                found = self.own("log", "--do", "open", "--dir", folder)
                assert not found["clean"], "the log was killed, and found clean"
                times.append(found["millis"])
                rounds = found["rounds"]
            self.line(
                f"opened after a kill, {size} GB in 1,000 partitions{name}",
                f"{statistics.median(times):,.0f} ms of {', '.join(f'{t:,.0f}' for t in times)}; {rounds} rounds",
                "≤ 5,000 ms", statistics.median(times) <= 5_000)
        shutil.rmtree(folder, ignore_errors=True)

    def scale(self):
        self.title("The log as it grows: appends of 16 KiB from 4 writers, and a reader at the tail")
        sizes = "1,2" if self.options.quick else "1,10,50" if self.options.large else "1,10"
        rows = self.own("log", "--do", "scale", "--dir", self.work, "--seconds", self.seconds, "--sizes", sizes, "--partitions", "1,100,2000")
        for row in rows:
            self.line(
                "{gb} GB, {partitions} partitions".format(**row),
                "append {append:,.0f} MB/s (p50 {p50:,.0f}, p99.9 {p999:,.0f} µs), tail {tail:,.0f} MB/s".format(**row))

    def batches(self):
        self.title("Record batches: checked beside their checksum alone, encoded beside a copy, decoded per codec")
        rows = self.own("batches", core=SERVER_CORE)
        for row in rows["checks"]:
            goal = 1.05 if row["what"] != "1 KiB" else None
            self.ratio(f"a client's batch of {row['what']}: check to CRC-32C", row["check"], row["sum"], "ns", most=goal)
        for row in rows["encodings"]:
            goal = "≤ 20 ns" if row["what"] == "100 B" else ""
            self.line(
                f"a record of {row['what']} encoded and sealed", f"{row['encode']:.1f} ns, a copy of it {row['copy']:.1f} ns", goal,
                row["encode"] <= 20 if goal else None)
        for row in rows["codecs"]:
            self.line(f"a record decoded out of 256 KiB, {row['what']}", f"{row['decode']:.1f} ns, {row['rate'] / 1e9:.2f} GB/s")
        if not shutil.which("valgrind"):
            return self.line("instructions and allocations", "not counted: no valgrind")
        # Counted, so the same on every machine with the same compiler: what one more of each costs.
        for what, name, instructions, allocations in (
                ("check", "a batch of 16 KiB checked", 4_000, 0), ("encode", "a record of 100 B encoded and sealed", 230, 0),
                ("decode", "a batch of 16 KiB (128 records) decoded", 50_000, 2)):
            per = 100 if what == "encode" else 1
            count, allocated = (self.counted(tool, what) for tool in ("callgrind", "memcheck"))
            self.line(f"{name}: instructions", f"{count / per:,.0f}", f"≤ {instructions:,}", count / per <= instructions)
            self.line(f"{name}: allocations", f"{allocated / per:.2f}", f"≤ {allocations}", allocated / per <= allocations)

    def counted(self, tool, what, *part):
        """Instructions (callgrind) or allocations (memcheck) of one of a thing, as the difference of two runs."""
        plain = f"{self.work}/bench-without-symbols"
        if not os.path.exists(plain):
            subprocess.run(["strip", "-g", "-o", plain, self.options.bench], check=True)
        found = []
        for times in (100, 1100):
            text = subprocess.run(
                ["valgrind", f"--tool={tool}", *(["--callgrind-out-file=/dev/null"] if tool == "callgrind" else []),
                 plain, *(part or ("batches",)), "--do", what, "--times", str(times)],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True).stderr
            found.append(int(re.search(r"Collected : (\d+)|heap usage: ([\d,]+) allocs", text)[1 if tool == "callgrind" else 2].replace(",", "")))
        return (found[1] - found[0]) / 1000

    def webhook(self):
        self.title("From publish to webhook received")
        for rate in (1000, 10000):
            server = self.tidings(core=None)
            row = self.own("latency", "--server", server.url, "--rate", rate, "--seconds", self.seconds * 2)
            server.stop()
            self.line(f"{rate:,}/s: publish", "p50 {p50:.0f} p95 {p95:.0f} p99 {p99:.0f} µs".format(**row["publish"]))
            self.line(
                f"{rate:,}/s: received", "p50 {p50:.0f} p95 {p95:.0f} p99 {p99:.0f} µs".format(**row["received"]), "p99 ≤ 5 ms",
                row["received"]["p99"] <= 5000)
            self.ratio(f"{rate:,}/s: received p50 to publish p50", row["received"]["p50"], row["publish"]["p50"], "µs", most=1.5)
            if row["achieved"] < rate * 0.97:
                self.line(f"{rate:,}/s: only reached", f"{row['achieved']:,.0f}/s", "", False)

    def push(self):
        self.title("Push deliveries of 500 B, signed, to a local nginx, against wrk posting to it")
        receiver = self.nginx(core=CLIENT_CORE)
        post = self.lua("post", "x" * 500)
        server = self.tidings("--delivery-allow-networks", "127.0.0.0/8")
        count = 100_000 if self.options.quick else 300_000
        base = subprocess.run(
            ["taskset", "-c", SERVER_CORE, "wrk", "-t1", "-c64", f"-d{self.seconds}s", "-s", post, receiver.url + "/"],
            stdout=subprocess.PIPE, check=True, text=True).stdout
        baseline = float(re.search(r"Requests/sec:\s+([\d.]+)", base).group(1))
        events = [
            {"specversion": "1.0", "id": f"e-{n}", "source": "/s", "type": "load.made", "subject": f"o-{n % 1000}", "data": {"filler": "x" * 330}}
            for n in range(1000)]
        for _ in range(count // 1000):
            self.request("POST", server.url + "/v1/events", json.dumps(events).encode(), "application/cloudevents-batch+json")
        before = cpu_seconds(server.pids)
        started = time.monotonic()
        self.request("PUT", server.url + "/v1/subscriptions/push", {
            "consumer": "bench", "types": ["load.made"], "endpoint": {"url": receiver.url + "/"}, "concurrency": 64, "start": "beginning"})
        delivered = 0
        while delivered < count and time.monotonic() - started < 120:
            time.sleep(0.05)
            delivered = self.request("GET", server.url + "/v1/subscriptions/push")["status"]["delivered"]
        took = time.monotonic() - started
        spent = cpu_seconds(server.pids) - before
        self.ratio("deliveries/s to wrk's requests/s", delivered / took, baseline, "/s", least=0.6)
        self.line("server CPU per delivery", f"{spent / max(delivered, 1) * 1e6:.2f} µs")
        server.stop(), receiver.stop()

    def isolation(self):
        self.title("Publish p99 at 1,000/s with many subscriptions, each event wanted by one of them, one hanging")
        base = None
        for subscriptions in (0, 6, 50):
            figures = []
            for _ in range(self.rounds):
                server = self.tidings(core=None)
                figures.append(self.own(
                    "latency", "--server", server.url, "--rate", 1000, "--seconds", self.seconds, "--subscriptions", subscriptions,
                    "--hanging", 1 if subscriptions else 0)["publish"])
                server.stop()
            p99 = statistics.median(figure["p99"] for figure in figures)
            if base is None:
                base = p99
                self.line("no subscription: publish p99", f"{p99:.0f} µs")
            else:
                self.ratio(f"{subscriptions} subscriptions: publish p99", p99, base, "µs", most=1.2 if subscriptions == 50 else None)

    def poison(self):
        self.title("One entity of a hundred poisoned (always 500, parks): the rate of the other 99")
        count = 100_000

        def rate(*poisoned):
            server = self.tidings(core=None)
            taker = subprocess.Popen(
                [self.options.bench, "poison", *poisoned], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            port = int(taker.stdout.readline())
            for start in range(0, count, 1000):
                events = [
                    {"specversion": "1.0", "id": f"e-{n}", "source": "/s", "type": "load.made", "subject": f"e-{n % 100}", "data": {}}
                    for n in range(start, start + 1000)]
                self.request("POST", server.url + "/v1/events", json.dumps(events).encode(), "application/cloudevents-batch+json")
            self.request("PUT", server.url + "/v1/subscriptions/poison", {
                "consumer": "bench", "types": ["load.made"], "start": "beginning", "retry": {"attempts": 4, "first": "100ms"},
                "endpoint": {"url": f"http://127.0.0.1:{port}/", "mode": "binary"}})
            wanted = count - count // 100
            good, seconds, deadline = 0, 0.0, time.monotonic() + 60
            while good < wanted and time.monotonic() < deadline:
                time.sleep(0.05)
                taker.stdin.write("\n"), taker.stdin.flush()
                text = taker.stdout.readline().split()
                good, seconds = int(text[0]), float(text[1])
            taker.stdin.close(), taker.wait(), server.stop()
            return {"rate": good / seconds, "missing": wanted - good}

        mine, base = self.paired(lambda: rate("--poison", "1"), lambda: rate())
        self.ratio("events/s of the others, with and without", mine["rate"], base["rate"], "/s", least=0.95)
        self.line("of them missing", f"{mine['missing']:.0f}", "0", mine["missing"] == 0)

    def routing(self):
        self.title("Routing look-ups")
        rows = self.own("routing", core=SERVER_CORE)
        self.line("10 routes", f"{rows['10'] / 1e6:.1f} M/s", "≥ 10 M/s", rows["10"] >= 1e7)
        self.line("10,000 routes", f"{rows['10000'] / 1e6:.1f} M/s", "≥ 10 M/s", rows["10000"] >= 1e7)
        self.ratio("one of 1,000 subscriptions to one of one, per event", rows["subscribers_1000"], rows["subscribers_1"], "ns", most=1.2)

    def footprint(self):
        self.title("Footprint")
        plain, listening, answered = [], [], []
        for _ in range(20):
            folder = tempfile.mkdtemp(dir=self.work)
            started = time.monotonic()
            subprocess.run(["true"])
            plain.append((time.monotonic() - started) * 1e3)
            started = time.monotonic()
            server = subprocess.Popen(
                [self.options.tidings, "serve", "--data", f"{folder}/data", "--http", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--log-level", "warning"],
                stdout=subprocess.PIPE, text=True)
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            listening.append((time.monotonic() - started) * 1e3)
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert client.recv(4096).startswith(b"HTTP/1.1 200"), "an empty folder is not ready"
            answered.append((time.monotonic() - started) * 1e3)
            server.terminate()
            server.wait()
        for name, times in (("listening", listening), ("first answer", answered)):
            middle = statistics.median(times)
            self.line(
                f"{name} on an empty folder, p50 of 20 (with fork)", f"{middle:.1f} ms beside {statistics.median(plain):.1f} of `true`", "≤ 15 ms" if times is listening else "",
                middle <= 15 if times is listening else None)
        server = self.tidings()
        time.sleep(2)
        idle = resident_bytes(server.pids[0])
        self.line("resident when idle", f"{idle / 1e6:.1f} MB", "≤ 15 MB", idle <= 15e6)
        holder = subprocess.Popen(
            [self.options.bench, "idle", "--port", str(server.port), "--connections", "9000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        opened = int(holder.stdout.readline())
        time.sleep(1)
        self.line(f"memory per idle connection of {opened:,}", f"{(resident_bytes(server.pids[0]) - idle) / max(opened, 1):,.0f} B")
        holder.stdin.close()
        holder.wait()
        server.stop()


    # -- Kafka's protocol

    def kafka_load(self, what, port, **options):
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        answer = subprocess.run(
            [self.options.kafka_bench, what, "--broker", f"127.0.0.1:{port}", *arguments], stdout=subprocess.PIPE, check=True)
        return json.loads(answer.stdout)

    def apache_kafka(self, name, *properties):
        """Apache Kafka, where `TIDINGS_KAFKA` names a script that starts it (`… server --port N --data DIR`)."""
        if not self.options.kafka:
            return None
        folder = tempfile.mkdtemp(dir=self.work)
        # It takes the next port too, and none of those that the system gives to clients.
        port = next(port for port in range(21000 + os.getpid() % 5000, 32000) if not is_taken(port) and not is_taken(port + 1))
        program = Program.__new__(Program)
        program.port, program.folder, program.name = port, folder, name
        program.process = subprocess.Popen(
            [self.options.kafka, "server", "--port", str(port), "--data", folder,
             *[word for text in properties for word in ("--property", text)]],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(port, 60)
        program.pids = [program.process.pid] + children(program.process.pid)
        return program

    def kafka_topic(self, server, partitions):
        """A new topic on a server; ours and theirs alike by a client's request."""
        self.topics = getattr(self, "topics", 0) + 1
        name = f"bench-{self.topics}"
        self.kafka_load("topic", server.port, topic=name, partitions=partitions)
        return name

    def kafka_drop(self, server, topic):
        self.kafka_load("drop", server.port, topic=topic)

    def kafka_measured(self, server, what, topic, partitions, **options):
        before = cpu_seconds(server.pids)
        row = self.kafka_load(what, server.port, topic=topic, partitions=partitions, **options)
        row["cpu"] = (cpu_seconds(server.pids) - before) / row["count"] * 1e6
        return row

    def kafka(self):
        self.title("Kafka's protocol: librdkafka on the same cores; Apache Kafka where TIDINGS_KAFKA starts it")
        if not self.options.kafka:
            self.line("Apache Kafka", "skipped: TIDINGS_KAFKA is not set")
        scale = 0.3 if self.options.quick else 1
        if self.options.full_memory:
            self.fill_memory()
        ours = self.tidings_kafka()
        servers = [ours]
        theirs = self.apache_kafka("Kafka")
        synced = self.apache_kafka("Kafka, syncing", "log.flush.interval.messages=1")
        servers += [server for server in (theirs, synced) if server]
        for server in servers:
            # A JVM is slow at first, and a new file's blocks are too.
            for _ in range(3 if server is ours else 8):
                topic = self.kafka_topic(server, 1)
                self.kafka_load("produce", server.port, topic=topic, count=1_000_000, size=100)
                self.kafka_load("consume", server.port, topic=topic, count=1_000_000, consumers=1)
                self.kafka_drop(server, topic)

        def rows(body):
            """Alternating rounds; the median of each figure of each server."""
            found = [[] for _ in servers]
            for _ in range(self.rounds):
                for place, server in enumerate(servers):
                    found[place].append(body(server))
            return [{key: statistics.median(row[key] for row in rows) for key in rows[0]} for rows in found]

        def tell(what, rows, goal=None):
            for server, row in zip(servers, rows):
                reached = None
                text = ""
                if server is ours and goal:
                    reached = row["cpu"] <= goal
                    text = f"≤ {goal} µs of CPU"
                self.line(f"{what}: {server.name}", "{:,.0f}/s, {:,.0f} MB/s, {:.3f} µs of server CPU".format(row["rate"], row["rate"] * row["size"] / 1e6, row["cpu"]), text, reached)
            if theirs:
                self.ratio(f"{what}: rate beside {theirs.name}", rows[0]["rate"], rows[1]["rate"], "/s", least=1.0)

        for size, partitions, codec in ((100, 1, "none"), (100, 16, "none"), (100, 1, "lz4"), (1024, 1, "none"), (1024, 16, "none"), (1024, 1, "lz4")):
            count = int((6_000_000 if size == 100 else 1_000_000) * scale)

            def produce(server):
                topic = self.kafka_topic(server, partitions)
                row = self.kafka_measured(server, "produce", topic, partitions, count=count, size=size, codec=codec)
                self.kafka_drop(server, topic)
                return {**row, "size": size}
            tell(f"produce {size} B, {partitions} partition{'s' if partitions > 1 else ''}, {codec}", rows(produce), 0.15 if size == 100 else 1.0)
        self.line("resident after producing: Tidings", f"{resident_bytes(ours.pids[0]) / 1e6:.0f} MB", "≤ 200 MB", resident_bytes(ours.pids[0]) <= 200e6)

        count = int(1_000_000 * scale)
        stored = {}
        for server in servers:
            stored[server] = self.kafka_topic(server, 1)
            self.kafka_load("produce", server.port, topic=stored[server], count=count, size=100)
        for consumers in (1, 6):
            def consume(server):
                row = self.kafka_measured(server, "consume", stored[server], 1, count=count, consumers=consumers)
                return {**row, "size": 100}
            found = rows(consume)
            tell(f"{consumers} consumer{'s' if consumers > 1 else ''} from the start, 100 B", found)
            if consumers == 6:
                self.line("6 consumers from the start, in all", f"{found[0]['rate']:,.0f}/s", "≥ 9,000,000", found[0]["rate"] >= 9e6)
        for consumers in (1, 6):
            def tail(server):
                topic = self.kafka_topic(server, 1)
                reader = subprocess.Popen(
                    [self.options.kafka_bench, "consume", "--broker", f"127.0.0.1:{server.port}", "--topic", topic, "--count", str(count),
                     "--consumers", str(consumers), "--from", "tail"], stdout=subprocess.PIPE)
                time.sleep(1)
                before = cpu_seconds(server.pids)
                self.kafka_load("produce", server.port, topic=topic, count=count, size=100)
                row = json.loads(reader.communicate()[0])
                row["rate"] = row["count"] / row["busy"]
                row["cpu"] = (cpu_seconds(server.pids) - before) / row["count"] * 1e6
                self.kafka_drop(server, topic)
                return {**row, "size": 100}
            tell(f"{consumers} consumer{'s' if consumers > 1 else ''} at the tail, with its producer", rows(tail))

        self.redis_streams(count)
        self.kafka_latency(servers, ours)
        self.kafka_crowd(ours)
        for server in servers:
            server.stop()

    def fill_memory(self):
        """Fills the system's memory with a cached file, as on a server that has run for a while: new pages of a virtual
        machine that was just started are given by its host one by one, which costs more than what is measured."""
        with open("/proc/meminfo") as listing:
            free = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in listing}["MemFree"]
        block = bytes(8 << 20)
        with open(f"{self.work}/memory", "wb") as file:
            for _ in range(max(free - (1 << 30), 0) // len(block)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    def redis_streams(self, count):
        """Redis Streams, where it is installed, by its own load generator: one entry a command, 500 commands at once."""
        if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
            return self.line("Redis Streams", "skipped: not installed")
        for syncs in ("everysec", "always"):
            folder, port = tempfile.mkdtemp(dir=self.work), free_port()
            server = Program(
                ["redis-server", "--port", str(port), "--dir", folder, "--appendonly", "yes", "--appendfsync", syncs, "--save", ""],
                port, folder, core=None)
            before = cpu_seconds(server.pids)
            text = subprocess.run(
                ["redis-benchmark", "-p", str(port), "-n", str(count), "-c", "4", "-P", "500", "--csv", "XADD", "bench", "*", "d", "x" * 100],
                stdout=subprocess.PIPE, check=True, text=True).stdout
            rate = float(text.strip().splitlines()[-1].split(",")[1].strip('"'))
            spent = cpu_seconds(server.pids) - before
            self.line(f"produce 100 B: Redis Streams, appendfsync {syncs}", f"{rate:,.0f}/s, {spent / count * 1e6:.3f} µs of server CPU")
            server.stop()

    def kafka_latency(self, servers, ours):
        rate = 10_000
        base = self.own("sync", "--dir", self.work, "--seconds", 2)
        self.line("append of 200 B + fdatasync, raw", "p50 {p50:.0f} p99 {p99:.0f} µs".format(**base))
        for linger in (None, 5):
            for server in servers:
                rows = []
                for _ in range(self.rounds):
                    topic = self.kafka_topic(server, 1)
                    rows.append(self.kafka_measured(server, "latency", topic, 1, rate=rate, seconds=self.seconds, **({"linger": linger} if linger else {})))
                    self.kafka_drop(server, topic)
                row = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
                name = f"end to end at {rate:,}/s, linger {linger or 0}: {server.name}"
                figure = "p50 {p50:,.0f} p99 {p99:,.0f} p99.9 {p999:,.0f} µs, {cpu:.1f} µs of server CPU".format(**row)
                if server is ours and not linger:
                    factor = base["p50"] / 140
                    self.line(name, figure, f"≤ {350 * factor:.0f}, {800 * factor:.0f} µs", row["p50"] <= 350 * factor and row["p99"] <= 800 * factor)
                else:
                    self.line(name, figure)

    def kafka_crowd(self, server):
        """Connections that say nothing, and groups that only beat."""
        before = resident_bytes(server.pids[0])
        holder = subprocess.Popen(
            [self.options.bench, "idle", "--port", str(server.port), "--connections", "1000"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        opened = int(holder.stdout.readline())
        time.sleep(1)
        self.line(f"memory per idle connection of {opened:,}", f"{(resident_bytes(server.pids[0]) - before) / max(opened, 1):,.0f} B")
        holder.stdin.close(), holder.wait()
        before = resident_bytes(server.pids[0])
        groups = subprocess.Popen(
            [self.options.kafka_bench, "groups", "--broker", f"127.0.0.1:{server.port}", "--count", "1000"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        groups.stdout.readline()
        self.line("memory per group of one member, of 1,000", f"{(resident_bytes(server.pids[0]) - before) / 1000:,.0f} B")
        spent = cpu_seconds(server.pids)
        groups.stdin.write("\n"), groups.stdin.flush()
        row = json.loads(groups.stdout.readline())
        spent = cpu_seconds(server.pids) - spent
        groups.wait()
        self.line("a heartbeat of 1,000 groups", "{:.2f} µs of server CPU, {:,.0f}/s".format(spent / row["count"] * 1e6, row["count"] / row["seconds"]))

    def tidings_kafka(self):
        folder = tempfile.mkdtemp(dir=self.work)
        http, port = free_port(), free_port()
        program = Program(
            [self.options.tidings, "serve", "--data", f"{folder}/data", "--http", f"127.0.0.1:{http}", "--kafka", f"127.0.0.1:{port}", "--log-level", "warning"],
            port, folder, core=None)
        program.name = "Tidings"
        return program


PARTS = ["http", "publish", "log", "scale", "batches", "webhook", "push", "isolation", "poison", "routing", "footprint", "kafka"]


def main():
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("--tidings", required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--kafka-bench", required=True)
    parser.add_argument("--kafka", default=os.environ.get("TIDINGS_KAFKA"), help="a script that starts Apache Kafka (default: TIDINGS_KAFKA)")
    parser.add_argument("--quick", action="store_true", help="shorter rounds")
    parser.add_argument("--full-memory", action="store_true", help="the part kafka with the system's memory full of cached files")
    parser.add_argument("--large", action="store_true", help="the log up to 50 GB")
    parser.add_argument("--dir", help="where data folders go (default: the system's place for temporary files)")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    options = parser.parse_args()
    bench = Bench(options)
    try:
        for part in options.parts or PARTS:
            getattr(bench, part)()
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    if bench.missed:
        print("\nnot reached:", "; ".join(bench.missed))


main()
