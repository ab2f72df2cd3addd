"""Statements, decorators, parameters and expressions, put where the language wants them."""

from __future__ import annotations

import ast

import pytest

from buckler.core.errors import RepairError


def function(draft):
    return draft.index.functions[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(): ...\n", "def f(q: int): ...\n"),
        ("def f(a): ...\n", "def f(a, q: int): ...\n"),
        ("def f(a, b=1): ...\n", "def f(a, q: int, b=1): ...\n"),
        ("def f(a, *, b=(1)) -> (int): ...\n", "def f(a, *, b=(1), q: int) -> (int): ...\n"),
        ("def f(*args, **more): ...\n", "def f(*args, q: int, **more): ...\n"),
        (
            "def f(\n    a: 'é',\n    b: str = 'x',  # kept\n): ...\n",
            "def f(\n    a: 'é',\n    q: int,\n    b: str = 'x',  # kept\n): ...\n",
        ),
        ("async def f(\n    a,\n): ...\n", "async def f(\n    a,\n    q: int,\n): ...\n"),
        ("@d(1)\ndef f(a=(1)): ...\n", "@d(1)\ndef f(q: int, a=(1)): ...\n"),
    ],
)
def test_a_parameter_without_a_default(before, after, edited) -> None:
    assert edited(before, lambda d: d.add_parameter(function(d), "q: int")).decode() == after
    ast.parse(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(): ...\n", "def f(q=D(x)): ...\n"),
        ("def f(a, b=1): ...\n", "def f(a, b=1, q=D(x)): ...\n"),
        ("def f(a, **more): ...\n", "def f(a, q=D(x), **more): ...\n"),
        ("def f(a, *, b): ...\n", "def f(a, *, b, q=D(x)): ...\n"),
    ],
)
def test_a_parameter_with_a_default(before, after, edited) -> None:
    assert edited(before, lambda d: d.add_parameter(function(d), "q=D(x)")).decode() == after
    ast.parse(after)


def test_a_parameter_twice_is_refused(edited) -> None:
    with pytest.raises(RepairError):
        edited("def f(q): ...\n", lambda d: d.add_parameter(function(d), "q: int"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\nf()\n", "x = 1\na = 1\nb = 2\nf()\n"),
        ("if x:\n\tf()\n", "if x:\n\ta = 1\n\tb = 2\n\tf()\n"),
        ("if x: f()\n", "if x: a = 1; b = 2; f()\n"),
        ("x = 1; f()\n", "x = 1; a = 1; b = 2; f()\n"),
        ("if x:\r\n  f()\r\n", "if x:\r\n  a = 1\r\n  b = 2\r\n  f()\r\n"),
    ],
)
def test_statements_go_before_another(before, after, edited) -> None:
    def change(draft):
        call = next(c for c in draft.index.calls)
        draft.insert_before(draft.index.parents[call], "a = 1", "b = 2")

    assert edited(before, change).decode() == after


def test_a_statement_goes_before_the_decorators(edited) -> None:
    after = edited("@d\n@e\ndef f(): ...\n", lambda d: d.insert_before(function(d), "a = 1"))
    assert after == b"a = 1\n@d\n@e\ndef f(): ...\n"


def test_a_statement_goes_behind_another(edited) -> None:
    def change(draft):
        draft.insert_after(draft.index.tree.body[0], "a = 1")

    assert edited("f()  # kept\ng()\n", change) == b"f()  # kept\na = 1\ng()\n"
    assert edited("f()", change) == b"f()\na = 1"
    assert edited("f(); g()\n", change) == b"f(); a = 1; g()\n"


def test_a_block_is_not_put_on_a_shared_line(edited) -> None:
    def change(draft):
        draft.insert_before(draft.index.tree.body[1], "if x:", "    y()")

    with pytest.raises(RepairError):
        edited("f(); g()\n", change)
    assert edited("f()\ng()\n", change) == b"f()\nif x:\n    y()\ng()\n"


def test_a_decorator_goes_nearest_to_the_function(edited) -> None:
    before = "class A:\n    @route('/')\n    async def f(self): ...\n"
    after = "class A:\n    @route('/')\n    @guarded\n    async def f(self): ...\n"
    assert edited(before, lambda d: d.add_decorator(function(d), "guarded")).decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1\nf()\n", "f()\n"),
        ("def g():\n    a = 1\n", "def g():\n    pass\n"),
        ("def g():\n    a = 1  # gone\n    f()\n", "def g():\n    f()\n"),
        ("a = 1; f()\n", "pass; f()\n"),
    ],
)
def test_a_statement_is_taken_away(before, after, edited) -> None:
    def change(draft):
        draft.remove_statement(draft.index.all(ast.Assign)[0])

    assert edited(before, change).decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = a\n", "x = f(a)\n"),
        ("x = a, b\n", "x = f((a, b))\n"),
        ("x = (a, b)\n", "x = f((a, b))\n"),
        ("x = (a + b)\n", "x = (f(a + b))\n"),
        ("'é'; x = 'é𝒳'\n", "'é'; x = f('é𝒳')\n"),
    ],
)
def test_an_expression_is_wrapped(before, after, edited) -> None:
    def change(draft):
        draft.wrap(draft.index.all(ast.Assign)[0].value, "f(", ")")

    assert edited(before, change).decode() == after


@pytest.mark.parametrize(
    ("before", "operand"),
    [
        ("x = a.b", "a.b"),
        ("x = a + b", "(a + b)"),
        ("x = await a", "(await a)"),
        ("x = 1", "(1)"),
        ("x = 'a' 'b'", "'a' 'b'"),
        ("x = ('a'\n 'b')", "('a'\n 'b')"),
        ("x = (a\n .b)", "(a\n .b)"),
        ("x = f'{a}'", "f'{a}'"),
        ("x = a if b else c", "(a if b else c)"),
        ("x = lambda: 1", "(lambda: 1)"),
        ("x = (a, b)", "(a, b)"),
    ],
)
def test_an_operand_binds_as_it_did(before, operand, tmp_path) -> None:
    from buckler.scan.fix.drafts import draft_of

    (tmp_path / "module.py").write_text(before)
    draft = draft_of(tmp_path, "module.py")
    written = draft.operand(draft.index.all(ast.Assign)[0].value)
    assert written == operand
    value = ast.parse(f"({written}).encode()", mode="eval").body.func.value
    bare = ast.parse(f"{written}.encode()", mode="eval").body.func.value
    assert ast.dump(value) == ast.dump(bare)


@pytest.mark.parametrize(
    ("source", "value", "literal"),
    [
        ("x = 'a'; y = 'b'\n", "n", "'n'"),
        ('x = "a"\n', "n", '"n"'),
        ("x = 'a'\n", "it's", '"it\'s"'),
        ("", "\\ \"'\n\0é", '"\\\\ \\"\'\\n\\x00é"'),
    ],
)
def test_a_literal_in_the_quotes_of_the_file(source, value, literal, tmp_path) -> None:
    from buckler.scan.fix.drafts import draft_of

    (tmp_path / "module.py").write_text(source)
    assert draft_of(tmp_path, "module.py").quote(value) == literal
    assert ast.literal_eval(literal) == value
