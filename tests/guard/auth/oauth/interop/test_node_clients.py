"""Clients of others, written in JavaScript and run by Node, complete every flow that they know."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guard.auth.oauth.interop.browser import Browser
from tests.guard.auth.oauth.interop.cells import Cell, Cells
from tests.guard.auth.oauth.interop.running import (
    AFTERWARDS,
    KEY,
    REDIRECT,
    RESOURCE,
    Running,
    running,
)
from tests.guard.auth.oauth.scene import KEPT, NAME
from tests.npm import packages

HERE = Path(__file__).parent
PUBLIC = ("code", "refresh", "device", "revoke", "logout")
OTHERS = (*PUBLIC, "client credentials", "exchange", "introspect")
METHODS = ("public", "basic", "post", "private_key_jwt")


def expected(*without: str) -> set[Cell]:
    """The cells that a library is to complete; a device code is not pushed."""
    return {
        (method, way, bound, flow)
        for method in METHODS
        for way in ("plain", "par")
        for bound in ("bearer", "dpop")
        for flow in (PUBLIC if method == "public" else OTHERS)
        if flow not in without and not (flow == "device" and way == "par")
    }


def run(script: str, server: Running) -> dict[Cell, str]:
    """Why each cell failed; empty for one that did not."""
    folder = packages("openid-client@6", "oauth4webapi@3")
    target = folder / script
    target.write_text((HERE / script).read_text(encoding="utf-8"), encoding="utf-8")
    plan = {
        "issuer": server.issuer,
        "redirect": REDIRECT,
        "afterwards": AFTERWARDS,
        "resource": RESOURCE,
        "clients": [
            {"id": one, "auth": one, "secret": KEPT, "jwk": private_jwk()} for one in METHODS
        ],
    }
    browser = Browser(NAME, REDIRECT, AFTERWARDS)
    cells: dict[Cell, str] = {}
    with subprocess.Popen(
        ["node", str(target), json.dumps(plan)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            for line in process.stdout:
                message = json.loads(line)
                if "done" in message:
                    break
                if "cell" in message:
                    method, way, bound, flow = message["cell"]
                    cells[method, way, bound, flow] = "" if message["ok"] else message["error"]
                    continue
                process.stdin.write(json.dumps(answered(browser, message)) + "\n")
                process.stdin.flush()
        finally:
            process.kill()
        assert process.stderr is not None
        told = process.stderr.read()
    browser.close()
    assert cells, told
    return cells


def answered(browser: Browser, message: dict[str, Any]) -> dict[str, str]:
    """What the person at the browser did."""
    where, page = browser.visit(message.get("visit") or message["device"])
    if "device" in message:
        assert "Go back to the device" in page.text, page.text
    return {"location": where}


def private_jwk() -> dict[str, str]:
    from joserfc.jwk import ECKey

    jwk = ECKey.import_key(KEY.pem()).as_dict(private=True)
    return {**{k: v for k, v in jwk.items() if k != "kid"}, "kid": KEY.kid}


@pytest.mark.parametrize(
    ("script", "without"), [("openid_client.mjs", ()), ("oauth4webapi.mjs", ("logout",))]
)
def test_every_flow_of(
    script: str, without: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    table = Cells(record_property, script.removesuffix(".mjs"), sorted(expected(*without)))
    with running() as server:
        cells = run(script, server)
    table.passed(*(cell for cell, why in cells.items() if not why))
    assert {cell: why for cell, why in cells.items() if why} == {}
    assert set(cells) == expected(*without)
