"""Tokens of providers: encrypted, refreshed once for many who wait, also between workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import FastAPI

from buckler.guard import AuthPolicy, EventKind, Guard, GuardError, MemoryStores, SqlStores
from buckler.guard.auth.oauth.client import AccessToken, ProviderError, SignInError, SignInWith
from buckler.guard.stores.memory.federation import MemoryExternalTokens
from tests.guard.access.shop import SECRET
from tests.guard.auth.oauth.client.liar import Liar
from tests.guard.auth.oauth.client.shop import BASE, Shop, opened


def enter(shop: Shop, liar: Liar, **token: Any) -> str:
    """Sign in with tokens that have to be refreshed; the account's id."""
    given = {"refresh_token": "refresh-1", "expires_in": 300, **token}
    answer = shop.come_back(liar.sent_back(shop.begin("op"), token=given))
    assert answer.headers["location"] == "/"
    return str(shop.me().json()["id"])


def grant(liar: Liar, used: str, /, **answer: Any) -> None:
    """Let a refresh token be taken, once."""
    tokens = {"access_token": f"after-{used}", "token_type": "bearer", "expires_in": 300}
    liar.tokens[used] = {**tokens, **answer}


async def many(sign_in_with: list[SignInWith], user_id: str, count: int) -> list[AccessToken]:
    """Ask for one token many times at once."""
    found: list[AccessToken] = []

    async def ask(one: SignInWith) -> None:
        found.append(await one.token(user_id, "op"))

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(ask, sign_in_with[number % len(sign_in_with)])
    return found


def keeping(liar: Liar, **options: Any) -> Any:
    return opened(liar.provider(keep_tokens=True), **options)


def test_a_token_that_counts_is_given_as_it_is(liar: Liar) -> None:
    with keeping(liar) as shop:
        mine = enter(shop, liar, scope="openid mail")
        token = shop.do(shop.sign_in_with.token, mine, "op")
        assert (token.value, token.scope, token.dpop) == ("the-access-token", "openid mail", False)
        assert token.headers("GET", "https://api.example/x")["authorization"] == (
            "Bearer the-access-token"
        )
        assert "the-access-token" not in repr(token)
        assert len(liar.asked("/token")) == 1


class Counting(MemoryExternalTokens):
    """Counts who wanted to refresh."""

    leases = 0

    async def lease(
        self, user_id: str, provider: str, *, version: str, now: float, until: float
    ) -> bool:
        self.leases += 1
        return await super().lease(user_id, provider, version=version, now=now, until=until)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_is_refreshed_once_for_many(liar: Liar, backend: str) -> None:
    stores = MemoryStores()
    counting = stores.external_tokens = Counting()
    with keeping(liar, database=stores, backend=backend) as shop:
        mine = enter(shop, liar)
        grant(liar, "refresh-1", refresh_token="refresh-2")
        shop.clock.ahead = 280.0
        found = shop.do(many, [shop.sign_in_with], mine, 50)
        assert {one.value for one in found} == {"after-refresh-1"}
        assert (len(found), len(liar.asked("/token")), counting.leases) == (50, 2, 1)
        # The next one is got with the refresh token that came with it.
        grant(liar, "refresh-2")
        shop.clock.ahead = 800.0
        assert shop.do(shop.sign_in_with.token, mine, "op").value == "after-refresh-2"
        # Where none came, the one before goes on counting (RFC 6749, 6).
        grant(liar, "refresh-2", access_token="third")
        shop.clock.ahead = 1600.0
        assert shop.do(shop.sign_in_with.token, mine, "op").value == "third"


