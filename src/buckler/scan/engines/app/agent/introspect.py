"""Reads the model of the application off the live object, as JSON.

Since FastAPI 0.137 the routes are a tree, and the dependencies that count stand on a route's
context and not on the route; before it they are a flat list. Both are read here and nowhere
else.
"""

from __future__ import annotations

import inspect
import os
import sys
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from . import load, origins, places, schemas, stated, tables

MAX_DEPTH = 8


def model(app: Any) -> Dict[str, Any]:
    """Everything the parent wants to know of an application.

    Args:
        app: The ASGI application as imported, layers around it included.
    """
    inner = load.unwrap(app)
    operations: List[Dict[str, Any]] = []
    mounts: List[Dict[str, Any]] = []
    for found in _walk(inner, "", 0):
        (mounts if found["kind"] == "mount" else operations).append(found)
    return {
        "title": str(getattr(inner, "title", "")),
        "python": ".".join(map(str, sys.version_info[:3])),
        "versions": _versions(),
        "place": None,
        "operations": operations,
        "mounts": mounts,
        "middleware": _middleware(inner),
        "handlers": _handlers(inner),
        "origins": origins.named(),
        "tables": tables.named(),
        "docs": _docs(inner),
        "debug": bool(getattr(inner, "debug", False)),
        "templates": _templates(),
        "max_body_size": getattr(inner, "max_body_size", None),
        "wrapped": inner is not app,
    }


def _versions() -> Dict[str, str]:
    found = {}
    for name in ("fastapi", "starlette", "pydantic", "sqlalchemy", "sqlmodel"):
        module = sys.modules.get(name)
        if module is not None:
            found[name] = str(getattr(module, "__version__", ""))
    return found


def _walk(
    app: Any, prefix: str, depth: int, above: Tuple[Dict[str, Any], ...] = ()
) -> Iterator[Dict[str, Any]]:
    routes = getattr(app, "routes", None)
    if routes is None or depth > MAX_DEPTH:
        return
    fastapi_routing = sys.modules.get("fastapi.routing")
    contexts = getattr(fastapi_routing, "iter_route_contexts", None)
    for order, context in enumerate(contexts(routes) if contexts else routes):
        route = getattr(context, "original_route", context)
        kind = type(route).__name__
        if _is(route, "starlette.routing", "Mount") or _is(route, "starlette.routing", "Host"):
            yield from _mount(app, route, context, prefix, depth, above)
        elif _is(route, "fastapi.routing", "APIWebSocketRoute") or _is(
            route, "starlette.routing", "WebSocketRoute"
        ):
            yield _operation(app, context, route, prefix, order, "WEBSOCKET", above)
        elif hasattr(context, "endpoint") and getattr(context, "path", None) is not None:
            for method in sorted((context.methods or {"GET"}) - {"HEAD"} or {"HEAD"}):
                if not _is_docs(route):
                    yield _operation(app, context, route, prefix, order, method, above)
        elif kind:
            continue


def _is(value: Any, module: str, name: str) -> bool:
    owner = getattr(sys.modules.get(module), name, None)
    return owner is not None and isinstance(value, owner)


def _is_docs(route: Any) -> bool:
    """The routes that FastAPI adds for its documentation, and guard's pages in their place."""
    endpoint = getattr(route, "endpoint", None)
    return stated.is_documentation(endpoint) or (
        getattr(endpoint, "__module__", "") == "fastapi.applications"
    )


def _mount(
    app: Any,
    route: Any,
    context: Any,
    prefix: str,
    depth: int,
    above: Tuple[Dict[str, Any], ...],
) -> Iterator[Dict[str, Any]]:
    rules = (*above, *stated.around(route.app))
    path = prefix + (getattr(context, "path", None) or getattr(route, "path", "") or "")
    inner = load.unwrap(route.app)
    static = _is(inner, "starlette.staticfiles", "StaticFiles")
    yield {
        "kind": "mount",
        "path": path,
        "application": type(inner).__name__,
        "static": _static(inner) if static else None,
        "docs": _docs(inner, path) if load.is_application(inner) else [],
        "middleware": _middleware(inner) if load.is_application(inner) else [],
        "handlers": _handlers(inner) if load.is_application(inner) else [],
        "added": places.added(route),
        "guards": [
            places.qualified(d.dependency)
            for d in getattr(getattr(app, "router", None), "dependencies", None) or []
        ],
        "place": places.of(getattr(inner, "__call__", None)) if not static else None,
        "rules": list(rules),
    }
    if not static:
        yield from _walk(inner, path, depth + 1, rules)


