"""Repairs that nobody but an attacker notices, and the shapes in which somebody else would."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.interface import Fixes
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
    fixer = RULES[rule]
    assert isinstance(fixer, Fixes)
    repair = fixer.fix_source(draft_of(folder, "main.py"), finding)
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


SHELL = "import asyncio\nimport os\nimport subprocess\nfrom fastapi import FastAPI\n\n\ndef shown(name: str, size: int) -> str:\n"


@pytest.mark.parametrize(
    ("before", "after", "safe"),
    [
        ("""subprocess.run(f"cat '{name}'", shell=True)""", """subprocess.run(["cat", "--", name])""", True),
        ("""subprocess.run(f'grep -c "{name}" log', shell=True, text=True)""", """subprocess.run(['grep', '-c', '--', name, 'log'], text=True)""", True),
        ("""subprocess.run(f"du '--exclude={name}'", shell=True)""", """subprocess.run(["du", f"--exclude={name}"])""", True),
        ("""os.system(f"rm '{name}'")""", """subprocess.call(["rm", "--", name])""", True),
        ("""subprocess.check_output("wc '" + name + "'", shell=True)""", """subprocess.check_output(["wc", "--", name])""", True),
        ("""x = os.system(f"rm '{name}'")""", """x = subprocess.call(["rm", "--", name])""", False),
        ("""subprocess.run(f"cat {name}", shell=True)""", """subprocess.run(["cat", "--", name])""", False),
        ("""subprocess.run(f"pandoc '{name}'", shell=True)""", """subprocess.run(["pandoc", "--", name])""", False),
        ("""subprocess.run(f"cat '{name}'", shell=True, env={})""", """subprocess.run(["cat", "--", name], env={})""", False),
        ("""subprocess.Popen(f"cat '{name}'", shell=True)""", """subprocess.Popen(["cat", "--", name])""", False),
        ("""subprocess.run(f"cat '{name}'", shell=True).returncode == 127""", """subprocess.run(["cat", "--", name]).returncode == 127""", False),
    ],
)  # fmt: skip
def test_a_command_whose_words_stay_the_same(
    before: str, after: str, safe: bool, tmp_path: Path
) -> None:
    made = repaired("INJ002", f"{SHELL}    {before}\n", tmp_path, "name}" if "{" in before else "+")
    assert made == (f"{SHELL}    {after}\n", safe)


@pytest.mark.parametrize(
    "before",
    [
        """subprocess.run(f"cat '{name}'", shell=True, executable="/bin/bash")""",
        """subprocess.run(f"cat '{name}'", **options, shell=True)""",
        """subprocess.run(f"cat '{name}' | wc", shell=True)""",
    ],
)
def test_a_command_that_needs_its_shell_is_left_alone(before: str, tmp_path: Path) -> None:
    assert repaired("INJ002", f"{SHELL}    {before}\n", tmp_path, "name}") is None


def test_a_command_without_a_shell_does_the_same_and_no_more(tmp_path: Path) -> None:
    body = """    return subprocess.run(f"grep -c '{name}' log", shell=True, capture_output=True, text=True).stdout\n"""
    made = repaired(
        "INJ002", SHELL.replace("from fastapi import FastAPI", "") + body, tmp_path, "name}"
    )
    assert made is not None
    for source in ((tmp_path / "main.py").read_text(), made[0]):
        (tmp_path / "log").write_text("a b\nO'Brien\n*\n")
        space: dict[str, object] = {}
        exec(compile(source, "main.py", "exec"), space)
        shown = space["shown"]
        assert callable(shown)
        at = Path.cwd()
        os.chdir(tmp_path)
        try:
            assert [shown(name, 1) for name in ("a b", "none", "[*]")] == ["1\n", "0\n", "1\n"]
            shown("x'; touch got; '", 1)
        finally:
            os.chdir(at)
        assert (tmp_path / "got").exists() is (source != made[0])
        (tmp_path / "got").unlink(missing_ok=True)


ASKED = f"import urllib.request\nimport requests\n{HEAD}session = requests.Session()\n\n\n"
READS = f'{ASKED}@app.get("/x")\ndef shown(url: str) -> str:\n    '


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("requests.get('https://a.example')", "requests.get('https://a.example', timeout=60)"),
        ("session.get('https://a.example')", "session.get('https://a.example', timeout=60)"),
        ("urllib.request.urlopen('https://a.example')", "urllib.request.urlopen('https://a.example', timeout=60)"),
        ("urllib.request.urlopen(url)", "urllib.request.urlopen(url, timeout=60)"),
    ],
)  # fmt: skip
def test_an_answer_is_read_for_a_minute(call: str, after: str, tmp_path: Path) -> None:
    made = repaired("EGR003", f"{READS}{call}\n", tmp_path, call)
    assert made == (f"{READS}{after}\n", True)


@pytest.mark.parametrize(
    "text",
    [
        f"{READS}requests.post(url)\n",
        f"{READS}requests.get(url, timeout=None)\n",
        f"{READS}requests.get(url, stream=True)\n",
        f"{READS}urllib.request.urlopen(urllib.request.Request(url, b''))\n",
        f"{READS}urllib.request.urlopen(url, b'')\n",
        f"{READS}tasks.add_task(lambda: requests.get(url))\n",
        f"{READS}def later() -> None:\n        requests.get(url)\n",
        f"{ASKED}def nightly(url: str) -> None:\n    requests.get(url)\n",
    ],
)
def test_a_call_that_somebody_may_wait_for_longer_is_reviewed(text: str, tmp_path: Path) -> None:
    line = text.splitlines()[-1]
    made = repaired("EGR003", text, tmp_path, line)
    assert made is not None
    assert made[1] is False
    assert "timeout=10" in made[0]


PAGE = f"from fastapi.responses import HTMLResponse\nfrom markupsafe import Markup\n{HEAD}"
GREETS = f'{PAGE}@app.get("/x")\ndef shown(name: str = "you"):\n    return HTMLResponse(Markup(f"<b>{{name}}</b>"))\n'
IN_MARKUP = "Markup() says that a text is safe that is put together from values."


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (GREETS, True),
        (GREETS.replace('"you"', "Form()"), True),
        (GREETS.replace('"you"', "Depends(page)"), False),
        (GREETS.replace("name", "body"), False),
        (GREETS.replace("name: str =", "name: Note ="), False),
        (GREETS.replace("{name}", "{name}{footer}"), False),
        (GREETS.replace("    return", "    name = bold(name) or name['x']\n    name = name['x']\n    return"), None),
        (GREETS.replace('@app.get("/x")\n', ""), False),
    ],
)  # fmt: skip
def test_what_a_client_typed_is_escaped_in_markup(
    text: str, safe: bool | None, tmp_path: Path
) -> None:
    made = repaired("INJ015", text, tmp_path, "Markup(", IN_MARKUP)
    if safe is None:
        assert made is None
        return
    assert made is not None
    assert "<b>{escape(" in made[0]
    assert made[1] is safe


def test_escaped_markup_shows_names_as_before(tmp_path: Path) -> None:
    from markupsafe import Markup, escape

    made = repaired("INJ015", GREETS, tmp_path, "Markup(", IN_MARKUP)
    assert made is not None
    (inner,) = [n for n in ast.walk(ast.parse(made[0])) if isinstance(n, ast.JoinedStr)]
    code = compile(ast.Expression(inner), "page", "eval")
    for name, shown in (("Ann", "<b>Ann</b>"), ("<i>", "<b>&lt;i&gt;</b>")):
        assert Markup(eval(code, {"escape": escape, "name": name})) == shown


TOKENS = """import os

