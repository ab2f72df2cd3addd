"""The services of a project's compose file: what runs beside the application elsewhere.

Threat: the file is the project's. It is composed, not constructed: aliases and merges that would grow
without end when they are followed are never followed, and its size is bounded.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.core.report import ServiceSeen

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""As the Compose specification names them, in its order; the first that is there counts."""
MAX_BYTES = 200_000
MAX_SERVICES = 40
MAX_TEXT = 100
_KINDS = (
    ("postgresql", re.compile(r"postgres|postgis|timescale|pgvector", re.IGNORECASE)),
    ("mysql", re.compile(r"mysql|mariadb|percona", re.IGNORECASE)),
    ("mongodb", re.compile(r"mongo", re.IGNORECASE)),
    ("redis", re.compile(r"redis|valkey|keydb|dragonfly", re.IGNORECASE)),
)
_APPLICATION = re.compile(r"\b(uvicorn|gunicorn|hypercorn|granian|fastapi|python|alembic)\b")


def services(folder: Path) -> tuple[ServiceSeen, ...]:
    """The services that stand beside the application, in the file's order.

    Those that are built from the project, or start Python, are the application itself.

    Args:
        folder: Of the project.

    Raises:
        UnreadableFile: There is a file and it cannot be read.
    """
    for name in FILES:
        if (folder / name).is_file():
            return tuple(_services(name, _parsed(folder / name, folder)))[:MAX_SERVICES]
    return ()


def _parsed(path: Path, folder: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    data = read_project_file(path, folder, MAX_BYTES)
    try:
        return YAML(typ="safe", pure=True).compose(io.BytesIO(data))
    except (YAMLError, RecursionError, ValueError) as error:
        raise UnreadableFile(f"it is no YAML: {str(error).splitlines()[0][:MAX_TEXT]}") from error


def _services(file: str, root: Any) -> Iterator[ServiceSeen]:
    for name, service in _entries(_entry(root, "services")):
        image = _scalar(_entry(service, "image"))
        if _entry(service, "build") is not None or _is_application(service) or not image:
            continue
        base = image.rpartition("/")[2].partition(":")[0]
        kind = next((kind for kind, pattern in _KINDS if pattern.search(base)), "")
        yield ServiceSeen(file, name[:MAX_TEXT], image[:MAX_TEXT], kind)


def _is_application(service: Any) -> bool:
    command = _entry(service, "command")
    words = [_scalar(command), *(_scalar(item) for item in _items(command))]
    return any(_APPLICATION.search(word) for word in words)


def _entries(node: Any) -> Iterator[tuple[str, Any]]:
    """Keys and values of a mapping; nothing where it is none."""
    pairs = node.value if getattr(node, "id", "") == "mapping" else ()
    return ((_scalar(key), value) for key, value in pairs)


def _entry(node: Any, name: str) -> Any:
    return next((value for key, value in _entries(node) if key == name), None)


def _items(node: Any) -> list[Any]:
    return list(node.value) if getattr(node, "id", "") == "sequence" else []


def _scalar(node: Any) -> str:
    return str(node.value) if getattr(node, "id", "") == "scalar" else ""
