"""Objects from data: CWE-502. A class looked up by a pickle, or marshal data that is loaded."""

from __future__ import annotations

from typing import Any, Tuple

from .. import state
from ..box import audit


def install() -> None:
    """Watch pickle and marshal; YAML and jsonpickle show as imports (see ``code``)."""
    audit.on("pickle.find_class", _found)
    audit.on("marshal.loads", _marshal)


def _found(args: Tuple[Any, ...]) -> None:
    name = ".".join(state.text_of(part) for part in args)
    if state.hit("pickle", "pickle.Unpickler.find_class", name):
        raise state.Stopped("Buckler stopped this object before it was made")


def _marshal(args: Tuple[Any, ...]) -> None:
    if isinstance(args[0], (bytes, bytearray)) and len(args[0]) < 100_000:
        state.hit("marshal", "marshal.loads", state.text_of(args[0]))
