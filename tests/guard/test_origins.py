"""Origins that may act, by list or by pattern; and preflights of those that may not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from buckler.guard import Cors, CrossOrigin
from tests.guard.asgi import ask, post
from tests.guard.shop import shop

PATTERN = r"https://[a-z]+\.apps\.example"
ASKED = {"access-control-request-method": "POST"}
COOKIE = {"cookie": "s=1", "content-type": "application/json", "sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("cors", "origin", "preflight", "status"),
    [
        (Cors(pattern=PATTERN, credentials=True), "https://a.apps.example", 204, 200),
        (Cors(pattern=PATTERN, credentials=True), "https://a.apps.example.evil.example", 403, 403),
        (Cors(pattern=PATTERN, credentials=True), "https://evil.example", 403, 403),
        (Cors(["https://b.example"], credentials=True), "https://b.example", 204, 200),
        # To read an answer without credentials is not to act with them.
        (Cors(pattern=PATTERN), "https://a.apps.example", 204, 403),
        (Cors(["https://b.example"]), "https://b.example", 204, 403),
        (Cors(["*"]), "https://b.example", 204, 403),
    ],
)
def test_who_may_act_with_credentials_is_no_other_site(
    cors: Cors, origin: str, preflight: int, status: int
) -> None:
    app = shop(cors=cors)
    from_there = {"origin": origin}
    assert asyncio.run(ask(app, "OPTIONS", "/json", {**ASKED, **from_there})).status == preflight
    assert post(app, "/json", b"{}", {**COOKIE, **from_there}).status == status


def refused(app: Any, times: int) -> None:
    async def run() -> list[int]:
        asked = {**ASKED, "origin": "https://evil.example"}
        return [(await ask(app, "OPTIONS", "/json", asked)).status for _ in range(times)]

    assert asyncio.run(run()) == [403] * times


def test_refused_preflights_are_told_so_often_and_then_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[Any] = []
    now = 1000.0
    monkeypatch.setattr("buckler.guard.inbound.monotonic", lambda: now)
    app = shop(cors=Cors(["https://b.example"]), events=events.append, rate="2/minute")
    refused(app, 50)
    told = [event for event in events if event.reason == "cors_preflight"]
    assert [(event.kind, event.status, event.detail) for event in told] == [
        ("request.origin_refused", 403, {})
    ] * 30
    now += 3
    refused(app, 2)
    told = [event for event in events if event.reason == "cors_preflight"]
    assert [event.detail for event in told[30:]] == [{"untold": 20}]


def test_two_applications_tell_of_their_own() -> None:
    seen: list[Any] = []
    for _ in range(2):
        refused(shop(cors=Cors(["https://b.example"]), events=seen.append), 1)
    assert len(seen) == 2
    refused(CrossOrigin(shop(), Cors(["https://b.example"])), 40)
