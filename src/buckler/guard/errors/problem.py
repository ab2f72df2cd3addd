"""Answers to what goes wrong: problem details (RFC 9457) that tell the caller nothing of the inside.

Threat: a traceback, a path, a version, a statement or the caller's own secret in an error (CWE-209; ASVS
5.0 V16.5.1). The answer has a number; the log has the story under the same number.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

JSON_TYPE: Final = b"application/problem+json"
HTML_TYPE: Final = b"text/html; charset=utf-8"
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
    "<h1>{title}</h1><p>Incident {incident}</p></html>"
)


def phrase(status: int) -> str:
    """The standard words for a status (RFC 9110, 15)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem(
    status: int, incident: str, title: str = "", more: Mapping[str, Any] | None = None
) -> bytes:
    """The body of an answer.

    Args:
        status: Of the answer.
        incident: Number of the request; left out where it is empty.
        title: Else the status's own words.
        more: Further members (RFC 9457, 3.2).
    """
    content: dict[str, Any] = {"type": "about:blank", "title": title or phrase(status)}
    content |= {"status": status, **(more or {})}
    if incident:
        content["incident"] = incident
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def page(status: int, incident: str, title: str = "") -> bytes:
    """The same for people: a page without style, script or link."""
    words = html.escape(title or phrase(status))
    return _PAGE.format(title=words, incident=html.escape(incident or "-")).encode()


def wants_page(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks for a page (RFC 9110, 12.5.1): HTML is named before any JSON."""
    accept = headers.get(b"accept", b"").lower()
    at = accept.find(b"text/html")
    return at >= 0 and (b"json" not in accept or at < accept.find(b"json"))


def body(
    headers: Mapping[bytes, bytes],
    status: int,
    incident: str,
    title: str = "",
    more: Mapping[str, Any] | None = None,
) -> tuple[bytes, bytes]:
    """Content type and body of an answer, as its caller reads them best.

    Args:
        headers: Of the request, names in lower case.
        status: Of the answer.
        incident: Number of the request.
        title: Else the status's own words.
        more: Further members; JSON alone shows them.
    """
    if wants_page(headers):
        return HTML_TYPE, page(status, incident, title)
    return JSON_TYPE, problem(status, incident, title, more)
