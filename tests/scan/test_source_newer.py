"""Sources written for a newer Python than this one are read, to the tree that the newer one makes."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.events import GapFound
from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.python.newer import parse_newer

NESTED = {
    "the same quotes": ('x = f"{d["a"]}"', "x = f\"{d['a']}\""),
    "a backslash": ("x = f\"{'\\n'.join(a)}\"", "x = f'''{\"\"\"\n\"\"\".join(a)}'''"),
    "three deep": ('x = f"{f"{f"{a}"}"}"', "x = f'''{f\"{f'{a}'}\"}'''"),
    "a comment": ('x = f"""{\na # a brace }\n}"""', 'x = f"""{\na\n}"""'),
    "lines": ('x = f"{\na\n+ b}" + c', 'x = f"""{\na\n+ b}""" + c'),
    "a format": ('x = f"{a:{w["n"]}.2f}|{a!r:>5}|{a=}"', "x = f\"{a:{w['n']}.2f}|{a!r:>5}|{a=}\""),
    "side by side": ('x = ("a" f"{d["b"]}" "\\x63")', "x = ('a' f\"{d['b']}\" 'c')"),
    "braces": ('x = f"{{{d["a"]}}}"', "x = f\"{{{d['a']}}}\""),
    "raw": ('x = rf"\\d{d["a"]}\\{b}"', "x = rf\"\\d{d['a']}\\{b}\""),
    "a tuple": ('x = f"{d["a"], *b}"', "x = f\"{(d['a'], *b)}\""),
    "named characters": ('x = f"\\N{BULLET}{d["a"]}\\t"', "x = f\"\\N{BULLET}{d['a']}\\t\""),
    "letters before": ('x = "é", f"é{d["ö"]}", y', "x = 'é', f\"é{d['ö']}\", y"),
}
STATEMENTS = {
    "classes": (
        "try:\n    a()\nexcept A, b.C:\n    d()",
        "try:\n    a()\nexcept (A, b.C):\n    d()",
    ),
    "a class and a comma": (
        "try:\n    a()\nexcept A,:\n    d()",
        "try:\n    a()\nexcept (A,):\n    d()",
    ),
    "a class of two": (
        "try:\n    a()\nexcept (A | B), C:\n    d()",
        "try:\n    a()\nexcept ((A | B), C):\n    d()",
    ),
    "groups": ("try:\n    a()\nexcept* A, B: d()", "try:\n    a()\nexcept* (A, B): d()"),
    "of a function": ("def f[T: int, *Ts, **P](x: T) -> T: ...", "def f(x: T) -> T: ..."),
    "of a coroutine": ("async def f[\n    T = int,\n\n](x: T): ...", "async def f(x: T): ..."),
    "of a class": ("class A[T: (int, 'str')](B): ...", "class A(B): ..."),
    "an alias": ("type X[T = int] = list[T]", "X = list[T]"),
    "an alias in a block": ("if a: type X = int; type Y = str", "if a: X = int; Y = str"),
    "type as a name": ('f"{d["a"]}"\ntype = type(x)[0]', "f\"{d['a']}\"\ntype = type(x)[0]"),
    "a template": ('x = t"{d["a"]!s} {b}"', "x = f\"{d['a']!s} {b}\""),
}


def dumped(tree: ast.AST, *, places: bool = False) -> str:
    for node in ast.walk(tree):
        if hasattr(node, "type_params"):
            node.type_params = []
    return ast.dump(tree, include_attributes=places)


@pytest.mark.parametrize("name", [*NESTED, *STATEMENTS])
def test_it_is_what_was_written_the_older_way(name: str) -> None:
    newer, older = {**NESTED, **STATEMENTS}[name]
    assert dumped(parse_newer(newer, (3, 11))) == dumped(ast.parse(older))


@pytest.mark.parametrize("name", [*NESTED, *STATEMENTS])
def test_every_name_stands_where_it_says(name: str) -> None:
    newer = {**NESTED, **STATEMENTS}[name][0]
    lines = newer.encode().split(b"\n")
    named = [n for n in ast.walk(parse_newer(newer, (3, 11))) if isinstance(n, ast.Name)]
    assert named
    for node in named:
        found = lines[node.lineno - 1][node.col_offset : node.end_col_offset]
        assert found == node.id.encode()


