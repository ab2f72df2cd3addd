"""Repairs that keep the program what it was: pages, commands, mails, archives and names of files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from buckler.scan.rules._support.versions import at_least, may_be_older
from buckler.scan.rules.injection.autoescape import MARKUP
from tests.rules.repairing import application, fixed
from tests.rules.test_fix_safe_a import repaired

PAGE = """\
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/p")
def page(name: str) -> HTMLResponse:
    return HTMLResponse({})
"""


@pytest.mark.parametrize(
    "text",
    [
        '"<b>" + name + "</b>"',
        '"<b>" + name',
        '"<b>" + (name) + "</b>"',
        '"<p>" + ("<b>" + name) + "</b>"',
        '"<b>" + f"{name}</b>"',
        "'<b>' + f'x{name}' + '</b>' + name",
    ],
)
def test_a_page_made_of_a_sum_keeps_its_values(text: str, tmp_path: Path) -> None:
    before = PAGE.replace("{}", text)
    after = fixed("INJ010", before, tmp_path)
    assert after is not None
    answers = [
        TestClient(application(file)).get("/p", params={"name": name}).text
        for file, name in ((before, "Ann&amp;&lt;"), (after, "Ann&<"))
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("default", "safe"),
    [
        ('"<b>Welcome</b>"', False),
        ('"you & me"', False),
        ('Query("<i>")', False),
        ('Query(default="<i>")', False),
        ("Query(default_factory=made)", False),
        ('"hello"', True),
        ('Query("hello")', True),
    ],
)
def test_a_default_that_is_markup_is_no_sent_text(default: str, safe: bool, tmp_path: Path) -> None:
    text = f"""\
from fastapi import FastAPI, Query
from markupsafe import Markup
from buckler_example import made

app = FastAPI()


@app.get("/p")
def page(msg: str = {default}) -> str:
    return Markup(f"<p>{{msg}}</p>")