import jwt

KEY = os.environ["KEY"]


def made(user: str) -> str:
    return jwt.encode({"sub": user}, KEY, algorithm="HS256")


def read(token: str) -> str:
    return jwt.decode(token, options={"verify_signature": False})["sub"]
"""
UNCHECKED = 'jwt.decode(token, options={"verify_signature": False})'
CHECKED = 'jwt.decode(token, KEY, algorithms=["HS256"])'
EXPIRING = TOKENS.replace('"sub": user', '"sub": user, "exp": soon()')


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (TOKENS, TOKENS.replace(UNCHECKED, CHECKED)),
        (TOKENS.replace("token, options", 'token, "", options'), TOKENS.replace(UNCHECKED, CHECKED)),
        (TOKENS.replace("token, options", 'jwt=token, options'), TOKENS.replace(UNCHECKED, 'jwt.decode(jwt=token, key=KEY, algorithms=["HS256"])')),
        (TOKENS.replace("token, options", 'token, KEY, ["HS256"], options'), TOKENS.replace(UNCHECKED, 'jwt.decode(token, KEY, ["HS256"])')),
        (EXPIRING.replace("False}", 'False, "verify_exp": True}'), EXPIRING.replace(UNCHECKED, 'jwt.decode(token, KEY, options={"verify_exp": True}, algorithms=["HS256"])')),
    ],
)  # fmt: skip
def test_a_token_is_checked_with_the_key_it_was_made_with(
    text: str, after: str, tmp_path: Path
) -> None:
    assert repaired("AUT001", text, tmp_path, "jwt.decode") == (after, True)


WITH_KEY = TOKENS.replace("token, options", 'token, KEY, algorithms=["HS256"], options')


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (WITH_KEY.replace('{"sub": user}, KEY', '{"sub": user}, OTHER'), {}),
        (WITH_KEY.replace('os.environ["KEY"]', "os.urandom(32)"), {}),
        (WITH_KEY.replace('os.environ["KEY"]', 'os.environ.get("KEY", os.urandom(32))'), {}),
        (WITH_KEY.replace('"sub": user', '"sub": user, "exp": soon()'), {}),
        (WITH_KEY.replace('"sub": user', '"sub": user, "aud": "shop"'), {}),
        (WITH_KEY.replace('"sub": user', '"sub": number'), {}),
        (WITH_KEY.replace('{"sub": user}', "claims"), {}),
        (WITH_KEY.replace('["HS256"]', '["HS512"]'), {}),
        (WITH_KEY.replace('"HS256")', '"RS256")'), {}),
        (WITH_KEY.replace("def read(token: str)", "def read(token: str, KEY: str)"), {}),
        (WITH_KEY, {"other.py": "jwt.encode({}, 'k')"}),
        (WITH_KEY, {"other.py": "# signs in with Google"}),
    ],
)  # fmt: skip
def test_a_token_that_somebody_else_may_have_made_is_reviewed(
    text: str, files: dict[str, str], tmp_path: Path
) -> None:
    made = repaired("AUT001", text, tmp_path, "jwt.decode", **files)
    assert made is not None
    assert made[1] is False
    without = text.replace('token, KEY, algorithms=["HS256"],', "token,")
    if without != text:
        assert repaired("AUT001", without, tmp_path, "jwt.decode", **files) is None


SIGN_IN = f"""import hashlib
{HEAD}def stretch(password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=b"0" * 16, n=2**4, r=8, p=1)


