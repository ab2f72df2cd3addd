"""What a call of a cryptography library is given: algorithms, modes, nonces, sizes."""

from __future__ import annotations

from collections.abc import Iterator

from buckler.scan.engines.source.flow.libraries.credentials import DRAWN
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import Value, only, truth

CIPHER = "cryptography.hazmat.primitives.ciphers.{Cipher,base.Cipher}"
CRYPTO = "{Crypto,Cryptodome}.Cipher."
"""Prefix of the modules of pycryptodome's ciphers, under both of its names."""


def short(thing: External) -> str:
    """The last part of a name: ``ECB`` of ``…modes.ECB``."""
    return thing.name.rpartition(".")[2]


def externals(value: Value | None) -> list[External]:
    """What of a library a value may be."""
    return things(value, External) if value is not None else []


def named(value: Value | None, prefix: str) -> Iterator[External]:
    """Those whose name begins so, and those that they were made with: ``ECDSA(SHA1())``."""
    for thing in externals(value):
        if thing.name.startswith(prefix):
            yield thing
            for inner in (*thing.given, *thing.named.values()):
                yield from named(inner, prefix)


def argument_of(thing: External, position: int, name: str) -> Value | None:
    """What an object of a library was made with."""
    if name in thing.named:
        return thing.named[name]
    return thing.given[position] if position < len(thing.given) else None


def fixed(value: Value | None) -> str:
    """Why a value is the same for every message: ``constant`` or ``start`` (drawn once); empty where it may differ."""
    if value is None:
        return ""
    if value.objs:
        drawn = [t for t in externals(value) if t.name == DRAWN]
        once = len(drawn) == len(value.objs) and value.alts is None
        return "start" if once and all(truth(t.named["once"]) for t in drawn) else ""
    if value.alts and all(isinstance(a, str | bytes) and a for a in value.alts):
        return "constant"
    return ""


def number(value: Value | None) -> int | None:
    """The one number that a value is."""
    found = only(value) if value is not None else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


__all__ = ["CIPHER", "CRYPTO", "argument_of", "externals", "fixed", "named", "number", "short"]