def _static(files: Any) -> Dict[str, Any]:
    directories = [os.path.abspath(str(d)) for d in getattr(files, "all_directories", []) or []]
    return {
        "directories": directories,
        "follow_symlink": bool(getattr(files, "follow_symlink", False)),
        "html": bool(getattr(files, "html", False)),
    }


def _operation(
    app: Any,
    context: Any,
    route: Any,
    prefix: str,
    order: int,
    method: str,
    above: Tuple[Dict[str, Any], ...],
) -> Dict[str, Any]:
    dependant = getattr(context, "dependant", None)
    endpoint = getattr(context, "endpoint", None)
    path = prefix + (getattr(context, "path_format", None) or context.path)
    dependencies, security = _dependencies(dependant)
    fields = list(_flat(dependant)) if dependant is not None else []
    response = getattr(context, "response_field", None)
    response_class = getattr(context, "response_class", None)
    response_class = getattr(response_class, "value", response_class)
    return {
        "kind": "operation",
        "method": method,
        "path": path,
        "template": prefix + context.path,
        "name": str(getattr(context, "name", "")),
        "place": places.of(endpoint),
        "entered": places.qualified(endpoint),
        "mounted_at": prefix,
        "order": order,
        "regex": getattr(getattr(context, "path_regex", None), "pattern", ""),
        "hidden": not getattr(context, "include_in_schema", True),
        "deprecated": bool(getattr(context, "deprecated", False)),
        "tags": [str(t) for t in getattr(context, "tags", None) or []],
        "fastapi": dependant is not None,
        "parameters": [_parameter(where, field) for where, field in fields if where != "body"],
        "body": _body(context, route, [f for w, f in fields if w == "body"]),
        "dependencies": dependencies,
        "security": security,
        "response": {
            "schema": schemas.of_field(response, "serialization") if response is not None else None,
            "class": getattr(response_class, "__name__", ""),
            "media_type": str(getattr(response_class, "media_type", "") or ""),
            "status": getattr(context, "status_code", None),
            "type": _type_name(response),
        },
        "doc": (inspect.getdoc(endpoint) or "")[:200] if endpoint else "",
        "takes_request": bool(dependant is not None and _takes_request(dependant)),
        "rules": [*above, *stated.of_operation(route, endpoint, dependant)],
        "shown": stated.shown(endpoint, dependant),
    }


def _takes_request(dependant: Any) -> bool:
    return bool(
        dependant.request_param_name
        or dependant.http_connection_param_name
        or any(_takes_request(sub) for sub in dependant.dependencies)
    )


def _type_name(field: Any) -> str:
    kind = getattr(field, "type_", None) or getattr(
        getattr(field, "field_info", None), "annotation", None
    )
    return str(getattr(kind, "__name__", kind or ""))


def _flat(
    dependant: Any, seen: Optional[Set[Tuple[str, str, str]]] = None
) -> Iterator[Tuple[str, Any]]:
    """All parameters, those of sub-dependencies included, each once."""
    seen = set() if seen is None else seen
    for where in ("path", "query", "header", "cookie", "body"):
        for field in getattr(dependant, f"{where}_params"):
            key = (where, field.name, field.alias)
            if key not in seen:
                seen.add(key)
                yield where, field
    for sub in dependant.dependencies:
        yield from _flat(sub, seen)


def _parameter(where: str, field: Any) -> Dict[str, Any]:
    info = field.field_info
    name = field.alias
    if where == "header" and getattr(info, "convert_underscores", True) and name == field.name:
        name = name.replace("_", "-")
    return {
        "in": where,
        "name": name.lower() if where == "header" else name,
        "required": _required(field),
        "schema": schemas.of_field(field, "validation"),
        "default": schemas.plain(getattr(field, "default", None)),
        "model": schemas.is_model(field),
    }


def _required(field: Any) -> bool:
    required = getattr(field, "required", None)
    if required is None:
        required = field.field_info.is_required()
    return bool(required)


def _body(context: Any, route: Any, fields: List[Any]) -> Optional[Dict[str, Any]]:
    if not fields:
        return None
    params = sys.modules["fastapi.params"]
    infos = [field.field_info for field in fields]
    is_form = any(isinstance(info, params.Form) for info in infos)
    is_file = any(isinstance(info, params.File) for info in infos)
    embed = len(fields) > 1 or any(getattr(info, "embed", None) for info in infos)
    return {
        "media_type": "multipart/form-data"
        if is_file
        else ("application/x-www-form-urlencoded" if is_form else "application/json"),
        "embed": embed or is_form,
        "fields": [
            {
                "name": field.alias,
                "required": _required(field),
                "schema": schemas.of_field(field, "validation"),
                "model": schemas.is_model(field),
                "table": schemas.is_table(field),
                "type": _type_name(field),
                "file": isinstance(field.field_info, params.File),
                "default": schemas.plain(getattr(field, "default", None)),
            }
            for field in fields
        ],
    }


