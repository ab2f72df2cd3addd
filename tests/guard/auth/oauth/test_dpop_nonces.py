"""Nonces of a server without memory: RFC 9449, 8 and 9."""

from __future__ import annotations

import re

import pytest

from buckler.guard import GuardError
from buckler.guard.auth.oauth.dpop_nonces import DpopNonces
from buckler.guard.auth.oauth.errors import OAuthError
from tests.guard.auth.tokens import Clock

OLD = "3vR8-kQw7Zx1Lm5Tn9Yb2Pd6Hs4Jf0Gc-Ae8Ui"
NEW = "Wq1-zX9cV5bN3mK7jH2gF6dS4aP8oI0uY-tR5eL"


def nonces(clock: Clock, secret: object = OLD, purpose: str = "resource server") -> DpopNonces:
    return DpopNonces(secret, purpose, slot=100, clock=clock)  # type: ignore[arg-type]


def test_one_counts_in_its_slot_and_the_next_in_every_worker() -> None:
    clock = Clock(1_800_000_000.0)
    given = nonces(clock).current()
    for seconds, counts in ((0, True), (99, True), (199, True), (200, False), (-1, False)):
        assert nonces(Clock(1_800_000_000.0 + seconds)).counts(given) is counts


def test_it_has_the_form_of_rfc_9449() -> None:
    assert re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]{20,}", nonces(Clock()).current())


def test_those_of_others_do_not_count() -> None:
    clock = Clock()
    ours = nonces(clock)
    assert not ours.counts(nonces(clock, purpose="authorization server").current())
    assert not ours.counts(nonces(clock, NEW).current())
    assert not any(ours.counts(text) for text in ("", "x", "\N{SNOWMAN}", "\ud800"))


def test_a_secret_that_is_replaced() -> None:
    clock = Clock()
    before, after = nonces(clock), nonces(clock, [NEW, OLD])
    assert after.counts(before.current())
    assert not before.counts(after.current())


def test_what_the_client_is_told() -> None:
    clock = Clock(1_800_000_000.0)
    ours = nonces(clock)
    for wrong in ("", "x", nonces(Clock(1_700_000_000.0)).current()):
        with pytest.raises(OAuthError) as caught:
            ours.check(wrong, status=401)
        told = caught.value
        assert (told.error, told.status) == ("use_dpop_nonce", 401)
        assert dict(told.headers) == {"DPoP-Nonce": ours.current()}
    ours.check(ours.current())


def test_a_client_gets_the_next_in_time() -> None:
    clock = Clock(1_800_000_000.0)
    ours = nonces(clock)
    first = ours.current()
    assert ours.next(first) is None
    clock.now += 100
    assert ours.next(first) == ours.current() != first


def test_options() -> None:
    for options in ({"secret": "short"}, {"purpose": ""}):
        with pytest.raises(GuardError):
            nonces(Clock(), **options)  # type: ignore[arg-type]
    with pytest.raises(GuardError):
        DpopNonces(OLD, "x", slot=0)
