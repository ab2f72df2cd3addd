"""Why an operation was not reached, for people."""

from __future__ import annotations

import json

from buckler.scan.engines.interface import Answer, Exchange


def why_not(cell: Exchange | None, lost: str, identities: bool) -> str:
    """Why an operation was not reached, for people."""
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
        detail = json.loads(answer.body)["detail"][0]
        return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"[:160]
    except (ValueError, KeyError, IndexError, TypeError):
        return "the made-up values are not valid"
