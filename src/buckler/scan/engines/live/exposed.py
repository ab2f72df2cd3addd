"""Files that lie about on a site and are no part of it: CWE-538. Told by their content, never by a status.

A site may answer 200 to every name, so a file counts only where its content is what such a file holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from buckler.scan.engines.interface import Exchange, ExposedFile

SHOWN = 160
"""Characters of the content that a report shows, where it shows any."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    Attributes:
        pattern: What its content begins with or holds, as bytes.
        show: What of the content may stand in a report.
    """

    what: str
    pattern: re.Pattern[bytes]
    show: Callable[[bytes], str]
    paths: tuple[str, ...]


def _matched(pattern: re.Pattern[bytes]) -> Callable[[bytes], str]:
    def show(body: bytes) -> str:
        found = pattern.search(body)
        return found.group()[:SHOWN].decode("utf-8", "replace") if found else ""

    return show


def _names(body: bytes) -> str:
    """The names of settings without their values."""
    names = re.findall(rb"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=", body)
    return "\n".join(f"{name.decode()}=…" for name in names[:20])


def _kind(
    what: str, pattern: bytes, *paths: str, show: Callable[[bytes], str] | None = None
) -> Kind:
    compiled = re.compile(pattern)
    return Kind(what, compiled, show or _matched(compiled), paths)


KINDS = (
    _kind(
        "the repository of the source", rb"\A(?:ref: refs/[\w./-]+|[0-9a-f]{40})\s*\Z", "/.git/HEAD"
    ),
    _kind(
        "the settings of the environment",
        rb"(?m)\A(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:export[ \t]+)?[A-Z_][A-Z0-9_]*[ \t]*=[^\n]*\S",
        "/.env",
        "/.env.production",
        "/.env.local",
        show=_names,
    ),
    _kind(
        "a database",
        rb"\ASQLite format 3\x00",
        "/db.sqlite3",
        "/app.db",
        "/database.db",
        "/sql_app.db",
        "/test.db",
    ),
    _kind(
        "a dump of the database",
        rb"(?m)^(?:-- (?:PostgreSQL database dump|MySQL dump|MariaDB dump)|CREATE TABLE [\w\"`. ]+\(|PRAGMA foreign_keys)",
        "/backup.sql",
        "/dump.sql",
        "/database.sql",
    ),
    _kind(
        "an archive",
        rb"\A(?:PK\x03\x04|\x1f\x8b\x08|7z\xbc\xaf)",
        "/backup.zip",
        "/backup.tar.gz",
        show=lambda body: f"<{len(body)} bytes>",
    ),
    _kind(
        "the source",
        rb"(?m)^(?:from fastapi import [\w, ()]+|import fastapi\b|\w+ = FastAPI\()",
        "/main.py",
        "/app.py",
        "/app/main.py",
    ),
    _kind(
        "how the project is made",
        rb"(?m)\A\s*(?:#[^\n]*\n\s*)*\[(?:project|build-system|tool\.[\w.-]+)\]",
        "/pyproject.toml",
    ),
    _kind("how the site is run", rb"(?m)^services:\s*$", "/docker-compose.yml", "/compose.yaml"),
    _kind(
        "a private key",
        rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
        "/server.key",
        "/privkey.pem",
        "/id_rsa",
    ),
    _kind(
        "names and passwords of users",
        rb"\A[\w.@-]{1,64}:(?:\$(?:apr1|2[aby]|5|6)\$|\{SHA\})",
        "/.htpasswd",
        show=lambda body: f"<{body.count(b':')} entries>",
    ),
)


def paths(folders: tuple[str, ...] = ()) -> list[str]:
    """Every path that is asked for: at the top of the site, the likeliest also in its folders of files.

    Args:
        folders: Where files of its pages lie: ``/static``.
    """
    found = [path for kind in KINDS for path in kind.paths]
    found += [
        f"{folder}{path}" for folder in folders for path in ("/.env", "/.git/HEAD", "/main.py")
    ]
    return list(dict.fromkeys(found))


def judged(exchanges: list[Exchange]) -> Iterator[ExposedFile]:
    """The files among the answers.

    Args:
        exchanges: Answers to :func:`paths`.
    """
    for exchange in exchanges:
        answer, path = exchange.answer, exchange.request.path
        if answer.status != 200 or "html" in answer.media_type:
            continue
        kind = next(
            (k for k in KINDS if path.endswith(k.paths) and k.pattern.search(answer.body)), None
        )
        if kind is not None:
            shown = replace(answer, body=kind.show(answer.body).encode())
            yield ExposedFile(path, kind.what, replace(exchange, answer=shown))
