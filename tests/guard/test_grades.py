"""What two known tools say of the headers that guard sends: each value is looked up among those they judged."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Response

from buckler.guard import Guard
from buckler.guard.presets import PRESETS
from buckler.scan.rules._support import csp
from tests.guard.asgi import Answer, ask

PLAIN = (
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
)


def data(name: str) -> Any:
    """A file of the shared data; the test is skipped where it is not there."""
    root = Path(os.environ.get("BUCKLER_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = root / "headers" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: set BUCKLER_DATA")
    return json.loads(path.read_text())


def answered(preset: Any) -> Answer:
    app = FastAPI()

    @app.get("/")
    async def home(response: Response) -> dict[str, int]:
        response.set_cookie("session", "1", path="/", samesite=None)
        return {}

    Guard(app, preset)
    return asyncio.run(ask(app, "GET", "/", scheme="https"))


def judged(test: str) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """What was sent for a test of the Observatory, and what it said of it."""
    for case in data("observatory-cases.json")["generated"]:
        yield case["input"]["headers"].get(test), case["expected"]["tests"][test]


def directives(policy: str) -> dict[str, set[str]]:
    """By name; of one that comes twice, the first counts (CSP3, 2.2.1)."""
    found: dict[str, set[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        found.setdefault(name, set(sources))
    found.pop("", None)
    return found


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("test", PLAIN)
def test_header_has_the_best_mark_of_the_observatory(preset: Any, test: str) -> None:
    value = answered(preset).header(test)
    verdicts = list(judged(test))
    mine = [verdict for given, verdict in verdicts if given == value]
    assert mine, f"nobody judged {value!r}"
    best = max(verdict["modifier"] for _, verdict in verdicts)
    assert all(verdict["pass"] for verdict in mine)
    assert max(verdict["modifier"] for verdict in mine) == best


def test_strict_embeds_nobody() -> None:
    value = answered("strict").header("cross-origin-embedder-policy")
    verdicts = list(judged("cross-origin-embedder-policy"))
    best = max(verdict["modifier"] for _, verdict in verdicts)
    assert {v["modifier"] for given, v in verdicts if given == value} == {best}


@pytest.mark.parametrize("preset", PRESETS)
def test_transport_is_held_as_long_as_the_observatory_wants(preset: Any) -> None:
    value = answered(preset).header("strict-transport-security") or ""
    ages = re.compile(r"max-age=(\d+)(?:; includeSubDomains)?(?:; preload)?")
    passing = [
        int(found[1])
        for given, verdict in judged("strict-transport-security")
        if verdict["pass"] and given and (found := ages.fullmatch(given))
    ]
    mine = ages.fullmatch(value)
    assert mine and passing
    assert int(mine[1]) >= max(passing)


@pytest.mark.parametrize("preset", PRESETS)
def test_cookies_have_what_the_observatory_wants(preset: Any) -> None:
    (cookie,) = answered(preset).values("set-cookie")
    mine = {part.strip().lower() for part in cookie.split(";")[1:]}
    passing = [
        {part.strip().lower() for part in case["input"]["set_cookie"][0].split(";")[1:]}
        for case in data("observatory-cases.json")["generated"]
        if len(case["input"]["set_cookie"] or ()) == 1
        and case["expected"]["tests"]["cookies"]["modifier"] == 5
        and case["input"]["set_cookie"][0].startswith(("session", "__Host-session"))
    ]
    assert passing
    assert mine in passing


@pytest.mark.parametrize("preset", PRESETS)
def test_policy_is_as_good_as_the_best_of_the_observatory(preset: Any) -> None:
    mine = directives(answered(preset).header("content-security-policy") or "")
    open_ = {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"}
    scripts = mine.get("script-src", mine["default-src"])
    assert not any(open_ & sources for sources in mine.values())
    pairs = {(name, frozenset(sources)) for name, sources in mine.items()}
    alike = [
        verdict
        for given, verdict in judged("content-security-policy")
        if given
        and {(n, frozenset(s)) for n, s in directives(given).items()} <= pairs
        and "default-src" in directives(given)
        and len(directives(given)) == given.count(";") + 1
    ]
    assert alike
    assert all(verdict["pass"] for verdict in alike)
    if mine["default-src"] == {"'none'"}:
        best = max(v["modifier"] for _, v in judged("content-security-policy"))
        assert {verdict["modifier"] for verdict in alike} == {best}
    else:
        assert scripts <= {"'self'", *(s for s in scripts if s.startswith("'nonce-"))}


@pytest.mark.parametrize("preset", PRESETS)
def test_policy_has_no_weakness_that_csp_evaluator_knows(preset: Any) -> None:
    policy = answered(preset).header("content-security-policy") or ""
    # The judge is held to csp-evaluator's own verdicts in tests/rules/test_headers.py.
    grave = [
        w.kind for w in csp.weaknesses(policy) if w.grave and w.kind != "SCRIPT_ALLOWLIST_BYPASS"
    ]
    assert grave == []
    mine = {(name, frozenset(sources)) for name, sources in directives(policy).items()}
    for case in data("csp-evaluator-cases.json")["cases"]:
        theirs = {(name, frozenset(s)) for name, s in directives(case["csp"]).items()}
        if preset != "site" and theirs and theirs <= mine and "default-src" in case["csp"]:
            assert case["findings"] == [], case["csp"]
