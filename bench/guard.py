"""What guard costs: CPU per request against the bare application, beside its peers, in one run.

In process the requests go straight into the ASGI callable; under uvicorn they come over loopback, and the
CPU is the server's. Rounds of all variants are interleaved; the figure is the median of the ratios of each
round, so that a machine that gets slower or faster in between does not count. One process differs from the next
by a twentieth and a pair of servers by a tenth, so several are started: servers on a core that the client does not
use. Peers run without a network.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import multiprocessing
import os
import socket
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from _peers import PEERS
from _table import Figure, calibrate, figure, report
from fastapi import FastAPI

from buckler.guard import Cors, Guard, Inspection, Rate

PROCESSES = 5
ROUNDS = 15
PEER_ROUNDS = 7
REQUESTS = 400
PAIRS = 5
SERVED_ROUNDS = 25
SERVED = 300
PARSERS = ("h11", "httptools")
"""What reads HTTP for uvicorn: the one that comes with it, which has the budget, and that of uvicorn[standard]."""
PATIENCE = 60.0
HEADERS = (
    (b"host", b"localhost"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"connection", b"keep-alive"),
)
BODY = b'{"name":"tea","price":3}'
KILOBYTE = json.dumps(
    {f"field{n:02d}": f"a value with some words, the {n}th of all" for n in range(17)}
).encode()
MANY_KEYS = json.dumps({f"k{n:05d}": n % 10 for n in range(5000)}, separators=(",", ":")).encode()
INSPECTION_MS = 30.0
"""What a body of 5,000 keys may take in all, parsing included; the loop stands still no longer."""
BUDGETS = {"in process": 1.10, "under uvicorn": 1.15}


def bare() -> FastAPI:
    """One route that answers a constant, for GET and for POST."""
    app = FastAPI()

    @app.get("/")
    async def read() -> dict[str, str]:
        return {"hello": "world"}

    @app.post("/")
    async def write(item: dict[str, Any]) -> dict[str, str]:
        return {"hello": "world"}

    return app


def guarded() -> FastAPI:
    """The same with everything but the inspection of values."""
    app = bare()
    Guard(
        app,
        hosts=["localhost", "127.0.0.1"],
        cors=Cors(["https://shop.example"], credentials=True),
        rate=Rate(10_000_000, 60.0),
        proxies=["10.0.0.0/8"],
        events=lambda event: None,
    )
    return app


def inspected() -> FastAPI:
    """The bare one with the look at values, which nothing else switches on."""
    app = bare()
    Guard(app, hosts=["localhost"], rate=Rate(10_000_000, 60.0), inspect=Inspection())
    return app


SWITCHED_ON = (
    "headers (CSP, X-Frame-Options, nosniff, Referrer-Policy, Permissions-Policy, COOP, CORP, Cache-Control, "
    "cookies, HSTS over https)",
    "hosts, header count and size, address, query keys, proxies, CORS, CSRF, websocket origins",
    "body size with chunks counted, JSON depth and keys, form parts and files",
    "rate per route and address with RateLimit headers, time limit, concurrency",
    "problem details, security events",
)


def scope(method: str, body: bytes = BODY) -> dict[str, Any]:
    """What a server makes of a request."""
    headers = list(HEADERS)
    if method == "POST":
        headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def microseconds(app: Any, method: str, count: int, body: bytes = BODY) -> float:
    """CPU per request, in process."""
    template = scope(method, body)
    statuses: set[int] = set()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    begun = time.process_time()
    for _ in range(count):
        await app({**template, "headers": list(template["headers"]), "state": {}}, receive, send)
    spent = time.process_time() - begun
    if statuses != {200}:
        raise SystemExit(f"answers were {statuses}, so nothing is measured")
    return spent / count * 1e6


async def ratios(
    variants: Mapping[str, Any], method: str, rounds: int
) -> tuple[float, dict[str, float]]:
    """The bare application's microseconds, and each variant's ratio to it."""
    plain = bare()
    for app in (plain, *variants.values()):
        await microseconds(app, method, 20)
    base: list[float] = []
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, app in variants.items():
            count = REQUESTS if name == "guard" else 60
            gc.collect()
            before = await microseconds(plain, method, count)
            took = await microseconds(app, method, count)
            after = await microseconds(plain, method, count)
            base.append((before + after) / 2)
            found[name].append(took / base[-1])
    return statistics.median(base), {n: statistics.median(v) for n, v in found.items()}


def in_process(method: str) -> tuple[float, float]:
    """Microseconds of the bare application and the ratio of the guarded one: medians of several processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        found = list(pool.map(_in_process, [method] * PROCESSES))
    return statistics.median(base for base, _ in found), statistics.median(r for _, r in found)


def _in_process(method: str) -> tuple[float, float]:
    """The same of this process."""
    logging.disable(logging.WARNING)
    base, mine = asyncio.run(ratios({"guard": guarded()}, method, ROUNDS))
    return base, mine["guard"]


def serve(make: str, parser: Any, listener: socket.socket, core: int) -> None:
    """A server process."""
    import uvicorn

    os.sched_setaffinity(0, {core})
    logging.disable(logging.CRITICAL)
    app = guarded() if make == "guard" else bare()
    config = uvicorn.Config(
        app, http=parser, log_level="critical", access_log=False, timeout_keep_alive=600
    )
    uvicorn.Server(config).run([listener])


def served(method: str, parser: str) -> tuple[float, float]:
    """Microseconds of the bare server and the ratio of the guarded one."""
    pairs = [_pair(method, parser) for _ in range(PAIRS)]
    return statistics.median(base for base, _ in pairs), statistics.median(r for _, r in pairs)


