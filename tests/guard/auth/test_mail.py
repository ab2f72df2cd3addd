"""Mails that fail, that are too many, that are logged."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from buckler.guard import Mail, SecurityEvent
from buckler.guard.auth.mail import Outbox
from tests.guard.auth.accounts import NAME, Shop
from tests.guard.auth.parts import BOTH, Runs


def test_a_mail_that_cannot_be_sent_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(mail: Mail) -> None:
        raise ConnectionError("no mail server")

    shop = Shop(deliver=fails)
    shop.sign_up()
    assert [(e.kind, e.reason) for e in shop.events if e.kind == "application.failed"] == [
        ("application.failed", "mail_failed")
    ]
    assert "no mail server" in caplog.text


def test_more_mails_than_may_be_under_way_are_dropped_and_told() -> None:
    async def main() -> None:
        shop = Shop()
        for _ in range(1001):
            await shop.accounts.request_reset(NAME)
        assert [event.reason for event in shop.events] == ["mail_dropped"]
        await shop.accounts.outbox.drain()

    asyncio.run(main())


@BOTH
def test_a_mail_server_that_says_nothing_stops_no_later_mail(run: Runs) -> None:
    told: list[SecurityEvent] = []
    sent: list[str] = []

    async def hangs() -> None:
        await anyio.sleep_forever()

    async def sends() -> None:
        sent.append("mail")

    async def main() -> None:
        outbox = Outbox(told.append, pending=2, seconds=0.05)
        for work in (hangs, hangs, sends):
            outbox.put(work)
        with anyio.fail_after(5):
            await outbox.drain()
        outbox.put(sends)
        await outbox.drain()

    run(main)
    assert sent == ["mail"]
    failed = [(event.reason, event.detail["why"]) for event in told]
    assert failed == [("mail_dropped", ""), *[("mail_failed", "TimeoutError")] * 2]


def test_a_mail_does_not_show_its_token() -> None:
    shop = Shop()
    shop.sign_up()
    assert shop.mails[0].token not in repr(shop.mails[0])
