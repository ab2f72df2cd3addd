"""The database goes away in the middle of a sign-in: nobody comes in, and nobody is let in later by what was left."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.guard import MemoryStores, StoreError
from tests.guard.auth.oauth.client.liar import Liar
from tests.guard.auth.oauth.client.shop import opened

PLACES = {
    "state": ("one_time", "take"),
    "identity": ("external_identities", "find"),
    "account": ("users", "add"),
    "link": ("external_identities", "add"),
    "tokens": ("external_tokens", "put"),
    "session": ("sessions", "add"),
    "bond": ("external_sessions", "add"),
}


class Failing:
    """A store of which one method fails for as long as it is told to."""

    def __init__(self, store: Any, method: str) -> None:
        self._store = store
        self._method = method
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self.broken:
            return self._fail
        return getattr(self._store, name)

    async def _fail(self, *args: Any, **options: Any) -> Any:
        raise StoreError("the database did not answer")


@pytest.mark.parametrize("where", PLACES)
def test_nobody_comes_in_while_it_is_gone(liar: Liar, where: str) -> None:
    place, method = PLACES[where]
    stores: Any = MemoryStores()
    failing = Failing(getattr(stores, place), method)
    setattr(stores, place, failing)
    with opened(liar.provider(keep_tokens=True), database=stores) as shop:
        back = liar.sent_back(shop.begin("op"))
        failing.broken = True
        answer = shop.come_back(back)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "__Host-session" not in shop.client.cookies
        failing.broken = False
        # The code was for that answer alone; who begins again comes in, to one account.
        again = shop.come_back(liar.sent_back(shop.begin("op")))
        assert again.headers["location"] == "/"
        me = shop.me().json()["id"]
        (linked,) = shop.do(shop.sign_in_with.linking.of, me)
        assert linked.subject == "ann"
        assert len(shop.do(stores.users.page)) == (2 if where == "link" else 1)
