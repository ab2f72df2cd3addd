"""Turns a proof into a test that a project can keep: red while the hole is open.

Only what the answer shows by itself can be checked outside of the box. Where the proof is what
reached a sink, the box stopped it there and the answer is the box's doing; where a request has
to be stored first, one request shows nothing. For these there is no test: one that cannot fail
is worse than none, and one that runs the attack does harm. ``buckler replay`` is for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from buckler.core.finding import Finding
from buckler.core.report import Report
from buckler.scan.formats import clean, view

MAX_BODY = 4000
_LABEL = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?$")
_NAME = re.compile(r"[^a-z0-9]+")
_LEFT_OUT = frozenset({"host", "user-agent", "accept", "content-length"})
_ANSWERED_SINKS = frozenset({"sql"})
"""Sinks that are not stopped: what the application answers is its own."""
_ACCESS = "ACC"


def pytest_of(report: Report, finding: Finding) -> str:
    """A pytest for the first proof that one can be made of; empty where there is none."""
    sinks = {data.get("sink") for data in view.proofs(finding, "sink")}
    if sinks - _ANSWERED_SINKS or view.proofs(finding, "flow"):
        return ""
    for data in view.proofs(finding, "exchange"):
        made = _test(report, finding, data)
        if made:
            return made
    return ""


def _test(report: Report, finding: Finding, data: Mapping[str, Any]) -> str:
    request, replay = data.get("request") or {}, data.get("replay") or {}
    url, body = str(replay.get("url", "")), str(replay.get("body_latin1", ""))
    method = str(request.get("method", ""))
    if method == "WEBSOCKET" or not url or "/.." in url or len(body) > MAX_BODY:
        return ""
    checks = _checks(finding, data)
    if not checks or not _carries(finding, replay):
        return ""
    identity = request.get("identity")
    fixture = _NAME.sub("_", str(identity).lower()).strip("_") or "somebody" if identity else ""
    return "\n".join(
        [*_head(report, fixture), *_function(finding, method, url, replay, fixture), *checks, ""]
    )


def _head(report: Report, fixture: str) -> list[str]:
    labels = report.target.get("applications") or ("main:app",)
    label = str(labels[0]) if _LABEL.match(str(labels[0])) else "main:app"
    module, _, attribute = label.partition(":")
    note = [f"# {fixture}: a fixture of yours, the headers that sign it in"] if fixture else []
    return [
        "from fastapi.testclient import TestClient",
        "",
        f"from {module} import {attribute or 'app'} as application",
        "",
        "",
        *note,
    ]


def _function(
    finding: Finding, method: str, url: str, replay: Mapping[str, Any], fixture: str
) -> list[str]:
    name = f"test_{finding.rule.lower()}_{finding.fingerprint[:8]}"
    takes = f"{fixture}: dict[str, str]" if fixture else ""
    pairs = [f"{str(n)!r}: {str(v)!r}" for n, v in _headers(replay)]
    headers = ", ".join([*pairs, f"**{fixture}"] if fixture else pairs)
    host = next((str(v) for n, v in replay.get("headers") or () if n == "host"), "app.test")
    body = str(replay.get("body_latin1", "")).encode("latin-1", "replace")
    arguments = [f"{method!r}, {url!r}"]
    arguments += [f"headers={{{headers}}}"] if headers else []
    arguments += [f"content={body!r}"] if body else []
    indent = ",\n" + " " * len("    answer = client.request(")
    return [
        f"def {name}({takes}) -> None:",
        f"    client = TestClient(application, base_url={'https://' + host!r},",
        "                        raise_server_exceptions=False, follow_redirects=False)",
        f"    answer = client.request({indent.join(arguments)})",
    ]


def _headers(replay: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = replay.get("headers") or ()
    return [(n, v) for n, v in pairs if n not in _LEFT_OUT]


def _carries(finding: Finding, replay: Mapping[str, Any]) -> bool:
    """Whether the attack is in what is sent again: credentials are left out of it."""
    where, _, name = (finding.location.slot or "").partition(":")
    needed = {"header": name.lower(), "cookie": "cookie"}.get(where)
    return needed is None or needed in {str(n).lower() for n, _ in replay.get("headers") or ()}


def _checks(finding: Finding, data: Mapping[str, Any]) -> list[str]:
    """What the answer must not show any more."""
    answer, mark = data.get("response") or {}, str(data.get("mark", ""))
    status, body = answer.get("status"), str(answer.get("body", ""))
    for name, value in answer.get("headers") or ():
        if mark and mark in f"{name}: {value}":
            return [f"    assert {mark!r} not in str(answer.headers)"]
    seen = _with_neighbours(body, mark)
    if seen and isinstance(status, int) and status < 500:
        return [f"    assert {seen!r} not in answer.text"]
    stopped = "Buckler stopped" in str(answer.get("error", ""))
    if isinstance(status, int) and status >= 500 and not stopped:
        return ["    assert answer.status_code < 500"]
    nobody = not (data.get("request") or {}).get("identity") and not finding.location.slot
    if finding.rule.startswith(_ACCESS) and nobody and isinstance(status, int) and status < 300:
        return ["    assert answer.status_code in (401, 403, 404)"]
    return []


def _with_neighbours(body: str, mark: str) -> str:
    """The canary with the characters beside it: escaped output has others there."""
    found = re.search(f".?{re.escape(mark)}.?", body, re.IGNORECASE) if mark else None
    return clean.block(found.group()) if found else ""
