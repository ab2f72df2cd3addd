"""Reads Set-Cookie lines: RFC 6265bis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from buckler.scan.engines.interface import Answer, Exchange
from buckler.scan.engines.observations import Observations

CREDENTIAL = re.compile(
    r"sess|(^|[-_])sid$|^sid|auth|token|jwt|remember|(^|[-_])login|(^|[-_])user(_?id)?$|credential|identity|"
    r"access|refresh|(^|[-_])key$",
    re.IGNORECASE,
)
CSRF = re.compile(r"csrf|xsrf", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie as it was set.

    Attributes:
        same_site: ``lax``, ``strict``, ``none`` or an empty text.
        where: ``path:line`` of the call that set it, where the agent saw it.
    """

    name: str
    value: str
    secure: bool
    http_only: bool
    same_site: str
    where: str = ""

    @property
    def is_credential(self) -> bool:
        """Whether whoever has the cookie is taken for its owner, by its name."""
        return CREDENTIAL.search(self.name) is not None and not CSRF.search(self.name)


def cookies_of(answer: Answer) -> Iterator[Cookie]:
    """Cookies that an answer sets; those it deletes are left out."""
    for line in answer.all_headers("set-cookie"):
        cookie = cookie_of(line)
        if cookie is not None:
            begin = f"set-cookie {cookie.name} "
            where = next((e.split()[-1] for e in answer.effects if e.startswith(begin)), "")
            yield replace(cookie, where=where)


def cookie_of(line: str) -> Cookie | None:
    """The cookie of one Set-Cookie line; None where there is none, or where it takes one away."""
    first, *rest = (part.strip() for part in line.split(";"))
    name, found, value = first.partition("=")
    options = {
        key.strip().lower(): text.strip() for key, _, text in (p.partition("=") for p in rest)
    }
    removed = options.get("max-age") in ("0", "-1") or "1970" in options.get("expires", "")
    if not found or not value.strip('" ') or removed:
        return None
    same_site = options.get("samesite", "").lower()
    return Cookie(name, value, "secure" in options, "httponly" in options, same_site)


def exchanges(seen: Observations) -> Iterator[Exchange]:
    """Every answer that was kept, each once."""
    known: set[int] = set()
    for exchange in (*seen.everything, *(e for kept in seen.kinds.values() for e in kept)):
        if id(exchange) not in known:
            known.add(id(exchange))
            yield exchange
