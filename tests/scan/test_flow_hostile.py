"""Sources that were written or generated to break the source engine: it ends soon, keeps to its memory, tells what it
did not follow, and finds what stands beside."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.core.events import GapFound
from buckler.core.registry import Registry
from buckler.core.rule import Rule
from buckler.scan.containing import Containment
from buckler.scan.engines.source.engine import SourceEngine
from buckler.scan.engines.source.flow.charsets import single_letters
from buckler.scan.engines.source.flow.fitting import fits_whole

HEAD = """import os
from typing import Annotated
from fastapi import APIRouter, Depends, FastAPI, Query, Request

app = FastAPI()

@app.get("/beside")
def beside(c: str):
    os.system("ls " + c)

"""
BESIDE = 9
ROUTE = "@app.get('/bad')\ndef bad(q: str):\n"
LARGE = "it is too large to be followed to its end by the source engine"


@cache
def rules() -> tuple[Rule, ...]:
    return tuple(Registry.load("buckler.scan.rules"))


class Looked:
    """What the source engine says of a folder."""

    def __init__(self, folder: Path, at: Callable[[object], None] = lambda event: None) -> None:
        self.events: list[object] = []

        def emit(event: object) -> None:
            self.events.append(event)
            at(event)

        contained = Containment(emit)
        self.found = list(SourceEngine(folder, contained.around(rules()), emit).run())
        self.gaps = {e.what: e.why for e in self.events if isinstance(e, GapFound)}

    def lines(self, path: str = "main.py", rule: str = "INJ002") -> set[int]:
        """The lines of a file on which a rule, by default that of commands, has found something."""
        return {
            f.location.line or 0 for f in self.found if f.rule == rule and f.location.path == path
        }


@pytest.fixture
def look(project) -> Callable[..., Looked]:
    def run(text: str, files: dict[str, str] | None = None) -> Looked:
        looked = Looked(project({"main.py": HEAD + text, **(files or {})}))
        broken = {what: why for what, why in looked.gaps.items() if "internal error" in why}
        assert broken == {}
        return looked

    return run


def body(*lines: str) -> str:
    return "".join(f"    {line}\n" for line in lines)


def last_sink(text: str) -> int:
    return (HEAD + text).rpartition("os.system(")[0].count("\n") + 1


TWICE = {
    "plus": "x = x + x",
    "f-string": "x = f'{x}{x}'",
    "format": "x = '{0}{0}'.format(x)",
    "percent": "x = '%s%s' % (x, x)",
    "join": "x = ''.join([x, x])",
    "replace": "x = x.replace('a', 'aa')",
    "list": "x = [*x, *x]",
}


@pytest.mark.parametrize("how", TWICE)
def test_what_doubles_in_each_line_stays_small(look, how: str) -> None:
    rules()
    text = ROUTE + body("x = 'a'", *[TWICE[how]] * 27, "os.system(str(x) + q)")
    tracemalloc.start()
    try:
        looked = look(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert looked.lines() == {BESIDE, last_sink(text)}
    assert peak < 60_000_000


LONG = {
    "chain of elif": "if q == 'a': pass\n"
    + "".join(f"    elif q == '{n}': x = '{n}'\n" for n in range(400))
    + "    else: x = q\n    os.system(x)",
    "comparisons": "y = " + " < ".join(["q"] * 900) + "\n    os.system(q)",
    "cases": "match q:\n"
    + "".join(f"        case 'k{n}': pass\n" for n in range(1000))
    + "        case _: os.system(q)",
    "ors": "if " + " or ".join(f"q == '{n}'" for n in range(1000)) + ": pass\n    os.system(q)",
    "sum": "os.system(" + " + ".join(["'a'"] * 60) + " + q)",
    "doubling states": "x = q\n"
    + "".join(f"    if q == '{n}': x += 'a'\n    else: x += 'b'\n" for n in range(100))
    + "    os.system(x)",
    "generators": "def g(x):\n        while True:\n            yield x\n            yield from g(x)\n"
    "    for y in g(q): os.system(y)",
}


@pytest.mark.parametrize("what", LONG)
def test_what_is_long_is_followed_to_its_end(look, what: str) -> None:
    text = ROUTE + body(LONG[what])
    looked = look(text)
    assert looked.lines() == {BESIDE, last_sink(text)}
    assert looked.gaps == {}


DEEP = {
    "loops in loops": ROUTE
    + "".join("  " * n + f"  for i{n} in [q, 'a', 'b']:\n" for n in range(19))
    + "  " * 20
    + "x = q\n",
    "comprehension of many loops": ROUTE + body("return [x " + "for x in [x, x, q] " * 60 + "]"),
    "dependencies": "def d0(x: str): return x\n"
    + "".join(f"def d{n}(x=Depends(d{n - 1})): return x\n" for n in range(1, 500))
    + "@app.get('/bad')\ndef bad(q=Depends(d499)):\n    os.system(q)\n",
    "calls": "".join(f"def f{n}(x): return f{n + 1}(x)\n" for n in range(300))
    + "def f300(x): os.system(x)\n"
    + ROUTE
    + body("f0(q)"),
    "conditions": ROUTE + body("os.system(" + "'a' if q == 'a' else " * 300 + "q)"),
    "statements": ROUTE + body(*["x = q"] * 26_000),
}


@pytest.mark.parametrize("what", DEEP)
def test_what_is_not_followed_to_its_end_is_told(look, what: str) -> None:
    looked = look(DEEP[what])
    assert looked.gaps == {"GET /bad": LARGE}
    assert BESIDE in looked.lines()


def test_a_module_that_is_not_run_to_its_end_is_told(look) -> None:
    looked = look("import data\n", {"data.py": "import fastapi\n" + "x = 1\n" * 26_000})
    assert looked.gaps == {"data.py": LARGE}
    assert looked.lines() == {BESIDE}


ODD = {
    "types": "A0 = str\n"
    + "".join(f"A{n} = dict[A{n - 1}, A{n - 1}]\n" for n in range(1, 60))
    + "@app.get('/bad')\ndef bad(q: str, a: A59 = None):\n    os.system(q)\n",
    "annotated": f"@app.get('/bad')\ndef bad(q: {'Annotated[' * 80}str{', 1]' * 80}):\n    os.system(q)\n",
    "annotations as texts": ROUTE.replace(
        "q: str", f"q: str, a: 'a b' = 1, b: '{'(' * 190}' = 1, c: '{'list[' * 3000}' = 1"
    )
    + body("os.system(q)"),
    "an argument that is no number": ROUTE
    + body(
        f"x = '{{²}}{{{'9' * 5000}}}'.format(1)", "y = int('²')", "z = int('--5')", "os.system(q)"
    ),
    "a number without decimals": ROUTE
    + body("x = 0x" + "f" * 5000, "y = f'{x}' + str(x) + '%d' % x", "os.system(q)"),
    "numbers that fill the memory": ROUTE
    + body(
        *("a = 'x' * 10**9", "b = 10 ** 10 ** 10", "c = [0] * 10**9", "d = 1 << 10**12"),
        *("e = '{:>1000000000}'.format('x')", "f = 'x'.zfill(10**9)", "g = list(range(10**12))"),
        *("for h in range(10**12): pass", "i = '%1000000000d' % 3", "os.system(q)"),
    ),
    "a step of nothing": ROUTE + body("x = 'abc'[::0]", "y = [1, 2][::0]", "os.system(q)"),
    "no byte": ROUTE + body("if 300 in b'abc': pass", "os.system(q)"),
    "a long path": f"@app.get('/{'x' * 1_000_000}')\ndef bad(q: str):\n    os.system(q)\n",
    "halves of letters": ROUTE + body("x = {'\\ud800': q}", "os.system('\\udfff' + q)"),
    "decorators": "def d(f): return d\ndef e(f): return e(f)\n"
    "def w(f):\n    def inner(*a): return inner(*a)\n    return inner\n"
    "@d\n@e\n@w\ndef h(x): return x\n" + ROUTE + body("h(q)", "os.system(q)"),
    "an object that asks itself": "class M(type):\n    def __call__(c, *a): return c(*a)\n"
    "class A(metaclass=M):\n    def __getattr__(self, n): return getattr(self, n)\n"
    "    def __iter__(self): return iter(self)\n    def __str__(self): return str(self)\n"
    "    def __add__(self, o): return self + o\n    def __new__(cls, *a): return cls(*a)\n"
    + ROUTE
    + body("a = A(q)", "f'{a.x.y}{a + a}'", "for i in a: pass", "os.system(q)"),
    "a list in itself": ROUTE
    + body("x = []", "x.append(x)", "d = {}", "d['d'] = d", "str([x, d])", "os.system(q)"),
    "functions that call each other": "def a(x): return b(x) + b(x)\ndef b(x): return a(x) + a(x)\n"
    "def k(*x): return k(*x, *x)\ny = lambda f: f(f)\n"
    + ROUTE
    + body("a(q)", "k(q)", "y(y)", "os.system(q)"),
    "deep and crossed descent": "class A0: pass\nclass B0(A0): pass\n"
    + "".join(
        f"class A{n}(A{n - 1}, B{n - 1}): pass\nclass B{n}(A{n - 1}, B{n - 1}): pass\n"
        for n in range(1, 40)
    )
    + "class C0: pass\n"
    + "".join(f"class C{n}(C{n - 1}): pass\n" for n in range(1, 300))
    + ROUTE
    + body("A39().x(q)", "C299().x(q)", "os.system(q)"),
    "classes that derive from each other": "class A(B): pass\nclass B(A): pass\n"
    "class C(C): pass\nclass A(B, A): pass\n" + ROUTE + body("A().x(q)", "C().y", "os.system(q)"),
    "dependencies on each other": "def a(x: Annotated[str, Depends('b')]): return x\n"
    "def b(x: Annotated[str, Depends(a)]): return x\n"
    "class L:\n    def __init__(self, l: 'L' = Depends()): self.l = l\n"
    "@app.get('/bad')\ndef bad(q: str, x=Depends(b), l: L = Depends()):\n    os.system(q)\n",
    "routers in each other": "r = APIRouter()\nr.include_router(r)\ns = APIRouter()\n"
    "s.include_router(r)\nr.include_router(s)\napp.include_router(app)\napp.mount('/m', app)\n"
    "@r.get('/bad')\ndef bad(q: str):\n    os.system(q)\n",
    "functions replaced": "import sys\nsetattr(sys.modules[__name__], 'z', 1)\nglobals()['g'] = 1\n"
    "setattr(os, 'popen', len)\n__builtins__ = {}\nglobals().clear()\ndel os\nimport os\n"
    + ROUTE
    + body("globals()[q](q)", "setattr(os, q, q)", "os.system(q)"),
    "code from a text": "exec('def made(x): return x')\nexec('exec(' * 1000)\n"
    + ROUTE
    + body("made(q)", "exec('os.popen(q)')", "os.system(q)"),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_code_costs_nothing_that_stands_beside_it(look, what: str) -> None:
    assert {BESIDE, last_sink(ODD[what])} <= look(ODD[what]).lines()


def test_modules_that_import_each_other(look) -> None:
    looked = look(
        "from a import *\nimport a, c\n" + ROUTE + body("x(q)", "a.b.c.a.x(q)"),
        {
            "a.py": "from b import *\nimport b, os\ndef x(p):\n    os.system(p)\n",
            "b.py": "from c import *\nimport c\nfrom a import x\n__all__ = ['x'] + a.__all__\n",
            "c.py": "from a import *\nfrom c import *\nfrom . import *\nfrom ...... import x\nimport a\n",
        },
    )
    assert looked.lines() == {BESIDE}
    assert looked.lines("a.py") == {4}
    assert looked.gaps == {}


def test_a_chain_of_imports_longer_than_the_stack(look) -> None:
    files = {f"m{n}.py": f"from m{n + 1} import run\n" for n in range(400)}
    files["m400.py"] = "import os\ndef run(x):\n    os.system(x)\n"
    looked = look("from m0 import run\n" + ROUTE + body("run(q)"), files)
    assert looked.lines("m400.py") == {3}
    assert looked.gaps == {}


RENDERS = """from fastapi.templating import Jinja2Templates
t = Jinja2Templates("templates")
"""


def rendering(*names: str) -> str:
    return RENDERS + "".join(
        f"@app.get('/{n}')\ndef t{n}(request: Request, q: str):\n"
        f"    return t.TemplateResponse(request, {name!r}, {{'q': q}})\n"
        for n, name in enumerate(names)
    )


def test_templates_that_include_each_other_and_lead_out(project) -> None:
    names = ("a.html", "out.html", "loop.html", "../out/t.html", "x/" * 5000, "\x00", "")
    folder = project(
        {
            "main.py": HEAD + rendering(*names),
            "templates/a.html": "{% extends 'b.html' %}" + "{% include 'a.html' %}" * 200,
            "templates/b.html": "{% extends 'a.html' %}"
            + "{% include 'b.html' %}" * 200
            + "\n<p>{{ q|safe }}</p>",
        }
    )
    (folder.parent / "out").mkdir()
    (folder.parent / "out/t.html").write_text("<p>{{ q|safe }}</p>")
    (folder / "templates/out.html").symlink_to(folder.parent / "out/t.html")
    (folder / "templates/loop.html").symlink_to("loop.html")
    (folder / "again").symlink_to(folder)
    looked = Looked(folder)
    shown = [(f.location.path, f.location.line) for f in looked.found if f.rule == "INJ010"]
    assert shown == [("templates/b.html", 2)]
    assert looked.lines() == {BESIDE}


@pytest.mark.parametrize("mark", ["{{", "{%", "{#", "<!--"])
def test_marks_that_nothing_closes(look, mark: str) -> None:
    looked = look(rendering("a.html"), {"templates/a.html": "<p>{{ q|safe }}</p>" + mark * 100_000})
    assert looked.lines("templates/a.html", "INJ010") == {1}


def test_a_file_that_changes_during_the_scan_is_told(project) -> None:
    folder = project(
        {"main.py": HEAD + "from a import run\n" + ROUTE + body("run(q)"), "a.py": "run = len\n"}
    )
    looked = Looked(folder, lambda event: (folder / "a.py").unlink(missing_ok=True))
    assert looked.gaps == {"a.py": "it changed during the scan: it leads to no file"}
    assert looked.lines() == {BESIDE}


SLOW = (
    "^(a+)+$",
    "^(.*)*(.*)*(.*)*(.*)*X$",
    "^.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*X$",
    "^(?=(.+)+X)(.+)$",
    "^(.+)(.+)(.+)(.+)(.+)(.+)(.+)(.+)(.+)\\\\1X$",
    "^((((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9}$",
    "^([a-z]?){60}[a-z]{60}$",
    "(?i)" + "[a-z:/.]?" * 60 + "X" * 50,
    "(" * 90 + "a" + ")" * 90,
    "a{999999999999999999999}",
    "(?P<a>",
    "|".join(f"w{n}" for n in range(20_000)),
)


def test_no_pattern_of_the_project_is_run(look) -> None:
    text = "import re\n" + "".join(
        f"@app.get('/{n}')\ndef r{n}(q: Annotated[str, Query(pattern='{p}')], s: str):\n"
        f"    if re.fullmatch('{p}', s) and re.match('{p}', '{'a' * 60}!'): return re.sub('{p}', '', s)\n"
        for n, p in enumerate(SLOW)
    )
    assert look(text).lines() == {BESIDE}


_PIECES = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\w", "\\d", "[a-c/]", ":"])
_TIMES = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{0,2}?"])
_PATTERNS = st.recursive(
    _PIECES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, _TIMES).map(lambda two: f"({two[0]}){two[1]}"),
        inner.map(lambda one: f"^{one}$"),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(_PATTERNS, st.text("abAB1/:", max_size=6))
def test_a_pattern_fits_what_it_fits_in_python(pattern: str, text: str) -> None:
    fits = re.fullmatch(pattern, text) is not None
    assert fits_whole(pattern, (text,), single_letters) is fits


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)a", "(?<!b)a", "(?>a+)b", "(?i:a)", r"\ba"])
def test_what_cannot_be_followed_in_a_pattern_decides_nothing(pattern: str) -> None:
    assert fits_whole(pattern, ("a",), single_letters) is None
