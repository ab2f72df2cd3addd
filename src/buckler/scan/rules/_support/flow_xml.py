"""Whether an XML parser follows entities that a document declares."""

from __future__ import annotations

from buckler.scan.engines.source.flow.interface import Flow
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import truth


def follows_entities(flow: Flow) -> bool:
    """lxml does unless told otherwise (until 5.0 from the network, too); SAX does where told to."""
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
        return option is None or truth(option) is not False
    if given is None:
        return True
    for parser in things(given, External):
        option = parser.named.get("resolve_entities")
        if option is not None and (truth(option) is False or option.alts == ("internal",)):
            return False
        if not parser.name.startswith("lxml."):
            return False
    return True
