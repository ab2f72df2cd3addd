"""Identities and environments of targets: what is secret stays so, and the scanner gets it."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from buckler.watch import identities as giving
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import identities, scans, targets
from buckler.watch.db.database import Database
from buckler.watch.errors import RefusedError
from buckler.watch.identities import Given
from buckler.watch.interface import SYSTEM
from buckler.watch.registering import Given as NewTarget
from buckler.watch.registering import add
from buckler.watch.scanning import child
from buckler.watch.scanning.address import Allowed
from buckler.watch.scanning.child import Limits
from buckler.watch.workflows.scan import Parts, perform
from tests.watch.asking import Api, pushed
from tests.watch.made import target

SECRETS = Secrets(b"k" * 40, giving.PURPOSE)
APP = """
import hashlib
from typing import Annotated
from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()


def somebody(authorization: Annotated[str, Header()] = "") -> str:
    if hashlib.sha256(authorization.encode()).hexdigest() != "da6421879a568f08698f51030b51ede3c3b2d32370c73f20efe5f8bf590d4c56":
        raise HTTPException(401)
    return "ann"


@app.get("/mine")
def mine(user: Annotated[str, Depends(somebody)]) -> dict[str, str]:
    return {"user": user}
"""


def parts(database: Database, folder: Path) -> Parts:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return Parts(database=database, worker="w", scratch=scratch, secrets=SECRETS)


def scanned(database: Database, made: Parts, target_id: str) -> dict[str, Any]:
    """The report of a scan."""
    with database.write() as connection:
        scan_id, _ = scans.request(connection, SYSTEM, target_id, 1.0)
    ended = perform(scan_id, made)
    with database.read() as connection:
        row = scans.get(connection, SYSTEM, scan_id)
        assert ended == "done", row.why
        return dict(json.loads(scans.report(connection, SYSTEM, scan_id)))


def test_the_scanner_comes_in_as_an_identity(database: Database, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text(APP)
    shop = target(database, kind="folder", location=str(project), trusted=True)
    made = parts(database, tmp_path)
    given = Given(name="ann", how="bearer", secret="s3cret-of-ann")
    with database.write() as connection:
        giving.add(connection, SYSTEM, shop, given, 1.0, SECRETS)
    report = scanned(database, made, shop)
    reached = {one["operation"]: one for one in report["coverage"]["by_operation"]}
    assert reached["GET /mine"]["identity"] == "ann"
    assert "s3cret-of-ann" not in json.dumps(report)
    # Read alone, nobody needs to know who could come in.
    with database.write() as connection:
        targets.change(connection, SYSTEM, shop, 1, {"trusted": False})
        connection.execute(identities.IDENTITIES.update().values(sealed="broken"))
    scanned(database, made, shop)


def test_what_a_child_is_told_stands_in_no_argument_file_or_variable(tmp_path: Path) -> None:
    look = (
        "import os, pathlib, sys\n"
        "got = sys.stdin.read()\n"
        "seen = pathlib.Path('/proc/self/cmdline').read_text() + str(dict(os.environ))\n"
        "seen += ''.join(p.read_text() for p in pathlib.Path('.').iterdir())\n"
        "print(got, got in seen)\n"
    )
    command = [sys.executable, "-c", look]
    told = {"env": dict(os.environ), "stop": threading.Event()}
    ended = child.run(command, tmp_path, Limits(), told=b"s3cret", **told)  # type: ignore[arg-type]
    assert ended.output.split() == [b"s3cret", b"False"], ended.errors
    quiet = [sys.executable, "-c", "import time; time.sleep(0.2)"]
    for deaf in (quiet, ["/bin/true"]):
        most = b"x" * child.MOST_TOLD
        assert child.run(deaf, tmp_path, Limits(), told=most, **told).code == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "table"),
    [
        ({"how": "bearer", "secret": "t"}, {"headers": {"Authorization": "Bearer t"}}),
        # RFC 7617, 2.
        (
            {"how": "basic", "username": "Aladdin", "secret": "open sesame"},
            {"headers": {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}},
        ),
        ({"how": "header", "header": "X-Key", "secret": "t"}, {"headers": {"X-Key": "t"}}),
        ({"how": "cookie", "cookie": "sid", "secret": "a=b"}, {"cookies": {"sid": "a=b"}}),
        (
            {
                "how": "form",
                "request": "POST /token",
                "fields": "username=ann&password=a%26b",
                "token": "access_token",
            },
            {
                "login": {
                    "request": "POST /token",
                    "form": {"username": "ann", "password": "a&b"},
                    "token": "access_token",
                }
            },
        ),
    ],
)
def test_ways_to_come_in(given: dict[str, str], table: dict[str, Any]) -> None:
    assert Given(name="ann", **given).table() == {"role": "user", **table}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"how": "magic"}, "how"),
        ({"secret": ""}, "secret"),
        ({"secret": "a\r\nX: y"}, "secret"),
        ({"how": "header"}, "header"),
        ({"how": "cookie"}, "cookie"),
        ({"how": "basic"}, "username"),
        ({"how": "form", "request": "POST /t"}, "fields"),
        ({"how": "form", "request": "/t", "fields": "a=s3cret"}, "identity"),
        ({"role": "adminn"}, "identity"),
    ],
)
def test_what_is_no_identity_is_refused_without_its_secret(
    database: Database, changes: dict[str, str], field: str
) -> None:
    shop = target(database)
    values = {"name": "ann", "how": "bearer", "secret": "s3cret", **changes}
    with database.write() as connection, pytest.raises(RefusedError) as caught:
        giving.add(connection, SYSTEM, shop, Given(**values), 1.0, SECRETS)
    assert caught.value.message.startswith(field)
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_nobody_reads_a_secret_again(api: Api, ann: str) -> None:
    shop = pushed(api, ann)
    path = f"/api/targets/{shop}/identities"
    given = {"name": "ann", "how": "bearer", "secret": "s3cret-of-ann", "role": "admin"}
    made = api.ask(ann, "POST", path, json=given)
    assert made.status_code == 201, made.text
    again = api.ask(ann, "POST", path, json={**given, "secret": "an0ther"})
    listed = api.ask(ann, "GET", path)
    assert [(one["name"], one["role"], one["how"]) for one in listed.json()] == [
        ("ann", "admin", "bearer")
    ]
    assert "sealed" not in listed.json()[0]
    wrong = api.ask(ann, "POST", path, json={**given, "how": "basic", "cookie": "\n"})
    assert wrong.status_code == 422
    with api.service.database.read() as connection:
        kept = connection.execute(select(identities.IDENTITIES)).all()
    for text in (made.text, again.text, listed.text, wrong.text, repr(kept)):
        assert "s3cret-of-ann" not in text
        assert "an0ther" not in text
    bob = api.key("bob", "analyst")
    one = listed.json()[0]["id"]
    assert api.ask(bob, "GET", path).status_code == 404
    assert api.ask(bob, "POST", path, json=given).status_code == 404
    assert api.ask(bob, "DELETE", f"{path}/{one}").status_code == 404
    other = pushed(api, ann)
    assert api.ask(ann, "DELETE", f"/api/targets/{other}/identities/{one}").status_code == 404
    assert api.ask(ann, "DELETE", f"{path}/{one}").status_code == 204
    assert api.ask(ann, "GET", path).json() == []


def test_a_secret_is_of_one_identity_and_one_key(database: Database) -> None:
    shop = target(database)
    with database.write() as connection:
        for name in ("ann", "bob"):
            given = Given(name=name, how="bearer", secret=name)
            giving.add(connection, SYSTEM, shop, given, 1.0, SECRETS)
        assert set(giving.opened(connection, shop, SECRETS)) == {"ann", "bob"}
        with pytest.raises(RefusedError):
            giving.opened(connection, shop, Secrets(b"x" * 40, giving.PURPOSE))
        with pytest.raises(RefusedError):
            giving.opened(connection, shop, Secrets(b"k" * 40))
        rows = identities.of_target(connection, SYSTEM, shop)
        swapped = identities.IDENTITIES.update().values(sealed=rows[0].sealed)
        connection.execute(swapped.where(identities.IDENTITIES.c.id == rows[1].id))
        with pytest.raises(RefusedError):
            giving.opened(connection, shop, SECRETS)


def made_environment(folder: Path, marker: Path) -> Path:
    """An environment whose interpreter tells that it was started."""
    info = folder / "lib/python3.12/site-packages/requests-2.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: requests\nVersion: 2.0.0\n")
    python = folder / "bin/python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\ntouch {marker}\n")
    python.chmod(0o755)
    return folder


def test_an_environment_is_read_and_not_run(database: Database, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    place = made_environment(tmp_path / "env", marker)
    made = parts(database, tmp_path)
    for location in (place, place / "bin/python"):
        given = NewTarget(kind="environment", location=str(location))
        with database.write() as connection:
            allowed = Allowed(folders=(tmp_path,))
            shop = add(connection, SYSTEM, given, 1.0, allowed=allowed)
            assert targets.get(connection, SYSTEM, shop).location == str(place)
    report = scanned(database, made, shop)
    pins = report["coverage"]["packages"]["pins"]
    assert [(one["name"], one["version"]) for one in pins] == [("requests", "2.0.0")]
    assert report["target"]["engines"] == ["packages"]
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["missing", "plain", "outside", "link", "trusted"])
def test_other_places_are_no_environments(database: Database, tmp_path: Path, kind: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    outside = made_environment(tmp_path / "outside", tmp_path / "ran")
    (inside / "link").symlink_to(outside)
    (inside / "plain").mkdir()
    place = outside if kind == "outside" else inside / kind
    if kind == "trusted":
        made_environment(place, tmp_path / "ran")
    given = NewTarget(kind="environment", location=str(place), trusted=kind == "trusted")
    with database.write() as connection, pytest.raises(RefusedError) as caught:
        add(connection, SYSTEM, given, 1.0, allowed=Allowed(folders=(inside,)))
    assert caught.value.message.startswith("trusted" if kind == "trusted" else "location")
