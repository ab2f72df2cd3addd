"""Tells an answer of a page from the one that a site gives to everything that is not there.

Many sites answer 200 to any address, with the start page of an application in the browser, or send
whoever is not signed in to a form. Neither says that a handler ran.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from buckler.scan.engines.interface import Answer, Request

COMPARED = 4000
"""Bytes of two bodies that are compared."""
ALIKE = 0.95
MIN_REPEATED = 4
"""Characters that a segment of an address has to have, to be looked for in an answer that repeats it."""
_PASSING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,}|\d+", re.IGNORECASE
)
"""Identifiers of a request and times, which are others in each answer."""
_PASSWORD = re.compile(r"<input\b[^<>]{0,500}?\btype\s{0,9}=\s{0,9}[\"']?password", re.IGNORECASE)
_SIGN_IN = re.compile(
    r"(^|[/_-])(log-?in|sign-?in|log-?on|auth|sso|oauth2?|authorize|accounts?)([/_?.-]|$)",
    re.IGNORECASE,
)


class Likeness:
    """Remembers how a site answers what is not there."""

    def __init__(self) -> None:
        self._absent: list[tuple[str, Answer]] = []

    def know(self, request: Request, answer: Answer) -> None:
        """Take the answer to an address that nobody can have made."""
        self._absent.append((request.path, answer))

    @property
    def answers_everything(self) -> bool:
        """Whether what is not there is answered with success."""
        return any(200 <= (answer.status or 0) < 300 for _, answer in self._absent)

    def is_absent(self, request: Request, answer: Answer) -> bool:
        """Whether an answer is the one that is given to everything."""
        return any(
            answer.status == other.status
            and answer.media_type == other.media_type
            and _leads_alike(answer, request.path, other, path)
            and _reads_alike(answer, request.path, other, path)
            for path, other in self._absent
        )

    def is_of_handler(self, request: Request, answer: Answer) -> bool:
        """Whether the operation's own handler seems to have answered.

        A site does not show it: success counts, unless everything is answered so, somebody is asked
        to sign in, or the answer says itself that it is none.
        """
        status = answer.status or 0
        if not 200 <= status < 400 or self.is_absent(request, answer):
            return False
        if status >= 300:
            return not leads_to_sign_in(answer) and not _only_moved(request, answer)
        if asks_to_sign_in(answer):
            return _SIGN_IN.search(request.path) is not None
        return not _tells_of_failure(answer)


def asks_to_sign_in(answer: Answer) -> bool:
    """Whether a page is a form that asks for a password."""
    return "html" in answer.media_type and _PASSWORD.search(answer.text) is not None


def leads_to_sign_in(answer: Answer) -> bool:
    """Whether a redirect leads to where people sign in."""
    return _SIGN_IN.search(answer.header("location") or "") is not None


def _only_moved(request: Request, answer: Answer) -> bool:
    """Whether a redirect leads to the same path: with or without a slash, as routers do, or on another
    scheme, host or port, as proxies do.
    """
    try:
        target = urlsplit(answer.header("location") or "")
    except ValueError:
        return False
    if target.path.rstrip("/") != request.path.rstrip("/"):
        return False
    elsewhere = bool(target.netloc) and f"{target.scheme}://{target.netloc}" != request.origin
    return elsewhere or target.path != request.path


def _tells_of_failure(answer: Answer) -> bool:
    """Whether JSON with a status of success says that there was none, as GraphQL and many others do."""
    data = answer.json if "json" in answer.media_type else None
    if not isinstance(data, dict) or data.get("data"):
        return False
    told = data.get("error") or data.get("errors")
    return (bool(told) and isinstance(told, str | dict | list)) or data.get("success") is False


def _leads_alike(answer: Answer, path: str, other: Answer, other_path: str) -> bool:
    """Whether two redirects lead to one place, but for the address that both repeat."""
    mine, its = answer.header("location") or "", other.header("location") or ""
    return mine == its or mine.replace(path, "") == its.replace(other_path, "")


def _reads_alike(answer: Answer, path: str, other: Answer, other_path: str) -> bool:
    """Whether two bodies begin alike, as they are or without the addresses that they repeat."""
    pairs = zip(_readings(answer, path), _readings(other, other_path), strict=True)
    return any(_alike(mine, its) for mine, its in pairs)


def _readings(answer: Answer, path: str) -> Iterator[str]:
    """The beginning of a body as it is, without its address, and without the end of that."""
    text = _PASSING.sub("0", answer.body[:COMPARED].decode("utf-8", "replace"))
    yield text
    whole = _PASSING.sub("0", path)
    last = whole.rpartition("/")[2]
    text = text.replace(whole, "") if len(whole) > MIN_REPEATED else text
    yield text
    yield text.replace(last, "") if len(last) >= MIN_REPEATED else text


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE
