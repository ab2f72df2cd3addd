"""Builds the model from what the agent sends.

The agent runs in a process that belongs to the application; what it says is data from
outside. Whatever is not of the expected shape or larger than any application is an
``AgentError``, never a crash; a place counts only where it is a file of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buckler.core.errors import AgentError
from buckler.scan.inside import Sources, line_number
from buckler.scan.model.application import (
    AccessRule,
    AppModel,
    Body,
    BodyField,
    Brought,
    Dependency,
    Handler,
    Middleware,
    Mount,
    Operation,
    Parameter,
    Place,
    Response,
    SecurityScheme,
    Table,
)

Json = Mapping[str, Any]
UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What reading something of another shape than expected may raise."""
MAX_OPERATIONS = 5000
MAX_ITEMS = 1000
MAX_TEXT = 64 * 1024
MAX_DEPTH = 100
MAX_NUMBER = 2**31
MAX_FLOAT = 10**300


def application(
    data: Json, *, main: Place | None, public: tuple[str, ...], folder: Path
) -> AppModel:
    """The model of an application.

    Args:
        data: The ``model`` frame of the agent.
        main: Where the application is made, where source says so.
        public: Operations that the settings declare public.
        folder: The project's, in which places have to lie.

    Raises:
        AgentError: The frame is not of the expected shape or not within its bounds.
    """
    sources = Sources(folder)
    try:
        _bounded(data)
        return AppModel(
            title=str(data["title"])[:200],
            python=str(data["python"]),
            versions={str(k): str(v) for k, v in data["versions"].items()},
            operations=tuple(
                _operation(item, sources) for item in _items(data["operations"], MAX_OPERATIONS)
            ),
            mounts=tuple(_mount(item, sources) for item in _items(data["mounts"])),
            middleware=tuple(_middleware(item, sources) for item in _items(data["middleware"])),
            handlers=_handlers(data["handlers"], sources),
            origins=_texts(data.get("origins", [])),
            configured={str(k): str(v) for k, v in data.get("configured", {}).items()},
            tables=tuple(
                Table(str(t["name"]), {str(k): dict(v) for k, v in t["columns"].items()})
                for t in _items(data.get("tables", []))
            ),
            brought=tuple(
                Brought(str(b["password"]), tuple((str(k), str(v)) for k, v in _items(b["around"])))
                for b in _items(data.get("people", []))
            ),
            docs=_texts(data["docs"]),
            debug=bool(data["debug"]),
            templates=tuple(dict(t) for t in _items(data["templates"])),
            max_body_size=_size(data["max_body_size"]),
            made_up=_texts(data["made_up"]),
            lifespan_failed=_text_or_none(data["lifespan_failed"]),
            main=main,
            public=public,
        )
    except UNREADABLE as error:
        why = repr(error)[:200]
        raise AgentError(f"the agent sent a model that cannot be read: {why}") from error


def _bounded(data: object) -> None:
    """Refuse what is nested more deeply than any schema, and texts and numbers beyond reason."""
    level: list[object] = [data]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += [*value, *value.values()]
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str):
                if len(value) > MAX_TEXT:
                    raise ValueError("a text is too long")
            elif isinstance(value, int) and abs(value) > MAX_FLOAT:
                raise ValueError("a number is too large")
        if not below:
            return
        level = below
    raise ValueError("it is nested too deeply")


def _items(items: object, limit: int = MAX_ITEMS) -> list[Any]:
    if not isinstance(items, list):
        raise TypeError("a list was expected")
    if len(items) > limit:
        raise ValueError(f"a list has more than {limit} items")
    return items


def _integer(value: object) -> int:
    if type(value) is not int or abs(value) > MAX_NUMBER:
        raise ValueError("a number is out of its range")
    return value


