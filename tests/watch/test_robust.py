"""Tokens without scope on each route, a full disk, a database that goes away, migrations by many at once, clones by https."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from buckler.watch.db import scans
from buckler.watch.db.database import Database
from buckler.watch.db.metadata import new_id
from buckler.watch.errors import ScanFailedError
from buckler.watch.interface import SYSTEM
from buckler.watch.options import Options
from buckler.watch.scanning import git
from buckler.watch.scanning.address import Allowed
from buckler.watch.scanning.git import Cloning
from buckler.watch.service import Service
from tests.guard.stores.postgres import Cluster, cluster
from tests.notify.servers import certificate
from tests.watch.asking import Api, pushed
from tests.watch.made import finding, report, target
from tests.watch.test_events import application

OPEN = {"/health", "/ready", "/sign-in/{token}"}
"""Routes of watch that want nobody; those of accounts are guard's."""


def routes(api: Api) -> list[tuple[str, str]]:
    paths = api.client.app.openapi()["paths"]  # type: ignore[attr-defined]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if path not in OPEN and (path.startswith("/api/") or path == "/metrics")
    ]


def test_a_token_without_scope_does_nothing_anywhere(api: Api, ann: str, name: str) -> None:
    shop = pushed(api, ann, finding(1))
    wrong = {
        "application": application(api, ann, shop),
        "another scope": api.key(name, "analyst", "shop:read"),
        "metrics": api.key(f"{name}-m", "monitor"),
    }
    asked = 0
    for method, path in routes(api):
        filled = re.sub(r"\{target_id\}", shop, path)
        filled = re.sub(r"\{\w+\}", "0" * 32, filled)
        for kind, key in wrong.items():
            if (kind, path) in {("metrics", "/metrics"), ("application", "/api/events")}:
                if method != "GET" or kind == "metrics":
                    continue
            answer = api.ask(key, method, filled, json={})
            assert answer.status_code == 403, (kind, method, path, answer.text)
            asked += 1
    assert asked > 100


def answered(
    api: Api, key: str, method: str, path: str, ids: dict[str, str], body: Any
) -> tuple[int, str]:
    """Status and title of what is answered, with these ids in the path and others that are none."""
    filled = re.sub(r"\{(\w+)\}", lambda m: ids.get(m[1], "0" * 32), path)
    query = "?version=1" if method == "DELETE" else ""
    answer = api.ask(key, method, filled + query, json=body)
    return answer.status_code, answer.json().get("title", "") if answer.status_code >= 400 else ""


def test_ids_of_others_are_as_if_they_were_not_there(api: Api, ann: str) -> None:
    """Each route that names a thing answers the same for somebody else's as for one that is not there."""
    shop = pushed(api, ann, finding(1))
    ids = {
        "target_id": shop,
        "finding_id": api.ask(ann, "GET", "/api/findings").json()["findings"][0]["id"],
        "scan_id": api.ask(ann, "GET", "/api/scans", params={"target": shop}).json()[0]["id"],
    }
    bodies: dict[str, Any] = {
        "patch": {"version": 1, "name": "x"},
        "scans": None,
        "decision": {"what": "false_alarm", "reason": "looked at by hand", "version": 1},
        "assignee": {"version": 1, "assignee": ""},
        "comments": {"text": "x"},
        "applications": {"name": "x"},
        "identities": {"name": "x", "how": "bearer", "secret": "x"},
        "reports": report(),
    }
    bob = api.key("bob", "analyst")
    asked = 0
    for method, path in routes(api):
        if "{" not in path or "channel" in path:
            continue
        body = bodies.get(path.rpartition("/")[2]) or bodies["patch"]

        there = answered(api, bob, method, path, ids, body)
        gone = answered(api, bob, method, path, {}, body)
        assert there == gone, (method, path)
        assert there[0] == 404, (method, path, there)
        asked += 1
    assert asked >= 20


FULL = """
import resource, sys, time
from pathlib import Path
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from buckler.watch.db.database import Database
from tests.watch.made import finding, push, report, target
database = Database(f"sqlite:///{sys.argv[1]}")
shop = target(database)
push(database, shop, report(finding(1)), 1000.0)
big = report(*(finding(n, message="x" * 5000) for n in range(1, 400)))
most = sum(p.stat().st_size for p in Path(sys.argv[1]).parent.glob("watch.db*")) + 100_000
resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
try:
    push(database, shop, big, 1001.0)
except OperationalError as error:
    print("full", flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with database.read() as connection:
    print(connection.execute(text("select count(*) from watch_findings")).scalar())
    print(connection.execute(text("select count(*) from watch_scans")).scalar())
push(database, shop, big, 1002.0)
with database.read() as connection:
    print(connection.execute(text("select count(*) from watch_findings")).scalar())
    print(connection.execute(text("pragma integrity_check")).scalar())
"""


