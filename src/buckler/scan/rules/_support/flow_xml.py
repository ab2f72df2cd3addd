"""Whether an XML parser follows entities that a document declares."""

from __future__ import annotations

from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import Value, truth
from buckler.scan.rules._support.versions import may_be_older


def follows_entities(flow: Flow) -> bool:
    """lxml does where told to, and before 5.0 unless told otherwise; SAX does where told to."""
    if flow.call == "xml.sax.Parser.parse":
        return any(
            truth(v) is True
            for t in things(flow.receiver, External)
            for k, v in t.fields.items()
            if "external" in k
        )
    if flow.call.startswith("xml.sax"):
        return False
    given = flow.other(1, "parser")
    if flow.call.endswith("iterparse"):
        given = None
        option = flow.other(-1, "resolve_entities")
        return by_default(flow) if option is None else _is_open(option)
    if given is None:
        return by_default(flow)
    for parser in things(given, External):
        if not parser.name.startswith("lxml."):
            return False
        option = parser.named.get("resolve_entities")
        if not (by_default(flow) if option is None else _is_open(option)):
            return False
    return True


def _is_open(option: Value) -> bool:
    return truth(option) is not False and option.alts != ("internal",)


def by_default(flow: Flow) -> bool:
    """Whether the project asks for an lxml that resolves external entities unless told otherwise."""
    return flow.folder is not None and may_be_older(flow.folder, "lxml", 5)