if sys.version_info >= (3, 12):

    @pytest.mark.parametrize("name", NESTED)
    def test_this_python_makes_the_same_tree(name: str) -> None:
        newer = NESTED[name][0]
        ours, theirs = parse_newer(newer, (3, 11)), ast.parse(newer)
        assert dumped(ours, places=True) == dumped(theirs, places=True)


@pytest.mark.parametrize("name", ["argparse", "dataclasses", "inspect", "textwrap", "traceback"])
def test_what_this_python_parses_gives_the_same(name: str) -> None:
    text = Path(str(__import__(name).__file__)).read_text(encoding="utf-8")
    assert dumped(parse_newer(text, (3, 11))) == dumped(ast.parse(text))


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["a", "b.c", "(d)", "e[0]", "g(h, k=1)", "'s'", "{1: 2}[1]", "[i for i in j]", "é"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "==", "or", "if m else"]), inner).map(" ".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map(", ".join).map("({})".format),
    ),
    max_leaves=4,
)
FIELDS = st.tuples(
    EXPRESSIONS,
    st.sampled_from(["", "=", " = "]),
    st.sampled_from(["", "!r", "!s", "!a"]),
    st.sampled_from(["", ":", ":>4", ":{w}", ":\\t{w!r}x"]),
).map(lambda parts: "{ " + "".join(parts) + "}")
LITERALS = st.sampled_from(
    ["", "x", "{{", "}}", "\\n", "\\\\", "\\'", "\\N{DIGIT ONE}", "\\x41", "é ", "#", "\\\n"]
)


@given(
    st.lists(st.one_of(FIELDS, LITERALS), max_size=6).map("".join),
    st.sampled_from(["f", "F", "rf", "fR"]),
    st.sampled_from(['"', '"""']),
)
def test_any_string_that_this_python_parses_gives_the_same(
    body: str, prefix: str, quote: str
) -> None:
    if "r" in prefix.lower():
        body = body.replace(":\\t", ":")  # Python 3.13.0 reads escapes in the format of a raw one
    text = f'é = u"b" {prefix}{quote}{body}{quote} "c{{d}}"\n'
    try:
        expected: Any = ast.parse(text)
    except SyntaxError:
        return
    for node in ast.walk(expected):
        if isinstance(node, ast.Constant):
            node.kind = None
    assert dumped(parse_newer(text, (3, 11))) == dumped(expected)


HOSTILE = {
    "braces": 'f"' + "{" * 10_001 + "}" * 10_001 + '"',
    "brackets in a field": 'f"{' + "[{" * 10_000,
    "strings within strings": "f'{" * 5_000,
    "formats within formats": 'f"{x:' * 5_000,
    "unterminated": "f'{\"\"}'\n" + "'" * 10_001 + "a",
    "only backslashes": 'f"' + "\\" * 100_001,
    "brackets never closed": "def f[" * 20_000,
    "classes without end": "except A, " * 20_000,
    "a null byte": "f'{\"\"}'\0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused(name: str) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        parse_newer(HOSTILE[name], (3, 11))


def looked_at(folder: Path) -> tuple[list[Any], list[Any], SourceEngine]:
    gaps: list[Any] = []
    engine = SourceEngine(folder, Registry.load("buckler.scan.rules"), gaps.append)
    found = list(engine.run())
    return found, [event for event in gaps if isinstance(event, GapFound)], engine


def test_a_weakness_in_a_newer_file_is_found_at_its_line(project) -> None:
    text = """import httpx

type Url = str

def fetch[T](url: Url, d: dict) -> T:
    try:
        return httpx.get(f"{d["base"]}/{url}", verify=False, timeout=5)
    except ValueError, KeyError:
        return None
"""
    found, gaps, engine = looked_at(project({"client.py": text}))
    assert not gaps
    assert (engine.parsed, engine.total) == (1, 1)
    assert [f.location.line for f in found if f.rule == "EGR002"] == [7]


def test_what_no_python_knows_is_a_gap_at_its_own_line(project) -> None:
    text = 'x = f"{d["a"]}"\nvalue = = 3\n'
    _, (gap,), engine = looked_at(project({"a.py": text, "b.py": "x = 1\n"}))
    assert (engine.parsed, engine.total) == (1, 2)
    assert "at line 2" in str(gap)
