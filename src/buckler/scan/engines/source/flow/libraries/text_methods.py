"""Methods and attributes of matches, parsed addresses, markup and templates of the standard library."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import clean_group
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.libraries.texts import (
    fitted,
    substituted,
)
from buckler.scan.engines.source.flow.objects import Container, External, things
from buckler.scan.engines.source.flow.strings import text_method
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Value,
    bit,
    concatenated,
    constant,
    hole,
    joined_taints,
    obj,
    one_text,
    only,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries.kinds import Method

_MARK = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def _pattern(method: str) -> Method:
    def handler(
        frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
    ) -> Value:
        pattern = one_text(thing.given[0]) if thing.given else None
        return fitted(frame, method, pattern, given.at(0, "string"))

    return handler


def _sub(frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments) -> Value:
    pattern = one_text(thing.given[0]) if thing.given else None
    return substituted(pattern, given.at(0, "repl"), given.at(1, "string"), node)


def _group(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    value = thing.given[0] if thing.given else UNKNOWN
    value = frame.state.baked(value) if frame.state is not None else value
    if not value.taints:
        return Value(kind="str")
    pattern = one_text(thing.named["pattern"]) if "pattern" in thing.named else None
    number = only(given.at(0)) if given.positional else -1
    kinds = clean_group(pattern, number) if pattern is not None and isinstance(number, int) else 0
    made = hole(derived(value, "part", ("group", number)), "str")
    return made.mapped(lambda t: t.cleaned(kinds))


def _groups(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    made = Container("list", frame.run.path)
    made.rest = _group(frame, node, thing, receiver, Arguments([Value((-1,))]))
    return obj(made)


def _whole_group(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return _group(
        frame, node, thing, receiver, given if given.positional else Arguments([Value((0,))])
    )


def _host(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return hole(derived(owner, "host", "host"), "str")


def _part(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return hole(derived(owner, "part", "url"), "str")


def _geturl(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return hole(receiver.taints, "str")


def _markup_format(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """``Markup.format`` escapes what it puts in."""
    kinds = bit("html")

    def escaped(value: Value) -> Value:
        return value.mapped(lambda t: t.cleaned(kinds, "escape()"))

    inner = Arguments(
        [escaped(v) for v in given.positional],
        {k: escaped(v) for k, v in given.named.items()},
        escaped(given.more),
    )
    made = text_method(
        frame, node, Value(receiver.alts, (), receiver.taints, "str"), "format", inner
    )
    made = UNKNOWN if made is None else made
    return Value(made.alts, (External("markupsafe.Markup", True),), made.taints)


def _substituted(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """``string.Template``: its text with the marks filled."""
    template = one_text(thing.given[0]) if thing.given else None
    if template is None:
        return hole(joined_taints(*(taints_within(frame, v) for v in given.all())), "str")
    named = dict(given.named)
    for value in given.positional:
        for inner in things(value, Container):
            named.update({k: v for k, v in inner.items.items() if isinstance(k, str)})
    pieces: list[Value] = []
    at = 0
    for match in _MARK.finditer(template):
        pieces.append(constant(template[at : match.start()]))
        at = match.end()
        value = named.get(match.group(1) or match.group(2), given.more)
        pieces.append(
            hole(taints_within(frame, value), "str") if value.objs and value.alts is None else value
        )
    pieces.append(constant(template[at:]))
    return frame.stepped(concatenated(pieces), node, "put into a text")


TEXT_METHODS: dict[str, Method] = {
    "re.Pattern.match": _pattern("match"),
    "re.Pattern.fullmatch": _pattern("fullmatch"),
    "re.Pattern.search": _pattern("search"),
    "re.Pattern.sub": _sub,
    "re.Match.group": _whole_group,
    "re.Match.groups": _groups,
    "re.Match.groupdict": _groups,
    "markupsafe.Markup.format": _markup_format,
    "re.Match.__getitem__": _group,
    "urllib.parse.Result.geturl": _geturl,
    "urllib.parse.Result._replace": _geturl,
    "string.Template.substitute": _substituted,
    "string.Template.safe_substitute": _substituted,
}


TEXT_ATTRIBUTES: dict[str, Method] = {
    "urllib.parse.Result.hostname": _host,
    "urllib.parse.Result.netloc": _host,
    "urllib.parse.Result.path": _part,
    "urllib.parse.Result.scheme": _part,
    "urllib.parse.Result.query": _part,
}
