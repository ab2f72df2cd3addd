"""A token that is remembered counts no longer than one that is not, and a flood pushes no good one out."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from buckler.guard import (
    GuardError,
    KeySet,
    RevocationList,
    SignatureVerifier,
    SigningKey,
    TokenError,
    TokenIssuer,
    TokenVerifier,
)
from buckler.guard.stores.memory import MemoryStores
from tests.guard.auth.tokens import CLAIMS, HEADER, NOW, Clock, changed, key, policy, token

AT = int(NOW)


class CountingKeys(KeySet):
    """How often a key was looked for: once for each token that no cache had."""

    __slots__ = ("asked",)

    def __init__(self, *keys: SigningKey, clock: Clock) -> None:
        super().__init__(*keys, clock=clock)
        self.asked = 0

    def find(self, kid: str | None, alg: str) -> tuple[SigningKey, float] | None:
        self.asked += 1
        return super().find(kid, alg)


def made(clock: Clock, **options: object) -> tuple[CountingKeys, TokenVerifier]:
    keys = CountingKeys(key(), clock=clock)
    return keys, TokenVerifier(keys, policy(), clock=clock, **options)  # type: ignore[arg-type]


def reason(verifier: TokenVerifier, text: str) -> str:
    with pytest.raises(TokenError) as caught:
        verifier.verify(text)
    return caught.value.reason


def test_a_signature_is_verified_once() -> None:
    keys, verifier = made(Clock())
    first = verifier.verify(token())
    assert verifier.verify(token()) is first
    assert verifier.verify(token().encode()) is first
    assert keys.asked == 1


def test_without_a_cache_each_time() -> None:
    keys, verifier = made(Clock(), cache=0)
    verifier.verify(token())
    verifier.verify(token())
    assert keys.asked == 2


def test_its_end_comes_all_the_same() -> None:
    clock = Clock()
    keys, verifier = made(clock)
    text = token(claims=changed(exp=AT + 30))
    verifier.verify(text)
    clock.now = NOW + 29.9
    verifier.verify(text)
    assert keys.asked == 1
    clock.now = NOW + 30
    assert reason(verifier, text) == "expired"


def test_its_age_comes_all_the_same() -> None:
    clock = Clock()
    keys = KeySet(key(), clock=clock)
    verifier = TokenVerifier(keys, policy(max_age=60), clock=clock)
    text = token(claims=changed(iat=AT))
    verifier.verify(text)
    clock.now = NOW + 60
    assert reason(verifier, text) == "age"


def test_its_revocation_comes_all_the_same() -> None:
    async def main() -> None:
        clock = Clock()
        stores = MemoryStores(clock=clock)
        revocations = RevocationList(stores.revocations, clock=clock)
        _, verifier = made(clock, revocations=revocations)
        other = token(claims=changed(jti="token-2", sid="session-2"))
        third = token(claims=changed(jti="token-3", sid="session-2"))
        claims = verifier.verify(token())
        verifier.verify(other)
        assert not await revocations.revoked(claims)
        assert await revocations.revoke(claims)
        assert not await revocations.revoke(claims)
        assert reason(verifier, token()) == "revoked"
        verifier.verify(other)
        assert await revocations.revoke_session("session-2")
        assert reason(verifier, other) == "revoked"
        assert reason(verifier, third) == "revoked"
        assert await stores.revocations.revoked("token-1")
        assert await stores.revocations.revoked("session-2")
        # Another worker knows nothing itself, and finds both in the store.
        elsewhere = RevocationList(stores.revocations, clock=clock)
        assert await elsewhere.revoked(claims)
        _, theirs = made(clock, revocations=elsewhere)
        theirs.verify(token())
        elsewhere.learn("token-1", NOW + 600)
        assert reason(theirs, token()) == "revoked"

    anyio.run(main)


def test_what_cannot_be_revoked() -> None:
    async def main() -> None:
        clock = Clock()
        revocations = RevocationList(clock=clock)
        _, verifier = made(clock, revocations=revocations)
        unnamed = verifier.verify(token(claims=changed(jti=None)))
        with pytest.raises(GuardError, match="no jti"):
            await revocations.revoke(unnamed)
        with pytest.raises(GuardError, match="session is a text"):
            await revocations.revoke_session("")
        assert verifier.verify(token(claims=changed(jti=None))) is unnamed

    anyio.run(main)


def test_a_list_forgets_what_has_expired() -> None:
    clock = Clock()
    revocations = RevocationList(clock=clock)
    for number in range(5_000):
        revocations.learn(f"old-{number}", NOW + 10)
    clock.now += 20
    for number in range(5_000):
        revocations.learn(f"new-{number}", NOW + 1_000)
    assert len(revocations.known) < 6_100
    assert all(f"new-{number}" in revocations.known for number in range(5_000))


def test_a_key_that_goes_takes_its_tokens_with_it() -> None:
    clock = Clock()
    old, new = SigningKey.generate("EdDSA", kid="old"), SigningKey.generate("EdDSA", kid="new")
    keys = KeySet(old, overlap=100, clock=clock)
    verifier = TokenVerifier(keys, policy(), clock=clock)
    issuer = TokenIssuer(keys, policy(), clock=clock)
    before = issuer.issue("user-1")
    verifier.verify(before)
    keys.rotate(new)
    after = issuer.issue("user-1")
    for _ in range(2):
        verifier.verify(before)
        verifier.verify(after)
    clock.now += 100
    assert reason(verifier, before) == "key"
    verifier.verify(after)
    keys.add(old)
    verifier.verify(before)
    assert keys.retire("old")
    assert not keys.retire("old")
    assert reason(verifier, before) == "key"
    verifier.verify(after)


def test_bad_ones_push_no_good_one_out() -> None:
    keys, verifier = made(Clock(), cache=8)
    good = [token(claims=changed(jti=f"good-{number}")) for number in range(8)]
    for text in good:
        verifier.verify(text)
    for number in range(1_000):
        text = token(claims=changed(jti=f"bad-{number}"), secret=b"another secret altogether, bad")
        assert reason(verifier, text) == "signature"
        assert reason(verifier, f"{good[0]}{number}") in ("malformed", "signature")
    keys.asked = 0
    for text in good:
        verifier.verify(text)
    assert keys.asked == 0


def test_those_in_use_stay_when_it_is_full() -> None:
    keys, verifier = made(Clock(), cache=4)
    used = token(claims=changed(jti="used"))
    for number in range(200):
        verifier.verify(used)
        verifier.verify(token(claims=changed(jti=f"once-{number}")))
    assert keys.asked == 201
    assert len(verifier._cache.tokens) == 4  # type: ignore[union-attr]


def test_long_ones_take_the_room_of_several() -> None:
    _, verifier = made(Clock(), cache=8)
    for number in range(20):
        verifier.verify(token(claims=changed(jti=str(number), note="x" * 4_000)))
    cache = verifier._cache
    assert cache is not None
    assert sum(map(len, cache.tokens)) <= 8 * 1_024
    assert cache._stored == sum(map(len, cache.tokens))


def test_one_that_is_kept_again_takes_no_more_room() -> None:
    clock = Clock()

    class ForTenSeconds(KeySet):
        __slots__ = ()

        def find(self, kid: str | None, alg: str) -> tuple[SigningKey, float] | None:
            found = super().find(kid, alg)
            return None if found is None else (found[0], clock() + 10)

    verifier = TokenVerifier(ForTenSeconds(key(), clock=clock), policy(), cache=8, clock=clock)
    first = verifier.verify(token())
    clock.now += 9
    assert verifier.verify(token()) is first
    for _ in range(20):
        clock.now += 10
        assert verifier.verify(token()) is not first
    cache = verifier._cache
    assert cache is not None
    assert cache._stored == len(token())


def test_two_verifiers_share_nothing() -> None:
    clock = Clock()
    keys = KeySet(key(), clock=clock)
    verifier = TokenVerifier(keys, policy(), clock=clock)
    verifier.verify(token())
    other = TokenVerifier(keys, policy(typ="other+jwt"), clock=clock)
    with pytest.raises(TokenError, match="another type"):
        other.verify(token())


def test_a_header_that_is_remembered_is_judged_again_where_keys_change() -> None:
    clock = Clock()
    keys, verifier = made(clock, cache=0)
    verifier.verify(token())
    second = SigningKey.generate("HS512", kid="second")
    keys.rotate(second)
    assert keys.retire("main")
    assert reason(verifier, token()) == "key"
    assert HEADER["kid"] == "main"
    assert CLAIMS["jti"] == "token-1"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TokenVerifier(key(), policy()), "keys takes KeySet"),  # type: ignore[arg-type]
        (lambda: TokenVerifier(KeySet, policy()), "keys takes KeySet"),  # type: ignore[arg-type]
        (lambda: TokenVerifier(KeySet(key()), "shop"), "policy takes TokenPolicy"),  # type: ignore[arg-type]
        (lambda: TokenVerifier(KeySet(key()), policy(), clock=7), "clock takes"),  # type: ignore[arg-type]
        (lambda: KeySet(key(), clock=None), "clock takes"),  # type: ignore[arg-type]
        (lambda: SignatureVerifier("keys"), "keys takes KeySet"),  # type: ignore[arg-type]
        (lambda: SignatureVerifier(KeySet(key()), typ=1), "typ takes str"),  # type: ignore[arg-type]
        (lambda: RevocationList(MemoryStores()), "no revoked"),  # type: ignore[arg-type]
        (lambda: RevocationList(longest=0), "longest"),
        (lambda: RevocationList(clock="now"), "clock takes"),  # type: ignore[arg-type]
        (lambda: TokenIssuer(key(), policy()), "keys takes KeySet"),  # type: ignore[arg-type]
        (lambda: TokenIssuer(KeySet(key()), policy(), clock=1), "clock takes"),  # type: ignore[arg-type]
    ],
)
def test_parts_that_are_none(make: Callable[[], object], said: str) -> None:
    with pytest.raises(GuardError, match=said) as caught:
        make()
    assert caught.value.hint


@pytest.mark.parametrize("cache", [-1, True, 1.5, "many", None])
def test_options_that_are_none(cache: object) -> None:
    with pytest.raises(GuardError, match="cache is a number"):
        made(Clock(), cache=cache)
