"""Made-up values for settings that the application requires and nobody gave.

An application whose settings are incomplete fails at import, at its start or at the first request
that needs them. What is missing is read off the error, a value of the right type is put into the
environment, and it is tried again. Every made-up value is reported.
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from . import declared, fitting

_NAMED = re.compile(r"['\"`]?\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\b['\"`]?")
_COMPLAINT = re.compile(
    r"missing|not set|required|not found|undefined|must be set|must be defined|no default|"
    r"environment|not configured|provide",
    re.IGNORECASE,
)
CANDIDATES = (
    fitting.LONG,
    "1",
    "true",
    "https://made-up.test/",
    "made-up@buckler.test",
    "[]",
    "{}",
    "127.0.0.1",
)

made_up: Dict[str, str] = {}
_tried: Dict[str, List[str]] = {}


def repair(error: BaseException) -> bool:
    """Make up what an import or a start failed for.

    Args:
        error: What it raised.

    Returns:
        Whether something was changed, so that another try makes sense.
    """
    return any(_pydantic(e) or _key_error(e) or _complaint(e) for e in _chain(error))


def repair_declared(error: BaseException) -> bool:
    """Make up what a request failed for: fields of a class of settings and nothing else.

    A request may hold anything, so that texts of errors are no reason to change the environment.
    """
    return any(_pydantic(e) for e in _chain(error))


def wanted(error: BaseException) -> List[str]:
    """The environment variables that an error complains of, as far as it tells."""
    found = [
        declared.variable(owner, item.get("loc") or ())
        for current in _chain(error)
        for owner, item in _complaints(current)
    ]
    return list(dict.fromkeys(found))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: List[BaseException] = []
    current: Optional[BaseException] = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__ or current.__context__


def _set(name: str, value: str) -> bool:
    if made_up.get(name) == value or (name in os.environ and name not in made_up):
        return False
    made_up[name] = os.environ[name] = value
    return True


def _complaints(error: BaseException) -> Iterator[Tuple[Any, Mapping[str, Any]]]:
    """The fields of a class of settings that an error is about."""
    if type(error).__name__ != "ValidationError" or not hasattr(error, "errors"):
        return
    owner = declared.owner(error)
    if owner is not None:
        yield from ((owner, item) for item in error.errors() if item.get("loc"))


def _pydantic(error: BaseException) -> bool:
    changed = False
    for owner, item in _complaints(error):
        location = item["loc"]
        name = declared.variable(owner, location)
        if name in os.environ and name not in made_up:
            continue
        choices = [*declared.choices(owner, location), *CANDIDATES]
        tried = _tried.setdefault(name, [])
        value = next((c for c in choices if c not in tried), None)
        if value is not None:
            tried.append(value)
            changed = _set(name, value) or changed
    return changed


def _key_error(error: BaseException) -> bool:
    if not isinstance(error, KeyError) or not error.args or not isinstance(error.args[0], str):
        return False
    text = error.args[0]
    return (
        bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text))
        and text not in os.environ
        and _set(text, fitting.by_name(text))
    )


def _complaint(error: BaseException) -> bool:
    text = str(error)[:500]
    if isinstance(
        error, (ValueError, RuntimeError, KeyError, LookupError, Exception)
    ) and _COMPLAINT.search(text):
        for name in _NAMED.findall(text):
            if len(name) > 2 and name not in os.environ and ("_" in name or len(name) > 4):
                return _set(name, fitting.by_name(name))
    return False
