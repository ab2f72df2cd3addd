"""Arguments of calls: the tree afterwards is the one that was asked for, the rest of the text stays."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.core.errors import UnreadableFile
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

LIBRARY = Path(ast.__file__).parent
REAL = ("argparse.py", "subprocess.py", "json/decoder.py", "http/client.py", "tarfile.py")


def only_call(draft):
    return max(draft.index.calls, key=lambda call: (call.end_lineno, call.end_col_offset))


def set_keyword(name, value):
    return lambda draft: draft.set_keyword(first_call(draft), name, value)


def first_call(draft):
    return min(draft.index.calls, key=lambda call: (call.lineno, call.col_offset))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()\n", "f(x=1)\n"),
        ("f( )\n", "f(x=1 )\n"),
        ("f(a)\n", "f(a, x=1)\n"),
        ("f(a,)\n", "f(a, x=1,)\n"),
        ("f((a))\n", "f((a), x=1)\n"),
        ("f(b=(2))\n", "f(b=(2), x=1)\n"),
        ("f(**more)\n", "f(**more, x=1)\n"),
        ("f(*more)\n", "f(*more, x=1)\n"),
        ("f(n for n in m)\n", "f((n for n in m), x=1)\n"),
        ("f((n for n in m))\n", "f((n for n in m), x=1)\n"),
        ("f (a)\n", "f (a, x=1)\n"),
        ("f(x=2)\n", "f(x=1)\n"),
        ("f(x=(2), y=3)\n", "f(x=1, y=3)\n"),
        ('"é→𝒳"; f("é→𝒳", a)\n', '"é→𝒳"; f("é→𝒳", a, x=1)\n'),
        ("f(\n    a,\n    b,\n)\n", "f(\n    a,\n    b,\n    x=1,\n)\n"),
        ("f(\n\ta,\n\tb\n)\n", "f(\n\ta,\n\tb,\n\tx=1\n)\n"),
        ("f(\n    a,  # why, not\n)\n", "f(\n    a,  # why, not\n    x=1,\n)\n"),
        ("f(\n    a  # why\n)\n", "f(\n    a,  # why\n    x=1\n)\n"),
        ("f(a,\n  b)\n", "f(a,\n  b, x=1)\n"),
        ("f({\n    1: 2,\n})\n", "f({\n    1: 2,\n}, x=1)\n"),
        ("f(\r\n    a,\r\n)\r\n", "f(\r\n    a,\r\n    x=1,\r\n)\r\n"),
        ("f(a, # )\n  b)", "f(a, # )\n  b, x=1)"),
        ("f(a \\\n  )\n", "f(a, x=1 \\\n  )\n"),
    ],
)
def test_a_keyword_is_put_in(before, after, edited) -> None:
    assert edited(before, set_keyword("x", "1")).decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(x=1)\n", "f()\n"),
        ("f(x=1,)\n", "f()\n"),
        ("f(a, x=1)\n", "f(a)\n"),
        ("f(a, x=1,)\n", "f(a,)\n"),
        ("f(x=1, a=2)\n", "f(a=2)\n"),
        ("f(a, x=(1), b=2)\n", "f(a, b=2)\n"),
        ("f(a,\n  x=1)\n", "f(a)\n"),
        ("f(\n    a,\n    x=1,\n)\n", "f(\n    a,\n)\n"),
        ("f(\n    a,\n    x=1\n)\n", "f(\n    a,\n)\n"),
        ("f(\n    x=1,  # self-signed\n    a=2,  # kept\n)\n", "f(\n    a=2,  # kept\n)\n"),
        ("f(  # kept\n    x=1, a=2,\n)\n", "f(  # kept\n    a=2,\n)\n"),
        ("f(a,  # kept\n  x=1)\n", "f(a,  # kept\n  )\n"),
        ("f(a)\n", "f(a)\n"),
    ],
)
def test_a_keyword_is_taken_away(before, after, edited) -> None:
    assert edited(before, lambda d: d.remove_keyword(first_call(d), "x")).decode() == after


def test_changes_of_one_call_go_together(edited) -> None:
    def change(draft):
        call = first_call(draft)
        draft.set_keyword(call, "secure", "True")
        draft.set_keyword(call, "httponly", "True")
        draft.remove_keyword(call, "a")
        draft.remove_keyword(call, "b")
        draft.append_argument(call, "value")

    assert edited("f(name, a=1, b=2, c=3)\n", change) == (
        b"f(name, value, secure=True, httponly=True, c=3)\n"
    )


def test_two_neighbours_go_without_a_comma_left(edited) -> None:
    def change(draft):
        draft.remove_keyword(first_call(draft), "a")
        draft.remove_keyword(first_call(draft), "b")

    assert edited("f(name, a=1, b=2)\n", change) == b"f(name)\n"
    assert edited("f(a=1, b=2, c=3)\n", change) == b"f(c=3)\n"


@pytest.mark.parametrize("name", REAL)
def test_every_call_of_real_files_can_be_changed(name, tmp_path) -> None:
    """The oracle is Python's own parser: the old tree with the keyword in it, nothing else changed."""
    data = (LIBRARY / name).read_bytes()
    (tmp_path / "module.py").write_bytes(data)
    calls = len(draft_of(tmp_path, "module.py").index.calls)
    draft = draft_of(tmp_path, "module.py")
    for call in draft.index.calls:
        draft.set_keyword(call, "new_keyword", "1")
    (made,) = written(tmp_path, [draft.repair("changes it")])
    expected = ast.parse(data)
    for node in ast.walk(expected):
        if isinstance(node, ast.Call):
            node.keywords.append(ast.keyword("new_keyword", ast.Constant(1)))
    assert calls > 20
    assert ast.dump(ast.parse(made.data)) == ast.dump(expected)

    (tmp_path / "module.py").write_bytes(made.data)
    draft = draft_of(tmp_path, "module.py")
    for call in draft.index.calls:
        draft.remove_keyword(call, "new_keyword")
    (back,) = written(tmp_path, [draft.repair("changes it")])
    assert ast.dump(ast.parse(back.data)) == ast.dump(ast.parse(data))
    assert comments(back.data) == comments(data)


