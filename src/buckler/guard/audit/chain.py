"""Ties the lines of a log together, so that one that was changed, removed or moved shows.

Threat: whoever got in removes the lines that tell of it (CWE-778; ASVS 5.0 V16.4.2). Each line ends with
``"chain":{"alg","seq","prev","hash"}``: its number, the hash of the line before, and a hash over all of
the line but that hash itself. With a key it is HMAC-SHA256 (RFC 2104, FIPS 180-4), which nobody can
make anew without the key. Without one it is SHA-256: it shows accidents and careless hands, no more.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from buckler.guard.options import GuardError

GENESIS: Final = "0" * 64
SHORTEST_KEY: Final = 32
"""Bytes: the length of the hash, below which HMAC is weaker (RFC 2104, 3)."""
_LINK = re.compile(
    rb',?"chain":\{"alg":"(sha256|hmac-sha256)","seq":([1-9]\d{0,17}),"prev":"([0-9a-f]{64})"'
    rb'(,"seal":true)?,"hash":"([0-9a-f]{64})"\}\}\Z'
)
_LONGEST_LINK: Final = 256


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands.

    Attributes:
        seq: Number of the last line; 0 before the first.
        hash: Its hash, in hex.
    """

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Link:
    """What a line says of its place.

    Attributes:
        alg: ``sha256`` or ``hmac-sha256``.
        head: Its own number and hash.
        prev: Hash of the line before.
        seal: Whether the log was ended here on purpose.
        signed: The bytes that the hash is made over.
    """

    alg: str
    head: Head
    prev: str
    seal: bool
    signed: bytes


class Chain:
    """Makes and checks links.

    Args:
        key: At least 32 bytes that whoever can write the log cannot read later, e.g. from a secret
            store; None for SHA-256 without a key.

    Raises:
        GuardError: The key is too short.
    """

    def __init__(self, key: bytes | str | None = None) -> None:
        given = key.encode() if isinstance(key, str) else key
        if given is not None and len(given) < SHORTEST_KEY:
            raise GuardError(
                f"a key of a hash chain has at least {SHORTEST_KEY} bytes, not {len(given)}",
                hint="make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            )
        self._key = given
        self.alg: Final = "sha256" if given is None else "hmac-sha256"

    def __repr__(self) -> str:
        return f"<Chain {self.alg}>"

    def link(self, line: str, head: Head, *, seal: bool = False) -> tuple[bytes, Head]:
        """The next line of the chain, without its end, and where the chain stands then.

        Args:
            line: A JSON object on one line.
            head: Where the chain stands.
            seal: Whether this is the last line, on purpose.
        """
        start = line[:-1] + ("," if len(line) > 2 else "")
        place = f'"alg":"{self.alg}","seq":{head.seq + 1},"prev":"{head.hash}"'
        opened = f'{start}"chain":{{{place}' + (',"seal":true' if seal else "")
        made = self.hash((opened + "}}").encode())
        return f'{opened},"hash":"{made}"}}}}'.encode(), Head(head.seq + 1, made)

    def hash(self, signed: bytes) -> str:
        """Over the whole line without its hash, in hex."""
        if self._key is None:
            return hashlib.sha256(signed).hexdigest()
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest()

    def holds(self, link: Link) -> bool:
        """Whether a line is what it was."""
        return link.alg == self.alg and hmac.compare_digest(self.hash(link.signed), link.head.hash)


def read(line: bytes) -> Link | None:
    """The link of a line; None if it has none. Nothing of the line is parsed but its end."""
    offset = max(0, len(line) - _LONGEST_LINK)
    found = _LINK.search(line, offset)
    if found is None:
        return None
    alg, seq, prev, seal, made = found.groups()
    signed = line[: found.start(5) - len(b',"hash":"')] + b"}}"
    return Link(
        alg.decode(), Head(int(seq), made.decode()), prev.decode(), seal is not None, signed
    )
