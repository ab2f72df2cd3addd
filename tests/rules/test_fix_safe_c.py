"""Safe repairs of settings and files: what an application keeps, and who would miss it otherwise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.registry import Registry
from buckler.scan.fix.drafts import draft_of
from buckler.scan.fix.interface import Fixes
from buckler.scan.fix.writing import written
from buckler.scan.rules._support.versions import at_least
from tests.rules.test_fix_safe_a import HEAD, repaired

RULES = Registry.load("buckler.scan.rules")

MODES = f"import os\nimport shutil\nimport subprocess\nimport tempfile\nfrom pathlib import Path\n{HEAD}def shown(name):\n"
IN_FOLDER = """    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.txt"
        path.write_text("a")
        path.chmod(0o666)
        return path.read_text()
"""
PROGRAM = """    path = Path(name)
    path.write_text("#!/bin/sh")
    path.chmod(0o777)
    subprocess.run([str(path), "-a"])
"""


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        (IN_FOLDER, "0o664"),
        (IN_FOLDER.replace("path.chmod(", "os.chmod(path, "), "0o664"),
        (IN_FOLDER.replace('Path(folder) / "out.txt"', 'Path(folder, "out.txt")'), "0o664"),
        (IN_FOLDER.replace("path.chmod(0o666)", 'os.chmod(f"{folder}/a", 0o666)'), "0o664"),
        (PROGRAM, "0o775"),
        (PROGRAM.replace("path.write_text(", "open(path, 'w').write("), "0o775"),
    ],
)
def test_a_file_that_only_the_application_writes_keeps_its_mode(
    body: str, mode: str, tmp_path: Path
) -> None:
    made = repaired("CFG016", MODES + body, tmp_path, "chmod(")
    assert made is not None
    assert mode in made[0]
    assert made[1] is True


@pytest.mark.parametrize(
    "body",
    [
        "    os.chmod(name, 0o777)\n",
        IN_FOLDER.replace("path.chmod", "Path(folder).chmod"),
        IN_FOLDER.replace("path.chmod(0o666)", "path.chmod(0o666); os.chmod(folder, 0o755)"),
        IN_FOLDER.replace("return path.read_text()", "shutil.move(path, name)"),
        IN_FOLDER.replace('"out.txt"', '"../out.txt"'),
        IN_FOLDER.replace('"out.txt"', "name"),
        IN_FOLDER.replace("tempfile.TemporaryDirectory()", "given(name)"),
        PROGRAM.replace("    path.write_text", "    print"),
        PROGRAM.replace("[str(path)", "[str(name)"),
    ],
)
def test_a_file_that_others_may_write_is_reviewed(body: str, tmp_path: Path) -> None:
    made = repaired("CFG016", MODES + body, tmp_path, "chmod(")
    assert made is not None
    assert made[1] is False


IMAGE = "FROM python:3.13-slim\nCOPY . .\n{}\nEXPOSE 80\n"


def image(text: str, folder: Path, **files: str) -> tuple[str, bool] | None:
    for name, other in {"Dockerfile": text, **files}.items():
        (folder / name).write_text(other, newline="")
    rule = RULES["CFG020"]
    assert isinstance(rule, Fixes)
    found = Finding("CFG020", "", Severity.MEDIUM, Confidence.OBSERVED, Location("Dockerfile", 3))
    repair = rule.fix_source(draft_of(folder, "Dockerfile"), found)
    if repair is None:
        return None
    (made,) = written(folder, [repair])
    return made.after, repair.safe


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('CMD ["uvicorn", "main:app", "--reload"]', 'CMD ["uvicorn", "main:app"]'),
        ('CMD ["uvicorn", "main:app", "--reload", "--port", "80"]', 'CMD ["uvicorn", "main:app", "--port", "80"]'),
        ("CMD uvicorn main:app --reload --port 80", "CMD uvicorn main:app --port 80"),
        ("ENTRYPOINT uvicorn main:app --port 80 --reload\r", "ENTRYPOINT uvicorn main:app --port 80\r"),
    ],
)  # fmt: skip
def test_an_image_whose_files_stay_needs_no_reloading(
    before: str, after: str, tmp_path: Path
) -> None:
    assert image(IMAGE.format(before), tmp_path) == (IMAGE.format(after), True)


@pytest.mark.parametrize(
    "files",
    [
        {"compose.yaml": "services:\n  web:\n    volumes: [./src:/app]\n"},
        {"README.md": "docker run -v $PWD:/app shop"},
        {"Makefile": "run:\n\tdocker run --mount type=bind,source=.,target=/app shop\n"},
        {".env": "WEB_CONCURRENCY=4"},
    ],
)
def test_an_image_whose_files_may_change_is_reviewed(files: dict[str, str], tmp_path: Path) -> None:
    made = image(IMAGE.format("CMD uvicorn main:app --reload"), tmp_path, **files)
    assert made == (IMAGE.format("CMD uvicorn main:app"), False)


@pytest.mark.parametrize(
    "command",
    [
        "CMD fastapi dev main.py",
        "CMD flask --debug run",
        "CMD uvicorn main:app --reload --reload-dir src",
        "CMD uvicorn main:app \\\n  --reload",
        "CMD sleep 1 && uvicorn main:app --reload",
        "RUN echo uvicorn --reload",
    ],
)
def test_a_command_of_another_kind_is_left_alone(command: str, tmp_path: Path) -> None:
    assert image(IMAGE.format(command), tmp_path) is None


KEPT = 'from fastapi import FastAPI\n\napp = FastAPI(swagger_ui_parameters={"persistAuthorization": True})\n'


@pytest.mark.parametrize(
    ("files", "safe"),
    [
        ({}, True),
        ({"other.py": 'NAMES = ["a"]\nimport logging\n'}, True),
        ({"other.py": "from fastapi.security import HTTPBearer"}, False),
        ({"other.py": "from fastapi_users import FastAPIUsers as authentication"}, False),
        ({"other.py": 'schema["components"]["securitySchemes"] = {}'}, False),
    ],
)
def test_a_page_without_credentials_has_none_to_keep(
    files: dict[str, str], safe: bool, tmp_path: Path
) -> None:
    made = repaired("EXP007", KEPT, tmp_path, "FastAPI(", **files)
    assert made == ("from fastapi import FastAPI\n\napp = FastAPI()\n", safe)


def test_a_page_of_another_application_is_reviewed(tmp_path: Path) -> None:
    text = 'get_swagger_ui_html(openapi_url="https://a.example/o.json", swagger_ui_parameters={"persistAuthorization": True})\n'
    made = repaired("EXP007", text, tmp_path, "html(")
    assert made is not None
    assert made[1] is False


XML = f"from lxml import etree, objectify\n{HEAD}def shown(sent: bytes):\n"
NEW = {"requirements.txt": "lxml>=5.2\n"}
INTERNAL = 'resolve_entities="internal"'


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("    etree.fromstring(sent)\n", f"    etree.fromstring(sent, parser=etree.XMLParser({INTERNAL}))\n"),
        ("    objectify.fromstring(sent)\n", f"    objectify.fromstring(sent, parser=objectify.makeparser({INTERNAL}))\n"),
        ("    etree.fromstring(sent, etree.XMLParser(resolve_entities=True))\n", f"    etree.fromstring(sent, etree.XMLParser({INTERNAL}))\n"),
        ("    parser = etree.XMLParser(huge_tree=True)\n    etree.fromstring(sent, parser)\n", f"    parser = etree.XMLParser(huge_tree=True, {INTERNAL})\n    etree.fromstring(sent, parser)\n"),
    ],
)  # fmt: skip
def test_lxml_resolves_what_a_document_defines_itself(
    body: str, after: str, tmp_path: Path
) -> None:
    text = XML + body
    made = repaired("INJ014", text, tmp_path, "string(sent", **NEW)
    assert made == (text.replace(body, after), True)


LOADS = "    parser = etree.XMLParser(load_dtd=True)\n    etree.fromstring(sent, parser)\n"


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (f"{XML}    etree.fromstring(sent)\n", {}),
        (f"{XML}    etree.fromstring(sent)\n", {"requirements.txt": "lxml>=4.9\n"}),
        (f"{XML}    etree.fromstring(sent)\n", {"requirements.txt": "lxml\n"}),
        (f"{XML}    etree.fromstring(sent)\n", {**NEW, "other.py": "parser.resolvers.add(x)"}),
        (f"{XML}{LOADS}", NEW),
        (f"{XML}{LOADS.replace('load_dtd=True', '')}    etree.parse('own.xml', parser)\n", NEW),
        (f"parser = etree.XMLParser()\n{XML}    etree.fromstring(sent, parser)\n", NEW),
    ],
)
def test_documents_that_may_need_their_entities_are_reviewed(
    text: str, files: dict[str, str], tmp_path: Path
) -> None:
    made = repaired("INJ014", text, tmp_path, "fromstring(sent", **files)
    assert made is not None
    assert "resolve_entities=False" in made[0]
    assert made[1] is False


@pytest.mark.parametrize(
    ("files", "known"),
    [
        ({}, False),
        ({"requirements.txt": "lxml==5.1.0  # for pages\n"}, True),
        ({"requirements.txt": "lxml-stubs==5.1.0\n"}, False),
        ({"requirements.txt": "lxml<6\n"}, False),
        ({"pyproject.toml": 'dependencies = [\n  "lxml[html]~=5.0",\n]\n'}, True),
        ({"pyproject.toml": '[tool.poetry.dependencies]\nlxml = "^5.0"\n'}, True),
        ({"uv.lock": '[[package]]\nname = "lxml"\nversion = "6.0.1"\n'}, True),
        ({"requirements.txt": "lxml>=5\n", "uv.lock": 'name = "lxml"\nversion = "4.9.1"\n'}, False),
    ],
)
def test_the_oldest_version_that_a_project_allows(
    files: dict[str, str], known: bool, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert at_least(tmp_path, "lxml", 5) is known


REDIRECTED = """from fastapi import FastAPI, Response
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(HTTPSRedirectMiddleware)
app.add_middleware(SessionMiddleware, secret_key=key)