def comments(data: bytes) -> list[str]:
    import io
    import tokenize

    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


BLANK = st.sampled_from(["", " ", "\n    ", "\n\t", " \\\n  ", " # ), é = (\n  ", "\r\n  "])
VALUE = st.sampled_from(
    ["a", "(a)", "'é'", '"𝒳,)"', "((1), 2)", "g(1, b=2)", "[x for x in y]", "-1"]
)


@st.composite
def call_texts(draw) -> tuple[str, list[str]]:
    names = draw(st.lists(st.sampled_from(["p", "q", "r", "s"]), unique=True, max_size=4))
    items = [draw(VALUE) for _ in range(draw(st.integers(0, 2)))]
    items += [f"{name}{draw(BLANK)}={draw(BLANK)}{draw(VALUE)}" for name in names]
    text = "f" + "(" + draw(BLANK)
    for number, item in enumerate(items):
        text += item + draw(BLANK)
        last = number == len(items) - 1
        text += "" if last and draw(st.booleans()) else "," + draw(BLANK)
    return f"'é𝒳'; {text})", names


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(made=call_texts(), added=st.booleans(), data=st.data())
def test_any_layout_of_a_call(made, added, data, edited) -> None:
    text, names = made
    removed = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []

    def change(draft):
        call = next(c for c in draft.index.calls if getattr(c.func, "id", "") == "f")
        for name in removed:
            draft.remove_keyword(call, name)
        if added:
            draft.set_keyword(call, "new", "1")

    after = edited(text, change)
    expected = ast.parse(text)
    call = expected.body[1].value
    call.keywords = [k for k in call.keywords if k.arg not in removed]
    if added:
        call.keywords.append(ast.keyword("new", ast.Constant(1)))
    got = ast.parse(after)
    for tree in (got, expected):
        tree.body[1].value.keywords.sort(key=lambda k: k.arg)
    assert ast.dump(got) == ast.dump(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="no such links there")
def test_a_link_that_leads_out_is_not_opened(tmp_path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "outside.py").write_text("f()\n")
    (folder / "module.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(UnreadableFile):
        draft_of(folder, "module.py")
