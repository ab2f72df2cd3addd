"""Answers of passkeys that are none: refused, whatever is wrong, and nothing else is raised."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import EventKind
from tests.guard.auth.mfa.authenticator import (
    Authenticator,
    EdDsa,
    Es256,
    b64,
    cbor,
)
from tests.guard.auth.mfa.parts import ANN, add, kit_of, passkey_refused
from tests.guard.auth.parts import on_asyncio

OUT = EventKind.SIGN_IN_FAILED


class Odd(Es256):
    """A key that is none."""

    def __init__(self, cose: dict[int, Any]) -> None:
        super().__init__()
        self._cose = cose

    def cose(self) -> dict[int, Any]:
        return self._cose


KEYS: list[dict[int, Any]] = [
    {},
    {1: 2},
    {1: 2, 3: -7},
    {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)},
    {1: 2, 3: -7, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32},
    {1: 2, 3: -7, -1: 99, -2: b"\x01" * 32, -3: b"\x01" * 32},
    {1: 1, 3: -8, -1: 6, -2: b"short"},
    {1: 1, 3: -8, -1: 7, -2: bytes(57)},
    {1: 3, 3: -65535, -1: b"\xff" * 256, -2: b"\x01\x00\x01"},
    {1: 3, 3: -257, -1: b"", -2: b"\x03"},
    {1: 7, 3: -48, -1: bytes(1312)},
    {1: "x", 3: [], -1: {}},
    {1: 4, 3: 5, -1: b"a symmetric key"},
]


@pytest.mark.parametrize("cose", KEYS, ids=range(len(KEYS)))
def test_a_key_that_cannot_verify_is_not_kept(cose: dict[int, Any]) -> None:
    async def main() -> None:
        kit = await kit_of()
        assert await passkey_refused(add(kit, Authenticator(Odd(cose)))) == "invalid"

    on_asyncio(main)


def without(path: str) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        *outer, last = path.split(".")
        found = answer
        for name in outer:
            found = found[name]
        del found[last]
        return answer

    return change


def put(path: str, value: Any) -> Callable[[Any], Any]:
    def change(answer: Any) -> Any:
        *outer, last = path.split(".")
        found = answer
        for name in outer:
            found = found[name]
        found[last] = value(found[last]) if callable(value) else value
        return answer

    return change


MALFORMED: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda answer: {},
    "a list": lambda answer: [answer],
    "none": lambda answer: None,
    "a text": lambda answer: json.dumps(answer),
    "no id": without("id"),
    "two ids": put("rawId", b64(b"another")),
    "id of a number": put("id", 5),
    "id padded": put("id", lambda text: text + "="),
    "id too long": put("id", "A" * 1368),
    "id of base64": put("id", lambda text: b64encode(b"\xff" * 33).decode()),
    "id with nul": put("id", "\x00"),
    "id of other letters": put("id", "é" * 8),
    "another type": put("type", "password"),
    "no type": without("type"),
    "no response": without("response"),
    "response of a list": put("response", []),
    "no client data": without("response.clientDataJSON"),
    "client data of a number": put("response.clientDataJSON", 5),
    "client data without json": put("response.clientDataJSON", b64(b"\xff\xfe")),
    "client data of a list": put("response.clientDataJSON", b64(b"[]")),
    "client data nested": put("response.clientDataJSON", b64(b"[" * 20_000)),
    "client data without end": put("response.clientDataJSON", "A" * 1_000_000),
    "client data with blanks": put("response.clientDataJSON", lambda text: f" {text}"),
}
OF_A_NEW_ONE: dict[str, Callable[[Any], Any]] = {
    "no attestation": without("response.attestationObject"),
    "attestation of rubbish": put("response.attestationObject", b64(b"\xff" * 100)),
    "attestation of a list": put("response.attestationObject", b64(cbor([1, 2]))),
    "attestation without data": put("response.attestationObject", b64(cbor({"fmt": "none"}))),
    "attestation with a text": put("response.attestationObject", b64(cbor({"authData": "x"}))),
    "attestation nested": put("response.attestationObject", b64(b"\x81" * 20_000)),
    "attestation promises": put("response.attestationObject", b64(b"\x5b" + b"\xff" * 8)),
    "attestation without end": put("response.attestationObject", "A" * 1_000_000),
}
OF_A_USED_ONE: dict[str, Callable[[Any], Any]] = {
    "no signature": without("response.signature"),
    "empty signature": put("response.signature", ""),
    "no data": without("response.authenticatorData"),
    "handle of a number": put("response.userHandle", 5),
    "handle empty": put("response.userHandle", ""),
    "handle too long": put("response.userHandle", "A" * 10_000),
    "signature without end": put("response.signature", "A" * 1_000_000),
}


@pytest.mark.parametrize("name", [*MALFORMED, *OF_A_NEW_ONE])
def test_a_malformed_registration_is_refused(name: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        asked = await kit.factors.begin_passkey(ANN)
        answer = (MALFORMED | OF_A_NEW_ONE)[name](Authenticator().make(asked.options))
        begun = time.thread_time()
        assert (
            await passkey_refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x")) == "form"
        )
        assert time.thread_time() - begun < 5

    on_asyncio(main)


@pytest.mark.parametrize("name", [*MALFORMED, *OF_A_USED_ONE])
def test_a_malformed_sign_in_is_refused(name: str) -> None:
    async def main() -> None:
        kit = await kit_of()
        device = Authenticator()
        await add(kit, device)
        asked = await kit.factors.begin_sign_in("u1")
        answer = (MALFORMED | OF_A_USED_ONE)[name](device.use(asked.options))
        reason = await passkey_refused(kit.factors.finish_sign_in(asked.ticket, answer))
        assert reason in ("form", "unknown")
        assert kit.reasons(OUT) == [f"passkey_{reason}"]

    on_asyncio(main)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_no_bytes_are_an_attestation_nor_raise_something_else(whole: bytes, tail: bytes) -> None:
    async def main() -> None:
        kit = await kit_of()
        for made in (whole, cbor({"fmt": "none", "attStmt": {}, "authData": whole + tail})):
            asked = await kit.factors.begin_passkey(ANN)
            answer = Authenticator(EdDsa()).make(asked.options)
            answer["response"]["attestationObject"] = b64(made) or "AA"
            reason = await passkey_refused(kit.factors.add_passkey(ANN, asked.ticket, answer, "x"))
            assert reason
        assert await kit.factors.passkeys("u1") == []

    on_asyncio(main)
