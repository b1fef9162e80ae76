"""The real server, for scripts that drive it from outside: in a folder of its own, on ports of its own, stopped by its pid."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def program(path=None):
    """The program to test: the given one, TIDINGS_PROGRAM, or the release build."""
    path = path or os.environ.get("TIDINGS_PROGRAM")
    if path:
        return str(pathlib.Path(path).resolve())
    return subprocess.run([ROOT / "script/build"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]


TAKEN = set()  # ports of servers of this process, also while one is started again


def free_port():
    """A port that nobody has; below the range that the system hands out, so that nobody gets it meanwhile."""
    lowest, highest = (int(part) for part in os.environ.get("TIDINGS_PORTS", "20000-32000").split("-"))
    while True:
        port = int.from_bytes(os.urandom(4), "big") % (highest - lowest) + lowest
        if port in TAKEN:
            continue
        try:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
            TAKEN.add(port)
            return port
        except OSError:
            continue


class Server:
    """A server that can be killed and started again on the same folder and port."""

    def __init__(self, program, data, *arguments):
        self.program, self.data, self.arguments = program, pathlib.Path(data), arguments
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process = None
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.log = self.data.with_name(self.data.name + ".log")

    def start(self):
        """Starts it; returns when clients can connect."""
        log = open(self.log, "a")
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.data, "--http", "127.0.0.1:0", "--kafka", self.address, *self.arguments],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=os.environ | {"SWIFT_BACKTRACE": "enable=no"})
        log.close()
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if not self.is_running() or time.monotonic() > deadline:
                    raise RuntimeError(f"the server does not start:\n{self.log_tail()}") from None
                time.sleep(0.02)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Stops it in good order."""
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError("the server does not stop") from None

    def kill(self):
        """SIGKILL."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def restart(self, kills=False):
        (self.kill if kills else self.stop)()
        self.start()

    def resident(self):
        """Bytes of memory it has."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) << 10

    def log_tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def forget(self):
        """Removes what it kept."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.log.unlink(missing_ok=True)
