"""Origins that may act, by list or by pattern; and preflights of those that may not."""

from __future__ import annotations

import asyncio

import pytest

from buckler.guard import Cors
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
