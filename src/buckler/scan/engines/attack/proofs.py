"""Evidence in the shapes of the report: exchanges with curl and pytest, sink hits, settings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from buckler.core.finding import Proof
from buckler.core.redact import Redactor, is_secret_name
from buckler.scan.engines.interface import Exchange, Hit, Probe, Request

MAX_BODY = 2000
"""Bytes of a body that a report shows."""
MAX_ARGUMENT = 1200
"""Characters of the argument of a sink that a report shows."""
HIDDEN_HEADERS = frozenset({"content-length", "user-agent", "accept", "accept-encoding"})
PLAIN_HEADERS = frozenset(
    {"host", "user-agent", "accept", "accept-language", "accept-encoding", "content-length"}
    | {"content-type", "content-encoding", "origin", "referer", "range", "connection", "upgrade"}
    | {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip"}
    | {"access-control-request-method", "access-control-request-headers", "if-none-match"}
)
"""Headers that sign nobody in."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TEXTUAL = re.compile(rb"^[\t\n\r\x20-\x7e\x80-\xff]*$")


def exchange(item: Exchange, redactor: Redactor, *, mark: str = "", why: str = "") -> Proof:
    """A request and its answer.

    Args:
        item: What was sent and what came back.
        redactor: Masks secrets in both.
        mark: What shows the weakness in the answer.
        why: What the exchange shows, in words.
    """
    request, answer = item.request, item.answer
    data: dict[str, Any] = {
        "request": {
            "method": request.method,
            "url": redactor.text(request.url),
            "headers": [list(pair) for pair in redactor.headers(_shown(request.headers))],
            "body": redactor.text(_body_text(request.body)),
            "identity": request.identity,
            "scheme": request.scheme,
            "client": request.client,
        },
        "response": {
            "status": answer.status,
            "headers": [list(pair) for pair in redactor.headers(answer.headers)],
            "body": redactor.text(_around(answer.text, mark)),
            "size": answer.size,
        },
        "replay": {
            "url": redactor.text(request.url),
            "headers": [list(pair) for pair in _replayed(request, redactor, mark)],
            "body_latin1": redactor.text(request.body.decode("latin-1")[:200_000]),
            "messages": redactor.value(list(request.messages)),
        },
        "curl": curl(request, redactor, mark or "\0"),
    }
    if mark:
        data["mark"] = mark
    if why:
        data["shows"] = why
    if answer.error:
        data["response"]["error"] = (
            f"{answer.error.get('type')}: {str(answer.error.get('message'))[:300]}"
        )
    return Proof("exchange", data)


def sink(hit: Hit, mark: str, redactor: Redactor) -> Proof:
    """A dangerous call that the input reached, and where."""
    argument = (
        [redactor.text(_around(a, mark)) for a in hit.argument]
        if isinstance(hit.argument, tuple)
        else (redactor.text(_around(hit.argument, mark)))
    )
    data: dict[str, Any] = {"sink": hit.sink, "call": hit.call, "argument": argument, "mark": mark}
    if hit.more.get("stand_in"):
        data["answered_by"] = "stand-in"
    if hit.frames:
        data["path"], data["line"] = hit.frames[0][0], hit.frames[0][1]
    data["stack"] = [{"path": p, "line": line, "function": f} for p, line, f in hit.frames]
    return Proof("sink", data)


def stored(probe: Probe, item: Exchange) -> Proof:
    """The way from the request that stored a payload to the one in which it came out."""
    operation = item.operation.key if item.operation else item.request.method
    return Proof(
        "flow",
        {
            "steps": [
                {"text": f"stored by {probe.operation.key} in {probe.slot.key}"},
                {"text": f"comes out of {operation}"},
            ]
        },
    )


def setting(name: str, value: object, *, expected: str = "") -> Proof:
    """Something that was read off the application."""
    data: dict[str, Any] = {"name": name, "value": value}
    if expected:
        data["expected"] = expected
    return Proof("setting", data)


def curl(request: Request, redactor: Redactor, mark: str = "\0") -> str:
    """The request as a command line; credentials are named, not shown.

    The Host header is left out unless it is the attack.
    """
    if request.method == "WEBSOCKET":
        return f"websocat {shlex.quote('wss://app' + request.url)}"
    parts = ["curl"]
    if "/.." in request.path or "/./" in request.path:
        parts.append("--path-as-is")
    if request.method != "GET":
        parts += ["-X", request.method]
    for name, value in redactor.headers(_shown(request.headers)):
        elsewhere = bool(request.origin) and not request.origin.endswith(f"//{value}")
        if name != "host" or mark in value or elsewhere:
            parts += ["-H", _word(f"{name}: {value}")]
    if request.body:
        text = _body_text(request.body)
        parts += ["--data-binary", _word(redactor.text(text))]
    origin = request.origin or f"{request.scheme}://app"
    parts.append(shlex.quote(f"{origin}{redactor.text(request.url)}"))
    return " ".join(parts)


def _word(text: str) -> str:
    """A word of a command line; with ``$'…'`` (bash, zsh, ksh) where it has line ends or control characters, which a report cannot show."""
    if not _CONTROL.search(text):
        return shlex.quote(text)
    made = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{_CONTROL.sub(_escaped, made)}'"


def _escaped(found: re.Match[str]) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found.group())
    return named or f"\\x{ord(found.group()):02x}"


def _shown(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name not in HIDDEN_HEADERS]


def _replayed(request: Request, redactor: Redactor, mark: str) -> Iterator[tuple[str, str]]:
    """The headers that make the request what it is, without credentials.

    An identity may sign in with a header of any name, so of its requests only headers that are
    known to hold none are kept, and the one that is the attack; its name suffices to sign in.
    """
    for name, value in request.headers:
        if _is_credential(name) or redactor.text(value) != value:
            continue
        attack = bool(mark) and mark.lower() in value.lower()
        if request.identity is None or attack or name.lower() in PLAIN_HEADERS:
            yield name, value


def _is_credential(name: str) -> bool:
    name = name.lower()
    return is_secret_name(name) or any(word in name for word in ("cookie", "key", "token", "auth"))


def _body_text(body: bytes) -> str:
    if not body:
        return ""
    if not _TEXTUAL.match(body[:4096]):
        return f"<{len(body)} bytes>"
    return body[:MAX_BODY].decode("utf-8", "replace")


def _around(text: str, mark: str, limit: int = MAX_ARGUMENT) -> str:
    """At most ``limit`` characters, around the mark where it is far in."""
    if len(text) <= limit:
        return text
    at = text.lower().find(mark.lower()) if mark else -1
    start = max(at - limit // 2, 0)
    return ("…" if start else "") + text[start : start + limit] + "…"