"""
    made = repaired("INJ015", text, tmp_path, "return", MARKUP)
    assert made is not None
    assert made[1] is safe


SHELL = "import os\nimport subprocess\n\n\ndef shown(name: str, size: str):\n    {}\n"


@pytest.mark.parametrize(
    "command",
    [
        "tar -xzf '{name}'",
        "tar xzf '{name}'",
        "tar -xf -- '{name}'",
        "head -n '{size}' '{name}'",
        "date -d '{name}'",
        "ping -c '{size}' '{name}'",
        "grep -e '{name}' file",
        "sort -k '{name}' f",
        "sort --parallel '{name}' f",
        "sed -n '{name}' f",
        "sed 's/a/{name}/' f",
        "split '--filter={name}' f",
        "tar -c '-I{name}' f",
        "tar -x '--to-command={name}' -f f",
        "tar -x '--checkpoint-action={name}' -f f",
        "sort '--compress-program={name}' f",
        "convert '{name}'",
        "git checkout '{name}'",
        "git log '{name}'",
    ],
)
def test_a_command_whose_options_take_what_follows(command: str, tmp_path: Path) -> None:
    text = SHELL.replace("{}", f'subprocess.run(f"{command}", shell=True)')
    assert repaired("INJ002", text, tmp_path, "shell=True") is None


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("head -n 1 '{name}'", "a b"),
        ("head -n1 '{name}'", "a b"),
        ("head -1 '{name}'", "a b"),
        ("tail -1 '{name}'", "a b"),
        ("cut -d, -f1 '{name}'", "a b"),
        ("sort -rn '{name}'", "a b"),
        ("ls -la '{name}'", "a b"),
        ("grep -n --color=never x '{name}'", "a b"),
        ("cat 'a{name}' '{name}'", "a b"),
        ("tar -cf - '{name}'", "a b"),
        ("git ls-remote -- '{name}'", "new"),
    ],
)
def test_a_repaired_command_says_the_same(
    command: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = f'return subprocess.run(f"{command}", shell=True, check=False, capture_output=True)'
    text = SHELL.replace("{}", call.replace("return ", "x = ") + "\n    return x.stdout, x.stderr")
    made = repaired("INJ002", text, tmp_path, "shell=True")
    assert made is not None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").write_text("x,1\ny,2\n")
    said = []
    for source in (text, made[0]):
        space: dict[str, Any] = {}
        exec(source, space)
        said.append(space["shown"](file, "1"))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "looks",
    [
        "return subprocess.run(f\"cat '{name}'\", shell=True).returncode == 0",
        "x = subprocess.run(f\"cat '{name}'\", shell=True)\n    return x.returncode",
        "return subprocess.run(f\"cat '{name}'\", shell=True)",
        "x = subprocess.run(f\"cat '{name}'\", shell=True)\n    x.check_returncode()",
        "x = subprocess.run(f\"cat '{name}'\", shell=True)\n    return x",
        "x = subprocess.run(f\"cat '{name}'\", shell=True)\n    show(x)",
        "x = subprocess.run(f\"cat '{name}'\", shell=True)\n    y = x",
        "size.x = subprocess.run(f\"cat '{name}'\", shell=True)",
    ],
)
def test_who_looks_at_the_exit_code_sees_a_missing_program(looks: str, tmp_path: Path) -> None:
    made = repaired("INJ002", SHELL.replace("{}", looks), tmp_path, "shell=True")
    assert made is not None
    assert made[1] is False


@pytest.mark.parametrize(
    ("words", "after", "safe"),
    [
        ('["git", "checkout", name]', None, False),
        ('["git", "log", name]', None, False),
        ('["git", "switch", name]', None, False),
        ('["git", name]', None, False),
        ('["git", "-C", name, "log"]', None, False),
        ('["git", "clone", name]', '["git", "clone", "--", name]', True),
        ('["git", "merge", name]', '["git", "merge", "--", name]', True),
        ('["tar", "xf", name]', None, False),
        ('["split", f"--lines={size}", name]', None, False),  # the size may be empty
        ('["cat", name, f"--{size}"]', None, False),
        ('["docker", "start", name]', None, False),
        ('["wc", "-l", name]', '["wc", "-l", "--", name]', True),
        ('["sometool", name]', '["sometool", "--", name]', False),
    ],
)
def test_dashes_before_a_value_that_keep_its_meaning(
    words: str, after: str | None, safe: bool, tmp_path: Path
) -> None:
    text = SHELL.replace("{}", f"subprocess.run({words})")
    made = repaired("INJ003", text, tmp_path, "subprocess.run")
    assert made == (None if after is None else (text.replace(words, after), safe))


@pytest.mark.parametrize(
    ("file", "text", "least", "older"),
    [
        ("pyproject.toml", '    "lxml", "uvicorn>=23.0",\n', False, False),
        ("pyproject.toml", '    "lxml", "uvicorn<3",\n', False, False),
        ("pyproject.toml", 'dependencies = ["uvicorn>=23.0", "lxml>=5"]\n', True, False),
        ("pyproject.toml", 'dependencies = ["uvicorn>=23.0", "lxml>=4.9,<6"]\n', False, False),
        ("pyproject.toml", 'dependencies = ["lxml>=4.9,<5"]\n', False, True),
        ("pyproject.toml", "    \"lxml>=5.2 ; python_version < '4.0'\",\n", True, False),
        ("pyproject.toml", '    "lxml[html]>=5.2",  # "lxml<5"\n', True, False),
        ("pyproject.toml", 'lxml = "^5.1"\n', True, False),
        ("pyproject.toml", 'lxml = {version = "^5.1", python = "<4"}\n', True, False),
        ("pyproject.toml", 'lxml = {python = "<4", version = ">=5.1"}\n', True, False),
        ("pyproject.toml", 'lxml = {git = "https://a.test/x==5"}\n', False, False),
        ("pyproject.toml", 'lxml = "^5 || ^4"\n', False, False),
        ("requirements.txt", 'lxml>=5.2 ; python_version < "4.0"\n', True, False),
        ("requirements.txt", 'lxml ; python_version >= "3.9"\n', False, False),
        ("requirements.txt", "lxml @ https://a.test/lxml-5.0.zip?v==5\n", False, False),
        ("requirements.txt", "lxml==5.2 --hash=sha256:12\n", True, False),
        ("requirements.txt", "lxml<5\n", False, True),
    ],
)
def test_a_version_ends_where_its_requirement_ends(
    file: str, text: str, least: bool, older: bool, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text)
    assert at_least(tmp_path, "lxml", 5) is least
    assert may_be_older(tmp_path, "lxml", 5) is older


MAIL = """
import email

