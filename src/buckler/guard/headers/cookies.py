"""Cookies get the attributes they were sent without (RFC 6265bis; CWE-614, CWE-1004, CWE-1275, ASVS V3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from buckler.guard.options import GuardError, Weakness, flag, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """What a ``Set-Cookie`` without an attribute is given; one that has it keeps it.

    ``Secure`` is added over https, to ``SameSite=None`` and to names with a prefix: over plain http
    a browser would drop the cookie. ``__Host-`` also loses its domain and gets ``Path=/``
    (RFC 6265bis, 4.1.3).

    Attributes:
        secure: Add ``Secure``.
        http_only: Add ``HttpOnly``.
        same_site: Add this ``SameSite``; None adds none.
        readable: Names that scripts have to read (a CSRF token's): no ``HttpOnly``.
    """

    secure: bool = True
    http_only: bool = True
    same_site: Literal["Lax", "Strict"] | None = "Lax"
    readable: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.same_site not in ("Lax", "Strict", None):
            raise GuardError(
                f"same_site: {self.same_site!r} is not Lax or Strict",
                hint="a cookie that needs SameSite=None says so itself",
            )
        flag(self.secure, "secure")
        flag(self.http_only, "http_only")
        readable = frozenset(texts(self.readable, "readable", "csrftoken"))
        object.__setattr__(self, "readable", readable)

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than its defaults."""
        if not self.secure:
            yield "cookies_secure", "cookies may go over plain http; Cookies(secure=True)"
        if not self.http_only:
            yield (
                "cookies_http_only",
                "scripts may read every cookie; name those that they need in Cookies(readable=...)",
            )
        if self.same_site is None:
            yield (
                "cookies_same_site",
                "cookies go along wherever a browser's default lets them; Cookies(same_site='Lax')",
            )

    def repair(self, value: bytes, *, https: bool) -> bytes:
        """A ``Set-Cookie`` value with what it lacks; all else stays to the letter.

        Args:
            value: As the application sent it.
            https: Whether the answer goes out encrypted.
        """
        parts = value.split(b";")
        given = {part.split(b"=", 1)[0].strip().lower() for part in parts[1:]}
        name = parts[0].split(b"=", 1)[0].strip()
        lower = name.lower()
        host = lower.startswith(b"__host-")
        prefixed = host or lower.startswith(b"__secure-")
        added = []
        if host:
            parts = parts[:1] + [p for p in parts[1:] if not _is(p, b"domain", b"path")]
            added.append(b"Path=/")
        cross_site = any(_is(p, b"samesite") and b"none" in p.lower() for p in parts[1:])
        wanted = prefixed or (self.secure and (https or cross_site))
        if wanted and b"secure" not in given:
            added.append(b"Secure")
        if (
            self.http_only
            and b"httponly" not in given
            and name.decode("latin-1") not in self.readable
        ):
            added.append(b"HttpOnly")
        if self.same_site and b"samesite" not in given:
            added.append(b"SameSite=" + self.same_site.encode())
        if not added and len(parts) == value.count(b";") + 1:
            return value
        return b"; ".join([b";".join(parts).rstrip(b"; "), *added])


def _is(part: bytes, *names: bytes) -> bool:
    return part.split(b"=", 1)[0].strip().lower() in names
