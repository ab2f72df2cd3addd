"""Keeps XML parsers from following entities (CWE-611)."""

from __future__ import annotations

import ast
import re

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last, unpacks
from buckler.scan.rules._support.mentions import mentioned
from buckler.scan.rules._support.statements import assigned
from buckler.scan.rules._support.versions import at_least

_RESOLVERS = re.compile(r"\bresolvers\b|etree\.Resolver|set_default_parser")

_PARSERS = ("XMLParser", "ETCompatXMLParser", "makeparser")
_READS_DTD = frozenset({"load_dtd", "dtd_validation", "attribute_defaults"})
_INTERNAL = 5
"""First lxml that takes ``resolve_entities="internal"``; an older one would resolve all of them."""
_WITH_PARSER = {
    f"lxml.{module}.{name}": module
    for module in ("etree", "objectify")
    for name in ("fromstring", "XML", "parse")
}


def entities_off(draft: Draft, call: ast.Call) -> bool:
    """Tell the parser of a call to resolve no entities; whether it could be done."""
    name = draft.index.name(call.func)
    if unpacks(call):
        return False
    if name in _WITH_PARSER:
        return _lxml(draft, call)
    if name == "lxml.etree.iterparse":
        draft.set_keyword(call, "resolve_entities", "False")
        return True
    if last(call.func) == "parse" and isinstance(call.func, ast.Attribute):
        return _sax(draft, call.func.value)
    return False


def internal_only(draft: Draft, call: ast.Call) -> bool:
    """Let lxml resolve the entities that a document defines itself, and none that names a file or address.

    Returns:
        Whether nobody can miss the others: the parser reads this document alone, no DTD and with no resolver of
        the project's own, and lxml is new enough.
    """
    index = draft.index
    name = index.name(call.func)
    if name not in _WITH_PARSER or unpacks(call) or not at_least(draft.folder, "lxml", _INTERNAL):
        return False
    if mentioned(draft.folder, _RESOLVERS):
        return False
    given = argument(call, "parser", 1)
    written = f"resolve_entities={draft.quote('internal')}"
    if given is None:
        if argument(call, "base_url") is not None:
            return False
        draft.set_keyword(call, "parser", f"{_maker(draft, call, name)}({written})")
        return True
    made = _made_for(draft, given)
    if made is None or any(keyword.arg in _READS_DTD for keyword in made.keywords):
        return False
    draft.set_keyword(made, "resolve_entities", draft.quote("internal"))
    return True


def _made_for(draft: Draft, given: ast.expr) -> ast.Call | None:
    """The call that makes a parser for one reading and no other."""
    made: ast.expr | None = given
    if isinstance(given, ast.Name):
        where = assigned(draft.index, given)
        made = where.value if where is not None else None
        function = draft.index.function_of(given)
        names = [n for n in ast.walk(function or draft.index.tree) if isinstance(n, ast.Name)]
        if sum(n.id == given.id for n in names) != 2:
            return None
    known = isinstance(made, ast.Call) and draft.index.name(made.func).startswith("lxml.")
    if not isinstance(made, ast.Call) or not known or unpacks(made) or made.args:
        return None
    return made if last(made.func) in _PARSERS else None


def _maker(draft: Draft, call: ast.Call, name: str) -> str:
    """What makes a parser of the kind that a function has by itself."""
    made = "objectify.makeparser" if _WITH_PARSER[name] == "objectify" else "etree.XMLParser"
    return draft.name_for(f"lxml.{made}", call)


def _lxml(draft: Draft, call: ast.Call) -> bool:
    given = argument(call, "parser", 1)
    if given is None:
        parser = _maker(draft, call, draft.index.name(call.func))
        draft.set_keyword(call, "parser", f"{parser}(resolve_entities=False)")
        return True
    made = given if isinstance(given, ast.Call) else None
    values = draft.index.values(given)
    if made is None and len(values) == 1 and isinstance(values[0], ast.Call):
        made = values[0]
    if made is None or last(made.func) not in _PARSERS or unpacks(made):
        return False
    draft.set_keyword(made, "resolve_entities", "False")
    return True


def _sax(draft: Draft, parser: ast.expr) -> bool:
    where = assigned(draft.index, parser)
    function = draft.index.function_of(parser)
    if where is None or function is None or not isinstance(parser, ast.Name):
        return False
    switches = [
        c
        for c in draft.index.calls_in(function)
        if last(c.func) == "setFeature"
        and isinstance(c.func, ast.Attribute)
        and last(c.func.value) == parser.id
        and len(c.args) == 2
        and "external" in draft.of(c.args[0])
    ]
    for switch in switches:
        draft.replace(switch.args[1], "False")
    return bool(switches)
