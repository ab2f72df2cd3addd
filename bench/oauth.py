"""The token endpoint beside others': client credentials, signed access tokens (ES256), clients in memory.

Rounds of all servers are interleaved, each over one connection that stays open; the figure is CPU seconds of the server's
process for each token, threads included, and the 99th percentile of what a caller waits. One process each, as each is
started in production: uvicorn with uvloop and httptools, Node, gunicorn. One process differs from the next of its kind by
a tenth, so all are started several times, on a core that the caller does not use.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from _table import Figure, calibrate, figure, report

SETS = 3
ROUNDS = 8
REQUESTS = 300
WARM = 6_000
HERE = Path(__file__).parent
RESOURCE = "https://api.example/orders"
SECRET = secrets.token_urlsafe(32)
TIMES_BETTER = 1.2
PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """One that runs.

    Args:
        name: In the table.
        process: Of it.
        port: On loopback.
        path: Of its token endpoint.
    """

    def __init__(self, name: str, process: subprocess.Popen[str], port: int, path: str) -> None:
        self.name = name
        self.process = process
        self.path = path
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.costs: list[float] = []
        self.waits: list[float] = []
        self.characters = 0
        pair = base64.b64encode(f"bench:{SECRET}".encode()).decode()
        self.headers = {
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.body = urlencode(
            {"grant_type": "client_credentials", "scope": "orders:read", "resource": RESOURCE}
        )

    def token(self) -> str:
        """One token."""
        self.connection.request("POST", self.path, self.body, self.headers)
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{self.name} answered {answer.status}: {read[:200]!r}")
        return str(json.loads(read)["access_token"])

    def round(self) -> None:
        """Measure a round of requests; servers end connections that nobody used meanwhile."""
        self.connection.close()
        self.token()
        before = cpu(self.process.pid)
        for _ in range(REQUESTS):
            begun = time.perf_counter()
            self.token()
            self.waits.append(time.perf_counter() - begun)
        self.costs.append((cpu(self.process.pid) - before) / REQUESTS)


def cpu(pid: int) -> float:
    """Seconds of CPU that a process and its children used, all threads (Linux).

    Read from the scheduler's nanoseconds of each thread: clock ticks are too coarse for a round.
    """
    whole = 0.0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        for thread in Path(f"/proc/{one}/task").iterdir():
            whole += int((thread / "schedstat").read_text().split()[0]) / 1e9
            waiting += map(int, (thread / "children").read_text().split())
    return whole


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def started(
    name: str, command: list[str], port: int, path: str, folder: Path, **environment: str
) -> Iterator[Server]:
    """A server until the end."""
    # Into a file: what nobody reads out of a pipe stops who writes it.
    log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed at the end
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "CLIENT_SECRET": SECRET, "PORT": str(port), **environment},
        stdout=log,
        stderr=log,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise SystemExit(f"{name} does not start: {log.read()}") from None
                time.sleep(0.05)
            else:
                break
        yield Server(name, process, port, path)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def npm(folder: Path) -> bool:
    """Whether oidc-provider is there, fetched if need be."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("oidc-provider: not measured, needs node and npm", file=sys.stderr)
        return False
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "oidc-provider@9"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"oidc-provider: not measured, npm says {done.stderr[-300:]}", file=sys.stderr)
        return False
    shutil.copy(HERE / "_provider.mjs", folder)
    return True


def servers(stack: ExitStack, folder: Path, node: bool) -> list[Server]:
    """All that can be started here, ours first; Node's where ``node``."""
    python = sys.executable
    port = free_port()
    ours = [python, "-m", "uvicorn", "_oauth_server:app", "--port", str(port)]
    ours += ["--no-server-header", "--no-access-log", "--log-level", "warning"]
    secret = {"APPLICATION_SECRET": secrets.token_urlsafe(48)}
    made = [started("buckler", ours, port, "/oauth/token", HERE, **secret)]
    if node:
        port = free_port()
        provider = ["node", "_provider.mjs", str(port), SECRET, RESOURCE]
        made.append(
            started("oidc-provider", provider, port, "/token", folder, NODE_ENV="production")
        )
    port = free_port()
    flask = [python, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-w", "1", "-k", "gthread"]
    flask += ["--threads", "1", "--keep-alive", "60", "_authlib_server:app"]
    made.append(
        started(
            "Authlib on Flask", flask, port, "/oauth/token", HERE, AUTHLIB_INSECURE_TRANSPORT="1"
        )
    )
    return [stack.enter_context(one) for one in made]


def measured(folder: Path, node: bool) -> list[Server]:
    """A set of servers, started for this, after its rounds."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        os.sched_setaffinity(0, {cores[-1]})  # the servers get it from here
        running = servers(stack, folder, node)
        os.sched_setaffinity(0, {cores[0]})
        for one in running:
            for _ in range(WARM):
                one.token()
        for _ in range(ROUNDS):
            for one in running:
                one.round()
        for one in running:
            one.connection.close()
            one.characters = len(one.token())
            one.connection.close()
    os.sched_setaffinity(0, cores)
    return running


def main() -> None:
    calibration = calibrate()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        node = npm(folder)
        sets = [measured(folder, node) for _ in range(SETS)]
    running = sets[0]
    for again in sets[1:]:
        for whole, one in zip(running, again, strict=True):
            whole.costs += one.costs
            whole.waits += one.waits
    rows = []
    for one in running:
        waits = sorted(one.waits)
        p99 = waits[int(len(waits) * 0.99)] * 1000
        rows.append((one.name, statistics.median(one.costs) * 1e6, p99, one.characters))
    if "--json" not in sys.argv:
        print(f"{'':<20}{'us of CPU':>12}{'tokens/CPU s':>14}{'p99 ms':>10}{'characters':>12}")
        for name, cost, p99, length in rows:
            print(f"{name:<20}{cost:>12.0f}{1e6 / cost:>14.0f}{p99:>10.2f}{length:>12}")
    else:
        print(json.dumps({"rows": rows}), file=sys.stderr)
    mine, *others = running
    found: list[Figure] = []
    if others:
        ratios = [
            min(other.costs[number] for other in others) / mine.costs[number]
            for number in range(SETS * ROUNDS)
        ]
        found.append(
            figure(
                "tokens per CPU second, to the better of them",
                statistics.median(ratios),
                "times",
                TIMES_BETTER,
                at_most=False,
            )
        )
        best = min(row[2] for row in rows[1:])
        found.append(figure("p99, to the better of them", rows[0][2] / best, "times", 1.0))
    report(found, calibration)


if __name__ == "__main__":
    main()
