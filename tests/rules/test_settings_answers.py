"""Which answers list settings: by what is in them, whatever the address."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.scan.rules._support.settings import digest, lines, settings_in, shown_secrets

KEY = "Wd81LmZ0qPc7Vx2sRt5b"


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"debug": True, "port": 80, "session_secret": KEY}, ["session_secret"]),
        ({"db": "postgresql://shop:Hq7vX2pLw9Zt@db/shop", "debug": False, "name": "x"}, ["db"]),
        ({"a": {"secret": KEY, "alg": "HS256"}, "b": {"folder": "/srv/app"}}, ["secret"]),
        (
            {"smtp_password": KEY, "tariff_key": KEY, "mail_host": "m.test", "ttl": 5},
            ["smtp_password", "tariff_key"],
        ),
    ],
)
def test_settings(answer: Any, names: list[str]) -> None:
    assert shown_secrets(list(settings_in(answer)), {}) == names


@pytest.mark.parametrize(
    "answer",
    [
        {"debug": True, "port": 80, "session_secret": "**********"},
        {"api_key": KEY, "docs_url": "https://a.test/docs"},
        {"id": 4, "secret": KEY, "callback_url": "https://a.test/", "host": "a.test", "port": 80},
        {"items": [{"id": 4, "api_key": KEY, "debug": True, "port": 1, "path": "/srv/a"}]},
        {
            "access_token": KEY,
            "refresh_token": KEY,
            "expires_in": 60,
            "token_url": "https://a.test",
        },
        {"debug": True, "port": 80, "path": "/srv/app", "log_level": "INFO"},
        {"debug": True, "port": 80, "cache_key": KEY},
    ],
)
def test_other_answers(answer: Any) -> None:
    assert shown_secrets(list(settings_in(answer)), {}) == []


def test_what_the_process_is_configured_with_needs_no_telling_name() -> None:
    configured = {digest(KEY): "billing_secret", digest("Good morning"): "greeting"}
    answer = {"one": KEY, "two": "Good morning"}
    assert shown_secrets(list(settings_in(answer)), configured) == ["one"]
    assert shown_secrets(list(settings_in({"one": KEY})), configured) == []


def test_an_environment_is_lines() -> None:
    text = f"PATH=/usr/bin\nHOME=/root\nAPI_KEY={KEY}\n"
    assert shown_secrets(lines(text), {}) == ["API_KEY"]
