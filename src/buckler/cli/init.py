"""``buckler init``: a commented ``[tool.buckler]``."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import click

from buckler.core import toml
from buckler.core.errors import SettingsError, UnreadableFile, UsageError
from buckler.core.files import read_project_file
from buckler.core.settings import MAX_BYTES

TEMPLATE = """
[tool.buckler]
# Which application to scan; found as `fastapi dev` finds it if this is not set.
# app = "app.main:app"
# app-seed = "app.testing:add_data"     # adds data once the application has started
# Interpreter or virtual environment of the application.
# python = ".venv"
# File of NAME=value settings for it.
# env-file = ".env.example"
# Operations that are public on purpose.
# public = ["GET /products", "POST /contact"]
# Operations to leave alone, and files to leave out.
# exclude = ["POST /import"]
# exclude-files = ["scripts/*"]
# OSV records of your own, and the age in days from which the public ones count as none.
# advisories = ["security/advisories"]
# max-advisory-age = 30
# Rules that do not apply here, with ids, prefixes or names.
# ignore = ["PKG002"]
# Folders with rules of your own; --project-rules imports them.
# rules = ["security/rules"]
# Licences that ask for the source of the whole, and that you decided to meet.
# licences-allowed = ["AGPL-3.0-only"]
# Connections that the application may make while it is scanned.
# allow = ["127.0.0.1:5432"]
# Exit code 1 from this severity on; 4 below this share of operations reached.
# fail-on = "high"
# min-coverage = 0.9
# Known findings, written by `buckler scan --baseline FILE --update-baseline`.
# baseline = "buckler-baseline.json"
# Statements about weaknesses of packages (OpenVEX, CycloneDX), and days until they are over.
# vex = ["security/vex.json"]
# vex-max-age = 180

# Who sends requests where none is named here: accounts that the scan makes or the application brings along, or nobody.
# accounts = "none"

# Who sends requests. Two ordinary users and an administrator show the most.
# [tool.buckler.identities.alice]
# role = "user"
# login = { request = "POST /auth/token", form = { username = "alice", password = "…" }, token = "access_token" }
# [tool.buckler.identities.bob]
# role = "user"
# signup = { request = "POST /users", json = { email = "bob@example.com", password = "…" } }
# login = { request = "POST /auth/login", json = { email = "bob@example.com", password = "…" } }
# [tool.buckler.identities.admin]
# role = "admin"
# header = "X-API-Key: …"
"""


@click.command("init")
@click.argument(
    "folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
def command(folder: Path) -> None:
    """Write a commented [tool.buckler] into FOLDER/pyproject.toml."""
    path = folder / "pyproject.toml"
    try:
        text = read_project_file(path, folder, MAX_BYTES).decode("utf-8") if path.exists() else ""
        tool = toml.loads(text).get("tool", {})
    except (UnreadableFile, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if "buckler" in tool:
        raise UsageError(f"{path} has a [tool.buckler] already")
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text.rstrip("\r\n") + newline if text else ""
    try:
        path.write_bytes((before + TEMPLATE.replace("\n", newline)).encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"wrote [tool.buckler] to {path}; next: buckler scan {shlex.quote(str(folder))}")