def test_a_full_disk_stores_nothing_by_half(database: Database, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "watch.db")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.split() == ["full", "1", "1", "399", "ok"], done.stderr


MIGRATE = """
import sys
from buckler.watch.db import migrations
from buckler.watch.db.database import Database
database = Database(sys.argv[1])
sys.stdin.readline()
migrations.upgrade(database)
print(migrations.current(database))
"""


def migrated_at_once(url: str) -> list[str]:
    many = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in many:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [one.communicate(timeout=60)[0].strip() for one in many]


def test_migrations_by_many_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'watch.db'}"
    found = migrated_at_once(url)
    assert len(set(found)) == 1
    assert found[0].startswith("watch_")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def test_migrations_by_many_at_once_on_postgresql(server: Cluster) -> None:
    name = f"w{new_id()[:8]}"
    server.sql(f"CREATE DATABASE {name}")
    found = migrated_at_once(server.url("psycopg", name))
    assert len(set(found)) == 1
    assert found[0].startswith("watch_")


def test_a_database_that_goes_away_is_waited_for(
    server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"w{new_id()[:8]}"
    server.sql(f"CREATE DATABASE {name}")
    monkeypatch.setenv("BUCKLER_WATCH_KEY", "k" * 40)
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    service = Service(Options(data=tmp_path / "data", database=server.url("psycopg", name)))
    with service.running():
        shop = target(service.database, kind="folder", location=str(project), branch="")
        with service.database.write() as connection:
            scan_id, _ = scans.request(connection, SYSTEM, shop, time.time())
        server.sql(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        time.sleep(4)
        server.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        deadline = time.monotonic() + 60
        state = ""
        while state not in scans.ENDED:
            assert time.monotonic() < deadline, state
            time.sleep(0.2)
            with service.database.read() as connection:
                row = scans.get(connection, SYSTEM, scan_id)
                state = row.state
        assert state == "done", row.why


@contextmanager
def git_server(folder: Path, tls: ssl.SSLContext) -> Iterator[int]:
    """``git http-backend`` (git-http-backend(1)) behind TLS; its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            self.answer(b"")

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def answer(self, body: bytes) -> None:
            if self.path.startswith("/away/"):
                self.send_response(302)
                self.send_header("Location", self.path.replace("/away/", "/"))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_ADDR": "127.0.0.1",
            }
            command = ["git", "http-backend"]
            done = subprocess.run(command, input=body, env=env, capture_output=True, check=False)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for key, value in fields.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that does not like the certificate."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_repository_is_cloned_by_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, bare = tmp_path / "work", tmp_path / "served/shop.git"
    work.mkdir()
    (work / "main.py").write_text("x = 1\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        [*identity, "commit", "-q", "-m", "first"],
        ["clone", "-q", "--bare", str(work), str(bare)],
    ):
        subprocess.run(["git", *command], cwd=work, check=True, capture_output=True)
    tls, _ = certificate(tmp_path)
    with git_server(tmp_path / "served", tls) as port:
        how = Cloning(allowed=Allowed(networks=("127.0.0.0/8",), ports=frozenset({port})))

        def cloned(path: str, number: int) -> Path:
            url = f"https://127.0.0.1:{port}/{path}"
            scratch = tmp_path / f"scratch{number}"
            folder, revision = git.clone(url, "", scratch, how, stop=threading.Event())
            assert re.fullmatch("[0-9a-f]{40}", revision)
            return folder

        with pytest.raises(ScanFailedError, match="could not be cloned"):
            cloned("shop.git", 1)  # nobody vouches for the certificate
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert (cloned("shop.git", 2) / "main.py").read_text() == "x = 1\n"
        with pytest.raises(ScanFailedError, match="could not be cloned"):
            cloned("away/shop.git", 3)  # a redirect is not followed
        with pytest.raises(ScanFailedError, match="could not be cloned"):
            cloned("none.git", 4)