def test_two_workers_refresh_once(liar: Liar, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/shop.db"
    with keeping(liar, database=SqlStores(url, create=True)) as shop:
        mine = enter(shop, liar)
        grant(liar, "refresh-1", refresh_token="refresh-2")
        shop.clock.ahead = 280.0
        # Another worker knows nothing of what this one has under way.
        guard = Guard(
            FastAPI(),
            secret=SECRET,
            database=SqlStores(url),
            auth=AuthPolicy(base_url=BASE, sign_in_page="/sign-in"),
        )
        guard.identities.clock = shop.clock
        known = liar.provider(keep_tokens=True)
        other = SignInWith(guard.identities, known, egress=_loopback(liar))
        found = shop.do(many, [shop.sign_in_with, other], mine, 20)
        shop.do(guard.identities.stores.close)
        assert {one.value for one in found} == {"after-refresh-1"}
        assert len(liar.asked("/token")) == 2


def _loopback(liar: Liar) -> Any:
    from buckler.guard import EgressPolicy

    port = int(liar.issuer.rpartition(":")[2])
    return EgressPolicy(allow_networks=["127.0.0.1/32"], ports=[port], schemes=["http"])


def test_who_asked_first_may_go(liar: Liar) -> None:
    """A refresh goes on though its request was given up: else the next refresh token would be lost."""
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        grant(liar, "refresh-1", refresh_token="refresh-2")
        shop.clock.ahead = 280.0

        async def given_up() -> AccessToken:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(shop.sign_in_with.token, mine, "op")
                await anyio.sleep(0)
                await anyio.sleep(0)
                tasks.cancel_scope.cancel()
            return await shop.sign_in_with.token(mine, "op")

        assert shop.do(given_up).value == "after-refresh-1"
        assert len(liar.asked("/token")) == 2


def test_what_the_provider_takes_no_more_is_gone(liar: Liar) -> None:
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        shop.clock.ahead = 280.0
        for _ in range(2):
            with pytest.raises(SignInError) as caught:
                shop.do(shop.sign_in_with.token, mine, "op")
            assert caught.value.reason == "no_tokens"
        assert shop.reasons(EventKind.TOKEN_REFUSED) == ["provider_refresh"]
        assert len(liar.asked("/token")) == 2


def test_a_provider_that_is_down_costs_no_token(liar: Liar) -> None:
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        shop.clock.ahead = 280.0
        liar.replies["/token"] = (503, {}, b"")
        for _ in range(2):
            with pytest.raises(ProviderError, match="503"):
                shop.do(shop.sign_in_with.token, mine, "op")
        liar.replies.clear()
        grant(liar, "refresh-1")
        assert shop.do(shop.sign_in_with.token, mine, "op").value == "after-refresh-1"


@pytest.mark.parametrize("lies", [{"sub": "bob"}, {"iss": "https://other.example"}])
def test_a_refreshed_id_token_is_about_the_same_person(liar: Liar, lies: dict[str, str]) -> None:
    """As oidcc-client-test-refresh-token-invalid-sub and -invalid-issuer have it."""
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        grant(liar, "refresh-1", id_token=liar.signed(liar.claims(**lies)))
        shop.clock.ahead = 280.0
        with pytest.raises(SignInError) as caught:
            shop.do(shop.sign_in_with.token, mine, "op")
        assert caught.value.reason == "no_tokens"


def test_a_good_refreshed_id_token_is_taken(liar: Liar) -> None:
    """As oidcc-client-test-refresh-token has it."""
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        grant(liar, "refresh-1", id_token=liar.signed(liar.claims()))
        shop.clock.ahead = 280.0
        assert shop.do(shop.sign_in_with.token, mine, "op").value == "after-refresh-1"


def test_keys_that_are_down_cost_no_token(liar: Liar) -> None:
    """The refresh token is used up when its ID token cannot be looked at: the next one is kept, and no access given."""
    stores = MemoryStores()
    with keeping(liar, database=stores) as shop:
        mine = enter(shop, liar)
        grant(liar, "refresh-1", refresh_token="refresh-2", id_token=liar.signed(liar.claims()))
        shop.clock.ahead = 280.0
        # A worker that has just begun knows no keys.
        guard = Guard(
            FastAPI(),
            secret=SECRET,
            database=stores,
            auth=AuthPolicy(base_url=BASE, sign_in_page="/sign-in"),
        )
        guard.identities.clock = shop.clock
        other = SignInWith(
            guard.identities, liar.provider(keep_tokens=True), egress=_loopback(liar)
        )
        path = str(liar.metadata["jwks_uri"]).removeprefix(liar.issuer)
        liar.replies[path] = (503, {}, b"")
        with pytest.raises(ProviderError) as caught:
            shop.do(other.token, mine, "op")
        assert caught.value.reason == "unreachable"
        del liar.replies[path]
        grant(liar, "refresh-2")
        assert shop.do(shop.sign_in_with.token, mine, "op").value == "after-refresh-2"


def test_nobody_reads_them_in_the_table(liar: Liar) -> None:
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        kept = shop.do(shop.guard.identities.stores.external_tokens.find, mine, "op")
        assert "the-access-token" not in repr(kept) and "refresh-1" not in repr(kept)
        # Who somebody is was said once: of the ID token nothing is kept here.
        assert len(kept.sealed) < len(liar.signed(liar.claims()))
        # Put into another account's row, they are nobody's.
        from dataclasses import replace

        stores = shop.guard.identities.stores
        shop.do(stores.external_tokens.put, replace(kept, user_id="bob"))
        with pytest.raises(SignInError) as caught:
            shop.do(shop.sign_in_with.token, "bob", "op")
        assert caught.value.reason == "no_tokens"


def test_they_go_with_the_link(liar: Liar) -> None:
    liar.metadata["revocation_endpoint"] = f"{liar.issuer}/revoke"
    with keeping(liar) as shop:
        mine = enter(shop, liar)
        shop.do(shop.guard.identities.stores.users.set_password, mine, "x", instead_of=None)
        assert shop.client.post("/auth/with/op/unlink").status_code == 200
        with pytest.raises(SignInError):
            shop.do(shop.sign_in_with.token, mine, "op")
    ((_, headers, body),) = liar.asked("/revoke")
    assert "token=refresh-1" in body and headers["authorization"].startswith("Basic ")


def test_tokens_are_kept_where_that_is_wanted(shop: Shop, liar: Liar) -> None:
    mine = enter(shop, liar)
    assert shop.do(shop.guard.identities.stores.external_tokens.find, mine, "op") is None
    for name in ("op", "other"):
        with pytest.raises(GuardError, match="not kept"):
            shop.do(shop.sign_in_with.token, mine, name)


def test_the_store_has_no_secret_of_a_sign_in_under_way(shop: Shop, liar: Liar) -> None:
    where = shop.begin("op", next="/orders")
    ((digest, kept),) = shop.guard.identities.stores.one_time.kept.where(lambda one: True)  # type: ignore[attr-defined]
    text = json.dumps([digest, kept.subject, dict(kept.data)])
    from urllib.parse import parse_qsl, urlsplit

    asked = dict(parse_qsl(urlsplit(where).query))
    secrets = (asked["state"], asked["nonce"], shop.client.cookies["__Host-with-op"])
    assert not any(one in text for one in secrets)


def test_an_application_that_ends_keeps_what_the_provider_gave(liar: Liar) -> None:
    stores = MemoryStores()
    with keeping(liar, database=stores) as shop:
        mine = enter(shop, liar)
        before = shop.do(stores.external_tokens.find, mine, "op")
        grant(liar, "refresh-1", refresh_token="refresh-2")
        shop.clock.ahead = 280.0

        async def given_up() -> None:
            with anyio.move_on_after(0):
                await shop.sign_in_with.token(mine, "op")

        shop.do(given_up)
    after = anyio.run(stores.external_tokens.find, mine, "op")
    assert after is not None and after.version != before.version
    assert len(liar.asked("/token")) == 2
