"""Reads the application's model and asks the rules that look at it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from buckler.core.errors import AgentError, ApplicationError
from buckler.core.finding import Finding
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.engines.interface import ChecksApp
from buckler.scan.model.application import AppModel, Mount
from buckler.scan.model.decode import application as decode
from buckler.scan.target import Application

MAX_LISTED = 2000


def read_model(
    data: Mapping[str, Any], folder: Path, application: Application, settings: Settings
) -> AppModel:
    """The model of a started application, with what the file system says of its mounts.

    Raises:
        ApplicationError: The application's process sent a model that cannot be read.
    """
    try:
        model = decode(data, main=application.main, public=settings.public, folder=folder)
    except AgentError as error:
        raise ApplicationError(f"{application.label}: {error.message}") from error
    return replace(model, mounts=tuple(_listed(mount, folder) for mount in model.mounts))


def _listed(mount: Mount, folder: Path) -> Mount:
    """Add the files that a static mount serves, and where it lies."""
    if mount.static is None:
        return mount
    files: list[str] = []
    directories = mount.static["directories"]
    for directory in directories:
        if _within(directory, folder):
            files += _files(Path(directory))
    inside = [os.path.relpath(d, folder) for d in directories]
    return replace(mount, static={**mount.static, "files": files[:MAX_LISTED], "relative": inside})


def _within(directory: str, folder: Path) -> bool:
    """Whether it lies in the project, links followed; the names of others are nobody's business."""
    try:
        return Path(directory).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _files(directory: Path) -> Iterator[str]:
    count = 0
    for root, folders, names in os.walk(directory, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in ("node_modules", "__pycache__"))
        for name in sorted(names):
            count += 1
            if count > MAX_LISTED:
                return
            yield Path(root, name).relative_to(directory).as_posix()


def check_app(model: AppModel, rules: Iterable[Rule]) -> Iterator[Finding]:
    """The findings of every rule that looks at the model."""
    for rule in rules:
        if isinstance(rule, ChecksApp):
            yield from rule.check_app(model)
