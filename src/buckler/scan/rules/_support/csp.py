"""Judges a Content-Security-Policy, as browsers of CSP level 3 read it.

The kinds of weakness are those of Google's csp-evaluator; tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

XSS_DIRECTIVES = ("script-src", "object-src", "base-uri")
NONCE_MINIMUM = 8
_NONCE = re.compile(r"^'nonce-(.+)'$")
_HASH = re.compile(r"^'(sha256|sha384|sha512)-[A-Za-z0-9+/_=-]+'$")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:$", re.IGNORECASE)
_KEYWORD = re.compile(r"^'[a-zA-Z-]+'$")
BYPASS_HOSTS = frozenset(
    {
        "ajax.googleapis.com",
        "www.google.com",
        "www.googleapis.com",
        "accounts.google.com",
        "cdnjs.cloudflare.com",
        "cdn.jsdelivr.net",
        "unpkg.com",
        "raw.githubusercontent.com",
        "storage.googleapis.com",
        "s3.amazonaws.com",
    }
)


@dataclass(frozen=True, slots=True)
class Weakness:
    """One thing that takes the policy its effect.

    Attributes:
        grave: Whether scripts of an attacker run in spite of the policy.
    """

    kind: str
    directive: str
    value: str
    grave: bool
    text: str


def parse(policy: str) -> dict[str, list[str]]:
    """Directives and their values; the first of a name counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words and words[0].lower() not in found:
            values = [w.lower() if _KEYWORD.match(w) or _SCHEME.match(w) else w for w in words[1:]]
            found[words[0].lower()] = list(dict.fromkeys(values))
    return found


def weaknesses(policy: str) -> list[Weakness]:
    """What is wrong with one policy, the grave first."""
    directives = _effective(parse(policy))
    found = [
        *_missing(directives),
        *_inline(directives),
        *_open_sources(directives),
        *_bypasses(directives),
        *_plain(directives),
        *_nonces(directives),
    ]
    return sorted(found, key=lambda item: not item.grave)


def _name(directives: Mapping[str, list[str]], name: str) -> str:
    if name in directives or name == "base-uri":
        return name
    return "default-src"


def _effective(directives: dict[str, list[str]]) -> dict[str, list[str]]:
    """The policy without the values that a browser of level 3 ignores."""
    name = _name(directives, "script-src")
    values = directives.get(name)
    if not values:
        return directives
    strict = "'strict-dynamic'" in values
    trusted = any(_NONCE.match(v) or _HASH.match(v) for v in values)
    kept = [v for v in values if not (v == "'unsafe-inline'" and (trusted or strict))]
    if strict:
        kept = [v for v in kept if v.startswith("'") and v not in ("'self'", "'unsafe-inline'")]
    return {**directives, name: kept}


def _missing(directives: Mapping[str, list[str]]) -> Iterator[Weakness]:
    if not directives.get("object-src", directives.get("default-src")):
        yield Weakness(
            "MISSING_DIRECTIVES",
            "object-src",
            "",
            False,
            "object-src is missing: plug-ins may be embedded",
        )
    if "script-src" not in directives and "default-src" not in directives:
        yield Weakness(
            "MISSING_DIRECTIVES",
            "script-src",
            "",
            True,
            "script-src is missing: any script may run",
        )
    values = directives.get(_name(directives, "script-src"), [])
    nonces = any(_NONCE.match(v) for v in values)
    hashes = any(_HASH.match(v) for v in values) and "'strict-dynamic'" in values
    if (nonces or hashes) and "base-uri" not in directives:
        yield Weakness(
            "MISSING_DIRECTIVES",
            "base-uri",
            "",
            False,
            "base-uri is missing: a <base> moves trusted scripts",
        )


def _inline(directives: Mapping[str, list[str]]) -> Iterator[Weakness]:
    name = _name(directives, "script-src")
    if "'unsafe-inline'" in directives.get(name, []):
        yield Weakness(
            "SCRIPT_UNSAFE_INLINE",
            name,
            "'unsafe-inline'",
            True,
            f"{name} allows scripts inside of the page",
        )


def _open_sources(directives: Mapping[str, list[str]]) -> Iterator[Weakness]:
    for name in dict.fromkeys(_name(directives, wanted) for wanted in XSS_DIRECTIVES):
        for value in directives.get(name, []):
            if value in ("data:", "http:", "https:"):
                yield Weakness(
                    "PLAIN_URL_SCHEMES", name, value, True, f"{name} allows every {value} address"
                )
            elif re.sub(r"^([\w+.-]+:)?//", "", value) == "*":
                yield Weakness("PLAIN_WILDCARD", name, value, True, f"{name} allows every host")


def _bypasses(directives: Mapping[str, list[str]]) -> Iterator[Weakness]:
    name = _name(directives, "script-src")
    for value in directives.get(name, []):
        host = re.sub(r"^([\w+.-]+:)?//", "", value).partition("/")[0].partition(":")[0].lower()
        if host in BYPASS_HOSTS:
            text = f"{name} allows {host}, from which anybody can load scripts"
            yield Weakness("SCRIPT_ALLOWLIST_BYPASS", name, value, True, text)


_LOOPBACK = re.compile(r"http://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=[:/]|$)", re.IGNORECASE)
"""Where nobody is on the way (Secure Contexts, 3.1)."""


def _plain(directives: Mapping[str, list[str]]) -> Iterator[Weakness]:
    for name, values in directives.items():
        for value in values:
            if value.lower().startswith("http://") and not _LOOPBACK.match(value):
                yield Weakness("SRC_HTTP", name, value, False, f"{name} loads {value} without TLS")


def _nonces(directives: Mapping[str, list[str]]) -> Iterator[Weakness]:
    for name, values in directives.items():
        for value in values:
            matched = _NONCE.match(value)
            if matched and len(matched.group(1)) < NONCE_MINIMUM:
                yield Weakness(
                    "NONCE_LENGTH", name, value, False, f"a nonce of {name} is too short"
                )
