"""What the run of a project knows beside its flows: lengths, exceptions, stars, and what holds everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckler.core.registry import Registry
from buckler.scan.engines.source.engine import SourceEngine

RULES = Registry.load("buckler.scan.rules")


def lines(folder: Path, rule: str, **files: str) -> list[int | None]:
    """The lines of ``main.py`` at which a rule finds something."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    selected = [r for r in RULES if r.id == rule]
    return sorted(
        f.location.line or 0
        for f in SourceEngine(folder, selected, lambda event: None).run()
        if f.location.path == "main.py"
    )


SLOW = """\
import re
from typing import Annotated
from fastapi import FastAPI, HTTPException, Query
app = FastAPI()
SLOW = re.compile(r"^(a+)+$")

@app.get("/")
def slow({parameter}) -> bool:
    {check}
    return SLOW.match({used}) is not None
"""


@pytest.mark.parametrize(
    ("parameter", "check", "used", "slow"),
    [
        ("t: str", "pass", "t", True),
        ("t: str = Query(max_length=20)", "pass", "t", False),
        ("t: str = Query(max_length=200)", "pass", "t", True),
        ("t: Annotated[str, Query(max_length=20)]", "pass", "t", False),
        ("t: str", "pass", "t[:20]", False),
        ("t: str", "pass", "t[5:20]", False),
        ("t: str", "pass", "t[:2000]", True),
        ("t: str", "pass", "t[20:]", True),
        ("t: str", "if len(t) > 20: raise HTTPException(422)", "t", False),
        ("t: str", "if not len(t) <= 20: raise HTTPException(422)", "t", False),
        ("t: str", "if 20 < len(t): raise HTTPException(422)", "t", False),
        ("t: str", "if len(t) < 20: raise HTTPException(422)", "t", True),
        ("t: str, u: str", "if len(u) > 20: raise HTTPException(422)", "t", True),
        ("t: int", "pass", "str(t)", False),
    ],
)
def test_short_text_meets_a_slow_pattern_without_harm(
    tmp_path: Path, parameter: str, check: str, used: str, slow: bool
) -> None:
    text = SLOW.format(parameter=parameter, check=check, used=used)
    assert lines(tmp_path, "INJ016", main=text) == ([10] if slow else [])


FAILING = """\
import sqlite3, traceback
from fastapi import FastAPI, HTTPException
app = FastAPI()
class Refused(Exception):
    def __init__(self, reason, log=""):
        super().__init__(reason)
        self.reason, self.log = reason, log
def work(n: int) -> int:
    try:
        return sqlite3.connect("x").execute("SELECT 1").fetchone()[n]
    except sqlite3.Error as error:
        {raises}
@app.get("/")
def main(n: int):
    try:
        return work(n)
    except {caught} as error:
        raise HTTPException(500, {detail})
"""


@pytest.mark.parametrize(
    ("raises", "caught", "detail", "tells"),
    [
        ("raise", "Exception", "str(error)", True),
        ("raise", "Exception", "f'failed: {error!r}'", True),
        ("raise", "Exception", "{'why': error.args}", True),
        ("raise", "Exception", "type(error).__name__", False),
        ("raise", "OSError", "error.strerror", True),
        ("raise", "OSError", "str(error.errno)", False),
        ("raise", "Exception", "traceback.format_exc()", True),
        ("raise Refused('not now') from error", "Refused", "str(error)", False),
        ("raise Refused('not now') from error", "Refused", "error.reason", False),
        ("raise Refused('not now') from error", "Refused", "str(error.__cause__)", True),
        ("raise Refused(f'no: {error}')", "Refused", "str(error)", True),
        ("raise Refused('not now', str(error))", "Refused", "str(error)", False),
        ("raise Refused('not now', str(error))", "Refused", "error.log", True),
        ("raise ValueError('not a number of ours')", "ValueError", "str(error)", False),
        ("raise ValueError('no file /srv/shop/x.db')", "ValueError", "str(error)", True),
        ("raise HTTPException(409, 'taken')", "HTTPException", "error.detail", False),
    ],
)
def test_what_exceptions_say(
    tmp_path: Path, raises: str, caught: str, detail: str, tells: bool
) -> None:
    text = FAILING.replace("{raises}", raises).replace("{caught}", caught)
    found = lines(tmp_path, "ERR002", main=text.replace("{detail}", detail))
    assert found == ([18] if tells else [])


LINK = """\
import smtplib
from fastapi import FastAPI, Request
from starlette.middleware.trustedhost import TrustedHostMiddleware
app = FastAPI()
{middleware}
@app.post("/")
def reset(request: Request) -> None:
    smtplib.SMTP("localhost").sendmail("a@b.example", "c@d.example", f"Open {source}reset")
"""


@pytest.mark.parametrize(
    ("middleware", "source", "found"),
    [
        ("", "{request.base_url}", True),
        ("", "{request.url}", True),
        ("", "{request.url.path}", False),
        ("", "https://{request.headers['host']}/", True),
        (
            "app.add_middleware(TrustedHostMiddleware, allowed_hosts=['a.example'])",
            "{request.base_url}",
            False,
        ),
        (
            "app.add_middleware(TrustedHostMiddleware, allowed_hosts=['*'])",
            "{request.base_url}",
            True,
        ),
        (
            "app.add_middleware(TrustedHostMiddleware, allowed_hosts=['a.example'])",
            "https://{request.headers['x-forwarded-host']}/",
            True,
        ),
    ],
)
def test_hosts_that_are_refused_make_no_links(
    tmp_path: Path, middleware: str, source: str, found: bool
) -> None:
    text = LINK.replace("{middleware}", middleware).replace("{source}", source)
    assert lines(tmp_path, "INJ017", main=text) == ([8] if found else [])


LOGGED = """\
import logging
from fastapi import FastAPI
from pydantic import BaseModel, SecretStr
{more}
logger = logging.getLogger("x")
app = FastAPI()
class SignIn(BaseModel):
    name: str
    password: {kind}
@app.post("/")
def sign_in(body: SignIn) -> None:
    value = {value}
    logger.info("sign-in %r", value)
"""
MASKING = """
class Masking(logging.Filter):
    def filter(self, record):
        record.msg = record.getMessage().replace("password", "***")
        return True
"""


@pytest.mark.parametrize(
    ("kind", "value", "more", "found"),
    [
        ("str", "body.password", "", True),
        ("str", "body.model_dump()", "", True),
        ("str", "body.name", "", False),
        ("str", "len(body.password)", "", False),
        ("SecretStr", "body.password", "", False),
        ("SecretStr", "body.password.get_secret_value()", "", True),
        ("SecretStr", "same(body.password)", "def same(x):\n    return x", False),
        ("SecretStr", "same(body.password.get_secret_value())", "def same(x):\n    return x", True),
        ("str", "body.password", MASKING, False),
        ("str", "body.password", "class Other(logging.Filter):\n    pass", True),
    ],
)
def test_secrets_in_logs(tmp_path: Path, kind: str, value: str, more: str, found: bool) -> None:
    text = LOGGED.replace("{kind}", kind).replace("{value}", value).replace("{more}", more)
    assert bool(lines(tmp_path, "LOG001", main=text)) is found
