"""Shapes that fixers meet: what they make of them, and what they leave to a person."""

from __future__ import annotations

import hmac
import shlex
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.writing import written

RULES = Registry.load("buckler.scan.rules")


def fixed(rule: str, text: str, folder: Path, marker: str) -> str | None:
    """The file afterwards, with the finding at the line that holds a marker; None where it stays."""
    line = next(n for n, row in enumerate(text.splitlines(), 1) if marker in row)
    (folder / "module.py").write_text(text)
    place = Location("module.py", line)
    finding = Finding(rule, "", Severity.HIGH, Confidence.PROVED, place)
    repair = RULES[rule].fix_source(draft_of(folder, "module.py"), finding)
    if repair is None:
        return None
    (made,) = written(folder, [repair])
    return made.after


COMMANDS = [
    ('subprocess.run(f"ping -c 1 {host}", shell=True)', 'subprocess.run(["ping", "-c", "1", "--", host])'),
    ('subprocess.run("ping -c 1 " + host, shell=True, check=True)', 'subprocess.run(["ping", "-c", "1", "--", host], check=True)'),
    ('subprocess.run("ping -c 1 %s" % host, timeout=3, shell=True)', 'subprocess.run(["ping", "-c", "1", "--", host], timeout=3)'),
    ("subprocess.run(f\"ping '{host}'\", shell=True)", 'subprocess.run(["ping", "--", host])'),
    ('subprocess.run(f"du --exclude={host} -s", shell=True)', 'subprocess.run(["du", f"--exclude={host}", "-s"])'),
    ('subprocess.run(f"say {host} \'and more\'", shell=True)', 'subprocess.run(["say", "--", host, "and more"])'),
    ('os.system(f"ping {host}")', 'subprocess.call(["ping", "--", host])'),
    ('os.system(f"ping {number}")', 'subprocess.call(["ping", "--", str(number)])'),
    ('os.system(f"ping {shlex.quote(host)}")', 'subprocess.call(["ping", "--", host])'),
    ('subprocess.run(f"ping -- {host}", shell=True)', 'subprocess.run(["ping", "--", host])'),
]  # fmt: skip
HEAD = "import os\nimport shlex\nimport subprocess\n\n\ndef run(host: str, number: int = 3):\n    return "


@pytest.mark.parametrize(("before", "after"), COMMANDS, ids=range(len(COMMANDS)))
def test_commands(before: str, after: str, tmp_path: Path) -> None:
    """The words are those that a POSIX shell makes of the command (``shlex``), but for ``--``."""
    made = fixed("INJ002", f"{HEAD}{before}\n", tmp_path, "return")
    assert made == f"{HEAD}{after}\n"
    seen: list[object] = []

    class Recording:
        def __getattr__(self, name):
            return lambda command, **options: seen.append(command)

    for text in (before, after):
        space = {"subprocess": Recording(), "os": Recording(), "shlex": shlex}
        exec(f"def run(host: str, number: int = 3):\n    return {text}\nrun('example.org')", space)
    old, new = seen
    assert [word for word in new if word != "--"] == [w for w in shlex.split(old) if w != "--"]
    assert fixed("INJ002", made, tmp_path, "return") is None


def test_a_value_of_several_words_needs_a_shell(tmp_path: Path) -> None:
    text = (
        "import os\n\n\ndef run(url, name):\n    login = f' --user {name}'\n"
        '    os.system(f"svn checkout{login} {url}")\n'
    )
    assert fixed("INJ002", text, tmp_path, "os.system") is None


@pytest.mark.parametrize(
    "call",
    [
        'subprocess.run(f"cat {host} | wc", shell=True)',
        'subprocess.run(f"cat {host} > out", shell=True)',
        'subprocess.run(f"ls *.{host}", shell=True)',
        'subprocess.run(f"cat $HOME/{host}", shell=True)',
        'subprocess.run(f"{host} -x", shell=True)',
        'subprocess.run(f"KEY={host} run", shell=True)',
        'subprocess.run(f"cat \'{host}", shell=True)',
        'subprocess.run(f"cat {host!r}", shell=True)',
        'subprocess.run(f"echo {host}", shell=True)',
        'subprocess.run(f"find {host} -name x", shell=True)',
        "subprocess.run(host, shell=True)",
        'subprocess.run(f"cat {host}")',
        'subprocess.run(["cat", host])',
        "os.system('true')",
    ],
)
def test_commands_that_need_a_shell(call: str, tmp_path: Path) -> None:
    assert fixed("INJ002", f"{HEAD}{call}\n", tmp_path, "return") is None


