"""Tells an answer of a page from the one that a site gives to everything that is not there.

Many sites answer 200 to any address, with the start page of an application in the browser, or send
whoever is not signed in to a form. Neither says that a handler ran.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from urllib.parse import urlsplit

from buckler.scan.engines.interface import Answer, Request

COMPARED = 4000
"""Bytes of two bodies that are compared."""
ALIKE = 0.95
_PASSWORD = re.compile(r"<input\b[^>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
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
            and _alike(_without(answer, request.path), _without(other, path))
            for path, other in self._absent
        )

    def is_of_handler(self, request: Request, answer: Answer) -> bool:
        """Whether the operation's own handler seems to have answered.

        A site does not show it: success counts, unless everything is answered so or somebody is asked
        to sign in.
        """
        status = answer.status or 0
        if 300 <= status < 400:
            return not leads_to_sign_in(answer) and not _only_slash(request, answer)
        if not 200 <= status < 300 or self.is_absent(request, answer):
            return False
        return not asks_to_sign_in(answer) or _SIGN_IN.search(request.path) is not None


def asks_to_sign_in(answer: Answer) -> bool:
    """Whether a page is a form that asks for a password."""
    return "html" in answer.media_type and _PASSWORD.search(answer.text) is not None


def leads_to_sign_in(answer: Answer) -> bool:
    """Whether a redirect leads to where people sign in."""
    return _SIGN_IN.search(answer.header("location") or "") is not None


def _only_slash(request: Request, answer: Answer) -> bool:
    """Whether a redirect only adds or takes a slash, as routers do."""
    try:
        path = urlsplit(answer.header("location") or "").path
    except ValueError:
        return False
    return path != request.path and path.rstrip("/") == request.path.rstrip("/")


def _without(answer: Answer, path: str) -> str:
    """The beginning of a body, without the address that it may repeat."""
    text = answer.body[:COMPARED].decode("utf-8", "replace")
    return (
        text.replace(path, "").replace(path.rpartition("/")[2] or path, "") if path != "/" else text
    )


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE
