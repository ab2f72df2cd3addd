"""Repairs that nobody but an attacker notices, and the shapes in which somebody else would."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

RULES = Registry.load("buckler.scan.rules")
Made = tuple[str, bool]


def repaired(
    rule: str, text: str, folder: Path, marker: str, message: str = "", **files: str
) -> Made | None:
    """The file afterwards and whether the repair is safe, with the finding at the line of a marker."""
    line = next(n for n, row in enumerate(text.splitlines(), 1) if marker in row)
    for name, other in {"main.py": text, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(other, newline="")
    place = Location("main.py", line)
    finding = Finding(rule, message, Severity.HIGH, Confidence.PROVED, place)
    repair = RULES[rule].fix_source(draft_of(folder, "main.py"), finding)
    if repair is None:
        return None
    (made,) = written(folder, [repair])
    ast.parse(made.after)
    assert repair.safe or repair.changes
    return made.after, repair.safe


HEAD = "from fastapi import Depends, FastAPI, HTTPException\n\napp = FastAPI()\n\n\n"
ROUTE = f'{HEAD}@app.get("/x")\ndef shown(user: User = Depends(who)) -> int:\n'

ASSERTED = [
    ("assert user.is_admin", "if not user.is_admin:\n        raise HTTPException(403)"),
    ('assert user.is_admin, "only # one"  # why', "if not user.is_admin:\n        raise HTTPException(403)  # why"),
    ('assert "write" in user.scopes, user', 'if "write" not in user.scopes:\n        raise HTTPException(403)'),
    ("assert user.id == user.owner_id", "if not (user.id == user.owner_id):\n        raise HTTPException(403)"),
    ("assert (\n        user.is_admin  # the boss\n        or user.is_owner\n    ), (\n        'none'\n    )", "if not (\n        user.is_admin  # the boss\n        or user.is_owner\n    ):\n        raise HTTPException(403)"),
    ("assert has_role(user, 'a')", "if not has_role(user, 'a'):\n        raise HTTPException(403)"),
    ("assert (user.is_admin) or (user.is_owner)", "if not ((user.is_admin) or (user.is_owner)):\n        raise HTTPException(403)"),
    ("assert(user.is_admin)", "if not(user.is_admin):\n        raise HTTPException(403)"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), ASSERTED, ids=range(len(ASSERTED)))
def test_an_assertion_of_a_route_becomes_a_refusal(before: str, after: str, tmp_path: Path) -> None:
    made = repaired("ACC013", f"{ROUTE}    {before}\n    return 1\n", tmp_path, "assert")
    assert made == (f"{ROUTE}    {after}\n    return 1\n", True)


def test_an_assertion_keeps_tabs_and_line_ends(tmp_path: Path) -> None:
    text = f"{ROUTE}\tassert user.is_admin\n\treturn 1\n".replace("\n", "\r\n")
    after = text.replace(
        "assert user.is_admin", "if not user.is_admin:\r\n\t\traise HTTPException(403)"
    )
    assert repaired("ACC013", text, tmp_path, "assert") == (after, True)


@pytest.mark.parametrize(
    "body",
    [
        "    if user: assert user.is_admin\n",
        "    assert user.is_admin; print(1)\n",
        "    assert user.is_admin, (  # why\n        'x'\n    )\n",
    ],
)
def test_an_assertion_that_shares_its_line_is_left_alone(body: str, tmp_path: Path) -> None:
    assert repaired("ACC013", f"{ROUTE}{body}", tmp_path, "assert") is None


GATE = f"{HEAD}def gate(user: User = Depends(who)) -> None:\n    assert user.is_admin\n"


@pytest.mark.parametrize(
    ("text", "files", "safe"),
    [
        (GATE, {}, True),
        (GATE, {"other.py": "app.get('/x', dependencies=[Depends(gate)])"}, True),
        (GATE, {"other.py": "gate(user)"}, False),
        (GATE, {"other.py": "app.exception_handler(AssertionError)"}, False),
        (GATE, {"other.py": "@app.websocket('/x')\ndef f(): ..."}, False),
        (GATE, {"Dockerfile": "ENV PYTHONOPTIMIZE=1"}, False),
        (GATE, {"Dockerfile": 'CMD ["python", "-OO", "main.py"]'}, False),
        (GATE.replace("def gate", "@cached\ndef gate"), {}, False),
        (GATE.replace("    assert", "    yield user\n    assert"), {}, False),
        (GATE + "    yield user\n", {}, True),
        (GATE.replace("    assert user.is_admin", "    try:\n        assert user.is_admin\n    except Exception:\n        log()"), {}, False),
        (GATE.replace("    assert user.is_admin", "    try:\n        assert user.is_admin\n    finally:\n        log()"), {}, True),
        ("class A:\n  def gate(self, user: User = Depends(who)):\n    assert user.is_admin\n", {}, False),
        (GATE.replace("user: User = Depends(who)", "socket: WebSocket, user: User"), {}, False),
    ],
)  # fmt: skip
def test_who_notices_that_an_assertion_refuses(
    text: str, files: dict[str, str], safe: bool, tmp_path: Path
) -> None:
    made = repaired("ACC013", text, tmp_path, "assert", **files)
    assert made is not None
    assert made[1] is safe
    assert "raise HTTPException(403)" in made[0]
