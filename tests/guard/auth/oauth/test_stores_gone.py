"""The database is gone at each write in turn: the answer is 503, and no token is lost or doubled (CWE-636, CWE-362)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from buckler.guard import StoreError
from buckler.guard.auth.oauth.server.client import CODE, DEVICE, EXCHANGE, REFRESH, OAuthClient
from tests.guard.auth.oauth.scene import NAME, SPA, WEB, Scene, action, basic, hidden, opened, sent

OPAQUE = replace(WEB, id="opaque", redirect_uris=["https://opaque.example/"], opaque=True)
TELEVISION = OAuthClient(id="tv", grants=[DEVICE, REFRESH], scopes=["openid"], opaque=True)
SERVICE = replace(WEB, id="service", grants=[EXCHANGE], exchange_from=["*"], opaque=True)
WRITES = {
    "grants": ("begin", "redeem", "advance", "issue", "revoke"),
    "opaque": ("add", "drop"),
    "pending": ("add", "take"),
    "devices": ("add", "polled", "decide", "redeem"),
    "consents": ("put", "drop"),
    "replays": ("first",),
}


class Failing:
    """The stores of a server, whose writes fail from one of them on.

    Attributes:
        left: Writes that still succeed; None for all.
        seen: Names of the writes that came.
    """

    def __init__(self, real: Any) -> None:
        self._real = real
        self.left: int | None = None
        self.seen: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return Part(self, name, found) if name in WRITES else found


class Part:
    """One of the stores."""

    def __init__(self, whole: Failing, name: str, real: Any) -> None:
        self._whole, self._name, self._real = whole, name, real

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in WRITES[self._name]:
            return found

        async def written(*args: Any, **named: Any) -> Any:
            whole = self._whole
            if whole.left is not None:
                whole.seen.append(f"{self._name}.{name}")
                if whole.left < len(whole.seen):
                    raise StoreError("gone")
            return await found(*args, **named)

        return written


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with opened(WEB, SPA, OPAQUE, TELEVISION, SERVICE) as found:
        found.account()
        found.server.store = Failing(found.server.store)  # type: ignore[assignment]
        yield found


def failing(scene: Scene, work: Callable[[], Any]) -> Iterator[tuple[str, Any]]:
    """What an attempt answers when the first write fails, then the second, and so on, until none does."""
    stores: Any = scene.server.store
    for left in range(20):
        stores.left, stores.seen = left, []
        try:
            answer = work()
        finally:
            seen, stores.left = stores.seen, None
        if len(seen) <= left:
            yield "", answer
            return
        yield seen[-1], answer
    raise AssertionError("there is no end of writes")


def counting(scene: Scene, tokens: dict[str, Any]) -> None:
    """Look whether tokens that were given count."""
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert scene.browser.get("/oauth/userinfo", headers=header).status_code == 200


def unavailable(answer: Any) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json() == {"error": "temporarily_unavailable"}
    assert (answer.headers["cache-control"], answer.headers["retry-after"]) == ("no-store", "2")


@pytest.mark.parametrize("client", [SPA, OPAQUE], ids=["signed", "opaque"])
def test_a_code(scene: Scene, client: OAuthClient) -> None:
    code = scene.code(client)
    form = {
        "grant_type": CODE,
        "code": code,
        "redirect_uri": client.redirect_uris[0],
        "code_verifier": scene.verifier,
    }
    failed = []
    for write, answer in failing(scene, lambda: scene.token(client, **form)):
        if write:
            failed.append(write)
            unavailable(answer)
            continue
        # It was not used up: the answer that came late has tokens, once.
        counting(scene, answer.json())
        refreshed = scene.token(
            client, grant_type=REFRESH, refresh_token=answer.json()["refresh_token"]
        )
        assert refreshed.status_code == 200, refreshed.text
    assert failed == (["grants.redeem"] if client is SPA else ["opaque.add", "grants.redeem"])


@pytest.mark.parametrize("client", [SPA, OPAQUE], ids=["signed", "opaque"])
def test_a_refresh_token(scene: Scene, client: OAuthClient) -> None:
    code = scene.code(client)
    token = scene.redeem(code, client).json()["refresh_token"]
    # Twice: the second one has a head that has to be moved.
    token = scene.token(client, grant_type=REFRESH, refresh_token=token).json()["refresh_token"]
    work = partial(scene.token, client, grant_type=REFRESH, refresh_token=token)
    failed = []
    for write, answer in failing(scene, work):
        if write:
            failed.append(write)
            unavailable(answer)
            continue
        counting(scene, answer.json())
        following = answer.json()["refresh_token"]
    assert {"grants.advance", "grants.issue"} <= set(failed)
    assert scene.token(client, grant_type=REFRESH, refresh_token=following).status_code == 200
    # The one before is used: it ends all, as ever.
    assert scene.token(client, grant_type=REFRESH, refresh_token=token).status_code == 400


def test_an_agreement(scene: Scene) -> None:
    scene.code(WEB)
    user = scene.in_loop(scene.guard.identities.stores.users.by_name, NAME)
    grants = scene.server.store.grants
    before = len(scene.in_loop(grants.of, user.id))
    page: Any = None

    def agree() -> Any:
        return scene.form(action(page.text), **hidden(page.text), decision="allow")

    stores: Any = scene.server.store
    for left, write in enumerate(("consents.put", "pending.take", "grants.begin")):
        page = scene.follow(scene.authorize(WEB, prompt="consent"))
        stores.left, stores.seen = left, []
        answer = agree()
        stores.left = None
        assert stores.seen[-1] == write
        assert answer.status_code == 503 and "location" not in answer.headers
        assert len(scene.in_loop(grants.of, user.id)) == before
        retried = agree()
        if write == "grants.begin":
            # It was taken: nobody knows whether it was answered, so that it has to be asked anew.
            assert retried.status_code == 400
        else:
            assert "code" in sent(retried)
            before += 1
    stores.left, stores.seen = 0, []
    answer = scene.authorize(WEB)
    stores.left = None
    assert answer.status_code == 503 and "location" not in answer.headers


def test_a_device(scene: Scene) -> None:
    scene.code(SPA)  # signs in
    ask = partial(scene.form, "/oauth/device_authorization", client_id="tv", scope="openid")
    asked: dict[str, Any] = {}
    for write, answer in failing(scene, ask):
        if write:
            unavailable(answer)
        else:
            asked = answer.json()
    page = scene.get("/oauth/device", user_code=asked["user_code"])
    decide = partial(scene.form, "/oauth/device", **hidden(page.text), decision="allow")
    failed = []
    for write, answer in failing(scene, decide):
        failed.append(write)
        assert answer.status_code == (503 if write else 200)
        assert ("<h1>Allowed</h1>" in answer.text) is not bool(write)
    assert failed == ["devices.decide", ""]

    def poll() -> Any:
        scene.clock.ahead += 60
        return scene.form(
            "/oauth/token", client_id="tv", grant_type=DEVICE, device_code=asked["device_code"]
        )

    try:
        for write, answer in failing(scene, poll):
            if write:
                unavailable(answer)
            else:
                counting(scene, answer.json())
        assert poll().json()["error"] == "invalid_grant"
    finally:
        scene.clock.ahead = 0.0


def test_an_exchange_and_a_push(scene: Scene) -> None:
    token = scene.redeem(scene.code(WEB)).json()["access_token"]
    exchange = partial(
        scene.token,
        SERVICE,
        grant_type=EXCHANGE,
        subject_token=token,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
    )
    found = list(failing(scene, exchange))
    unavailable(found[0][1])
    assert found[-1][1].json()["access_token"].startswith("bat_")
    push = partial(
        scene.form,
        "/oauth/par",
        client_id="spa",
        response_type="code",
        redirect_uri=SPA.redirect_uris[0],
        code_challenge="c" * 43,
        code_challenge_method="S256",
    )
    pushed = list(failing(scene, push))
    unavailable(pushed[0][1])
    assert pushed[-1][1].status_code == 201


def test_what_could_not_be_revoked_is_not_said_to_be(scene: Scene) -> None:
    tokens = scene.redeem(scene.code(WEB)).json()
    form = {"token": tokens["refresh_token"]}
    revoke = partial(scene.form, "/oauth/revoke", headers=basic(WEB), **form)
    found = list(failing(scene, revoke))
    unavailable(found[0][1])
    assert found[-1][1].status_code == 200
    assert scene.token(grant_type=REFRESH, refresh_token=tokens["refresh_token"]).status_code == 400


def test_keys_that_are_changed_while_the_store_goes(scene: Scene) -> None:
    keys = scene.server.keys
    real = keys._store

    class Gone:
        """Takes so many writes, and no more."""

        def __init__(self, left: int) -> None:
            self.left = left

        def __getattr__(self, name: str) -> Any:
            if name in ("add", "end"):
                self.left -= 1
                if self.left < 0:
                    raise StoreError("gone")
            return getattr(real, name)

    for left in (0, 2, 4, 5):
        keys._store = Gone(left)  # type: ignore[assignment]
        with pytest.raises(StoreError):
            scene.in_loop(keys.rotate)
        keys._store = real
        scene.clock.ahead += 3_600  # another look at the store
        # There is one that signs, whenever it was that the store went.
        counting(scene, scene.redeem(scene.code(WEB)).json())
    scene.in_loop(keys.rotate)
    counting(scene, scene.redeem(scene.code(WEB)).json())
    scene.clock.ahead = 0.0
