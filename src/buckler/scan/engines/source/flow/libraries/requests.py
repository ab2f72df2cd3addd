"""What requests bring, in Starlette, Flask and Django: attributes and methods that are sources."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from buckler.scan.engines.source.flow.arguments import Arguments
from buckler.scan.engines.source.flow.declared import default_source, fresh
from buckler.scan.engines.source.flow.facts import HOSTS_CHECKED
from buckler.scan.engines.source.flow.libraries.sessions import SESSION, session_method
from buckler.scan.engines.source.flow.objects import Container, External
from buckler.scan.engines.source.flow.values import (
    TRUE,
    UNKNOWN,
    Source,
    Taint,
    Value,
    bit,
    join,
    obj,
    one_text,
)

if TYPE_CHECKING:
    from buckler.scan.engines.source.flow.frames import Frame

STARLETTE = "starlette.requests.Request"
SOCKET = "starlette.websockets.WebSocket"
UPLOAD = "starlette.datastructures.UploadFile"
FLASK = "flask.request"
DJANGO = "django.http.HttpRequest"
PARAMS = "web.Params"
REQUESTS = frozenset({STARLETTE, SOCKET, FLASK, DJANGO})
_PARAMS: dict[str, dict[str, str]] = {
    STARLETTE: {
        "query_params": "query",
        "path_params": "path",
        "headers": "header",
        "cookies": "cookie",
    },
    FLASK: {
        "args": "query",
        "form": "form",
        "values": "query",
        "headers": "header",
        "cookies": "cookie",
        "files": "file",
        "view_args": "path",
        "environ": "header",
    },
    DJANGO: {
        "GET": "query",
        "POST": "form",
        "COOKIES": "cookie",
        "META": "header",
        "headers": "header",
        "FILES": "file",
        "query_params": "query",
        "data": "json",
    },
}
_PARAMS[SOCKET] = _PARAMS[STARLETTE]
_TEXTS: dict[str, dict[str, str]] = {
    FLASK: {"json": "json", "data": "body", "query_string": "query", "host": "host", "url": "host"}
    | {
        "base_url": "host",
        "host_url": "host",
        "url_root": "host",
        "full_path": "query",
        "referrer": "header",
    }
    | {"stream": "body"},
    DJANGO: {"body": "body", "path_info": "path"},
    STARLETTE: {"base_url": "host"},
}
_METHODS: dict[str, dict[str, str]] = {
    STARLETTE: {"json": "json", "body": "body", "stream": "body", "url_for": "host"},
    SOCKET: {
        "receive_text": "message",
        "receive_json": "message",
        "receive_bytes": "message",
        "receive": "message",
        "iter_text": "message",
        "iter_json": "message",
        "iter_bytes": "message",
    },
    FLASK: {"get_json": "json", "get_data": "body"},
    DJANGO: {
        "get_full_path": "query",
        "build_absolute_uri": "host",
        "get_host": "host",
        "read": "body",
    },
}


def request_attribute(frame: Frame, node: ast.AST, thing: External, name: str) -> Value | None:
    """An attribute of a request, or None where it is no source."""
    kind = _PARAMS.get(thing.name, {}).get(name)
    if kind is not None:
        return obj(External(PARAMS, True, source=default_source(frame, kind, "", node)))
    if thing.name in (STARLETTE, SOCKET) and name == "url":
        source = default_source(frame, "host", "host", node)
        taints = () if HOSTS_CHECKED in frame.run.web.facts else fresh(frame, source).taints
        return Value(None, (External("web.Url", True, source=source),), taints)
    if name == "state" and thing.name in REQUESTS:
        return obj(frame.run.web.state)
    if name == "state" and thing.name == "fastapi.APIRouter":
        return obj(frame.run.web.app_state)
    if name == "app" and thing.name in REQUESTS:
        return obj(frame.run.web.app)
    if name == "session" and thing.name in REQUESTS:
        return obj(frame.run.web.session) if thing.name == STARLETTE else UNKNOWN
    kind = _TEXTS.get(thing.name, {}).get(name)
    if kind == "host":
        return _host(frame, _source(frame, kind, "", node))
    if kind is not None:
        return fresh(frame, _source(frame, kind, "", node))
    if thing.name == UPLOAD:
        return _upload(frame, node, thing, name)
    if thing.name == "web.Url":
        return _url(frame, node, thing, name)
    if thing.name == "asgi.scope":
        return None
    if thing.name == "web.Credentials" and thing.source is not None:
        made = fresh(frame, thing.source, "str")
        return made.mapped(
            lambda t: Taint(t.token.derived("field", name), t.clean, t.step, t.tried)
        )
    return None


def _host(frame: Frame, source: Source) -> Value:
    """What the Host header says; where the project refuses hosts that it does not know, one of those it does."""
    return (
        Value(kind="str") if HOSTS_CHECKED in frame.run.web.facts else fresh(frame, source, "str")
    )


def _source(frame: Frame, kind: str, name: str, node: ast.AST) -> Source:
    return default_source(frame, kind, name or ("host" if kind == "host" else ""), node)


def _upload(frame: Frame, node: ast.AST, thing: External, name: str) -> Value | None:
    field = thing.source.name if thing.source is not None else ""
    if name in ("filename", "name"):
        return fresh(frame, default_source(frame, "filename", field, node), "str")
    if name == "content_type":
        return fresh(frame, default_source(frame, "header", "content-type", node), "str")
    if name in ("file", "stream"):
        source = default_source(frame, "file", field, node)
        taints = fresh(frame, source).taints
        return Value(None, (External("web.File", True, source=source),), taints)
    return None


def _url(frame: Frame, node: ast.AST, thing: External, name: str) -> Value | None:
    if name in ("path", "query"):
        kind = "query" if name == "query" else "path"
        return fresh(frame, default_source(frame, kind, "*:path", node))
    if name in ("hostname", "netloc"):
        return _host(frame, default_source(frame, "host", "host", node))
    return Value(kind="str") if name in ("scheme", "port") else None


def request_method(
    frame: Frame, node: ast.AST, thing: External, name: str, given: Arguments
) -> Value | None:
    """A method of a request, or None where it is no source."""
    if thing.name == PARAMS:
        return _params_method(frame, node, thing, name, given)
    if thing.name == SESSION:
        return session_method(frame, thing, name, given)
    kind = _METHODS.get(thing.name, {}).get(name)
    if kind == "host":
        return _host(frame, _source(frame, kind, "", node))
    if kind is not None:
        made = fresh(frame, _source(frame, kind, "", node))
        return _listed(frame, made) if name.startswith(("iter_", "stream")) else made
    if thing.name == STARLETTE and name == "form":
        source = default_source(frame, "form", "", node)
        return obj(External(PARAMS, True, (TRUE,), source=source))
    if thing.name in (UPLOAD, "web.File") and name in ("read", "readline", "getvalue", "readlines"):
        field = thing.source.name if thing.source is not None else ""
        return fresh(frame, default_source(frame, "file", field, node))
    return None


def _listed(frame: Frame, value: Value) -> Value:
    made = Container("list", frame.run.path)
    made.rest = value
    return obj(made)


def _params_method(
    frame: Frame, node: ast.AST, thing: External, name: str, given: Arguments
) -> Value | None:
    source = thing.source
    if source is None:
        return None
    if name in ("get", "pop", "getone", "__getitem__", "getlist", "get_list"):
        made = params_element(frame, node, thing, given.at(0))
        if name.startswith("getl") or name == "get_list":
            return _listed(frame, made)
        default = given.given(1, "default")
        return made if default is None else join([made, default])
    every = fresh(frame, Source(source.kind, "*", source.path, source.line, source.text))
    if name in ("items", "multi_items", "lists"):
        pair = Container("tuple", frame.run.path, {0: every, 1: every})
        return _listed(frame, obj(pair))
    if name in ("keys", "values"):
        return _listed(frame, every)
    if name in ("dict", "to_dict"):
        made_dict = Container("dict", frame.run.path)
        made_dict.rest = every
        return obj(made_dict)
    return None


_SCOPE = {
    "query_string": "query",
    "path": "path",
    "raw_path": "path",
    "headers": "header",
    "path_params": "path",
}


def scope_element(frame: Frame, node: ast.AST, key: Value) -> Value:
    """``scope["query_string"]`` of an ASGI application."""
    kind = _SCOPE.get(one_text(key) or "")
    if kind is None:
        return UNKNOWN
    made = fresh(frame, default_source(frame, kind, "*:path" if kind == "path" else "*", node))
    return _listed(frame, _listed(frame, made)) if kind == "header" else made


def params_element(frame: Frame, node: ast.AST, thing: External, key: Value) -> Value:
    """``request.query_params["q"]``."""
    source = thing.source
    if source is None:
        return UNKNOWN
    name = one_text(key) or "*"
    if source.kind == "path":
        name += frame.run.web.path_suffix(name)
    if source.kind == "header":
        name = name.lower().removeprefix("http_").replace("_", "-")
        if name in ("host", "x-forwarded-host"):
            named = Source("host", name, source.path, source.line, source.text)
            return _host(frame, named) if name == "host" else fresh(frame, named, "str")
    made = Source(source.kind, name, source.path, source.line, source.text)
    if source.kind == "file":
        return obj(External(UPLOAD, True, source=made))
    value = fresh(frame, made, "str" if source.kind != "json" else "", bit("nosql"))
    if source.kind == "form" and thing.given:
        return Value(None, (External(UPLOAD, True, source=made),), value.taints)
    return value
