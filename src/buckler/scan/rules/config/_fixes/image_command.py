"""Takes the reloading of a server out of the command of an image (CWE-489)."""

from __future__ import annotations

import re

from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.mentions import mentioned

_COMMAND = re.compile(r"^\s*(CMD|ENTRYPOINT)\b", re.IGNORECASE)
_SERVER = re.compile(r"\b(uvicorn|gunicorn|hypercorn)\b")
_OPTION = re.compile(r",\s*\"--reload\"(?=\s*[,\]])|[ \t]+--reload(?=[ \t]|$)")
_MORE = re.compile(r"--reload[-=]|--debug|[;&|]")
_FILES = re.compile(
    r"\.(toml|cfg|ini|ya?ml|json|sh|env|service|mk|md|rst|txt|nix|hcl|tf)$"
    r"|(^|[./])(Dockerfile|Containerfile|Procfile|Makefile|justfile|Tiltfile)\b",
    re.IGNORECASE,
)
_MOUNTED = re.compile(
    r"volume|--mount|\bmounts?:|\bdocker\b[^\n]*\s-v\s|\bdevelop:|\b(kubectl|docker|podman) cp\b|skaffold|Tiltfile|okteto"
    r"|telepresence|devcontainer|hostPath|WEB_CONCURRENCY|--workers",
    re.IGNORECASE,
)


def without_reload(draft: Draft, line: int) -> bool:
    """Take ``--reload`` out of a command that stands in one line; whether there was one."""
    start = 0
    for number, text in enumerate(draft.text.splitlines(keepends=True), 1):
        if number == line:
            written = text.rstrip("\r\n")
            found = list(_OPTION.finditer(written))
            plain = not _MORE.search(written) and not written.rstrip().endswith("\\")
            if (
                len(found) != 1
                or not plain
                or not _COMMAND.match(written)
                or not _SERVER.search(written)
            ):
                return False
            draft.edit(start + found[0].start(), start + found[0].end(), "")
            return True
        start += len(text)
    return False


def files_stay(draft: Draft) -> bool:
    """Whether the files in a container of the image never change, as far as the project says.

    Then nothing is there to be loaded anew, and nobody misses it. A folder mounted from outside changes, and so
    does the number of processes, which reloading keeps at one.
    """
    if (draft.folder / ".devcontainer").exists():
        return False
    return not mentioned(draft.folder, _MOUNTED, _FILES)
