"""What channels tell after their owner lost the rights that they were made with."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.watch.db import alerts
from buckler.watch.interface import SYSTEM, Caller
from tests.watch.web.site import Browser, Site

VALUES = {
    "name": "x",
    "kind": "slack",
    "options": {},
    "sealed": "",
    "filters": {},
    "quiet": None,
    "digest": 0.0,
}


@pytest.mark.parametrize(
    ("path", "fields", "keeps"),
    [
        ("roles", {"role": "reader", "had": "admin"}, False),
        ("state", {"what": "disable"}, False),
        ("roles", {"role": ["admin", "reader"], "had": "admin"}, True),
    ],
)
def test_a_channel_tells_what_its_owner_may_see_today(
    web: Site, boss: Browser, name: str, path: str, fields: dict[str, Any], keeps: bool
) -> None:
    eve = web.somebody(name, "admin")
    with web.service.database.write() as connection:
        made = alerts.add_channel(connection, Caller(eve.id, everything=True), VALUES)
        other = alerts.add_channel(connection, Caller(boss.id, everything=True), VALUES)
    page = f"/users/{eve.id}"
    assert boss.post(f"{page}/{path}", page, **fields).status_code == 303
    assert web.app.state.audit.flush(20)
    with web.service.database.read() as connection:
        sees = {row.id: row.everything for row in alerts.channels(connection, SYSTEM)}
    assert (sees[made], sees[other]) == (keeps, True)