def _pair(method: str, parser: str) -> tuple[float, float]:
    """The same of one pair of processes."""
    context = multiprocessing.get_context("fork")
    processes, connections = [], {}
    cores = sorted(os.sched_getaffinity(0))
    try:
        for name in ("bare", "guard"):
            listener = socket.create_server(("127.0.0.1", 0))
            # asyncio does this for listeners of its own alone. Without it the kernel holds an answer's
            # body back until its head is acknowledged: 44 ms for each request, an hour for all of them.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            process = context.Process(
                target=serve, args=(name, parser, listener, cores[-1]), daemon=True
            )
            process.start()
            processes.append(process)
            connection = socket.create_connection(listener.getsockname(), timeout=PATIENCE)
            connections[name] = (process.pid, connection)
            listener.close()
        os.sched_setaffinity(0, {cores[0]})
        body = BODY if method == "POST" else b""
        lines = [f"{method} / HTTP/1.1".encode(), *(n + b": " + v for n, v in HEADERS)]
        if body:
            lines += [b"content-type: application/json", b"content-length: %d" % len(body)]
        request = b"\r\n".join(lines) + b"\r\n\r\n" + body
        for pid, connection in connections.values():
            _exchange(pid, connection, request, 50)
        base, found = [], []
        for _ in range(SERVED_ROUNDS):
            before = _exchange(*connections["bare"], request, SERVED)
            took = _exchange(*connections["guard"], request, SERVED)
            after = _exchange(*connections["bare"], request, SERVED)
            base.append((before + after) / 2)
            found.append(took / base[-1])
        return statistics.median(base), statistics.median(found)
    finally:
        os.sched_setaffinity(0, cores)
        for process in processes:
            process.kill()
            process.join()


def _exchange(pid: int, connection: socket.socket, request: bytes, count: int) -> float:
    """Microseconds of the server's CPU per request."""
    before = _cpu(pid)
    for _ in range(count):
        connection.sendall(request)
        answer = b""
        while not _is_whole(answer):
            got = connection.recv(65536)
            if not got:
                raise SystemExit("the server closed the connection")
            answer += got
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the server answered {answer[:80]!r}")
    return (_cpu(pid) - before) / count * 1e6


def _is_whole(answer: bytes) -> bool:
    """Whether all of an answer is there, whatever its status: another one has no such body to wait for."""
    head, found, body = answer.partition(b"\r\n\r\n")
    length = head.lower().rpartition(b"content-length:")[2].split(b"\r\n")[0]
    return bool(found) and len(body) >= int(length)


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process used (Linux; nanoseconds from the scheduler)."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def peers() -> dict[str, Any]:
    """Those that are installed."""
    found = {}
    for name, make in PEERS.items():
        try:
            found[name] = _made(make)
        except ImportError as error:
            print(
                f"{name}: not installed ({error}); pip install -r bench/requirements.txt",
                file=sys.stderr,
            )
    return found


async def inspection() -> tuple[list[tuple[str, str, float, float]], float]:
    """Rows of the look at values, and the milliseconds that a body of 5,000 keys takes in all."""
    plain, app = bare(), inspected()
    rows = []
    for name, method, body in (
        ("with inspection", "GET", BODY),
        ("with inspection, 1 KB", "POST", KILOBYTE),
    ):
        found = []
        for _ in range(PEER_ROUNDS):
            gc.collect()
            before = await microseconds(plain, method, 200, body)
            found.append((await microseconds(app, method, 200, body), before))
        ratio = statistics.median(took / before for took, before in found)
        rows.append((name, method, statistics.median(took for took, _ in found), ratio))
    times = [await microseconds(app, "POST", 5, MANY_KEYS) for _ in range(PEER_ROUNDS)]
    return rows, statistics.median(times) / 1000


def _made(make: Callable[[FastAPI], Any]) -> Any:
    return make(bare())


def alone() -> None:
    """Leave the network, loopback aside: no peer calls anybody from here."""
    from buckler.scan.engines.app.agent.box import libc

    if os.geteuid() == 0:
        libc.unshare(libc.CLONE_NEWNET)


def main() -> None:
    logging.disable(logging.WARNING)
    calibration = calibrate()
    found: list[Figure] = []
    rows: list[tuple[str, str, float, float]] = []
    for method in ("GET", "POST"):
        for parser in PARSERS:
            base, ratio = served(method, parser)
            rows.append((f"bare under uvicorn, {parser}", method, base, 1.0))
            if parser == "h11":
                name = f"guard under uvicorn, {method}"
                found.append(figure(name, ratio, "times bare", BUDGETS["under uvicorn"]))
            else:
                rows.append((f"guard under uvicorn, {parser}", method, base * ratio, ratio))
    for method in ("GET", "POST"):
        base, ratio = in_process(method)
        found.append(
            figure(f"guard in process, {method}", ratio, "times bare", BUDGETS["in process"])
        )
        rows.append(("bare in process, us", method, base, 1.0))
    mine_too, slow = asyncio.run(inspection())
    rows += mine_too
    size = len(MANY_KEYS) // 1000
    found.append(
        figure(f"inspection, {size} KB of JSON, 5,000 keys, all in", slow, "ms", INSPECTION_MS)
    )
    alone()
    for method in ("GET", "POST"):
        _, others = asyncio.run(ratios(peers(), method, PEER_ROUNDS))
        rows += [(name, method, 0.0, ratio) for name, ratio in others.items()]
    if "--json" not in sys.argv:
        print("On in guard: " + "; ".join(SWITCHED_ON))
        for name, method, base, ratio in rows:
            print(f"{name:<32} {method:<5} {f'{base:.1f} us' if base else '':>10} {ratio:8.2f}")
    else:
        print(json.dumps({"rows": rows}), file=sys.stderr)
    report(found, calibration)


if __name__ == "__main__":
    main()
