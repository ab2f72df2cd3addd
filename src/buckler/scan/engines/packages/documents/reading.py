"""Reads the files with statements that a project names: OpenVEX or CycloneDX, told apart by what stands in them.

A file that cannot be read closes nothing and is told; of one with a statement that is broken the others count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from buckler.core.errors import UnreadableFile
from buckler.core.files import read_project_file
from buckler.scan.engines.packages.documents import fields, from_cyclonedx, from_openvex
from buckler.scan.engines.packages.documents.statements import Malformed, Statement
from buckler.scan.engines.packages.inventory.model import Problem

MAX_BYTES: Final = 20_000_000
"""Of one file."""
MOST_PROBLEMS: Final = 100
"""That are told of one file."""
HINT: Final = "put it right: until then it closes nothing"


def statements(
    folder: Path, paths: Iterable[str]
) -> tuple[tuple[Statement, ...], tuple[Problem, ...]]:
    """What the files of a project say, and what of them could not be read.

    Args:
        folder: Of the project.
        paths: Relative to it.
    """
    found: list[Statement] = []
    problems: list[Problem] = []
    for path in dict.fromkeys(paths):
        try:
            data = read_project_file(folder / path, folder, MAX_BYTES)
            _document(path, data.decode("utf-8-sig"), found, problems)
        except FileNotFoundError:
            problems.append(Problem(path, 0, "there is no such file", HINT))
        except UnreadableFile as error:
            problems.append(Problem(path, 0, error.message, HINT))
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            problems.append(Problem(path, line, "this is not UTF-8", HINT))
        except json.JSONDecodeError as error:
            what = f"this is not JSON: {error.msg}, column {error.colno}"
            problems.append(Problem(path, error.lineno, what, HINT))
        except RecursionError:
            problems.append(Problem(path, 0, "it is nested too deep", HINT))
        except Malformed as error:
            problems.append(Problem(path, 0, str(error), HINT))
    return tuple(found), tuple(problems)


def read(name: str, text: str) -> tuple[tuple[Statement, ...], tuple[Problem, ...]]:
    """What one document says that is no file of a project, and what of it could not be read.

    Args:
        name: That statements and problems are told by.
        text: Of the document.
    """
    found: list[Statement] = []
    problems: list[Problem] = []
    try:
        _document(name, text, found, problems)
    except json.JSONDecodeError as error:
        what = f"this is not JSON: {error.msg}, column {error.colno}"
        problems.append(Problem(name, error.lineno, what, HINT))
    except RecursionError:
        problems.append(Problem(name, 0, "it is nested too deep", HINT))
    except Malformed as error:
        problems.append(Problem(name, 0, str(error), HINT))
    return tuple(found), tuple(problems)


def _document(path: str, text: str, found: list[Statement], problems: list[Problem]) -> None:
    document = fields.table(fields.document(text), "the document")
    key, reader = _reader(document, path)
    values = fields.items(document.get(key), key)
    broken = 0
    for value, line in zip(values, fields.element_lines(text, key), strict=True):
        try:
            found.extend(reader.statement(value, line))
        except Malformed as error:
            broken += 1
            if broken <= MOST_PROBLEMS:
                problems.append(Problem(path, line, f"the statement does not count: {error}", HINT))
    if broken > MOST_PROBLEMS:
        what = f"{broken - MOST_PROBLEMS} more statements do not count"
        problems.append(Problem(path, 0, what, HINT))


def _reader(
    document: Mapping[str, Any], path: str
) -> tuple[str, from_openvex.Reader | from_cyclonedx.Reader]:
    context = document.get("@context")
    contexts = context if isinstance(context, list) else [context]
    if any(isinstance(one, str) and one.startswith("https://openvex.dev/ns") for one in contexts):
        return from_openvex.LIST, from_openvex.reader(document, path)
    if document.get("bomFormat") == "CycloneDX":
        return from_cyclonedx.LIST, from_cyclonedx.reader(document, path)
    raise Malformed("it is neither OpenVEX (@context) nor CycloneDX (bomFormat)")