def _dependencies(dependant: Any) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """The calls behind an operation, depth first, and the security schemes among them."""
    calls: List[Dict[str, Any]] = []
    schemes: List[Dict[str, Any]] = []
    base = getattr(sys.modules.get("fastapi.security.base"), "SecurityBase", None)

    def visit(node: Any, parents: Tuple[str, ...], scopes: Tuple[str, ...]) -> None:
        for sub in node.dependencies:
            call = inspect.unwrap(sub.call) if callable(sub.call) else sub.call
            wanted = scopes + tuple(_scopes(sub))
            if base is not None and isinstance(call, base):
                schemes.append(
                    dict(_scheme(call), scopes=sorted(set(wanted)), through=list(parents))
                )
                continue
            calls.append(
                {
                    "name": places.qualified(call),
                    "place": places.of(call),
                    "takes_scopes": bool(sub.security_scopes_param_name),
                    "takes_request": bool(sub.request_param_name or sub.http_connection_param_name),
                    "reads": sorted(
                        f.alias.lower()
                        for w in ("header", "cookie", "query")
                        for f in getattr(sub, f"{w}_params")
                    ),
                    "scopes": sorted(set(wanted)),
                    "parents": list(parents),
                }
            )
            visit(sub, (*parents, places.qualified(call)), wanted)

    if dependant is not None:
        visit(dependant, (), ())
    return calls, schemes


def _scopes(dependant: Any) -> List[str]:
    own = getattr(dependant, "own_oauth_scopes", None)
    if own is None:
        own = getattr(dependant, "security_scopes", None)
    return list(own or [])


def _scheme(scheme: Any) -> Dict[str, Any]:
    described = scheme.model
    location = getattr(getattr(described, "in_", None), "value", None)
    flows = getattr(described, "flows", None)
    names = ("password", "authorizationCode", "implicit", "clientCredentials")
    present = [name for name in names if getattr(flows, name, None) is not None]
    token_url = next((str(getattr(getattr(flows, n), "tokenUrl", "") or "") for n in present), "")
    return {
        "type": str(
            getattr(
                getattr(described, "type_", None) or getattr(described, "type", ""), "value", ""
            )
        ),
        "class": type(scheme).__name__,
        "scheme_name": str(getattr(scheme, "scheme_name", "")),
        "in": location,
        "name": getattr(described, "name", None),
        "auto_error": bool(getattr(scheme, "auto_error", True)),
        "flows": present,
        "token_url": token_url,
    }


def _middleware(app: Any) -> List[Dict[str, Any]]:
    found = []
    for item in getattr(app, "user_middleware", []):
        cls = getattr(item, "cls", None)
        options = dict(getattr(item, "kwargs", None) or getattr(item, "options", None) or {})
        found.append(
            {
                "name": getattr(cls, "__name__", type(cls).__name__),
                "module": getattr(cls, "__module__", ""),
                "place": places.of(cls),
                "added": places.added(item),
                "dispatch": places.of(options.get("dispatch")),
                "options": {
                    str(k): schemas.plain(v) for k, v in options.items() if k != "dispatch"
                },
            }
        )
    return found


def _handlers(app: Any) -> List[Dict[str, Any]]:
    return [
        {
            "key": getattr(key, "__name__", str(key)),
            "place": places.of(handler),
            "name": places.qualified(handler),
        }
        for key, handler in (getattr(app, "exception_handlers", None) or {}).items()
    ]


def _docs(app: Any, prefix: str = "") -> List[str]:
    urls = [getattr(app, name, None) for name in ("openapi_url", "docs_url", "redoc_url")]
    if not urls[0]:
        return []
    return [prefix + url for url in urls if url]


def _templates() -> List[Dict[str, Any]]:
    """The Jinja environments that are alive, and whether they escape by default."""
    module = sys.modules.get("jinja2")
    if module is None:
        return []
    import gc

    found = []
    for value in gc.get_objects():
        if type(value).__module__ == "jinja2.environment" and isinstance(value, module.Environment):
            loader = getattr(value, "loader", None)
            paths = [str(p) for p in getattr(loader, "searchpath", [])]
            autoescape = value.autoescape
            found.append(
                {
                    "paths": paths,
                    "autoescape": autoescape if isinstance(autoescape, bool) else "by name",
                    "sandboxed": "sandbox" in type(value).__module__,
                }
            )
    return found
