"""External entities: CWE-611. lxml reads files without an audit event, so its parsers are watched."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any, Callable

from .. import state
from ..imports import when_imported

_ENTITY = re.compile(r"<!ENTITY\s+\S+\s+(?:SYSTEM|PUBLIC)[^>]*>", re.IGNORECASE)


def install() -> None:
    """Watch lxml's entry points and the standard SAX parser's external entities."""
    when_imported("lxml.etree", _lxml)
    when_imported("xml.sax.expatreader", _sax)


def _lxml(module: ModuleType) -> None:
    for name in ("fromstring", "XML", "parse", "iterparse"):
        setattr(module, name, _watched(module, name, getattr(module, name)))


def _watched(module: ModuleType, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def parse(source: Any, parser: Any = None, *args: Any, **kwargs: Any) -> Any:
        text = state.text_of(source) if isinstance(source, (str, bytes)) else _peek(source)
        tree = (
            real(source, parser, *args, **kwargs)
            if name != "iterparse"
            else real(source, *args, **kwargs)
        )
        if text and state.carries(text) and _ENTITY.search(text):
            root = tree.getroot() if hasattr(tree, "getroot") else tree
            resolved = "".join(root.itertext()) if hasattr(root, "itertext") else ""
            if "planted by buckler" in resolved:
                state.hit("xml", f"lxml.etree.{name}", text)
        return tree

    return parse


def _peek(source: Any) -> str:
    if not (hasattr(source, "read") and hasattr(source, "seek")):
        return ""
    data = source.read()
    source.seek(0)
    return state.text_of(data)


def _sax(module: ModuleType) -> None:
    reader: Any = module.ExpatParser
    original = reader.external_entity_ref

    def watched(self: Any, context: Any, base: Any, sysid: Any, pubid: Any) -> Any:
        if self._external_ges and sysid and state.hit("xml", "xml.sax external entity", str(sysid)):
            return 1
        return original(self, context, base, sysid, pubid)

    reader.external_entity_ref = watched
