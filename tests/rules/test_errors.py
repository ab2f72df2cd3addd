"""What in an answer tells of the inside."""

from __future__ import annotations

import pytest

from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.rules._support.leaks import leak


def exchange(body: str, *, url: str = "/x", error: str = "", fail: str = "") -> Exchange:
    """An answer of 500 with this text."""
    told = {"type": "ValueError", "message": error} if error else None
    path, _, query = url.partition("?")
    return Exchange(
        None, Request("GET", path, query, fail=fail), Answer(500, body=body.encode(), error=told)
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"detail":"(sqlite3.OperationalError) near \\"x\\": syntax error"}',
        '{"detail":"[SQL: SELECT id FROM orders WHERE x = ?]"}',
        "Traceback (most recent call last):",
        '{"detail":"ZeroDivisionError(\'division by zero\')"}',
        '{"error":"invalid literal for int() with base 10: \'q\'"}',
        '{"detail":"duplicate key value violates unique constraint"}',
        '{"detail":"failed in /srv/shop/app/orders.py"}',
    ],
)
def test_tells(text: str) -> None:
    assert leak(exchange(text))[0]


@pytest.mark.parametrize(
    "text",
    [
        '{"detail":"We cannot deliver 99 of these"}',
        '{"detail":"Internal Server Error"}',
        '{"detail":"The document cannot be read"}',
        '{"detail":"Value must not be empty"}',
        '{"detail":"Error: select a product first"}',
        "",
    ],
)
def test_tells_nothing(text: str) -> None:
    assert leak(exchange(text)) == ("", "")


def test_what_was_sent_is_only_repeated() -> None:
    assert leak(exchange("no such table: x", url="/x?q=no%20such%20table:%20x")) == ("", "")


def test_the_text_of_the_exception_is_recognised() -> None:
    assert leak(exchange("the warehouse burns", error="the warehouse burns"))[0]
    assert leak(exchange("it says: marker 7", fail="marker 7"))[0]
    assert leak(exchange("short", error="short")) == ("", "")
