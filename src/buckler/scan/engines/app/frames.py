"""Answers as they come over the pipe: from a process that may say anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.interface import Answer, Hit


def answer_of(frame: Mapping[str, Any]) -> Answer:
    """Build an answer from a frame.

    Raises:
        ChildLost: The frame is not of the expected shape.
    """
    try:
        return Answer(
            status=frame["status"] if isinstance(frame["status"], int) else None,
            headers=tuple((str(n), str(v)) for n, v in frame["headers"]),
            body=str(frame["body"]).encode("latin-1", "replace"),
            size=int(frame.get("size", 0)),
            hits=tuple(_hit(item) for item in frame["hits"]),
            entered=tuple(map(str, frame["entered"])),
            effects=tuple(map(str, frame["effects"])),
            reads=tuple(map(str, frame.get("reads", ()))),
            refused=tuple(dict(item) for item in frame["refused"]),
            error=frame.get("error"),
            timeout=bool(frame.get("timeout")),
            ms=float(frame.get("ms", 0.0)),
            cpu=float(frame.get("cpu", 0.0)),
            close=frame["close"] if isinstance(frame.get("close"), int) else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ChildLost("garbage", f"an answer cannot be read: {error!r}") from error


def _hit(item: Mapping[str, Any]) -> Hit:
    argument = item["argument"]
    return Hit(
        sink=str(item["sink"]),
        call=str(item["call"]),
        argument=tuple(map(str, argument)) if isinstance(argument, list) else str(argument),
        frames=tuple((str(p), int(line), str(f)) for p, line, f in item["frames"]),
        more={k: v for k, v in item.items() if k not in ("sink", "call", "argument", "frames")},
    )
