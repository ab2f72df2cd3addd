"""People who sign in, and what tests do with them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from buckler.guard.auth.oauth.client import Provider
from tests.guard.auth.oauth.client.liar import Liar
from tests.guard.auth.oauth.client.shop import GOOD, Shop
from tests.guard.auth.oauth.client.shop import opened as parts_opened

EMAIL = "ann@mail.example"


def opened(*providers: Provider, **options: Any) -> AbstractContextManager[Shop]:
    """An application with the ready-made routes, too."""
    return parts_opened(*providers, whole=True, **options)


def enter(shop: Shop, liar: Liar, name: str = "op", **lies: Any) -> Any:
    return shop.come_back(liar.sent_back(shop.begin(name), lies=lies))


def account(shop: Shop, name: str = EMAIL, *, verified: bool, password: str | None = GOOD) -> str:
    made = shop.do(shop.guard.identities.add_account, name, password=password, verified=verified)
    return str(made.id)


def by_password(shop: Shop, name: str = EMAIL) -> None:
    answer = shop.client.post("/auth/sign-in", json={"name": name, "password": GOOD})
    assert answer.json()["status"] == "signed_in"
