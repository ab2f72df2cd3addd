"""Writes a regular expression so that a text can be read by it in one way only (CWE-1333).

What it matches stays the same: of each shape is known which texts it takes, and the new one takes those. Groups and
the order in which ways are tried may differ, so it is only done where nothing but the yes or no is used.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import lru_cache

from buckler.scan.fix.draft import Draft
from buckler.scan.languages.regex import is_exponential
from buckler.scan.languages.regex_polynomial import is_polynomial
from buckler.scan.python.constants import text, value_of
from buckler.scan.python.index import argument
from buckler.scan.rules._support.elsewhere import stands_elsewhere

_LETTER = r"(?:\\[wsdWSD]|\\[^\w\s]|\[\^?\]?(?:\\.|[^\]\\])*\]|[\w @,;:/=%&~\"'<>!#-])"
_OPEN = r"\((?:\?:)?"
_SHAPES = (
    # (A+)+, (A*)*
    re.compile(rf"{_OPEN}(?P<a>{_LETTER})(?P<in>[+*])\)(?P<out>[+*])"),
    # (A+B?)+
    re.compile(rf"{_OPEN}(?P<a>{_LETTER})\+(?P<b>{_LETTER})\?\)(?P<out>[+*])"),
    # (A+|A+B)+ and the other way round
    re.compile(rf"{_OPEN}(?P<a>{_LETTER})\+\|(?P=a)\+(?P<b>{_LETTER})\)(?P<out>[+*])"),
    re.compile(rf"{_OPEN}(?P<a>{_LETTER})\+(?P<b>{_LETTER})\|(?P=a)\+\)(?P<out>[+*])"),
    # (A+|B)+ and the other way round
    re.compile(rf"{_OPEN}(?P<one>{_LETTER})\+\|(?P<two>{_LETTER})\+?\)(?P<out>[+*])"),
    re.compile(rf"{_OPEN}(?P<one>{_LETTER})\|(?P<two>{_LETTER})\+\)(?P<out>[+*])"),
)
_LEFT_ALONE = re.compile(r"\\[1-9]|\(\?(?!:|[=!]|<[=!])|[+*?}]\+")
"""References, flags, named groups, and parts that give nothing back."""
_TRUTHS = frozenset({"match", "fullmatch", "search"})
_WHITE = frozenset({r"\s+$", r"\s*$", r"\s+\Z", r"\s*\Z"})
_TRIMMED = frozenset({r"^\s+|\s+$", r"\s+$|^\s+", r"\A\s+|\s+\Z"})


def one_way(pattern: str, flags: int = 0) -> str | None:
    """The pattern with its ambiguous parts written anew; None where none of the known shapes is there."""
    if _LEFT_ALONE.search(pattern) or flags & ~(re.IGNORECASE | re.DOTALL | re.ASCII):
        return None
    at, made = 0, ""
    while at < len(pattern):
        found = next((m for s in _SHAPES if (m := s.match(pattern, at))), None)
        new = _rewritten(found, flags) if found is not None else None
        if found is not None and new is not None:
            made, at = made + new, found.end()
            continue
        taken = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL).match(pattern, at)
        if taken is None:
            return None
        made, at = made + taken[0], taken.end()
    return made if made != pattern else None


def _rewritten(found: re.Match[str], flags: int) -> str | None:
    parts, out = found.groupdict(), found["out"]
    if parts.get("in"):
        return found["a"] + ("+" if found["in"] == out == "+" else "*")
    one, two = (parts.get("one"), parts.get("two")) if "one" in parts else (found["a"], found["b"])
    if one is None or two is None or _letters(one, flags) & _letters(two, flags):
        return None
    if "one" in parts:
        return f"(?:{one}|{two}){out}"
    whole = f"{one}+(?:{two}{one}+)*{two}?"
    return whole if out == "+" else f"(?:{whole})?"


@lru_cache(maxsize=64)
def _letters(letter: str, flags: int) -> frozenset[str]:
    return frozenset(re.findall(letter, _every(), flags))


@lru_cache(maxsize=1)
def _every() -> str:
    return "".join(map(chr, range(sys.maxunicode + 1)))


def call_in_one_way(draft: Draft, call: ast.Call) -> bool:
    """Write the pattern of a call that tells yes or no anew; whether it could be."""
    index = draft.index
    if not isinstance(call.func, ast.Attribute):
        return False
    if index.name(call.func) in {f"re.{name}" for name in _TRUTHS}:
        node, flags = argument(call, "pattern", 0), argument(call, "flags", 2)
        calls = [call]
    else:
        made = _compiled(draft, call.func.value)
        if made is None:
            return False
        compiled, calls = made
        node, flags = argument(compiled, "pattern", 0), argument(compiled, "flags", 1)
    number = _flags(flags)
    if node is None or number is None or not all(_asks(draft, c) for c in calls):
        return False
    for whole, anywhere in {_how(c) for c in calls}:
        if not _is_linear(draft, node, number, whole=whole, anywhere=anywhere):
            return False
    return write_one_way(draft, node, number)


def write_one_way(draft: Draft, node: ast.expr, flags: int = 0) -> bool:
    """Put the new pattern into a literal; whether there was one to put in."""
    pattern = text(draft.index, node)
    new = one_way(pattern, flags) if pattern is not None else None
    known = value_of(draft.index, node)
    if pattern is None or new is None or known is None or known.node is not node:
        return False
    written = draft.of(node)
    for old, put in ((pattern, new), (pattern.replace("\\", "\\\\"), new.replace("\\", "\\\\"))):
        if written.count(old) == 1 and written.rstrip("\"'").endswith(old):
            draft.replace(node, written.replace(old, put))
            return True
    return False


def _is_linear(
    draft: Draft, node: ast.expr, flags: int, *, whole: bool, anywhere: bool = False
) -> bool:
    new = one_way(text(draft.index, node) or "", flags)
    return new is not None and not (
        is_exponential(new, flags, whole=whole)
        or is_polynomial(new, flags, whole=whole, anywhere=anywhere)
    )


def _how(call: ast.Call) -> tuple[bool, bool]:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return method == "fullmatch", method not in ("match", "fullmatch")


def _compiled(draft: Draft, node: ast.expr) -> tuple[ast.Call, list[ast.Call]] | None:
    """The ``re.compile`` behind a name that is set once, and all calls of its methods."""
    index = draft.index
    values = index.values(node) if isinstance(node, ast.Name) else []
    if not isinstance(node, ast.Name) or len(values) != 1 or not isinstance(values[0], ast.Call):
        return None
    made = values[0]
    if index.name(made.func) != "re.compile" or index.function_of(made) not in (
        None,
        index.function_of(node),
    ):
        return None
    if index.function_of(made) is None and stands_elsewhere(draft, node.id):
        return None
    uses = [
        n
        for n in ast.walk(index.tree)
        if isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Load)
    ]
    calls = []
    for use in uses:
        method = index.parents.get(use)
        user = index.parents.get(method) if isinstance(method, ast.Attribute) else None
        if not isinstance(user, ast.Call) or user.func is not method:
            return None
        calls.append(user)
    exported = any(n.value == node.id for n in index.all(ast.Constant))
    return None if exported else (made, calls)


def _flags(node: ast.expr | None) -> int | None:
    """The flags as they are written out; None where they are not."""
    if node is None:
        return 0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _flags(node.left), _flags(node.right)
        return None if left is None or right is None else left | right
    known = getattr(re, node.attr, None) if isinstance(node, ast.Attribute) else None
    return int(known) if isinstance(known, re.RegexFlag) else None


def _asks(draft: Draft, call: ast.Call) -> bool:
    """Whether only the truth of what a call gives is used."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _TRUTHS:
        return False
    inner: ast.AST = call
    for outer in draft.index.around(call):
        if isinstance(outer, ast.If | ast.While | ast.IfExp | ast.Assert):
            return outer.test is inner
        if isinstance(outer, ast.comprehension):
            return inner in outer.ifs
        if isinstance(outer, ast.UnaryOp):
            return isinstance(outer.op, ast.Not)
        if isinstance(outer, ast.Call):
            return isinstance(outer.func, ast.Name) and outer.func.id == "bool"
        if isinstance(outer, ast.Compare):
            none = isinstance(last := outer.comparators[-1], ast.Constant) and last.value is None
            return none and len(outer.ops) == 1 and isinstance(outer.ops[0], ast.Is | ast.IsNot)
        if not isinstance(outer, ast.BoolOp):
            return False
        inner = outer
    return False


def stripped(draft: Draft, call: ast.Call) -> bool:
    r"""``re.sub(r"\s+$", "", text)`` becomes ``text.rstrip()``; whether the call was one like that."""
    index = draft.index
    if not isinstance(call.func, ast.Attribute) or call.keywords or call.func.attr != "sub":
        return False
    if index.name(call.func) == "re.sub" and len(call.args) == 3:
        pattern, given = call.args[0], call.args[1:]
    else:
        values = index.values(call.func.value)
        made = values[0] if len(values) == 1 else None
        if not isinstance(made, ast.Call) or index.name(made.func) != "re.compile":
            return False
        if len(made.args) != 1 or made.keywords or len(call.args) != 2:
            return False
        pattern, given = made.args[0], call.args
    written = text(index, pattern)
    if text(index, given[0]) != "" or written not in _WHITE | _TRIMMED:
        return False
    method = "rstrip" if written in _WHITE else "strip"
    draft.replace(call, f"{draft.operand(given[1])}.{method}()")
    return True