@app.post("/token")
def token(response: Response) -> None:
    response.set_cookie("session", made(), httponly=True)
"""
UNDER_CONDITION = REDIRECTED.replace(
    "app.add_middleware(HTTPS", "if live:\n    app.add_middleware(HTTPS"
)


@pytest.mark.parametrize(
    ("text", "files", "safe"),
    [
        (REDIRECTED, {}, True),
        (REDIRECTED.replace("starlette.middleware.https", "fastapi.middleware.https"), {}, True),
        (UNDER_CONDITION, {}, False),
        (REDIRECTED.replace("app.add_middleware(HTTPSRedirectMiddleware)\n", ""), {}, False),
        (REDIRECTED, {"other.py": "plain = FastAPI()"}, False),
    ],
)
def test_a_cookie_is_of_no_use_where_http_is_redirected(
    text: str, files: dict[str, str], safe: bool, tmp_path: Path
) -> None:
    cookie = repaired("CFG004", text, tmp_path, "set_cookie", **files)
    session = repaired("CFG005", text, tmp_path, "SessionMiddleware,", **files)
    assert cookie is not None
    assert session is not None
    assert cookie[0] == text.replace("httponly=True", "httponly=True, secure=True")
    assert session[0] == text.replace("secret_key=key", "secret_key=key, https_only=True")
    assert cookie[1] is session[1] is safe


def test_a_cookie_that_scripts_may_read_is_reviewed(tmp_path: Path) -> None:
    text = REDIRECTED.replace(", httponly=True", "")
    made = repaired("CFG004", text, tmp_path, "set_cookie")
    assert made is not None
    assert made[1] is False


def repository(folder: Path, *added: str) -> Path:
    (folder / ".env").write_text("PASSWORD=Nw4cY8rTf6Ms2Vj9\n")
    (folder / "main.py").write_text("")
    for words in (["init", "-q"], ["add", "main.py", *added]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    ("added", "files", "safe"),
    [
        ((), {}, True),
        ((".env",), {}, False),
        ((), {"fly.toml": ""}, False),
        ((), {"README.md": "gcloud app deploy"}, False),
        ((), {".git/sharedindex.a": ""}, False),
    ],
)
def test_a_file_that_nobody_clones_is_ignored_by_git(
    added: tuple[str, ...], files: dict[str, str], safe: bool, tmp_path: Path
) -> None:
    repository(tmp_path, *added)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    rule = RULES["SEC003"]
    assert isinstance(rule, Fixes)
    found = Finding("SEC003", "", Severity.HIGH, Confidence.OBSERVED, Location(".env", 1))
    repair = rule.fix_source(draft_of(tmp_path, ".env"), found)
    assert repair is not None
    (made,) = written(tmp_path, [repair])
    assert (made.path, made.after, repair.safe) == (".gitignore", "/.env\n", safe)


def test_a_file_outside_of_a_repository_is_reviewed(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PASSWORD=Nw4cY8rTf6Ms2Vj9\n")
    rule = RULES["SEC003"]
    assert isinstance(rule, Fixes)
    found = Finding("SEC003", "", Severity.HIGH, Confidence.OBSERVED, Location(".env", 1))
    repair = rule.fix_source(draft_of(tmp_path, ".env"), found)
    assert repair is not None
    assert repair.safe is False


MAILS = f"import smtplib\n{HEAD}def shown():\n    with smtplib.SMTP(HOST, 587) as server:\n        server.login('a', word)\n"
GMAIL = "'smtp.gmail.com', 587"


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        (GMAIL, True),
        ("'email-smtp.eu-west-1.amazonaws.com', port=587", True),
        ("'smtp.gmail.com', 25", False),
        ("'smtp.gmail.com'", False),
        ("'mail.shop.example', 587", False),
        ("'smtp.gmail.com.shop.example', 587", False),
        ("host, 587", False),
    ],
)
def test_a_provider_that_encrypts_is_known(given: str, safe: bool, tmp_path: Path) -> None:
    text = MAILS.replace("HOST, 587", given)
    made = repaired("EGR004", text, tmp_path, "login(")
    assert made is not None
    assert "        server.starttls(context=" in made[0]
    assert made[1] is safe
