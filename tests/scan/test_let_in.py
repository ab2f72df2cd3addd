"""What is let in because something is missing or made up: signatures left out, empty codes, addresses in headers."""

from __future__ import annotations

import pytest

UNSIGNED = """
import hashlib
import hmac

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
KEY = b"0b1f6f7ac2b84b6f9ad6f0c4be0d8e11"


@app.post("/wool/{{kind}}")
async def wool(kind: str, request: Request) -> dict[str, int]:
    body = await request.body()
    told = request.headers.get("X-Wool-Sig")
    if told is None and kind == "raw":
        raise HTTPException(401)
    if told is not None:
        if not hmac.compare_digest(told.encode(), hmac.new(KEY, body, hashlib.sha256).hexdigest().encode()):
            raise HTTPException(401)
    {behind}
    return {{"bytes": len(body)}}
"""


@pytest.mark.parametrize("proved", [True, False])
def test_a_signature_that_may_be_left_out(proved, project, scan) -> None:
    """The same check, with and without an end for those who sent none (CWE-347)."""
    behind = "pass" if proved else "if told is None:\n        raise HTTPException(403)"
    folder = project({"main.py": UNSIGNED.format(behind=behind)})
    report = scan(folder, select=("ACC003",))
    assert [f.confidence.value for f in report.findings] == (["proved"] if proved else [])


CODE = """
import secrets

from fastapi import FastAPI, Form, HTTPException

app = FastAPI()
KEPT = {{"sample": {kept!r}}}


@app.post("/boats/enter")
def enter(boat: str = Form("sample"), pin: str = Form("")) -> dict[str, str]:
    kept = KEPT.get(boat, {kept!r})
    if not secrets.compare_digest(kept.encode(), pin.strip().encode()):
        raise HTTPException(401)
    return {{"boat": boat}}
"""


@pytest.mark.parametrize(("kept", "found"), [("", ["form:pin"]), ("4711-8823", [])])
def test_an_empty_code_that_nobody_has_set(kept, found, project, scan) -> None:
    """What is kept begins as an empty text, or is a code (CWE-287)."""
    report = scan(project({"main.py": CODE.format(kept=kept)}), select=("ACC003",))
    assert [f.location.slot for f in report.findings] == found


COUNTED = """
from collections import Counter

from fastapi import FastAPI, Form, HTTPException, Request

app = FastAPI()
tries: Counter[str] = Counter()


@app.post("/login")
def login(request: Request, username: str = Form(), password: str = Form()) -> bool:
    told = request.headers.get("x-real-ip")
    tries[{key}] += 1
    if tries[{key}] > 5:
        raise HTTPException(429)
    raise HTTPException(401)
"""


@pytest.mark.parametrize(
    ("key", "proved"), [("told or request.client.host", 1), ("request.client.host or told", 0)]
)
def test_a_limit_that_counts_what_a_header_says(key, proved, project, scan) -> None:
    """Twelve attempts from one address, each of which says another one (CWE-348)."""
    report = scan(project({"main.py": COUNTED.format(key=key)}), select=("CFG008",))
    assert [f.confidence.value for f in report.findings] == ["proved"] * proved


DOOR = """
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


@app.get("/engine-room")
def engine_room(request: Request) -> dict[str, int]:
    sender = {sender}
    if sender not in ("10.77.3.9", "10.77.3.10"):
        raise HTTPException(403)
    return {{"boilers": 3}}
"""


@pytest.mark.parametrize(
    ("sender", "proved"),
    [('request.headers.get("X-Real-IP", "")', 1), ("request.client.host", 0)],
)
def test_a_door_that_a_header_opens(sender, proved, project, scan) -> None:
    """The addresses that are let in stand in the source (CWE-290)."""
    report = scan(project({"main.py": DOOR.format(sender=sender)}), select=("CFG008",))
    assert [f.confidence.value for f in report.findings] == ["proved"] * proved
    assert all(f.location.slot == "header:x-real-ip" for f in report.findings)
