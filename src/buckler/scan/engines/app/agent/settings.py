"""Made-up values for settings that the application requires and nobody gave.

An application whose settings are incomplete fails at import, long before there is anything to
scan. What is missing is read off the error, a value of the right type is put into the
environment, and the import is tried again. Every made-up value is reported.
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Iterator, List, Optional

_NAMED = re.compile(r"['\"`]?\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\b['\"`]?")
_COMPLAINT = re.compile(
    r"missing|not set|required|not found|undefined|must be set|must be defined|no default|"
    r"environment|not configured|provide",
    re.IGNORECASE,
)
_LONG = "made-up-by-buckler-" + "0123456789abcdef" * 3
CANDIDATES = (
    _LONG,
    "1",
    "true",
    "https://made-up.test/",
    "made-up@buckler.test",
    "[]",
    "{}",
    "127.0.0.1",
)

made_up: Dict[str, str] = {}


def repair(error: BaseException) -> bool:
    """Make up what an import failed for.

    Args:
        error: What the import raised.

    Returns:
        Whether something was changed, so that another try makes sense.
    """
    seen: List[BaseException] = []
    current: Optional[BaseException] = error
    while current is not None and current not in seen:
        seen.append(current)
        if _pydantic(current) or _key_error(current) or _complaint(current):
            return True
        current = current.__cause__ or current.__context__
    return False


def _set(name: str, value: str) -> bool:
    if made_up.get(name) == value or (name in os.environ and name not in made_up):
        return False
    made_up[name] = os.environ[name] = value
    return True


def _next(name: str) -> Optional[str]:
    tried = made_up.get(name)
    if tried not in CANDIDATES:
        return CANDIDATES[0]
    at = CANDIDATES.index(tried) + 1
    return CANDIDATES[at] if at < len(CANDIDATES) else None


def _pydantic(error: BaseException) -> bool:
    if type(error).__name__ != "ValidationError" or not hasattr(error, "errors"):
        return False
    owner = _settings_class(str(getattr(error, "title", "")))
    changed = False
    for item in error.errors():
        location = item.get("loc") or ()
        if owner is None or not location:
            continue
        name = _variable(owner, str(location[0]))
        kind = str(item.get("type", ""))
        value = (
            _typed(owner, str(location[0]))
            if "missing" in kind and name not in made_up
            else _next(name)
        )
        if value is not None:
            changed = _set(name, value) or changed
    return changed


def _settings_class(title: str) -> Any:
    import sys

    base = None
    for module in ("pydantic_settings", "pydantic"):
        base = base or getattr(sys.modules.get(module), "BaseSettings", None)
    return next((c for c in _subclasses(base) if c.__name__ == title), None) if base else None


def _subclasses(base: Any) -> Iterator[Any]:
    for child in reversed(base.__subclasses__()):
        yield child
        yield from _subclasses(child)


def _variable(owner: Any, field: str) -> str:
    config = getattr(owner, "model_config", {}) or {}
    fields = getattr(owner, "model_fields", {})
    for name, info in fields.items():
        alias = getattr(info, "validation_alias", None)
        if field in (alias, getattr(info, "alias", None)):
            return field.upper() if not config.get("case_sensitive") else field
        if name == field:
            break
    name = str(config.get("env_prefix") or "") + field
    return name if config.get("case_sensitive") else name.upper()


def _typed(owner: Any, field: str) -> str:
    info = getattr(owner, "model_fields", {}).get(field)
    kind = str(getattr(info, "annotation", str)).lower()
    for word, value in (
        ("postgres", "postgresql://made-up:made-up@127.0.0.1:5432/made-up"),
        ("redis", "redis://127.0.0.1:6379/0"),
        ("mysql", "mysql://made-up:made-up@127.0.0.1:3306/made-up"),
        ("mongo", "mongodb://127.0.0.1:27017/made-up"),
        ("url", "https://made-up.test/"),
        ("email", "made-up@buckler.test"),
        ("bool", "true"),
        ("int", "1"),
        ("float", "1"),
        ("list", "[]"),
        ("dict", "{}"),
        ("path", "/tmp"),
    ):
        if word in kind:
            return value
    return _by_name(field)


def _by_name(name: str) -> str:
    lowered = name.lower()
    if "database" in lowered or lowered in ("db_url", "dsn", "sqlalchemy_url", "db_uri"):
        return "sqlite:///./buckler-made-up.db"
    if lowered.endswith(("_url", "_uri")):
        return "https://made-up.test/"
    if lowered.endswith("_port") or lowered == "port":
        return "8000"
    return _LONG


def _key_error(error: BaseException) -> bool:
    if not isinstance(error, KeyError) or not error.args or not isinstance(error.args[0], str):
        return False
    text = error.args[0]
    return (
        bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text))
        and text not in os.environ
        and _set(text, _by_name(text))
    )


def _complaint(error: BaseException) -> bool:
    text = str(error)[:500]
    if isinstance(
        error, (ValueError, RuntimeError, KeyError, LookupError, Exception)
    ) and _COMPLAINT.search(text):
        for name in _NAMED.findall(text):
            if len(name) > 2 and name not in os.environ and ("_" in name or len(name) > 4):
                return _set(name, _by_name(name))
    return False
