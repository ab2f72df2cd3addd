"""Methods of texts and of bytes, ``%`` and ``format``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import DANGEROUS
from buckler.scan.engines.source.flow.conditions import ABSENT, below, boolean
from buckler.scan.engines.source.flow.frames import Frame, clearing, united
from buckler.scan.engines.source.flow.iterating import derived, elements
from buckler.scan.engines.source.flow.objects import Container, External, deep_taints, things
from buckler.scan.engines.source.flow.values import (
    ALL,
    UNKNOWN,
    Taint,
    Text,
    Value,
    as_number,
    bit,
    compact,
    concatenated,
    constant,
    hole,
    joined_taints,
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
_LISTS = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
_CLEAN = frozenset({"count", "find", "index", "rfind", "rindex", "isspace", "islower", "isupper"})
_FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(![rsa])?(:[^{}]*)?\}")
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([a-zA-Z%])")


def text_method(
    frame: Frame, node: ast.AST, receiver: Value, name: str, given: Arguments
) -> Value | None:
    """What a method of a text gives; None where texts have no such method."""
    if name in _SAFE_IF:
        return boolean(clearing(receiver), {})
    if name in ("startswith", "endswith"):
        return _starts(frame, receiver, name, given)
    if name in _SAME:
        made = _same(receiver, name)
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
    if "$" in options:
        absent |= bit("nosql")
        if recursive(frame):
            # Every level is looked at: what holds for the keys holds for what they belong to.
            receiver = Value(None, (), (*receiver.taints, *_owners(receiver)))
    made = clearing(receiver, clears)
    worked_out = below(receiver) if not prefix.taints else {}
    if worked_out and any(isinstance(e, str) and e.endswith(("/", "\\")) for e in last):
        made = united(made, worked_out) or made
    elif worked_out:
        made = clearing(receiver, clears | bit("prefix"))
    return boolean(made, clearing(receiver, absent))


def _members(value: Value) -> list[str]:
    made = []
    for thing in things(value, Container):
        for item in thing.all():
            text = one_text(item)
            made.append(text if text is not None else "")
    return made


def _names_host(prefix: str) -> bool:
    return re.match(r"^https?://[^/?#@\\]+[/?#]", prefix) is not None


def _format(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    template = one_text(receiver)
    if template is None:
        frame.run.hits.reached(frame, node, "builtins.str.format", given, receiver)
        values = [receiver, *given.positional, *given.named.values()]
        return hole(joined_taints(*(v.taints for g in values for v in deep_taints(g))), "str")
    pieces: list[Value] = []
    at, number = 0, 0
    for match in _FIELD.finditer(template):
        pieces.append(constant(template[at : match.start()]))
        at = match.end()
        if match.group() in ("{{", "}}"):
            pieces.append(constant(match.group()[0]))
            continue
        name = re.split(r"[.\[]", match.group(1) or "")[0]
        if not name:
            name, number = str(number), number + 1
        value = given.at(int(name)) if name.isdigit() else given.named.get(name, given.more)
        pieces.append(
            hole(joined_taints(*(v.taints for v in deep_taints(value))), "str")
            if value.objs
            else value
        )
    pieces.append(constant(template[at:]))
    return frame.stepped(concatenated(pieces), node, "put into a text")


def percent(frame: Frame, node: ast.AST, left: Value, right: Value) -> Value:
    """``template % values``."""
    template = one_text(left)
    if template is None and left.alts and isinstance(left.alts[0], bytes):
        template = left.alts[0].decode("latin-1")
    within = joined_taints(*(v.taints for v in deep_taints(right)))
    if template is None:
        return hole(joined_taints(left.taints, within), "str")
    tuples = things(right, Container)
    pieces: list[Value] = []
    at, number = 0, 0
    for match in _PERCENT.finditer(template):
        pieces.append(constant(template[at : match.start()]))
        at = match.end()
        if match.group(2) == "%":
            pieces.append(constant("%"))
            continue
        value = right
        if tuples:
            key: object = match.group(1) or number
            found = tuples[0].get(key)
            value = found if found is not None else UNKNOWN
            number += 1
        if match.group(2) in "dixXeEfFgG":
            value = as_number(value)
        elif value.objs:
            value = hole(joined_taints(*(v.taints for v in deep_taints(value))), "str")
        pieces.append(value)
    pieces.append(constant(template[at:]))
    return frame.stepped(concatenated(pieces), node, "put into a text")


def _as_piece(value: Value) -> Value:
    """A value as it becomes part of a text."""
    if not value.objs or value.alts is not None:
        return Value(value.alts, (), value.taints, value.kind)
    return hole(joined_taints(*(v.taints for v in deep_taints(value))), "str")


def _join(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    each, surely = elements(frame, given.at(0), node)
    if surely and len(each) <= 12:
        pieces: list[Value] = []
        for item in each:
            if pieces:
                pieces.append(receiver)
            pieces.append(_as_piece(item))
        return (
            frame.stepped(concatenated(pieces), node, "joined to a text")
            if pieces
            else constant("")
        )
    one = each[0] if len(each) == 1 else Value(None, (), joined_taints(*(v.taints for v in each)))
    within = joined_taints(receiver.taints, *(v.taints for e in each for v in deep_taints(e)))
    if not within:
        return one if one.alts else Value(kind="str")
    return frame.stepped(hole(within, "str"), node, "joined to a text")


def _replace(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    old, new = one_text(given.at(0)), one_text(given.at(1))
    if receiver.alts is not None and old is not None and new is not None:
        if all(isinstance(a, str) for a in receiver.alts):
            return Value(tuple(dict.fromkeys(a.replace(old, new) for a in receiver.alts)))
    if receiver.alts and any(type(a) is Text for a in receiver.alts) and not _single_hole(receiver):
        # A template with marks: ``"SELECT … WHERE x = '$X'".replace("$X", value)``.
        return _filled(frame, node, receiver, old, given.at(1))
    if old is not None and receiver.alts and len(receiver.alts) == 1:
        return _filled(frame, node, receiver, old, given.at(1))
    kinds = _removed(old, new)
    undone = _undone(given.at(0), given.at(1))
    note = f"replace({old!r}, {new!r})" if old is not None else "replace()"
    made = tuple(
        Taint(
            t.token.derived("replaced", (id(node), old)), t.clean & ~undone, t.step, t.tried
        ).cleaned(kinds, note)
        for t in receiver.taints
    )
    return hole(joined_taints(made, given.at(1).taints), "str")


def _single_hole(value: Value) -> bool:
    return all(type(a) is Text and len(a) == 1 for a in value.alts or ())


def _undone(old: Value, new: Value) -> int:
    """The kinds for which an escape is taken back: ``replace("&lt;", "<")``."""
    kinds = 0
    for before in (a for a in old.alts or () if isinstance(a, str)):
        for after in (a for a in new.alts or () if isinstance(a, str)):
            if len(before) > len(after) and (before[:1] in ("\\", "%", "&") or before == after * 2):
                kinds |= bit(*(k for k, bad in DANGEROUS.items() if set(after) & set(bad)))
    return kinds


def _removed(old: str | None, new: str | None) -> int:
    if old is None:
        return 0
    kinds = 0
    if old in ("\n", "\r", "\r\n") and "\n" not in (new or "") and "\r" not in (new or ""):
        kinds |= bit("crlf_" + ("n" if old == "\n" else "r" if old == "\r" else "rn"))
    if old in ("/", "\\") and "/" not in (new or "") and "\\" not in (new or ""):
        kinds |= bit("slash" if old == "/" else "backslash")
    if old in ("'", '"') and old not in (new or ""):
        kinds |= bit("single_quote" if old == "'" else "double_quote")
    if old == "<" and new == "&lt;":
        kinds |= bit("html_lt")
    if old == "-":
        kinds |= 0
    return kinds


def _filled(frame: Frame, node: ast.AST, receiver: Value, old: str | None, new: Value) -> Value:
    made = []
    for text in texts_of(receiver):
        pieces: list[Value] = []
        for part in text:
            if isinstance(part, str):
                bits = part.split(old) if old else [part]
                for number, piece in enumerate(bits):
                    if number:
                        pieces.append(new)
                    pieces.append(constant(piece))
            else:
                pieces.append(hole(part, "str"))
        made.append(concatenated(pieces))
    from buckler.scan.engines.source.flow.values import join

    return frame.stepped(join(made), node, "put into a text")


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
    else:
        made.rest = Value(kind="str")
    return obj(made)


def _translate(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    made = hole(derived(receiver, "replaced", id(node)), "str")
    replaced = _replaced(given.at(0))
    kinds = bit(*(k for k, bad in DANGEROUS.items() if bad and replaced.issuperset(bad)))
    if replaced.issuperset("<>"):
        kinds |= bit("html")
    return made.mapped(
        lambda t: t.cleaned(kinds, "translate() as escape" if kinds else "translate()")
    )


def _replaced(table: Value) -> set[str]:
    """The characters that a table of ``str.maketrans`` does away with."""
    made: set[str] = set()
    for thing in table.objs:
        if type(thing) is External and thing.name == "str.table":
            for number, value in enumerate(thing.given):
                for inner in things(value, Container):
                    made |= {
                        str(k) if isinstance(k, str) else chr(k)
                        for k in inner.items
                        if isinstance(k, str | int)
                    }
                text = one_text(value)
                if text is not None and number in (0, 2):
                    made |= set(text)
    return made


def _prefix(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    known, text = only(receiver), one_text(given.at(0))
    if isinstance(known, str) and text is not None:
        return constant(known.removeprefix(text))
    return hole(derived(receiver, "part", ("prefix", text)), "str")


def _format_map(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    named: dict[str, Value] = {}
    for thing in things(given.at(0), Container):
        named.update({k: v for k, v in thing.items.items() if isinstance(k, str)})
    return _format(frame, node, receiver, Arguments([], named))


_METHODS: dict[str, Callable[[Frame, ast.AST, Value, Arguments], Value]] = {
    "format": _format,
    "format_map": _format_map,
    "join": _join,
    "replace": _replace,
    "translate": _translate,
    "removeprefix": _prefix,
    "removesuffix": _prefix,
}

__all__ = ["ALL", "compact", "percent", "text_method"]
