"""Methods and attributes of paths, and the contents of the files that they name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.conditions import below_folder, boolean
from buckler.scan.engines.source.flow.expressions import taints_within
from buckler.scan.engines.source.flow.iterating import derived
from buckler.scan.engines.source.flow.libraries.paths import (
    basename,
    resolved,
)
from buckler.scan.engines.source.flow.objects import External
from buckler.scan.engines.source.flow.operators import joined_path
from buckler.scan.engines.source.flow.values import (
    UNKNOWN,
    Value,
    bit,
    hole,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame
from buckler.scan.engines.source.flow.libraries.kinds import Method


def _resolve(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return resolved(frame, node, receiver)


def _join(frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments) -> Value:
    return joined_path(frame, node, [receiver, *given.positional])


def _relative(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """Whether a path lies below another one: a check of it where ``..`` has been worked out before."""
    return boolean(below_folder(receiver, given.at(0)), {})


def _relative_to(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    """``path.relative_to(base)`` raises where the path does not lie below."""
    if frame.state is not None:
        frame.state.clear(below_folder(receiver, given.at(0)))
    return receiver


def _name(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return basename(owner) if owner.taints else Value(kind="str")


def _suffix(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    made = hole(derived(owner, "part", "suffix"), "str")
    return made.mapped(lambda t: t.cleaned(bit("path", "archive")))


def _same(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return owner


def _text(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    return Value(owner.alts, (), owner.taints, "str")


def _with_name(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return joined_path(frame, node, [Value(kind="str"), given.at(0)])


def _parents(frame: Frame, node: ast.AST, thing: External, owner: Value, given: Arguments) -> Value:
    taints = derived(owner, "parents", "path")
    return Value(None, (External("pathlib.Parents", True, (owner,)),), taints)


def _written(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    thing.fields["@content"] = hole(taints_within(frame, given.at(0)))
    frame.run.changes(thing, given.at(0))
    return Value(kind="int")


def _content(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    return thing.fields.get("@content", UNKNOWN)


def _opened(
    frame: Frame, node: ast.AST, thing: External, receiver: Value, given: Arguments
) -> Value:
    content = thing.fields.get("@content", UNKNOWN)
    return Value(None, (External("web.File", True),), content.taints)


PATH_METHODS: dict[str, Method] = {
    "pathlib.Path.resolve": _resolve,
    "pathlib.Path.absolute": _same,
    "pathlib.Path.joinpath": _join,
    "pathlib.Path.is_relative_to": _relative,
    "pathlib.Path.relative_to": _relative_to,
    "pathlib.Path.with_name": _with_name,
    "pathlib.Path.with_suffix": _same,
    "pathlib.Path.with_stem": _with_name,
    "pathlib.Path.expanduser": _same,
    "pathlib.Path.as_posix": _text,
    "pathlib.Path.__str__": _text,
    "pathlib.Path.write_bytes": _written,
    "pathlib.Path.write_text": _written,
    "pathlib.Path.read_bytes": _content,
    "pathlib.Path.read_text": _content,
    "pathlib.Path.open": _opened,
}


PATH_ATTRIBUTES: dict[str, Method] = {
    "pathlib.Path.name": _name,
    "pathlib.Path.stem": _name,
    "pathlib.Path.suffix": _suffix,
    "pathlib.Path.suffixes": _suffix,
    "pathlib.Path.parent": _same,
    "pathlib.Path.parents": _parents,
}