from fastapi import FastAPI, Form

app = FastAPI()
END = "\\n"


def lines(value: str) -> str:
    return f"To: {value}\\nCc: {value}"


def one(value: str) -> str:
    return value.strip()


@app.post("/contact")
def contact(subject: str = Form(), to: str = Form(), more: bool = False):
BODY
    return email.message_from_string(message)
"""


def mail(*body: str) -> str:
    return MAIL.replace("BODY", "\n".join(f"    {line}" for line in body))


@pytest.mark.parametrize(
    "body",
    [
        (r'common = f"From: me\nTo: {to}"', r'message = f"X-Mailer: shop\n{common}\nSubject: {subject}\n\n"'),
        (r'extra = "".join(f"{k}: v\n" for k in [to])', r'message = f"X: 1\n{extra}Subject: {subject}\n\n"'),
        ('extra = ""', "if more:", r'    extra += f"Cc: {to}\n"', r'message = f"X: 1\n{extra}Subject: {subject}\n\n"'),
        ("parts = []", r'parts.append(f"Cc: {to}\n")', r'message = "X: 1\n" + "".join(parts) + f"Subject: {subject}\n\n"'),
        ('extra = f"A: 1{END}B: {to}"', r'message = f"X: 1\n{extra}\nSubject: {subject}\n\n"'),
        (r'message = f"X: 1\n{lines(to)}\nSubject: {subject}\n\n"',),
        ("from shop.mails import head", r'message = f"X: 1\n{head(to)}\nSubject: {subject}\n\n"'),
        (r'message = "X: 1\n" + ("Cc: a\n" if more else "") + f"Subject: {subject}\n\n"',),
        (r'for extra in [f"Cc: {to}\n"]:', r'    message = f"X: 1\n{extra}Subject: {subject}\n\n"'),
    ],
    ids=range(9),
)  # fmt: skip
def test_lines_that_the_code_makes_stay_lines(body: tuple[str, ...], tmp_path: Path) -> None:
    assert repaired("INJ022", mail(*body), tmp_path, "message_from_string") is None


def test_a_value_without_lines_of_the_code_is_kept_on_its_line(tmp_path: Path) -> None:
    text = mail('name = one(to) or "nobody"', r'message = f"To: {name}\nSubject: {subject}\n\n"')
    made = fixed("INJ022", text, tmp_path)
    assert made is not None
    assert made.count(".splitlines()") == 2


@pytest.mark.parametrize(
    ("call", "tar"),
    [
        ("shutil.unpack_archive(name, size)", False),
        ('shutil.unpack_archive(f"{name}.zip", size)', False),
        ('shutil.unpack_archive(name, size, "zip")', False),
        ('shutil.unpack_archive(f"{name}.tar.gz", size, format="zip")', False),
        ("shutil.unpack_archive(name, size, format=size)", False),
        ('shutil.unpack_archive(f"{name}.gz", size)', False),
        ('shutil.unpack_archive(name, size, "gztar")', True),
        ('shutil.unpack_archive(name, size, format="tar")', True),
        ('shutil.unpack_archive(f"{name}.tar.gz", size)', True),
        ('shutil.unpack_archive(os.path.join(name, "a.tgz"), size)', True),
        ('shutil.unpack_archive(name + ".tar.xz", size)', True),
    ],
)
def test_only_tar_archives_take_a_filter(call: str, tar: bool, tmp_path: Path) -> None:
    text = SHELL.replace("{}", call).replace("import subprocess", "import shutil")
    made = repaired("INJ013", text, tmp_path, "shutil.unpack")
    after = text.replace(call, f'{call[:-1]}, filter="data")')
    assert made == ((after, True) if tar else None)


def test_an_unpacked_archive_with_a_filter(tmp_path: Path) -> None:
    call = 'shutil.unpack_archive(f"{name}.tar.gz", size)'
    text = SHELL.replace("{}", call).replace("import subprocess", "import shutil")
    made = repaired("INJ013", text, tmp_path, "shutil.unpack")
    assert made is not None
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    shutil.make_archive(str(tmp_path / "all"), "gztar", tmp_path / "in")
    space: dict[str, Any] = {}
    exec(made[0], space)
    space["shown"](str(tmp_path / "all"), str(tmp_path / "out"))
    assert (tmp_path / "out" / "a.txt").read_text() == "a"


@pytest.mark.parametrize(
    ("lines", "made_anew"),
    [
        (['open(path, "a").write("x")', "if os.path.getsize(path) > 9:", "    os.remove(path)"], False),
        (['open(path, "w").write("x")', "if name:", "    os.remove(path)"], False),
        (['open(path, "w").write("x")', "print(name)", "os.remove(path)"], False),
        (["try:", '    open(path, "a").write("x")', "finally:", "    os.remove(path)"], False),
        (["try:", "    old = open(path).read()", '    open(path, "w").write("x")', "finally:", "    os.remove(path)"], False),
        (["try:", "    if os.path.exists(path):", "        print(1)", '    open(path, "w").write("x")', "finally:", "    os.remove(path)"], False),
        (["try:", "    if name:", '        open(path, "w").write("x")', "    open(path)", "finally:", "    os.remove(path)"], False),
        (["try:", '    open(path, "w").write("x")', "finally:", "    if name:", "        os.remove(path)"], False),
        (["try:", '    open(path, "w").write("x")', "finally:", "    print(name)"], False),
        (["try:", '    open(path, "w").close()', "    open(path).close()", "finally:", "    os.remove(path)"], True),
        (["try:", '    with open(path, "wb") as s:', "        s.write(b'x')", "finally:", "    os.remove(path)"], True),
    ],
    ids=range(11),
)  # fmt: skip
def test_a_file_that_keeps_something_keeps_its_name(
    lines: list[str], made_anew: bool, tmp_path: Path
) -> None:
    body = "\n    ".join(['path = "/tmp/events.log"', *lines])
    made = repaired("INJ024", SHELL.replace("{}", body), tmp_path, "open(path, ")
    assert (made is not None) is made_anew
    if made is not None:
        assert made[1]
        space: dict[str, Any] = {}
        exec(made[0].replace('dir="/tmp"', f"dir={str(tmp_path)!r}"), space)
        space["shown"]("a", "b")
        assert [p.name for p in tmp_path.iterdir()] == ["main.py"]


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ('{"Content-Disposition": f\'attachment; filename="{name}"\'}', False),
        ('{"X-A": name, "Content-Disposition": f\'attachment; filename="{name}"\'}', False),
        ('{"X-A": name}', True),
    ],
)
def test_a_name_of_a_file_in_another_parameter_is_reviewed(
    value: str, safe: bool, tmp_path: Path
) -> None:
    call = f'return Response("", headers={value})'
    text = SHELL.replace("{}", call).replace("import os", "from fastapi import Response")
    made = repaired("INJ012", text, tmp_path, "headers=")
    assert made is not None
    assert made[1] is safe