def _size(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _handlers(items: object, sources: Sources) -> tuple[Handler, ...]:
    return tuple(
        Handler(str(h["key"]), str(h["name"]), _place(h["place"], sources)) for h in _items(items)
    )


def _texts(items: object) -> tuple[str, ...]:
    return tuple(str(item) for item in _items(items))


def _place(data: Any, sources: Sources) -> Place | None:
    if not data:
        return None
    path, line, end = str(data["path"]), line_number(data["line"]), line_number(data["end"])
    return Place(path, line, end, str(data["name"])) if sources.file(path) is not None else None


def _static(data: Any) -> dict[str, Any] | None:
    return {**data, "directories": list(_texts(data["directories"]))} if data else None


def _operation(data: Json, sources: Sources) -> Operation:
    answer = data["response"]
    return Operation(
        method=str(data["method"]),
        path=str(data["path"]),
        name=str(data["name"]),
        place=_place(data["place"], sources),
        entered=str(data["entered"]),
        parameters=tuple(_parameter(item) for item in _items(data["parameters"])),
        body=_body(data["body"]),
        dependencies=tuple(_dependency(item, sources) for item in _items(data["dependencies"])),
        security=tuple(_scheme(item) for item in _items(data["security"])),
        response=Response(
            None if answer["schema"] is None else dict(answer["schema"]),
            str(answer["class"]),
            str(answer["media_type"]),
            None if answer["status"] is None else _integer(answer["status"]),
            str(answer["type"]),
        ),
        template=str(data["template"]),
        mounted_at=str(data["mounted_at"]),
        order=_integer(data["order"]),
        regex=str(data["regex"]),
        hidden=bool(data["hidden"]),
        deprecated=bool(data["deprecated"]),
        fastapi=bool(data["fastapi"]),
        tags=_texts(data["tags"]),
        takes_request=bool(data["takes_request"]),
        doc=str(data["doc"]),
        rules=_rules(data.get("rules", [])),
        shown=_texts(data.get("shown", [])),
    )


def _rules(items: object) -> tuple[AccessRule, ...]:
    return tuple(
        AccessRule(
            item["public"] is True,
            _texts(item["permissions"]),
            str(item["owner_of"]),
            str(item["words"])[:200],
        )
        for item in _items(items)
    )


def _parameter(data: Json) -> Parameter:
    return Parameter(
        str(data["in"]),
        str(data["name"]),
        bool(data["required"]),
        dict(data["schema"]),
        data["default"],
        bool(data["model"]),
    )


def _body(data: Any) -> Body | None:
    if not data:
        return None
    return Body(
        str(data["media_type"]),
        bool(data["embed"]),
        tuple(
            BodyField(
                str(f["name"]),
                bool(f["required"]),
                dict(f["schema"]),
                bool(f["model"]),
                bool(f["table"]),
                str(f["type"]),
                bool(f["file"]),
                f["default"],
            )
            for f in _items(data["fields"])
        ),
    )


def _dependency(data: Json, sources: Sources) -> Dependency:
    return Dependency(
        str(data["name"]),
        _place(data["place"], sources),
        bool(data["takes_scopes"]),
        bool(data["takes_request"]),
        _texts(data["reads"]),
        _texts(data["scopes"]),
        _texts(data["parents"]),
    )


def _scheme(data: Json) -> SecurityScheme:
    return SecurityScheme(
        type=str(data["type"]),
        cls=str(data["class"]),
        scheme_name=str(data["scheme_name"]),
        where=_text_or_none(data["in"]),
        name=_text_or_none(data["name"]),
        auto_error=bool(data["auto_error"]),
        flows=_texts(data["flows"]),
        token_url=str(data["token_url"]),
        scopes=_texts(data["scopes"]),
        through=_texts(data["through"]),
    )


def _middleware(data: Json, sources: Sources) -> Middleware:
    added = data.get("added") or {}
    return Middleware(
        str(data["name"]),
        str(data["module"]),
        dict(data["options"]),
        _place(data["place"], sources),
        _place(data["dispatch"], sources),
        _place(added, sources),
        {str(name): line_number(line) for name, line in added.get("options", {}).items()},
    )


def _mount(data: Json, sources: Sources) -> Mount:
    return Mount(
        str(data["path"]),
        str(data["application"]),
        _static(data["static"]),
        _texts(data["docs"]),
        tuple(_middleware(item, sources) for item in _items(data["middleware"])),
        _handlers(data.get("handlers", []), sources),
        _place(data.get("added"), sources),
        _texts(data.get("guards", [])),
        _rules(data.get("rules", [])),
    )
