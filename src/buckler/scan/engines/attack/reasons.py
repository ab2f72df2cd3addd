"""Says in the coverage why an operation was not reached, so that somebody can do something about it."""

from __future__ import annotations

from buckler.scan.engines.interface import Answer, Exchange


def why_not(cell: Exchange | None, lost: str, identities: bool) -> str:
    """The reason in one line, for people.

    Args:
        cell: The exchange that got furthest; None where nothing could be sent.
        lost: Why the operation was given up, or an empty text.
        identities: Whether there is anybody who could sign in.
    """
    if lost or cell is None:
        return lost or "no request could be sent"
    status = cell.answer.status
    if status in (401, 403):
        hint = "none of the identities may call it" if identities else "no identity is configured"
        return f"answered {status}: {hint}"
    if status == 422:
        return f"answered 422: {_first_error(cell.answer)}"
    if cell.answer.error:
        return f"failed before the handler: {cell.answer.error.get('type')}: {str(cell.answer.error.get('message'))[:120]}"
    if cell.answer.entered:
        return f"another route takes its path: {cell.answer.entered[0].rpartition('.')[2]}"
    return f"answered {status} before the handler"


def _first_error(answer: Answer) -> str:
    try:
        detail = answer.json["detail"][0]
        return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"[:160]
    except (KeyError, IndexError, TypeError):
        return "the made-up values are not valid"
