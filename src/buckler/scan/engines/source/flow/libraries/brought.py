"""Functions that bring something of their own: tracebacks, answers of models, fields one by one, other escapes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.objects import Container, Instance, things
from buckler.scan.engines.source.flow.values import Value, bit, hole, obj


def _escaped_name(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """Escaped for a name of a directory; a filter reads other characters."""
    made = hole(derived(hole(taints_within(frame, given.at(0))), "str", "escape_rdn"), "str")
    return made.mapped(lambda t: t.cleaned(bit("ldap_dn"), "escape_rdn()"))


def _fields(frame: Frame, node: ast.AST, given: Arguments) -> Value | None:
    """``asdict(x)``: the fields of an object, one by one."""
    made = Container("dict", frame.run.path)
    for thing in things(given.at(0), Instance):
        frame.run.materialize(frame, obj(thing))
        for name, value in thing.fields.items():
            if not name.startswith("__"):
                made.put(name, frame.stepped(value, node, f"the field {name}"), surely=True)
    return obj(made) if made.items else None


def _model(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """What a language model answers."""
    return fresh(frame, default_source(frame, "model", "", node))


def _trace(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    """The lines of code that an exception came through."""
    return fresh(frame, default_source(frame, "exception", "traceback", node))


BROUGHT: Mapping[str, Callable[[Frame, ast.AST, Arguments], Value | None]] = {
    "traceback.format_exc": _trace,
    "traceback.format_exception": _trace,
    "traceback.format_exception_only": _trace,
    "traceback.format_tb": _trace,
    "traceback.format_stack": _trace,
    "sys.exc_info": _trace,
    "dataclasses.asdict": _fields,
    "dataclasses.astuple": _fields,
    "litellm.completion": _model,
    "litellm.acompletion": _model,
    "ollama.chat": _model,
    "ollama.generate": _model,
    "openai.ChatCompletion.create": _model,
    "openai.chat.completions.create": _model,
    "ldap3.utils.dn.escape_rdn": _escaped_name,
    "ldap3.utils.dn.safe_rdn": _escaped_name,
    "ldap.dn.escape_dn_chars": _escaped_name,
}
