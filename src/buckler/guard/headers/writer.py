"""Puts the headers into an answer: compiled once, one list for each kind of answer.

Threat: a header that is there on most answers and missing on the one that counts, and a layer that
loses what the application sent: a header's values live in a list and never pass through a mapping,
which would keep one ``Set-Cookie`` of two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from buckler.guard.headers.policy import HeaderPolicy
from buckler.guard.inbound import HTTPS, PERSONAL, Inbound

Pairs = tuple[tuple[bytes, bytes], ...]
_CACHE = b"cache-control"
_COOKIE = b"set-cookie"
_BESIDE = frozenset((b"vary", _COOKIE))
"""Headers of which an answer may have several: guard's stand beside the application's."""
_LENGTH = b"content-length"
_TYPE = b"content-type"
_DYNAMIC: Final = frozenset(
    (
        *(b"ratelimit", b"ratelimit-policy", b"access-control-allow-origin"),
        *(b"access-control-allow-credentials", b"access-control-expose-headers"),
    )
)
"""What an answer gets for its own request; an application's of that name is replaced then."""
_LEARNT: Final = 256
_LONGEST_LEARNT: Final = 1024
"""Kinds of answers that are remembered, and characters of the names in one: some applications let callers name headers."""
_UNKEPT: Final[Pairs] = ((_CACHE, b"no-store"),)
"""For a page that holds its nonce: kept, it would give one to many, and to a 304 the nonce of another."""


class HeaderWriter:
    """A :class:`HeaderPolicy`, compiled.

    Args:
        policy: What the answers say.
        usual: The ``more`` of most requests.
    """

    __slots__ = (
        *("_cache", "_kinds", "_learnt", "_policies", "_policy", "_removed", "_special", "_usual"),
        *("_whole", "has_nonce"),
    )

    def __init__(self, policy: HeaderPolicy, usual: Pairs = ()) -> None:
        self._policy = policy
        self._policies = tuple(p for p in policy.policies if p.has_nonce)
        # Of answers with a nonce no two are the same.
        self._usual: Pairs | None = None if self._policies else usual
        self.has_nonce = bool(self._policies)
        self._removed = frozenset(name.encode("latin-1") for name in policy.removed)
        fixed = [(p.header, p.value().encode()) for p in policy.policies if not p.has_nonce]
        fixed += policy.fixed()
        sts, cache = policy.strict_transport_security, policy.cache_control
        secure = [(sts.header, sts.value().encode())] if sts else []
        self._cache: Pairs = ((cache.header, cache.value().encode()),) if cache else ()
        always = self._cache if cache and cache.when == "always" else ()
        self._kinds: tuple[Pairs, Pairs, Pairs, Pairs] = (
            (*fixed, *always),
            (*fixed, *secure, *always),
            (*fixed, *self._cache),
            (*fixed, *secure, *self._cache),
        )
        self._whole = tuple([*pairs, *usual] for pairs in self._kinds)
        """All that most answers get, by the flags: one list to put behind another."""
        names = {name for name, _ in self._kinds[HTTPS | PERSONAL]}
        names |= {p.header for p in self._policies}
        self._special = frozenset(names | self._removed | {_CACHE, _COOKIE} | _DYNAMIC)
        self._learnt: dict[tuple[int | bytes, ...], Pairs] = {}
        """By the flags and the names of an answer's headers, what it lacks: routes answer with the same ones."""

    def complete(self, inbound: Inbound, headers: Any) -> list[tuple[bytes, bytes]]:
        """The headers of an answer and those of the policy, in a new list.

        Args:
            inbound: The request; its ``more`` replaces the application's but for ``Vary``.
            headers: What the application sends.
        """
        if (
            inbound.more is self._usual
            and type(headers) is list
            and len(headers) == 2
            and headers[0][0] == _LENGTH
            and headers[1][0] == _TYPE
        ):
            # What Starlette makes of a JSON answer: nothing in it is anybody's wish.
            whole: list[tuple[bytes, bytes]] = headers + self._whole[inbound.flags]
            return whole
        pairs = self._kinds[inbound.flags]
        if self._policies:
            if inbound.has_nonce:
                pairs = _with(pairs, _UNKEPT)
            nonce = inbound.nonce
            pairs += tuple((p.header, p.value(nonce).encode()) for p in self._policies)
        return self._joined(list(headers), pairs, inbound.flags, inbound.more)

    def _joined(
        self, headers: list[tuple[bytes, bytes]], pairs: Pairs, flags: int, more: Pairs
    ) -> list[tuple[bytes, bytes]]:
        names = dict(headers)
        if self._special.isdisjoint(names) and (not names or b"".join(names).islower()):
            return [*headers, *pairs, *more]
        if more is not self._usual:
            return self._mended(headers, pairs, flags, more)
        kind: tuple[int | bytes, ...] = (flags, *names)
        lacking = self._learnt.get(kind)
        if lacking is not None:
            return [*headers, *lacking, *more]
        if len(self._learnt) < _LEARNT and self._keeps(names, more):
            self._learnt[kind] = tuple(pair for pair in pairs if pair[0] not in names)
        return self._mended(headers, pairs, flags, more)

    def _keeps(self, names: Collection[bytes], more: Pairs) -> bool:
        """Whether an answer's headers all stay as they are, whatever is in them."""
        joined = b"".join(names)
        return (
            not self._policy.enforce
            and len(joined) <= _LONGEST_LEARNT
            and joined.islower()
            and _COOKIE not in names
            and self._removed.isdisjoint(names)
            and not any(name in names for name, _ in more)
        )

    def repaired(
        self, headers: Iterable[tuple[bytes, bytes]], flags: int
    ) -> list[tuple[bytes, bytes]]:
        """The same headers with cookies repaired; for the answer that opens a websocket."""
        cookies = self._policy.cookies
        if cookies is None:
            return list(headers)
        https = bool(flags & HTTPS)
        return [
            (name, cookies.repair(value, https=https) if name.lower() == _COOKIE else value)
            for name, value in headers
        ]

    def _mended(
        self, headers: Iterable[tuple[bytes, bytes]], pairs: Pairs, flags: int, more: Pairs
    ) -> list[tuple[bytes, bytes]]:
        """Where both speak of a header, or a cookie or a telling name is among them."""
        given = [(name.lower(), name, value) for name, value in headers]
        present = {lower for lower, _, _ in given}
        if _COOKIE in present and not flags & PERSONAL:
            pairs = _with(pairs, self._cache)
        replaced: frozenset[bytes] = frozenset()
        if self._policy.enforce:
            replaced = frozenset(name for name, _ in pairs)
        else:
            pairs = tuple(pair for pair in pairs if pair[0] not in present)
        replaced |= {name for name, _ in more if name not in _BESIDE}
        cookies = self._policy.cookies
        kept = []
        for lower, name, value in given:
            if lower in replaced or lower in self._removed:
                continue
            if lower == _COOKIE and cookies is not None:
                value = cookies.repair(value, https=bool(flags & HTTPS))
            kept.append((name, value))
        # A cookie of guard's comes before the application's: of two with one name the last one counts.
        first = [pair for pair in more if pair[0] == _COOKIE]
        return [*first, *kept, *pairs, *(pair for pair in more if pair[0] != _COOKIE)]


def _with(pairs: Pairs, cache: Pairs) -> Pairs:
    """The same with a ``Cache-Control`` where there is none."""
    return pairs if any(name == _CACHE for name, _ in pairs) else (*pairs, *cache)