COMPARISONS = [
    ("key: str, api_key: str", "key == api_key", "hmac.compare_digest(key.encode(), api_key.encode())"),
    ("key: str, api_key: str", "key != api_key", "not hmac.compare_digest(key.encode(), api_key.encode())"),
    ("key: bytes, api_key: bytes", "key == api_key", "hmac.compare_digest(key, api_key)"),
    ("key: str | None, api_key: str", "key == api_key", "key is not None and hmac.compare_digest(key.encode(), api_key.encode())"),
    ("key: str, api_key: str = None", "key != api_key", "api_key is None or not hmac.compare_digest(key.encode(), api_key.encode())"),
    ("key: str, api_key: str", 'f"Bearer {key}" == api_key', 'hmac.compare_digest(f"Bearer {key}".encode(), api_key.encode())'),
    ("key: str, api_key: str", '"Bearer " + key == api_key', 'hmac.compare_digest(("Bearer " + key).encode(), api_key.encode())'),
    ("key: str, api_key: str", "bool(key) and key == api_key", "bool(key) and hmac.compare_digest(key.encode(), api_key.encode())"),
    ("key: str, api_key: str | None", "bool(key) and key == api_key", "bool(key) and (api_key is not None and hmac.compare_digest(key.encode(), api_key.encode()))"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "before", "after"), COMPARISONS, ids=range(len(COMPARISONS)))
def test_comparisons(given: str, before: str, after: str, tmp_path: Path) -> None:
    head = f"import hmac\n\n\ndef check({given}):\n    return "
    assert fixed("AUT004", f"{head}{before}\n", tmp_path, "return") == f"{head}{after}\n"
    old, new = {"hmac": hmac}, {"hmac": hmac}
    exec(f"{head}{before}", old)
    exec(f"{head}{after}", new)
    as_bytes = "bytes" in given
    values = [b"", b"a", b"b"] if as_bytes else ["", "a", "é", "Bearer a"]
    for key in values:
        for api_key in values:
            assert bool(new["check"](key, api_key)) is bool(old["check"](key, api_key))


@pytest.mark.parametrize(
    "given", ["key, api_key: str", "key: bytes, api_key: str", "key: list, api_key: list"]
)
def test_comparisons_of_unknown_kinds_are_left_alone(given: str, tmp_path: Path) -> None:
    text = f"def check({given}):\n    return key == api_key\n"
    assert fixed("AUT004", text, tmp_path, "return") is None


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("CFG004", 'r.set_cookie("session", v)', 'r.set_cookie("session", v, secure=True, httponly=True)'),
        ("CFG004", 'r.set_cookie("session", v, secure=False, samesite="none")', 'r.set_cookie("session", v, secure=True, samesite="lax", httponly=True)'),
        ("CFG004", 'r.set_cookie("session", v, secure=True, httponly=True)', None),
        ("CFG004", 'r.set_cookie("session", v, **options)', None),
        ("CFG005", "app.add_middleware(SessionMiddleware, secret_key=k)", "app.add_middleware(SessionMiddleware, secret_key=k, https_only=True)"),
        ("CFG005", "app.add_middleware(SessionMiddleware, https_only=False)", "app.add_middleware(SessionMiddleware, https_only=True)"),
        ("CFG005", 'Middleware(SessionMiddleware, https_only=True, same_site="none")', 'Middleware(SessionMiddleware, https_only=True, same_site="lax")'),
        ("CFG001", 'app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)', 'app.add_middleware(CORSMiddleware, allow_origins=["*"])'),
        ("CFG006", 'app = FastAPI(title="Shop", debug=True)', 'app = FastAPI(title="Shop")'),
        ("CFG006", "app = FastAPI(debug=settings.debug)", None),
        ("EGR003", "requests.get(url, timeout=None)", "requests.get(url, timeout=10)"),
        ("EGR003", "urllib.request.urlopen(url, None, None)", "urllib.request.urlopen(url, None, 10)"),
        ("EGR003", "asyncio.to_thread(requests.get, url)", None),
        ("INJ009", "yaml.load(text)", "yaml.safe_load(text)"),
        ("INJ009", "yaml.load(text, yaml.Loader)", "yaml.safe_load(text)"),
        ("INJ009", "yaml.load_all(Loader=yaml.Loader, stream=text)", "yaml.safe_load_all(stream=text)"),
        ("INJ009", "yaml.load(**options)", None),
        ("EGR002", "requests.get(url, verify=False, timeout=3)", "requests.get(url, timeout=3)"),
        ("EGR002", "ssl._create_unverified_context()", "ssl.create_default_context()"),
    ],
)  # fmt: skip
def test_one_line(rule: str, before: str, after: str | None, tmp_path: Path) -> None:
    head = "import asyncio\nimport ssl\nimport urllib.request\n\nimport requests\nimport yaml\n\n"
    made = fixed(rule, f"{head}{before}\n", tmp_path, before)
    assert made == (None if after is None else f"{head}{after}\n")


