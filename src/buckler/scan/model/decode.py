"""Builds the model from what the agent sends.

The agent runs in a process that belongs to the application; what it says is data from
outside. Whatever is not of the expected shape is an ``AgentError``, never a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buckler.core.errors import AgentError
from buckler.scan.model.application import (
    AppModel,
    Body,
    BodyField,
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


def application(data: Json, *, main: Place | None, public: tuple[str, ...]) -> AppModel:
    """The model of an application.

    Args:
        data: The ``model`` frame of the agent.
        main: Where the application is made, where source says so.
        public: Operations that the settings declare public.

    Raises:
        AgentError: The frame is not of the expected shape.
    """
    try:
        return AppModel(
            title=str(data["title"])[:200],
            python=str(data["python"]),
            versions={str(k): str(v) for k, v in data["versions"].items()},
            operations=tuple(_operation(item) for item in data["operations"]),
            mounts=tuple(_mount(item) for item in data["mounts"]),
            middleware=tuple(_middleware(item) for item in data["middleware"]),
            handlers=_handlers(data["handlers"]),
            origins=_texts(data.get("origins", ())),
            configured={str(k): str(v) for k, v in data.get("configured", {}).items()},
            tables=tuple(
                Table(str(t["name"]), {str(k): dict(v) for k, v in t["columns"].items()})
                for t in data.get("tables", ())
            ),
            docs=_texts(data["docs"]),
            debug=bool(data["debug"]),
            templates=tuple(dict(t) for t in data["templates"]),
            max_body_size=data["max_body_size"] if isinstance(data["max_body_size"], int) else None,
            made_up=_texts(data["made_up"]),
            lifespan_failed=data["lifespan_failed"],
            main=main,
            public=public,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AgentError(f"the agent sent a model that cannot be read: {error!r}") from error


def _handlers(items: Any) -> tuple[Handler, ...]:
    return tuple(Handler(str(h["key"]), str(h["name"]), _place(h["place"])) for h in items)


def _texts(items: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in items)


def _place(data: Any) -> Place | None:
    if not data:
        return None
    return Place(str(data["path"]), int(data["line"]), int(data["end"]), str(data["name"]))


def _operation(data: Json) -> Operation:
    answer = data["response"]
    return Operation(
        method=str(data["method"]),
        path=str(data["path"]),
        name=str(data["name"]),
        place=_place(data["place"]),
        entered=str(data["entered"]),
        parameters=tuple(_parameter(item) for item in data["parameters"]),
        body=_body(data["body"]),
        dependencies=tuple(_dependency(item) for item in data["dependencies"]),
        security=tuple(_scheme(item) for item in data["security"]),
        response=Response(
            answer["schema"],
            str(answer["class"]),
            str(answer["media_type"]),
            answer["status"],
            str(answer["type"]),
        ),
        template=str(data["template"]),
        mounted_at=str(data["mounted_at"]),
        order=int(data["order"]),
        regex=str(data["regex"]),
        hidden=bool(data["hidden"]),
        deprecated=bool(data["deprecated"]),
        fastapi=bool(data["fastapi"]),
        tags=_texts(data["tags"]),
        takes_request=bool(data["takes_request"]),
        doc=str(data["doc"]),
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
            for f in data["fields"]
        ),
    )


def _dependency(data: Json) -> Dependency:
    return Dependency(
        str(data["name"]),
        _place(data["place"]),
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
        where=data["in"],
        name=data["name"],
        auto_error=bool(data["auto_error"]),
        flows=_texts(data["flows"]),
        token_url=str(data["token_url"]),
        scopes=_texts(data["scopes"]),
        through=_texts(data["through"]),
    )


def _middleware(data: Json) -> Middleware:
    added = data.get("added") or {}
    return Middleware(
        str(data["name"]),
        str(data["module"]),
        dict(data["options"]),
        _place(data["place"]),
        _place(data["dispatch"]),
        _place(added),
        {str(name): int(line) for name, line in added.get("options", {}).items()},
    )


def _mount(data: Json) -> Mount:
    return Mount(
        str(data["path"]),
        str(data["application"]),
        dict(data["static"]) if data["static"] else None,
        _texts(data["docs"]),
        tuple(_middleware(item) for item in data["middleware"]),
        _handlers(data.get("handlers", ())),
        _place(data.get("added")),
        _texts(data.get("guards", ())),
    )