USERS = {{"alice": stretch("correct")}}


@app.post("/token")
def token(name: str, password: str) -> bool:
    known = USERS.get(name)
    if known is None or stretch(password) != known:
        raise HTTPException(401)
    return True
"""
LATE = "POST /token hashes the password only where the name exists, which takes longer."


def test_the_password_is_hashed_for_unknown_names_too(tmp_path: Path) -> None:
    made = repaired("AUT012", SIGN_IN, tmp_path, "def token", LATE)
    assert made is not None
    assert "if stretch(password) != known or known is None:" in made[0]
    assert made[1] is True
    for source, unknown in ((SIGN_IN, 0), (made[0], 1)):
        space: dict[str, Any] = {}
        exec(compile(source, "main.py", "exec"), space)
        hashed: list[str] = []
        stretch = space["stretch"]
        space["stretch"] = lambda text, to=hashed, by=stretch: to.append(text) or by(text)
        assert space["token"]("alice", "correct") is True
        hashed.clear()
        for name in ("alice", "bob"):
            with pytest.raises(space["HTTPException"]):
                space["token"](name, "wrong")
        assert len(hashed) == 1 + unknown


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stretch(password) != known:", "stretch(password + known.salt) != known:"),
        ("stretch(password) != known:", "not fits(password, known):"),
        ("stretch(password) != known:", "stretch(password) != known.hash:"),
        ("known is None or", "known is None and"),
        ("    return hashlib", "    log(password)\n    count()\n    return hashlib"),
    ],
)
def test_work_that_depends_on_the_account_is_left_alone(
    before: str, after: str, tmp_path: Path
) -> None:
    text = SIGN_IN.replace(before, after)
    assert text != SIGN_IN
    assert repaired("AUT012", text, tmp_path, "def token", LATE) is None
