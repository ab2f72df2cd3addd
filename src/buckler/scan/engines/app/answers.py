"""What the child says, made into values: bounded and checked, whatever it sent.

The process belongs to the application, which can write into the pipe itself. The agent keeps
within these bounds; what goes beyond them did not come from it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buckler.core.errors import ApplicationError
from buckler.core.redact import Redactor
from buckler.core.report import SERVER_NAMES, OutgoingCall, ServerWanted
from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.interface import Answer, Hit
from buckler.scan.inside import Sources
from buckler.scan.model.decode import UNREADABLE

MAX_BODY = 256 * 1024
MAX_HEADERS = 200
MAX_HEADER = 16 * 1024
MAX_LISTED = 1000
MAX_FRAMES = 64
MAX_TEXT = 16 * 1024
MAX_DEPTH = 6
MAX_NUMBER = 2**53
MAX_WALLS = 20
MAX_SERVERS = 20
MAX_OUTGOING = 100
MAX_NAME = 200
_WANTED = ("kind", "driver", "host", "port", "database", "where")


@dataclass(slots=True)
class Started:
    """What the child said when it stood: the walls and the raw model."""

    walls: dict[str, bool]
    why: dict[str, str]
    model: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Databases:
    """What the child said of the application's databases.

    Attributes:
        stores: How many are kept.
        changed: Names of those that held something else than what was kept.
        failed: Why others could not be kept, compared or put back.
    """

    stores: int = 0
    changed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def databases(frame: Mapping[str, Any]) -> Databases:
    """What it said when databases were to be kept, compared or put back.

    Raises:
        ChildLost: It is not of the expected shape.
    """
    try:
        return Databases(
            _size(frame.get("stores", 0)),
            _texts(frame.get("changed", [])),
            _texts(frame.get("failed", [])),
        )
    except UNREADABLE as error:
        raise ChildLost("garbage", f"its databases cannot be read: {error!r}") from error


def started(walls: Mapping[str, Any], frame: Mapping[str, Any]) -> Started:
    """What the first two frames say.

    Raises:
        ChildLost: They are not of the expected shape.
    """
    try:
        if frame["kind"] != "model" or not isinstance(frame["model"], dict):
            raise ValueError("a model was expected")
        stood = list(walls["walls"].items())[:MAX_WALLS]
        why = list(walls.get("why", {}).items())[:MAX_WALLS]
        return Started(
            {str(name): bool(stands) for name, stands in stood},
            {str(name): str(reason)[:MAX_TEXT] for name, reason in why},
            frame["model"],
        )
    except UNREADABLE as error:
        raise ChildLost("garbage", f"what it sent first cannot be read: {error!r}") from error


def drivers(frame: Mapping[str, Any]) -> tuple[str, ...]:
    """Kinds of servers that the application has drivers for, whether it imports or not.

    Raises:
        ChildLost: They are not of the expected shape.
    """
    model = frame.get("model")
    return names((model if isinstance(model, dict) else frame).get("drivers"))


def servers(items: object) -> tuple[ServerWanted, ...]:
    """Servers that drivers were about to connect to.

    Raises:
        ChildLost: They are not of the expected shape.
    """
    if not items:
        return ()
    try:
        if not isinstance(items, list):
            raise TypeError("a list was expected")
        return tuple(_wanted(item) for item in items[:MAX_SERVERS] if item["kind"] in SERVER_NAMES)
    except UNREADABLE as error:
        raise ChildLost("garbage", f"the servers it wants cannot be read: {error!r}") from error


def _wanted(item: Mapping[str, Any]) -> ServerWanted:
    kind, driver, host, port, database, where = (str(item[n])[:MAX_NAME] for n in _WANTED)
    return ServerWanted(kind, driver, host, port, database, where, bool(item.get("allowed")))


def outgoing(items: object) -> tuple[OutgoingCall, ...]:
    """Requests to other people's APIs that were answered in their place.

    Raises:
        ChildLost: They are not of the expected shape.
    """
    if not items:
        return ()
    try:
        return tuple(
            OutgoingCall(
                _text(item["method"])[:MAX_NAME].upper(),
                without_secrets(_text(item["url"])[:MAX_NAME]),
                "recorded" if item["source"] == "recorded" else "made",
                _text(item["where"])[:MAX_NAME],
                _text(item["why"])[:MAX_NAME],
            )
            for item in _list(items, MAX_OUTGOING)
        )
    except UNREADABLE as error:
        raise ChildLost("garbage", f"its outgoing requests cannot be read: {error!r}") from error


def without_secrets(url: str) -> str:
    """An address without user, query and fragment, whatever the child left in it."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + re.split(r"[?#]", path)[0]


def import_failed(label: str, frame: Mapping[str, Any]) -> ApplicationError:
    """Why an application does not import, and what would help.

    Raises:
        ChildLost: It is not of the expected shape.
    """
    try:
        where = "".join(f" at {str(p)[:300]}:{at}" for p, at, _ in (frame.get("frames") or [])[:1])
        kind, message = str(frame.get("type", ""))[:200], _message(frame)
        wanted = [str(name)[:200] for name in (frame.get("wanted") or [])[:5]]
        refused = [str(item.get("what", "")) for item in (frame.get("refused") or [])[:200]]
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise ChildLost("garbage", "its failure cannot be read") from error
    hint = ""
    if wanted:
        hint = f"give {', '.join(wanted)} in a file: --env-file FILE, one NAME=value a line"
    elif kind in ("ModuleNotFoundError", "ImportError"):
        hint = "is this the interpreter of the project? Name it with --python .venv/bin/python"
    elif any("connection" in what for what in refused):
        hint = "it wanted a connection at import, which the box refused: allow it with --allow HOST:PORT"
    return ApplicationError(f"{label} does not import{where}: {kind}: {message}", hint=hint)


def _message(frame: Mapping[str, Any]) -> str:
    """What the exception says, which may be an address with a password or a setting with its value."""
    return Redactor().text(str(frame.get("message", ""))[:MAX_TEXT])[:500]


def names(items: object) -> tuple[str, ...]:
    """Short texts.

    Raises:
        ChildLost: They are not of the expected shape.
    """
    try:
        return _texts(items or [])
    except UNREADABLE as error:
        raise ChildLost("garbage", f"names cannot be read: {error!r}") from error


def answer(frame: Mapping[str, Any], sources: Sources) -> Answer:
    """Build an answer from a frame.

    Args:
        frame: As it came.
        sources: Tells the project's files from others.

    Raises:
        ChildLost: The frame is not of the expected shape, or not within its bounds.
    """
    try:
        return Answer(
            status=_whole(frame["status"], 999),
            headers=tuple(
                (_text(name)[:MAX_HEADER], _text(value)[:MAX_HEADER])
                for name, value in _list(frame["headers"], MAX_HEADERS)
            ),
            body=_text(frame["body"])[:MAX_BODY].encode("latin-1", "replace"),
            size=_size(frame.get("size", 0)),
            hits=tuple(_hit(item, sources) for item in _list(frame["hits"])),
            entered=_texts(frame["entered"]),
            effects=_texts(frame["effects"]),
            reads=_texts(frame.get("reads", [])),
            refused=tuple(_object(item) for item in _list(frame["refused"])),
            error=_error(frame.get("error"), sources),
            timeout=bool(frame.get("timeout")),
            ms=_real(frame.get("ms", 0.0)),
            cpu=_real(frame.get("cpu", 0.0)),
            close=_whole(frame.get("close"), 65535),
        )
    except UNREADABLE as error:
        raise ChildLost("garbage", f"an answer cannot be read: {str(error)[:200]}") from error


def _hit(item: Mapping[str, Any], sources: Sources) -> Hit:
    argument = item["argument"]
    more = {k: v for k, v in item.items() if k not in ("sink", "call", "argument", "frames")}
    return Hit(
        sink=_text(item["sink"])[:MAX_TEXT],
        call=_text(item["call"])[:MAX_TEXT],
        argument=_texts(argument) if isinstance(argument, list) else _text(argument)[:MAX_TEXT],
        frames=sources.frames(item["frames"], MAX_FRAMES),
        more=_object(more),
    )


def _error(data: Any, sources: Sources) -> dict[str, Any] | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise TypeError("an error is an object")
    return {
        "type": _text(data.get("type", ""))[:MAX_TEXT],
        "message": _text(data.get("message", ""))[:MAX_TEXT],
        "frames": sources.frames(data.get("frames", []), MAX_FRAMES),
        "background": bool(data.get("background")),
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _list(value: object, limit: int = MAX_LISTED) -> list[Any]:
    """A list; what is beyond the limit is left out."""
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value[:limit]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item)[:MAX_TEXT] for item in _list(value))


def _whole(value: object, most: int) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("a number is out of its range")
    return value


def _size(value: object) -> int:
    size = _whole(value, MAX_NUMBER)
    if size is None:
        raise TypeError("a number was expected")
    return size


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number was expected")
    if not math.isfinite(value) or abs(value) > MAX_NUMBER:
        raise ValueError("a number is out of its range")
    return float(value)


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("an object was expected")
    plain: dict[str, Any] = _plain(value, 0)
    return plain


def _plain(value: Any, depth: int) -> Any:
    """A JSON value within bounds."""
    if depth > MAX_DEPTH:
        raise ValueError("a value is nested too deeply")
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value[:MAX_LISTED]]
    if isinstance(value, dict):
        items = list(value.items())[:MAX_LISTED]
        return {str(key)[:MAX_TEXT]: _plain(item, depth + 1) for key, item in items}
    return value if value is None or isinstance(value, bool) else _number(value)


def _number(value: object) -> int | float:
    _real(value)
    return value if isinstance(value, int) else _real(value)
