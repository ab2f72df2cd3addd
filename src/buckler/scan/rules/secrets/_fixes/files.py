"""Keeps secrets out of the files that travel with the source (CWE-538)."""

from __future__ import annotations

import re

from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.mentions import CODE, mentioned

_DEFAULT = re.compile(r"\$\{(\w+):?-[^}]*\}")
_ARGUMENT = re.compile(r"^\s*ARG\s+\w+(=(?:\"[^\"]*\"|'[^']*'|\S+))\s*$", re.IGNORECASE)
_PAIR = re.compile(r"\s+(\w+)=(\"[^\"]*\"|'[^']*'|\S+)")
_ENV = re.compile(r"^\s*ENV\b", re.IGNORECASE)
_SECRET = re.compile(r"pass(word|wd)?|secret|token|key|credential", re.IGNORECASE)
IGNORED = ".gitignore"
_INDEX = b"DIRC\0\0\0"
_PLAIN_VERSIONS = (b"\2", b"\3")
_DEPLOYED = re.compile(
    r"\b(gcloud|flyctl|fly deploy|railway|vercel|netlify|serverless|modal deploy|wrangler|render\.com|doctl)\b",
    re.IGNORECASE,
)
_PLACES = (
    "app.yaml",
    "fly.toml",
    "vercel.json",
    "railway.json",
    "railway.toml",
    "render.yaml",
    "netlify.toml",
)
_TOLD = re.compile(CODE.pattern + r"|\.(md|rst|txt|json)$", re.IGNORECASE)


def kept_out_of_git(draft: Draft) -> None:
    """Name a file in the ``.gitignore`` of the project."""
    entry = f"/{draft.path}"
    if not (draft.folder / IGNORED).is_file():
        draft.create(IGNORED, f"{entry}\n")
        return
    other = draft.other(IGNORED)
    begins = "" if not other.text or other.text.endswith(("\n", "\r")) else other.source.newline
    other.edit(len(other.text), len(other.text), f"{begins}{entry}{other.source.newline}")


def never_committed(draft: Draft) -> bool:
    """Whether a file lies in the top folder of a repository that does not have it, so nobody clones it.

    Tools that upload a folder leave out what git ignores, so none may be in use. The names stand as they are in
    versions 2 and 3 of the index (gitformat-index); the fourth shortens them.
    """
    index = draft.folder / ".git" / "index"
    if "/" in draft.path or not index.is_file() or index.is_symlink():
        return False
    if any(index.parent.glob("sharedindex.*")):
        return False  # the names are in another file
    known = index.read_bytes()
    if not known.startswith(_INDEX) or known[7:8] not in _PLAIN_VERSIONS:
        return False
    if draft.path.encode() + b"\0" in known:
        return False
    uploaded = any((draft.folder / name).exists() for name in _PLACES)
    return not uploaded and not mentioned(draft.folder, _DEPLOYED, _TOLD)


def value_left_out(draft: Draft, line: int, *, docker: bool) -> bool:
    """Take a value out of a line of a Dockerfile or compose file; whether there was one to take.

    ``${NAME:?}`` of a compose file stops where the value is not given.
    """
    start = 0
    for number, text in enumerate(draft.text.splitlines(keepends=True), 1):
        if number == line:
            return _in_line(draft, start, text, docker=docker)
        start += len(text)
    return False


def _in_line(draft: Draft, start: int, text: str, *, docker: bool) -> bool:
    if not docker:
        found = list(_DEFAULT.finditer(text))
        for match in found:
            draft.edit(start + match.start(), start + match.end(), f"${{{match.group(1)}:?}}")
        return bool(found)
    if argument := _ARGUMENT.match(text):
        draft.edit(start + argument.start(1), start + argument.end(1), "")
        return True
    pairs = list(_PAIR.finditer(text)) if _ENV.match(text) else []
    secret = [pair for pair in pairs if _SECRET.search(pair.group(1))]
    if len(secret) == len(pairs) and secret:
        draft.edit(start, start + len(text), "")
    else:
        for pair in secret:
            draft.edit(start + pair.start(), start + pair.end(), "")
    return bool(secret)
