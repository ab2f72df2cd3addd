"""Keeps XML parsers from following entities (CWE-611)."""

from __future__ import annotations

import ast

from buckler.scan.fix.draft import Draft
from buckler.scan.python.index import argument, last, unpacks
from buckler.scan.rules._support.statements import assigned

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


def _lxml(draft: Draft, call: ast.Call) -> bool:
    given = argument(call, "parser", 1)
    if given is None:
        parser = draft.name_for("lxml.etree.XMLParser", call)
        draft.set_keyword(call, "parser", f"{parser}(resolve_entities=False)")
        return True
    made = given if isinstance(given, ast.Call) else None
    values = draft.index.values(given)
    if made is None and len(values) == 1 and isinstance(values[0], ast.Call):
        made = values[0]
    if made is None or last(made.func) not in ("XMLParser", "ETCompatXMLParser") or unpacks(made):
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
