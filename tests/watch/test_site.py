"""Running sites as targets: judged as repositories are, called where they were judged, attacked where trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from buckler.watch import identities
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import scans, targets
from buckler.watch.db.database import Database
from buckler.watch.db.findings import FINDINGS
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM, Caller
from buckler.watch.registering import Given, add
from buckler.watch.scanning.address import Allowed, site
from buckler.watch.scanning.git import Cloning
from buckler.watch.workflows.scan import Parts, perform
from tests.scan.live import holes
from tests.scan.live.serving import serve
from tests.watch.made import target

SECRETS = Secrets(b"k" * 40, identities.PURPOSE)

BOTH = frozenset({"https", "http"})


def inside(url: str) -> Allowed:
    port = urlsplit(url).port or 0
    return Allowed(schemes=BOTH, networks=("127.0.0.0/8",), ports=frozenset({port}))


def scanned(database: Database, folder: Path, target_id: str, allowed: Allowed) -> tuple[str, Any]:
    """How a scan of a site ended, and its report or why there is none."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    cloning = Cloning(allowed=allowed)
    made = Parts(database=database, worker="w", scratch=scratch, cloning=cloning, secrets=SECRETS)
    with database.write() as connection:
        scan_id, _ = scans.request(connection, SYSTEM, target_id, 1.0)
    ended = perform(scan_id, made)
    with database.read() as connection:
        if ended != "done":
            return ended, scans.get(connection, SYSTEM, scan_id).why
        return ended, json.loads(scans.report(connection, SYSTEM, scan_id))


@pytest.mark.parametrize("trusted", [True, False])
def test_a_site_is_scanned(database: Database, tmp_path: Path, trusted: bool) -> None:
    with serve(holes.app) as url:
        given = Given(
            kind="url",
            location=f"{url}/",
            name="holes",
            trusted=trusted,
            rules={"select": ["INJ010", "HDR004"]},
        )
        with database.write() as connection:
            made = add(connection, SYSTEM, given, 1.0, allowed=inside(url))
        ended, report = scanned(database, tmp_path, made, inside(url))
    assert ended == "done", report
    assert report["target"]["url"] == f"{url}/"
    assert report["target"]["permitted"] is trusted
    assert {f["id"] for f in report["findings"]} == {"HDR004", *(["INJ010"] if trusted else [])}


def test_what_attacks_found_is_not_gone_for_a_visitor(database: Database, tmp_path: Path) -> None:
    def states() -> dict[str, str]:
        with database.read() as connection:
            rows = connection.execute(select(FINDINGS.c.rule, FINDINGS.c.state))
            return {row.rule: row.state for row in rows}

    with serve(holes.app) as url:
        rules = {"select": ["INJ010", "EXP004"]}
        made = target(database, kind="url", location=f"{url}/", trusted=True, rules=rules)
        assert scanned(database, tmp_path, made, inside(url))[0] == "done"
        before = states()
        with database.write() as connection:
            targets.change(connection, SYSTEM, made, 1, {"trusted": False})
        assert scanned(database, tmp_path, made, inside(url))[0] == "done"
    assert before == states() == {"INJ010": "open", "EXP004": "open"}


def test_what_came_to_lie_inside_is_not_called(database: Database, tmp_path: Path) -> None:
    holes.sent.clear()
    with serve(holes.app) as url:
        made = target(database, kind="url", location=f"{url}/", trusted=True)
        port = frozenset({urlsplit(url).port or 0})
        ended, why = scanned(database, tmp_path, made, Allowed(schemes=BOTH, ports=port))
    assert ended == "failed"
    assert "location" in why
    assert holes.sent == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "file:///etc/passwd",
        "ftp://shop.example/",
        "http://shop.example/",
        "https://ada:pw-of-ada@shop.example/",
        "https://shop.example/?token=1",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https:///",
        "https://[::1/",
        "https://shop.example/a b",
        "--insecure-tls",
    ],
)
def test_what_is_no_address_of_a_site(url: str) -> None:
    with pytest.raises(RefusedError) as caught:
        site(url, Allowed())
    assert caught.value.message.startswith("location")
    assert "pw-of-ada" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.7", "localhost"])
def test_what_lies_inside_is_refused(database: Database, host: str) -> None:
    given = Given(kind="url", location=f"https://{host}/")
    with database.write() as connection, pytest.raises(RefusedError, match="location"):
        add(connection, SYSTEM, given, 1.0, allowed=Allowed())


def test_only_an_administrator_has_a_site_attacked(database: Database) -> None:
    given = Given(kind="url", location="https://192.0.2.7/", trusted=True)
    with database.write() as connection, pytest.raises(RefusedError, match="trusted"):
        add(connection, Caller("ann"), given, 1.0, allowed=Allowed())
