"""Form tokens: what a page hands out so that only its own forms are taken (CSRF tokens).

A careful application refuses a form without the token of its page. The scan does what a browser
does: it asks for the page as the same visitor, keeps the cookies that the page sets, and sends
the token along, whether the page carries it as a hidden field, a ``meta`` element, a member of
a JSON answer or a cookie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie
from typing import Any

from buckler.scan.engines.interface import Answer, Identity
from buckler.scan.languages.html import Markup

NAMED = re.compile(r"csrf|xsrf|authenticity|anti_?forgery|form_?(token|key)|nonce", re.IGNORECASE)
_RANDOM = re.compile(r"[A-Za-z0-9_\-.=+/]{20,}")
MAX_PAGE = 200_000


def is_form_token(name: str) -> bool:
    """Whether a field, header or cookie of that name holds a form token."""
    return bool(NAMED.search(name))


def visited(identity: Identity, answer: Answer) -> Identity:
    """The identity with the cookies and form tokens of a page that it was given."""
    cookies = cookies_of(answer)
    tokens = dict(identity.tokens)
    tokens.update({name: text for name, text in cookies.items() if is_form_token(name)})
    tokens.update(tokens_of(answer))
    if not cookies and tokens == dict(identity.tokens):
        return identity
    own = dict(_pairs(identity.headers))
    renewed = {name: cookies[name] for name in own if name in cookies}
    headers = identity.headers
    if renewed:
        rest = tuple(pair for pair in headers if pair[0].lower() != "cookie")
        headers = (*rest, ("cookie", joined({**own, **renewed})))
    further = {n: text for n, text in {**dict(identity.cookies), **cookies}.items() if n not in own}
    return replace(
        identity, headers=headers, tokens=tuple(tokens.items()), cookies=tuple(further.items())
    )


def joined(cookies: Mapping[str, str]) -> str:
    """The value of a Cookie header."""
    return "; ".join(f"{name}={text}" for name, text in cookies.items())


def tokens_of(answer: Answer) -> Iterator[tuple[str, str]]:
    """Names and values of the form tokens in a page or in a JSON answer."""
    if "html" in answer.media_type:
        reader = _Reader()
        reader.feed(answer.text[:MAX_PAGE])
        yield from reader.found
    elif "json" in answer.media_type and isinstance(answer.json, Mapping):
        for name, text in answer.json.items():
            if is_form_token(str(name)) and isinstance(text, str):
                yield str(name), text


def token_for(name: str, identity: Identity | None) -> str | None:
    """The token that belongs into a field or header, or None where there is none."""
    tokens = dict(identity.tokens) if identity else {}
    if name in tokens:
        return tokens[name]
    if not is_form_token(name):
        return None
    return next((text for known, text in tokens.items() if is_form_token(known)), None)


def cookies_of(answer: Answer) -> dict[str, str]:
    """The cookies that an answer sets, name to value; deleted ones left out."""
    found: dict[str, str] = {}
    for line in answer.all_headers("set-cookie"):
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(line)
        except CookieError:
            continue
        found.update({name: morsel.coded_value for name, morsel in jar.items() if morsel.value})
    return found


def _pairs(headers: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    for header, text in headers:
        for part in text.split(";") if header.lower() == "cookie" else ():
            name, _, value = part.strip().partition("=")
            yield name, value


class _Reader(Markup):
    """Collects hidden fields and ``meta`` elements that look like tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        name, text = given.get("name"), given.get("value" if tag == "input" else "content")
        if not name or not text or tag not in ("input", "meta"):
            return
        hidden = tag == "input" and str(given.get("type")).lower() == "hidden"
        if is_form_token(name) or (hidden and _RANDOM.fullmatch(text)):
            self.found.append((name, text))
