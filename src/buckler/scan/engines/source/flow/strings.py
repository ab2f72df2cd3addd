"""Methods of texts and of bytes, ``%`` and ``format``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.conditions import ABSENT, below, boolean
from buckler.scan.engines.source.flow.formatting import (
    formatted,
    formatted_map,
    joined,
    percent,
    translated,
    with_replaced,
)
from buckler.scan.engines.source.flow.frames import Frame, clearing, united
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import (
    ALL,
    UNKNOWN,
    Taint,
    Text,
    Value,
    bit,
    compact,
    concatenated,
    constant,
    hole,
    obj,
    one_text,
    only,
    texts_of,
)

_SAME = {
    "lower": "case",
    "upper": "case",
    "casefold": "case",
    "title": "case",
    "capitalize": "case",
    "swapcase": "case",
    "strip": "strip",
    "lstrip": "strip",
    "rstrip": "strip",
    "encode": "str",
    "decode": "str",
    "expandtabs": "str",
    "center": "str",
    "ljust": "str",
    "rjust": "str",
    "zfill": "str",
}
_SAFE_IF = frozenset({"isalnum", "isdigit", "isdecimal", "isnumeric", "isalpha", "isidentifier"})
_LINE = bit("log", "header")
_ESCAPING = frozenset({"unicode_escape", "unicode-escape"})
_LISTS = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
_CLEAN = frozenset({"count", "find", "index", "rfind", "rindex", "isspace", "islower", "isupper"})


def text_method(
    frame: Frame, node: ast.AST, receiver: Value, name: str, given: Arguments
) -> Value | None:
    """What a method of a text gives; None where texts have no such method."""
    if name in _SAFE_IF:
        return boolean(clearing(receiver), {})
    if name == "isprintable":
        return boolean(clearing(receiver, _LINE), {})
    if name in ("startswith", "endswith"):
        return _starts(frame, receiver, name, given)
    if name in _SAME:
        made = _same(receiver, name)
        if name == "encode" and one_text(given.at(0, "encoding")) in _ESCAPING:
            made = made.mapped(lambda t: t.cleaned(_LINE))
        cut = one_text(given.at(0)) if given.positional else None
        if cut and "/" in cut and name in ("strip", "lstrip"):
            made = made.mapped(lambda t: t.cleaned(bit("no_root")))
        return made
    special = _METHODS.get(name)
    if special is not None:
        return special(frame, node, receiver, given)
    if name in _LISTS:
        return _split(frame, receiver, name, given)
    if name in _CLEAN:
        return Value(kind="int")
    if name in ("hex", "__len__"):
        return Value(kind="str")
    return None


def _same(receiver: Value, name: str) -> Value:
    if receiver.alts is not None and all(isinstance(a, str | bytes) for a in receiver.alts):
        if name in (
            "lower",
            "upper",
            "strip",
            "title",
            "capitalize",
            "casefold",
            "lstrip",
            "rstrip",
        ):
            return Value(tuple(dict.fromkeys(getattr(a, name)() for a in receiver.alts)))
        return receiver
    if receiver.alts is not None:
        return Value(receiver.alts, (), receiver.taints, "str")
    return hole(derived(receiver, _SAME[name], name), "str")


def recursive(frame: Frame) -> bool:
    """Whether the function under way calls itself by name."""
    function = frame.function
    if function is None:
        return False
    return any(
        isinstance(n, ast.Call)
        and getattr(n.func, "id", getattr(n.func, "attr", "")) == function.name
        for n in ast.walk(function.node)
    )


def _owners(value: Value) -> tuple[Taint, ...]:
    made = []
    for taint in value.taints:
        up = taint.token.parent
        while up is not None:
            made.append(Taint(up, taint.clean, taint.step))
            up = up.parent
    return tuple(made)


def _starts(frame: Frame, receiver: Value, name: str, given: Arguments) -> Value:
    prefix = given.at(0)
    text = one_text(prefix)
    if name == "endswith" and {t.token.how for t in receiver.taints} == {"host"}:
        ends = [text] if text is not None else _members(prefix)
        safe = bool(ends) and all(e.startswith(".") and e.count(".") > 1 for e in ends)
        return boolean(clearing(receiver) if safe else {}, {})
    if not receiver.taints or name == "endswith":
        known = only(receiver)
        if isinstance(known, str) and isinstance(text, str):
            return constant(
                known.startswith(text) if name == "startswith" else known.endswith(text)
            )
        return Value(kind="bool")
    clears: int = 0
    absent: int = 0
    options = [text] if text is not None else list(_members(prefix))
    if options and all(_names_host(o) for o in options):
        clears |= bit("ssrf", "redirect")
    if options and all(re.match(r"^https?://|^/|^mailto:", o) for o in options):
        clears |= bit("web_address")
    if options == ["/"]:
        clears |= bit("rooted")
    for option in options:
        if option in ABSENT:
            absent |= bit("doubleslash" if option == "//" else "no_" + ABSENT[option])
        if option == "-":
            absent |= bit("argv")
        if option == "/":
            absent |= bit("no_root")
    if {"=", "+", "-", "@"} <= set(options):
        absent |= bit("csv")
    texts = texts_of(prefix)
    last = [t[-1] for t in texts if t]
    missing = clearing(receiver, absent)
    if "$" in options:
        # A key is none of what it belongs to, unless every level is looked at.
        owners = _owners(receiver) if recursive(frame) else ()
        for taint in (*receiver.taints, *owners):
            missing[taint.token] = missing.get(taint.token, 0) | bit("nosql")
    made = clearing(receiver, clears)
    worked_out = below(receiver) if not prefix.taints else {}
    if worked_out and any(isinstance(e, str) and e.endswith(("/", "\\")) for e in last):
        made = united(made, worked_out) or made
    elif worked_out:
        made = clearing(receiver, clears | bit("prefix"))
    return boolean(made, missing)


def _members(value: Value) -> list[str]:
    made = []
    for thing in things(value, Container):
        for item in thing.all():
            text = one_text(item)
            made.append(text if text is not None else "")
    return made


def _names_host(prefix: str) -> bool:
    return re.match(r"^https?://[^/?#@\\]+[/?#]", prefix) is not None


def _split(frame: Frame, receiver: Value, name: str, given: Arguments) -> Value:
    known, separator = only(receiver), only(given.at(0))
    if isinstance(known, str) and (separator is UNKNOWN or isinstance(separator, str | None)):
        count = only(given.at(1)) if len(given.positional) > 1 else None
        try:
            arguments = [a for a in (separator, count) if a is not UNKNOWN and a is not None]
            parts = list(getattr(known, name)(*arguments))
        except (TypeError, ValueError):
            parts = []
        made = Container("list", frame.run.path, {i: constant(p) for i, p in enumerate(parts[:40])})
        return obj(made)
    made = Container("list", frame.run.path)
    first = receiver.alts[0] if receiver.alts and type(receiver.alts[0]) is Text else None
    if first and isinstance(first[0], str) and " " in first[0] and not given.positional:
        made.refill([constant(word) for word in first[0].split(" ")[:-1] if word])
    if receiver.taints:
        where = (name, separator) if separator == "." else name
        made.rest = hole(derived(receiver, "part", where), "str")
        if name == "splitlines" and not (given.positional or given.named):
            made.rest = made.rest.mapped(lambda t: t.cleaned(bit("newline")))
    else:
        made.rest = Value(kind="str")
    return obj(made)


def _prefix(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    known, text = only(receiver), one_text(given.at(0))
    if isinstance(known, str) and text is not None:
        return constant(known.removeprefix(text))
    return hole(derived(receiver, "part", ("prefix", text)), "str")


def _replaced(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``text.replace(old, new)``, or ``url.replace(query=…)`` of an address that is an object (Starlette, httpx, yarl)."""
    query = given.named.get("query")
    if query is None or given.positional:
        return with_replaced(frame, node, receiver, given)
    return concatenated([receiver, constant("?"), query])


def _with_query(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``url.include_query_params(token=…)``: the address with its query behind it."""
    pieces = [receiver]
    for number, (name, value) in enumerate(given.named.items()):
        pieces += [constant(f"{'&' if number else '?'}{name}="), value]
    return concatenated(pieces)


_METHODS: dict[str, Callable[[Frame, ast.AST, Value, Arguments], Value]] = {
    "format": formatted,
    "format_map": formatted_map,
    "join": joined,
    "include_query_params": _with_query,
    "replace": _replaced,
    "replace_query_params": _with_query,
    "translate": translated,
    "removeprefix": _prefix,
    "removesuffix": _prefix,
}

__all__ = ["ALL", "compact", "percent", "text_method"]
