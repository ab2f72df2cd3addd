"""Reads operations from an OpenAPI document that a site serves.

The document comes from the site: it may be of any shape, refer to itself, and name servers of
somebody else. What is not understood is left out; nothing of it is ever asked for elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from buckler.scan.engines.live.session import ENTERED
from buckler.scan.engines.live.site import Site
from buckler.scan.model.application import (
    Body,
    BodyField,
    Operation,
    Parameter,
    Response,
    SecurityScheme,
)

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
MAX_OPERATIONS = 500
MAX_DEPTH = 100
MAX_HOPS = 10
_PATH = re.compile(r"/[\x21-\x7e]*")
_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_CLASSES = {
    "apikey": "APIKey",
    "http": "HTTPBearer",
    "oauth2": "OAuth2PasswordBearer",
    "openidconnect": "OpenIdConnect",
}
Json = Mapping[str, Any]


def is_document(data: object) -> bool:
    """Whether a JSON value is an OpenAPI document."""
    return isinstance(data, dict) and "openapi" in data and isinstance(data.get("paths"), dict)


def too_deep(data: object) -> bool:
    """Whether a JSON value is nested more deeply than any schema is."""
    level = [data]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += value.values()
            elif isinstance(value, list):
                below += value
        if not below:
            return False
        level = below
    return True


class Document:
    """One document.

    Args:
        data: As :func:`is_document` takes it and :func:`too_deep` does not.
        site: That served it.
        path: At which path.
    """

    def __init__(self, data: Json, site: Site, path: str) -> None:
        self._data = data
        components = _table(data.get("components"))
        self._components = {str(k): _table(v) for k, v in components.items()}
        self._schemas = self._components.get("schemas", {})
        self.title = str(_table(data.get("info")).get("title") or "")[:200]
        self.prefix, self.elsewhere = _prefix(data.get("servers"), site, path)

    def operations(self) -> Iterator[Operation]:
        """Its operations, in order; at most :data:`MAX_OPERATIONS`."""
        made = 0
        for path, item in _table(self._data.get("paths")).items():
            whole = self.prefix + str(path)
            if not _PATH.fullmatch(whole):
                continue
            shared = _list(_table(item).get("parameters"))
            for method in METHODS:
                found = _table(item).get(method)
                if isinstance(found, dict) and made < MAX_OPERATIONS:
                    made += 1
                    yield self._operation(method.upper(), whole, found, shared)

    @property
    def total(self) -> int:
        """How many operations it has."""
        paths = _table(self._data.get("paths")).values()
        return sum(method in _table(item) for item in paths for method in METHODS)

    def _operation(self, method: str, path: str, data: Json, shared: list[Any]) -> Operation:
        parameters: dict[tuple[str, str], Parameter] = {}
        for item in (*shared, *_list(data.get("parameters"))):
            made = self._parameter(self._resolved(item))
            if made is not None:
                parameters[made.where, made.name] = made
        return Operation(
            method=method,
            path=path,
            name=str(data.get("operationId") or "")[:200],
            place=None,
            entered=ENTERED,
            parameters=tuple(parameters.values()),
            body=self._body(self._resolved(data.get("requestBody"))),
            dependencies=(),
            security=tuple(self._security(data)),
            response=self._response(data),
            template=path,
            deprecated=data.get("deprecated") is True,
            tags=tuple(str(tag)[:100] for tag in _list(data.get("tags"))),
            takes_request=True,
            doc=str(data.get("summary") or data.get("description") or "")[:500],
        )

    def _parameter(self, data: Json) -> Parameter | None:
        where, name = data.get("in"), data.get("name")
        if where not in ("path", "query", "header", "cookie") or not isinstance(name, str):
            return None
        schema = data.get("schema")
        if schema is None:
            first = next(iter(_table(data.get("content")).values()), None)
            schema = _table(first).get("schema")
        named = name.lower() if where == "header" else name
        required = data.get("required") is True
        return Parameter(
            where, named, required, self._schema(schema), _table(schema).get("default")
        )

    def _body(self, data: Json) -> Body | None:
        content = _table(data.get("content"))
        kind = next((kind for kind in _TYPES if kind in content), None)
        if kind is None:
            return None
        schema = self._schema(_table(content[kind]).get("schema"))
        field = BodyField("body", data.get("required") is True, schema, model=True)
        return Body(kind, False, (field,))

    def _response(self, data: Json) -> Response:
        answers = _table(data.get("responses"))
        status = next((code for code in sorted(map(str, answers)) if code.startswith("2")), "")
        content = _table(self._resolved(answers.get(status)).get("content"))
        kind = next(iter(content), "")
        schema = _table(content.get(kind)).get("schema")
        made = self._schema(schema) if isinstance(schema, dict) and schema else None
        number = int(status) if len(status) == 3 and status.isdecimal() else None
        return Response(made, media_type=str(kind)[:100], status=number)

    def _security(self, data: Json) -> Iterator[SecurityScheme]:
        """Its schemes, without scopes: who compares those, a document does not say."""
        wanted = data["security"] if "security" in data else self._data.get("security")
        choices = [_table(item) for item in _list(wanted)]
        optional = {} in choices
        for name in dict.fromkeys(str(name) for choice in choices for name in choice):
            scheme = _table(self._components.get("securitySchemes", {}).get(name))
            kind = str(scheme.get("type") or "")
            is_key = kind.lower() == "apikey"
            basic = kind.lower() == "http" and str(scheme.get("scheme")).lower() == "basic"
            yield SecurityScheme(
                type=kind[:50],
                cls="HTTPBasic" if basic else _CLASSES.get(kind.lower(), ""),
                scheme_name=name[:100],
                where=str(scheme.get("in")) if is_key else None,
                name=str(scheme.get("name")) if is_key else None,
                auto_error=not optional,
            )

    def _schema(self, schema: object) -> Json:
        """A schema that brings the definitions it refers to, as those of the live object do."""
        if not isinstance(schema, dict):
            return {}
        return {**schema, "$defs": self._schemas} if self._schemas else schema

    def _resolved(self, item: object) -> Json:
        """What a reference into the components means; itself where it is none."""
        for _ in range(MAX_HOPS):
            reference = _table(item).get("$ref")
            if not isinstance(reference, str):
                return _table(item)
            kind, _, name = reference.removeprefix("#/components/").partition("/")
            item = self._components.get(kind, {}).get(name)
        return {}


def _prefix(servers: object, site: Site, path: str) -> tuple[str, str]:
    """What stands before every path, and the first server that is somebody else's."""
    first = next((s.get("url") for s in _list(servers) if isinstance(s, dict)), None)
    if not isinstance(first, str) or "{" in first:
        return "", ""
    try:
        inside = site.path_of(urljoin(site.origin + path, first))
    except ValueError:
        return "", ""
    if inside is None:
        return "", first[:200]
    return inside.partition("?")[0].rstrip("/"), ""


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:1000] if isinstance(value, list) else []
