"""Reads what objects of the application hold, and runs none of its code for that.

A property, ``__getattr__``, ``__class__``, ``__str__`` or ``items`` of the project may raise, never end or change
something. So nothing but what Python itself made is asked: exact types, and the slots of classes.
"""

from __future__ import annotations

import enum
import sys
import types
from itertools import islice
from typing import Any, Dict, Iterator, List, Optional, Tuple

from . import state

MAX_LENGTH = 200
MAX_ITEMS = 40
_ROWS = (list, tuple, set, frozenset)


def text(value: Any) -> Optional[str]:
    """A short text of one line, also where it is bytes; None for anything else."""
    if type(value) in (bytes, bytearray) and len(value) <= 4 * MAX_LENGTH:
        try:
            value = bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return None
    if type(value) is not str or not 0 < len(value) <= MAX_LENGTH:
        return None
    return value if value.isprintable() else None


def said(value: Any) -> Optional[str]:
    """The text of a value: of a number, a truth, a member of an enumeration, a few words in whatever order."""
    kind = type(value)
    if issubclass(kind, enum.Enum):
        value = attributes(value).get("_value_")
        kind = type(value)
    if kind in (bool, int):
        return str(value) if kind is bool or value.bit_length() < 64 else None
    if kind in _ROWS and len(value) <= MAX_ITEMS:
        items = [text(item) for item in value]
        return " ".join(sorted(item for item in items if item)) or None if all(items) else None
    return text(value)


def texts(name: str, value: Any, depth: int = 0) -> Iterator[Tuple[str, str]]:
    """A text with its name, or those one level inside of a record."""
    listed = issubclass(type(value), (list, tuple))
    plain = None if listed and depth == 0 else said(value)
    if plain is not None:
        yield name, plain
    elif depth > 0 or name == "self":
        return
    elif type(value) is dict:
        for key, inner in islice(value.items(), MAX_ITEMS):
            yield from texts(said(key) or "", inner, 1)
    elif type(value) is list or issubclass(type(value), tuple):
        kept: List[Any] = list(islice(type_of(value).__iter__(value), MAX_ITEMS))
        named = _static(type(value), "_fields")
        fields = named if type(named) is tuple and len(named) >= len(kept) else [name] * len(kept)
        for key, inner in zip(fields, kept):  # noqa: B905 - Python 3.9
            yield from texts(said(key) or "", inner, 1)
    elif is_own(type(value)):
        for key, inner in islice(attributes(value).items(), MAX_ITEMS):
            yield from texts(said(key) or "", inner, 1)


def attributes(value: Any) -> Dict[str, Any]:
    """What an object, a module or an enumeration holds by name."""
    if issubclass(type(value), enum.EnumMeta):
        members = _static(value, "_member_map_")
        return members if type(members) is dict else {}
    found: Dict[str, Any] = {}
    for base in _bases(type(value)):
        for name, slot in own(base).items():
            if name == "__dict__":
                if type(slot) is not types.GetSetDescriptorType and base is not types.ModuleType:
                    return {}
                held = slot.__get__(value)
                return {**found, **held} if type(held) is dict else found
            if type(slot) is types.MemberDescriptorType and name[:2] != "__":
                try:
                    found[name] = slot.__get__(value)
                except AttributeError:  # A slot that nothing was put into.
                    continue
    return found


def filename(module: Any) -> Optional[str]:
    """The file of a module; None for whatever else stands among the modules."""
    if not issubclass(type(module), types.ModuleType):
        return None
    name = contents(module).get("__file__")
    return name if type(name) is str else None


def contents(module: types.ModuleType) -> Dict[str, Any]:
    """The names of a module."""
    held = vars(types.ModuleType)["__dict__"].__get__(module)
    return held if type(held) is dict else {}


def type_of(value: Any) -> Any:
    """The built-in type of a row."""
    return tuple if issubclass(type(value), tuple) else list


def is_own(kind: type) -> bool:
    """Whether a class is the project's, so that its objects are about something of the project."""
    module = own(kind).get("__module__")
    place = filename(sys.modules.get(module)) if type(module) is str else None
    return place is not None and state.in_project(place)


def _static(kind: type, name: str) -> Any:
    """What a class or one of its bases holds under a name."""
    return next((own(base)[name] for base in _bases(kind) if name in own(base)), None)


def _bases(kind: type) -> Tuple[type, ...]:
    found: Tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return found


def own(kind: type) -> Any:
    """The names of a class, without those of its bases."""
    return type.__dict__["__dict__"].__get__(kind)
