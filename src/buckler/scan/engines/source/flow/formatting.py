"""Texts put together: ``format``, ``%``, ``join`` and ``replace``."""

from __future__ import annotations

import ast
import re

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.charsets import DANGEROUS
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import derived, elements
from buckler.scan.engines.source.flow.objects import Container, External, deep_taints, things
from buckler.scan.engines.source.flow.values import (
    MOST_PARTS,
    MOST_TEXT,
    UNKNOWN,
    Taint,
    Text,
    Value,
    as_number,
    bit,
    concatenated,
    constant,
    hole,
    joined_taints,
    one_text,
    texts_of,
)

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(![rsa])?(:[^{}]*)?\}")


MOST_DIGITS = 6
"""Of the number of an argument; Python refuses to read very long numbers."""
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([a-zA-Z%])")


def formatted(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``template.format(…)``: the constant pieces and what is put between them."""
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
        numbered = name.isdecimal() and len(name) < MOST_DIGITS
        value = given.at(int(name)) if numbered else given.named.get(name, given.more)
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


def joined(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``separator.join(values)``."""
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
    ends = one_text(receiver)
    if ends is None or "\n" in ends or "\r" in ends:
        kept = ~bit("newline")
        within = tuple(Taint(t.token, t.clean & kept, t.step, t.tried) for t in within)
    return frame.stepped(hole(within, "str"), node, "joined to a text")


def with_replaced(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``text.replace(old, new)``: a mark filled, or what is taken out of input."""
    old, new = one_text(given.at(0)), one_text(given.at(1))
    if receiver.alts is not None and old is not None and new is not None:
        if all(isinstance(a, str) for a in receiver.alts):
            if any(_grows(a, old, new) for a in receiver.alts):
                return Value(kind="str")
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


def _grows(text: str, old: str, new: str) -> bool:
    """Whether a replacement makes a text longer than is kept of one."""
    more = len(new) - len(old)
    return more > 0 and len(text) + text.count(old) * more > MOST_TEXT


def _single_hole(value: Value) -> bool:
    return all(type(a) is Text and len(a) == 1 for a in value.alts or ())


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
                bits = part.split(old, MOST_PARTS) if old else [part]
                for number, piece in enumerate(bits):
                    if number:
                        pieces.append(new)
                    pieces.append(constant(piece))
            else:
                pieces.append(hole(part, "str"))
        made.append(concatenated(pieces))
    from buckler.scan.engines.source.flow.values import join

    return frame.stepped(join(made), node, "put into a text")


def translated(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``text.translate(table)``: clean where the table does away with all that does harm."""
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


def formatted_map(frame: Frame, node: ast.AST, receiver: Value, given: Arguments) -> Value:
    """``template.format_map(values)``."""
    named: dict[str, Value] = {}
    for thing in things(given.at(0), Container):
        named.update({k: v for k, v in thing.items.items() if isinstance(k, str)})
    return formatted(frame, node, receiver, Arguments([], named))


def _undone(old: Value, new: Value) -> int:
    """The kinds for which an escape is taken back: ``replace("&lt;", "<")``."""
    kinds = 0
    for before in (a for a in old.alts or () if isinstance(a, str)):
        for after in (a for a in new.alts or () if isinstance(a, str)):
            if len(before) > len(after) and (before[:1] in ("\\", "%", "&") or before == after * 2):
                kinds |= bit(*(k for k, bad in DANGEROUS.items() if set(after) & set(bad)))
    return kinds
