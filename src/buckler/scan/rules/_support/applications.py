"""The application, its routes and their models in source, for fixers of what was seen while it ran."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.model.application import AppModel, Operation, Place
from buckler.scan.python.index import Function, argument, default_of, last, parameter, unpacks
from buckler.scan.python.modules import definition, others

MAIN = "main"
METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket"}
)


@dataclass(frozen=True, slots=True)
class Made:
    """Where an application is made: ``app = FastAPI()``."""

    name: str
    call: ast.Call
    statement: ast.Assign | ast.AnnAssign


def application_at(draft: Draft, finding: Finding) -> Made | None:
    """The application that is made at the line of a finding and bound to a name of its own."""
    for call in draft.calls_at(finding):
        made = _made(draft, call)
        if made is not None:
            return made
    return None


def only_application(draft: Draft) -> Made | None:
    """The one application that a file makes."""
    found = [made for call in draft.index.calls if (made := _made(draft, call)) is not None]
    return found[0] if len(found) == 1 else None


def project_application(draft: Draft) -> tuple[Draft, Made] | None:
    """The one application of the project, in this file or else in the only other one that makes one."""
    made = only_application(draft)
    if made is not None:
        return draft, made
    if any(_made(draft, call) is not None for call in draft.index.calls):
        return None
    found = [draft.other(index.path) for index in others(draft.index, "FastAPI(")]
    homes = [(home, only) for home in found if (only := only_application(home)) is not None]
    return homes[0] if len(homes) == 1 else None


def of_main(finding: Finding, app: AppModel, operation: Operation) -> Finding:
    """A finding of an operation that says where the application is made that serves it."""
    if app.main is None or operation.mounted_at:
        return finding
    return replace(finding, context={**finding.context, MAIN: app.main})


def serving_application(draft: Draft, finding: Finding) -> tuple[Draft, Made] | None:
    """The application that serves the operation of a finding, and its file."""
    place: Place | None = finding.context.get(MAIN)
    if place is None:
        return project_application(draft)
    home = draft if place.path == draft.path else draft.other(place.path)
    inside = range(place.line, max(place.end, place.line) + 1)
    calls = (call for call in home.index.calls if call.lineno in inside)
    made = next((m for call in calls if (m := _made(home, call)) is not None), None)
    return (home, made) if made is not None else project_application(draft)


def _made(draft: Draft, call: ast.Call) -> Made | None:
    statement = draft.index.parents.get(call)
    if last(call.func) not in ("FastAPI", "Starlette") or unpacks(call):
        return None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    return Made(target.id, call, statement) if isinstance(target, ast.Name) else None


def route_at(draft: Draft, finding: Finding) -> tuple[Function, ast.Call] | None:
    """The handler at the line of a finding, and the decorator that makes it a route."""
    line = finding.location.line or 0
    for function in draft.index.functions:
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        if not first <= line <= function.lineno:
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and last(decorator.func) in METHODS:
                return function, decorator
    return None


def handler_around(draft: Draft, finding: Finding) -> tuple[Function, ast.Call] | None:
    """The handler whose signature or body holds the line of a finding."""
    line = finding.location.line or 0
    for function in draft.index.functions:
        if function.lineno <= line <= (function.end_lineno or line):
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and last(decorator.func) in METHODS:
                    return function, decorator
    return route_at(draft, finding)


@dataclass(frozen=True, slots=True)
class Declared:
    """Where a value that comes in is declared: a parameter of a function, or a field of a model.

    Attributes:
        draft: Of the file in which it stands.
        node: The parameter or the field.
        annotation: Its type.
        default: What it is set to; a call of ``Query``, ``Field`` and the like among others.
        where: ``Query``, ``Form``, ``Body`` or ``Field``: what takes bounds there.
    """

    draft: Draft
    node: ast.arg | ast.AnnAssign
    annotation: ast.expr
    default: ast.expr | None
    where: str


def declared(draft: Draft, function: Function, slot: str) -> Declared | None:
    """Where a slot of a handler is declared: in it, in a dependency, or in a model.

    Args:
        draft: Of the handler's file.
        function: The handler.
        slot: ``query:limit``, ``json:user.password``.
    """
    where, _, name = slot.partition(":")
    path = name.replace("[]", "").split(".")
    if where in ("query", "form", "path") and len(path) == 1:
        found = _parameter(
            draft, function, path[0], {"form": "Form", "path": "Path"}.get(where, "Query")
        )
        return found or _in_models(draft, function, path)
    return _in_models(draft, function, path) if where in ("json", "form", "body") else None


def _parameter(
    draft: Draft, function: Function, name: str, where: str, depth: int = 0
) -> Declared | None:
    given = parameter(function, name)
    if given is not None and given.annotation is not None:
        return Declared(draft, given, given.annotation, default_of(function, name), where)
    if depth > 2:
        return None
    for inner in _dependencies(draft, function):
        found = _parameter(inner[0], inner[1], name, where, depth + 1)
        if found is not None:
            return found
    return None


def _dependencies(draft: Draft, function: Function) -> Iterator[tuple[Draft, Function]]:
    """What a function depends on, by its parameters and its decorator; classes by their ``__init__``."""
    for given in (*function.args.args, *function.args.kwonlyargs):
        kind, marks = annotation_parts(given.annotation)
        for mark in (default_of(function, given.arg), *marks):
            yield from _depended(draft, mark, kind)
    for decorator in function.decorator_list:
        listed = argument(decorator, "dependencies") if isinstance(decorator, ast.Call) else None
        for mark in listed.elts if isinstance(listed, ast.List) else ():
            yield from _depended(draft, mark, None)


def _depended(
    draft: Draft, mark: ast.expr | None, kind: ast.expr | None
) -> Iterator[tuple[Draft, Function]]:
    if not isinstance(mark, ast.Call) or last(mark.func) not in ("Depends", "Security"):
        return
    target = argument(mark, "dependency", 0) or kind
    found = definition(draft.index, target) if target is not None else None
    if found is not None:
        other = draft if found[0].path == draft.path else draft.other(found[0].path)
        yield from _callable(other, getattr(found[1], "name", ""))


def _callable(draft: Draft, name: str) -> Iterator[tuple[Draft, Function]]:
    function, owner = draft.index.function(name), draft.index.class_named(name)
    if owner is not None:
        for item in owner.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                yield draft, item
    elif function is not None:
        yield draft, function


def annotation_parts(node: ast.expr | None) -> tuple[ast.expr | None, list[ast.expr]]:
    """The type and the marks of ``Annotated[type, mark, …]``; the type alone of anything else."""
    if isinstance(node, ast.Subscript) and last(node.value) == "Annotated":
        if isinstance(node.slice, ast.Tuple):
            return node.slice.elts[0], node.slice.elts[1:]
    return node, []


def _in_models(draft: Draft, function: Function, path: list[str]) -> Declared | None:
    """The field of a model that the handler takes, by its way from the body."""
    for given in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        found = _field(draft, given.annotation, path)
        if found is None and path[0] == given.arg:
            found = _field(draft, given.annotation, path[1:])
        if found is not None:
            return found
    return None


def _field(draft: Draft, annotation: ast.expr | None, path: list[str]) -> Declared | None:
    for name in class_names(annotation) if path else ():
        found = definition(draft.index, name)
        if found is None or not isinstance(found[1], ast.ClassDef):
            continue
        other = draft if found[0].path == draft.path else draft.other(found[0].path)
        owner = other.index.class_named(found[1].name)
        for item in field_statements(other, owner) if owner is not None else ():
            if last(item.target) != path[0]:
                continue
            if len(path) == 1:
                return Declared(other, item, item.annotation, item.value, "Field")
            return _field(other, item.annotation, path[1:])
    return None


def class_names(annotation: ast.expr | None) -> Iterator[ast.expr]:
    """The names in a type: ``User`` of ``list[User] | None``."""
    if annotation is None:
        return
    kind, _ = annotation_parts(annotation)
    for node in ast.walk(kind) if kind is not None else ():
        if isinstance(node, ast.Name | ast.Attribute):
            yield node


def field_statements(draft: Draft, owner: ast.ClassDef) -> Iterator[ast.AnnAssign]:
    """The fields of a class and of those of the same file that it derives from."""
    for item in owner.body:
        if isinstance(item, ast.AnnAssign):
            yield item
    for base in owner.bases:
        above = draft.index.class_named(last(base))
        if above is not None and above is not owner:
            yield from field_statements(draft, above)


def bounded(place: Declared, **bounds: str) -> bool:
    """Give a declared value bounds: in the call that declares it, or as ``Annotated``; whether it could be done."""
    draft = place.draft
    marks = ("Query", "Form", "Body", "Path", "Field", "Param", "File")
    kind, given = annotation_parts(place.annotation)
    call = next(
        (
            m
            for m in (place.default, *given)
            if isinstance(m, ast.Call) and last(m.func) in marks and not unpacks(m)
        ),
        None,
    )
    if call is not None:
        for name, value in bounds.items():
            draft.set_keyword(call, name, value)
        return True
    if given or isinstance(place.default, ast.Call) or kind is None:
        return False
    annotated = draft.name_for("typing.Annotated", place.node)
    package = "pydantic" if place.where == "Field" else "fastapi"
    mark = draft.name_for(f"{package}.{place.where}", place.node)
    listed = ", ".join(f"{name}={value}" for name, value in bounds.items())
    draft.wrap(place.annotation, f"{annotated}[", f", {mark}({listed})]")
    return True
