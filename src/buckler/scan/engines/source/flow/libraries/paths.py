"""Paths put together, worked out and taken apart."""

from __future__ import annotations

import ast

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.iterating import derived, elements
from buckler.scan.engines.source.flow.libraries.kinds import Handler
from buckler.scan.engines.source.flow.objects import (
    Container,
    External,
    things,
)
from buckler.scan.engines.source.flow.operators import joined_path, path_text
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Value,
    bit,
    hole,
    joined_taints,
    obj,
)


def _join_path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    if given.more is not UNKNOWN or any(things(p, Container) for p in given.positional):
        return hole(joined_taints(*(taints_within(frame, v) for v in given.all())), "str")
    made = joined_path(frame, node, given.positional)
    return Value(made.alts, (), made.taints, "str")


def _path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    if not given.positional:
        return obj(External("pathlib.Path", True))
    if len(given.positional) > 1:
        return joined_path(frame, node, given.positional)
    text = path_text(given.at(0))
    return Value(text.alts, (External("pathlib.Path", True),), text.taints)


def resolved(frame: Frame, node: ast.AST, value: Value) -> Value:
    """A path with its ``..`` worked out: a check where it lies protects it from now on."""
    taints = derived(value, "resolved", "path")
    made = hole(taints, "str")
    if any(type(t) is External for t in value.objs):
        return Value(made.alts, value.objs, taints)
    return made if taints else value


def _real(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return resolved(frame, node, given.at(0))


def _base_name(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return basename(given.at(0))


def basename(value: Value) -> Value:
    """The last part of a path: no folder is left in it."""
    made = hole(derived(value, "part", "basename"), "str")
    return made.mapped(lambda t: t.cleaned(bit("path", "archive"), ""))


def _common_path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    taints = []
    for value in elements(frame, given.at(0), node)[0]:
        taints.append(derived(value, "commonpath", "path"))
    made = joined_taints(*taints)
    return hole(made, "str")


def _relative(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return hole(given.at(0).taints, "str")


def _environ_path(frame: Frame, node: ast.AST, given: Arguments) -> Value:
    return given.at(0)


PATH_FUNCTIONS: dict[str, Handler] = {
    "os.path.join": _join_path,
    "os.path.abspath": _real,
    "os.path.realpath": _real,
    "os.path.normpath": _real,
    "os.path.basename": _base_name,
    "os.path.commonpath": _common_path,
    "os.path.relpath": _relative,
    "os.path.expanduser": _environ_path,
    "os.fspath": _environ_path,
    "werkzeug.utils.secure_filename": _base_name,
    "pathvalidate.sanitize_filename": _base_name,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PurePosixPath": _path,
}
