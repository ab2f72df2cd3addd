"""The environment that the application sees: little of the user's own, none of their secrets."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from buckler.core.errors import UsageError
from buckler.core.redact import is_secret_name

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT")
PLANTED = "LEDGER_EXPORT_SECRET"
"""Named like a secret, and read by no library."""
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


def build(
    scratch: Path, python: Path, env_file: Path | None, passed: Iterable[str], secret: str = ""
) -> dict[str, str]:
    """The environment of the child.

    Args:
        scratch: Its folder for home and temporary files.
        python: Its interpreter; a virtual environment is announced as activating it would.
        env_file: File of ``NAME=value`` lines for the application.
        passed: Names to hand over from the user's own environment.
        secret: A made-up secret, so that an answer that repeats the environment is known for one.

    Raises:
        UsageError: The file cannot be read, or a passed name is not set.
    """
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment.setdefault("LANG", "C.UTF-8")
    environment["HOME"] = str(scratch / "home")
    environment["PYTHONHASHSEED"] = "0"
    environment["PYTHONUNBUFFERED"] = "1"
    if secret:
        environment[PLANTED] = secret
    if (python.parent.parent / "pyvenv.cfg").exists():
        environment["VIRTUAL_ENV"] = str(python.parent.parent)
        environment["PATH"] = os.pathsep.join(
            (str(python.parent), environment.get("PATH", os.defpath))
        )
    for name in passed:
        if name not in os.environ:
            raise UsageError(f"--pass-env {name}: it is not set")
        environment[name] = os.environ[name]
    if env_file is not None:
        environment.update(read_env_file(env_file))
    return environment


def made_up_secret(prefix: str) -> str:
    """The secret of one scan.

    It is derived from the canaries' prefix and does not hold it: what carries a canary is stopped
    at sinks, and an application that hands its environment on must not be.
    """
    return "lxs_" + hashlib.sha256(f"environment {prefix}".encode()).hexdigest()[:40]


def read_env_file(path: Path) -> dict[str, str]:
    """``NAME=value`` lines, quotes around values removed, ``#`` comments skipped.

    Raises:
        UsageError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--env-file {path} cannot be read: {error.strerror}",
            hint="give a file of NAME=value lines",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--env-file {path} cannot be read: it is not UTF-8") from error
    found = {}
    for line in text.splitlines():
        matched = _LINE.match(line)
        if matched and not line.lstrip().startswith("#"):
            name, value = matched.groups()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            else:
                value = re.sub(r"\s+#.*$", "", value)
            found[name] = value
    return found


def given_secrets(env_file: Path | None, passed: Iterable[str]) -> list[str]:
    """Values that the user handed over and that must stand in no report.

    Of a file those whose names tell of a secret; of the user's own environment all, since only
    what the application cannot do without is handed over.
    """
    values = read_env_file(env_file) if env_file is not None else {}
    told = [value for name, value in values.items() if is_secret_name(name) or "://" in value]
    return [*told, *(os.environ[name] for name in passed if name in os.environ)]
