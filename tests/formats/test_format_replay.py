"""The tests that a report offers: their shape is fixed, whatever the application says."""

from __future__ import annotations

import ast
from typing import Any

import format_reports
from hypothesis import example, given
from hypothesis import strategies as st

from buckler.scan.formats.replay import as_pytest, pytest_of

WORDS = st.one_of(st.text(), st.text("\"'\\\n\r\u2028{}x;#\0\ud800"))
ATTACK = '/x"""; import os; os.system("id") #'


class Blank(ast.NodeTransformer):
    """Takes texts and the name of the test out of a tree."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        assert node.name.startswith("test_")
        node.name = "test"
        return self.generic_visit(node)


def shape(text: str) -> str:
    return ast.dump(Blank().visit(ast.parse(text)))


def finding(word: Any) -> dict[str, Any]:
    return {
        "id": word,
        "title": word,
        "message": word,
        "fingerprint": word,
        "location": {"path": word, "operation": word, "slot": word},
        "proof": [{"kind": "exchange", "curl": word}],
    }


PLAIN = shape(as_pytest(finding("x"), main="main.py"))


@given(WORDS, WORDS)
@example(ATTACK, ATTACK)
@example("'''\\", "\\")
def test_no_text_gets_out_of_its_literal(word: str, main: str) -> None:
    text = as_pytest(finding(word), main=main)
    assert text.isascii()
    assert shape(text) == PLAIN


def test_the_shape_is_the_expected_one() -> None:
    tree = ast.parse(as_pytest(finding(ATTACK)))
    kinds = [type(node).__name__ for node in tree.body]
    assert kinds == ["ImportFrom", "Assign", "Assign", "FunctionDef"]
    function = tree.body[3]
    assert isinstance(function, ast.FunctionDef)
    assert [type(node).__name__ for node in function.body] == ["Assign", "Assert"]
    called = [ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)]
    assert called == ["project_of", "check"]


def test_the_texts_are_kept() -> None:
    names: dict[str, Any] = {}
    function = ast.parse(as_pytest(finding(ATTACK))).body
    note = function[2]
    assert isinstance(note, ast.Assign)
    names["NOTE"] = ast.literal_eval(note.value)
    assert names["NOTE"].splitlines() == [ATTACK] * 3


def test_a_report_offers_the_same_test_as_the_command() -> None:
    item = format_reports.finding(proof=(format_reports.sink(), format_reports.exchange()))
    report = format_reports.report(item, target={"main": "app/main.py"})
    text = pytest_of(report, item)
    assert "holds='app/main.py'" in text
    assert f"fingerprint={item.fingerprint!r}" in text
    assert shape(text) == PLAIN