SETTINGS = """import os
import secrets

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    {field}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("jwt_secret: str = Field(default_factory=lambda: secrets.token_hex(32))", "jwt_secret: str"),
        ("jwt_secret: str = secrets.token_hex(32)", "jwt_secret: str"),
        (
            'jwt_secret: str = Field(default_factory=lambda: secrets.token_hex(32), alias="KEY")',
            'jwt_secret: str = Field(alias="KEY")',
        ),
        ("jwt_secret: str = Field(secrets.token_hex(32), min_length=32)", "jwt_secret: str = Field(..., min_length=32)"),
        ('jwt_secret: str = os.getenv("KEY", secrets.token_hex(32))', 'jwt_secret: str = os.environ["KEY"]'),
        ('jwt_secret: str = os.getenv("KEY") or secrets.token_hex(32)', 'jwt_secret: str = os.environ["KEY"]'),
        ("jwt_secret: str = Field(**options)", None),
        ('jwt_secret: str = ""', None),
    ],
)  # fmt: skip
def test_secrets_that_are_drawn_at_the_start(
    before: str, after: str | None, tmp_path: Path
) -> None:
    made = fixed("AUT023", SETTINGS.format(field=before), tmp_path, "jwt_secret")
    assert made == (None if after is None else SETTINGS.format(field=after))


def test_a_header_that_is_put_together_before(tmp_path: Path) -> None:
    text = (
        "from fastapi import Response\n\n\ndef answer(name: str) -> Response:\n"
        "    shown = f'attachment; filename=\"{name}\"'\n"
        '    return Response("", headers={"Content-Disposition": shown})\n'
    )
    made = fixed("INJ012", text, tmp_path, "headers")
    assert made is not None
    space: dict[str, object] = {}
    exec(made, space)
    answer = space["answer"]
    assert (
        answer("a b.csv").headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.csv"
    )
    assert "\n" not in answer("a\r\nX: y").headers["content-disposition"]
    twice = text.replace("    return", "    print(shown)\n    return")
    assert fixed("INJ012", twice, tmp_path, "headers") is None


@pytest.mark.parametrize(
    ("line", "told"),
    [("code = os.system(f'ping {host}')", True), ("os.system(f'ping {host}')", False)],
)
def test_another_value_of_a_call_is_told(line: str, told: bool, tmp_path: Path) -> None:
    text = f"import os\n\n\ndef run(host):\n    {line}\n"
    (tmp_path / "module.py").write_text(text)
    finding = Finding("INJ002", "", Severity.HIGH, Confidence.PROVED, Location("module.py", 5))
    repair = RULES["INJ002"].fix_source(draft_of(tmp_path, "module.py"), finding)
    assert repair is not None
    assert ("exit code" in repair.changes) is told
