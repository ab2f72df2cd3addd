"""Hashes of other systems: theirs match, what is close to them does not, and none takes what it may not."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from hashlib import sha256

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import (
    NameRefusedError,
    PasswordError,
    PasswordPolicy,
    PasswordPolicyError,
    Verification,
    normalise,
)
from tests.guard.auth.hashes import OTHERS, PASSLIB, PASSWORD
from tests.guard.auth.parts import GOOD, cheap

PASSWORDS = cheap()
ALL = [*PASSLIB, *((PASSWORD, stored) for stored in OTHERS.values())]
BCRYPT = PASSLIB[4][1]


def verify(password: str, stored: str | None) -> Verification:
    async def run() -> Verification:
        return await PASSWORDS.verify(password, stored)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("password", "stored"), ALL, ids=[f"{s[:18]}-{n}" for n, (_, s) in enumerate(ALL)]
)
def test_matches_and_is_replaced_by_one_that_matches_too(password: str, stored: str) -> None:
    found = verify(password, stored)
    assert found.ok
    assert (found.replacement or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify(password, found.replacement) == Verification(True)
    wrong = verify(password[:70] + "x", stored)
    assert wrong == Verification(False, reason="password")


@pytest.mark.parametrize("stored", [s for _, s in ALL], ids=lambda stored: stored[:18])
def test_a_hash_that_is_cut_matches_nothing_and_raises_nothing(stored: str) -> None:
    password = next(password for password, one in ALL if one == stored)
    # The padding of base64 holds nothing: passlib leaves it out, Django does not.
    last, digest = len(stored.rstrip("=")) - 1, stored.rindex("$")
    for cut in {0, 1, len(stored) // 2, last, digest, digest + 1}:
        assert not verify(password, stored[:cut]).ok
    assert not verify(password, stored + "$").ok
    assert not verify(password, stored + "\n").ok


def test_bcrypt_sees_72_bytes_and_the_new_hash_sees_all() -> None:
    password = PASSLIB[4][0]
    found = verify(password, BCRYPT)
    assert verify(password[:72] + "something else", BCRYPT).ok
    assert not verify(password[:71], BCRYPT).ok
    assert not verify(password[:72], found.replacement).ok


def test_a_nul_ends_no_password() -> None:
    stored = PASSLIB[0][1]
    assert not verify("U*U\0 and more", stored).ok
    assert not verify("\0U*U", stored).ok


def test_salts_of_bcrypt_with_bits_that_count_for_nothing() -> None:
    """22 letters hold 132 bits, of which 128 count: ``/`` for 1 is the same as ``.`` for 0, ``O`` for 16 is not."""
    stored = PASSLIB[0][1]
    assert stored[28] == "."
    assert verify("U*U", stored[:28] + "/" + stored[29:]).ok
    assert not verify("U*U", stored[:28] + "O" + stored[29:]).ok


def test_typed_in_another_normal_form_it_is_the_same_password() -> None:
    composed, apart = "sch\u00f6ne gr\u00fc\u00dfe an alle", "scho\u0308ne gru\u0308\u00dfe an alle"
    made = asyncio.run(PASSWORDS.hash(apart))
    assert verify(composed, made).ok
    assert verify(apart, made).ok
    assert not verify("schone gru\u00dfe an alle", made).ok
    # A system that did not normalise hashed what was typed.
    stored = f"pbkdf2_sha1$1$salt${b64encode(pbkdf2(apart)).decode()}"
    assert verify(apart, stored).ok
    assert not verify(composed, stored).ok


def pbkdf2(password: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha1", password.encode(), b"salt", 1)


def test_superscripts_are_no_digits() -> None:
    made = asyncio.run(PASSWORDS.hash("area of 5 m\u00b2 and more"))
    assert not verify("area of 5 m2 and more", made).ok


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (None, "no_password"),
        ("", "no_password"),
        ("!", "no_password"),
        ("!Yp3DvvSGBnkdzQlhTbgUOqPKPE8h9Z4Vr2Zcz2jN", "no_password"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "hash_weak"),
        ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", "hash_weak"),
        (sha256(b"password").hexdigest(), "hash_weak"),
        ("md5$saltsaltsalt$a4fae764778df37dcbe1ffc1fa3a1c51", "hash_weak"),
        ("unsalted_md5$$a4fae764778df37dcbe1ffc1fa3a1c51", "hash_weak"),
        ("sha1$$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "hash_weak"),
        ("$1$dRJ1eCx0$n8mLmT9VVQYQzLmN3JWmm.", "hash_weak"),
        ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "hash_weak"),
        ("$6$rounds=5000$salt$hash", "hash_unknown"),
        ("password", "hash_unknown"),
        ("$argon2id$", "hash_broken"),
        ("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "hash_broken"),
        ("$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "hash_broken"),
        ("pbkdf2_sha256$0$salt$HI8K4d2/vizoFCWDMIMkBBVtTYs+yq5fTo6VDMrn81w=", "hash_broken"),
        ("pbkdf2_sha256$10$salt$AAAA", "hash_broken"),
        ("pbkdf2:md5:10$salt$00", "hash_broken"),
        ("scrypt:1000:8:1$salt$" + "00" * 64, "hash_broken"),
        ("scrypt:1024:8:1$salt$00", "hash_broken"),
        ("$" * 5000, "hash_broken"),
    ],
)
def test_what_is_not_checked_has_a_reason(stored: str | None, reason: str) -> None:
    assert verify("password", stored) == Verification(False, reason=reason)


SALT, DIGEST = "c2FsdHNhbHRzYWx0c2FsdA", "NdpkEBXTito9aIdZJSHpKgkUQHVxaVJpx1fbOBoR5z0"


@pytest.mark.parametrize(
    "stored",
    [
        f"$argon2id$v=19$m=2097152,t=1,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=163841,t=1,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=65536,t=9999,p=1${SALT}${DIGEST}",
        f"$argon2id$v=19$m=65536,t=1,p=255${SALT}${DIGEST}",
        "$2b$17$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$bcrypt-sha256$v=2,t=2b,r=31$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS",
        "pbkdf2_sha256$4000000000$salt$HI8K4d2/vizoFCWDMIMkBBVtTYs+yq5fTo6VDMrn81w=",
        "scrypt:1048576:8:1$salt$" + "00" * 64,
        "scrypt:2:999999999:1$salt$" + "00" * 64,
        "scrypt:1024:8:999999999$salt$" + "00" * 64,
        "scrypt:1024:8:15000$salt$" + "00" * 64,
        f"$scrypt$ln=99,r=8,p=1$${DIGEST}",
    ],
    ids=lambda stored: stored[:28],
)
def test_a_hash_that_costs_too_much_is_not_checked(stored: str) -> None:
    assert verify("password", stored).reason == "hash_costly"


def test_what_owasp_names_for_scrypt_is_within_the_bounds() -> None:
    digest = hashlib.scrypt(GOOD.encode(), salt=b"salt", n=2**17, r=8, p=1, maxmem=2**28, dklen=64)
    assert verify(GOOD, f"scrypt:131072:8:1$salt${digest.hex()}").ok


def test_argon2_in_another_form_or_kind_is_replaced_however_strong() -> None:
    made = asyncio.run(PASSWORDS.hash(GOOD))
    assert verify(GOOD, made).replacement is None
    kind_i = argon2.PasswordHasher(2, 19 * 1024, 1, type=argon2.Type.I).hash(GOOD)
    for stored in ("argon2" + made, kind_i):
        assert verify(GOOD, stored).replacement is not None


def test_the_bound_of_memory_is_an_option() -> None:
    made = f"$argon2id$v=19$m=20480,t=1,p=1${SALT}${DIGEST}"
    small = cheap(stored_memory="19 MiB")
    assert asyncio.run(small.verify("x", made)).reason == "hash_costly"
    assert verify("x", made).reason == "password"


@given(
    st.text(max_size=80),
    st.sampled_from(["", "$2b$", "$argon2id$v=19$", "scrypt:", "pbkdf2_sha256$"]),
)
@settings(max_examples=60, deadline=None)
def test_no_text_in_the_table_raises_or_matches(text: str, begin: str) -> None:
    assert not verify("password", begin + text).ok


@pytest.mark.parametrize(
    "password", ["\ud800 half a pair", "x" * 5000, "e\u0301" * 2049, "\u20ac" * 1366, "\0"]
)
def test_what_cannot_be_a_password_takes_its_time_and_is_none(password: str) -> None:
    made = asyncio.run(PASSWORDS.hash("?"))
    assert verify(password, made) == Verification(False, reason="password")


def test_marks_on_one_letter_are_not_put_in_order_without_a_bound() -> None:
    """Which takes time by the square of their number: for these, ten minutes."""
    hostile = "a" + "\u0300" * 180_000 + "\u0327" * 180_000
    made = asyncio.run(PASSWORDS.hash(GOOD))
    assert verify(hostile, made) == Verification(False, reason="password")
    with pytest.raises(PasswordError):
        asyncio.run(PASSWORDS.hash(hostile))
    with pytest.raises(PasswordPolicyError) as raised:
        PasswordPolicy().check(hostile)
    assert raised.value.reason == "too_long"
    with pytest.raises(NameRefusedError):
        normalise(hostile)


def test_what_is_hashed_can_be_checked_up_to_the_last_byte() -> None:
    longest = "x" * 4096
    assert verify(longest, asyncio.run(PASSWORDS.hash(longest))).ok
    assert not verify(longest[:-1], asyncio.run(PASSWORDS.hash(longest))).ok
    for bad in (longest + "x", "\u20ac" * 1366, "\ud800"):
        with pytest.raises(PasswordError):
            asyncio.run(PASSWORDS.hash(bad))
