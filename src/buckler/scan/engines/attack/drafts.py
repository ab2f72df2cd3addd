"""A request before it is encoded: values by slot, so that one of them can be replaced.

Payloads go into the wire as a client would send them: percent-encoded in path and query,
quoted in cookies, multipart for files. What a real server would refuse to parse (a line break
in a header) is never sent, because it proves nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from buckler.scan.engines.attack.forms import token_for
from buckler.scan.engines.attack.values import resolve, value
from buckler.scan.engines.interface import Identity, Request, Slot
from buckler.scan.model.application import Body, Operation

BOUNDARY = "buckler-7d1f0c5e9a"
FILE_CONTENT = b"sample file\n"
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_PARAMETER = re.compile(r"\{([^{}:]+)(?::([a-z]+))?\}")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class CannotCarry(ValueError):
    """The slot cannot carry this value on a real connection."""


@dataclass(slots=True)
class File:
    """One uploaded file."""

    field: str
    name: str
    content: bytes
    media_type: str = "text/plain"


@dataclass(slots=True)
class Draft:
    """A request to one operation, by slot."""

    operation: Operation
    host: str = "app.test"
    path: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: list[tuple[str, str]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    raw: bytes | None = None
    messages: list[str] = field(default_factory=list)
    attacked: frozenset[str] = frozenset()

    def with_value(self, slot: Slot, payload: str | bytes, key: str = "") -> Draft:
        """A copy with one slot replaced.

        Args:
            slot: Which one.
            payload: What goes there.
            key: Of an object around it, as in :class:`Payload`.

        Raises:
            CannotCarry: No client can send that value there.
        """
        text = payload.decode("latin-1") if isinstance(payload, bytes) else payload
        if key and slot.where not in ("json", "query", "form", "message"):
            raise CannotCarry("it holds texts alone")
        name = f"{slot.name}[{key}]" if key else slot.name
        draft = replace(self, attacked=self.attacked | {slot.key})
        match slot.where:
            case "path":
                draft.path = {**self.path, slot.name: text}
            case "query":
                draft.query = [
                    *((k, v) for k, v in self.query if k != slot.name),
                    (name, text),
                ]
            case "header":
                draft.headers = {**self.headers, slot.name: _sendable(text)}
            case "cookie":
                draft.cookies = {**self.cookies, slot.name: _cookie(text)}
            case "json":
                draft.json = _put(self.json, slot.name, {key: text} if key else text)
            case "form":
                draft.form = [*((k, v) for k, v in self.form if k != slot.name), (name, text)]
            case "file" | "filename":
                draft.files = _put_file(self.files, slot, payload)
            case "body":
                draft.raw = payload if isinstance(payload, bytes) else text.encode()
            case "message":
                held: Any = {key: text} if key else text
                draft.messages = [_message(held, slot.name, self.messages)]
        return draft

    def request(
        self,
        identity: Identity | None = None,
        client: str = "203.0.113.9",
        *,
        number: str = "",
        fail: str = "",
    ) -> Request:
        """Encode it, as one identity; ``number`` and ``fail`` as in :class:`Request`."""
        if identity is not None and identity.tokens:
            signed = replace(identity, tokens=())
            return self._with_tokens(identity).request(signed, client, number=number, fail=fail)
        mine = {"host": self.host, "user-agent": "buckler", "accept": "*/*", **self.headers}
        cookies = dict(self.cookies)
        for name, text in identity.cookies if identity else ():
            if f"cookie:{name}" not in self.attacked:
                cookies[name] = text
        for name, text in identity.headers if identity else ():
            if name.lower() == "cookie":
                for key, own in _pairs(text):
                    if f"cookie:{key}" not in self.attacked:
                        cookies[key] = own
            elif f"header:{name.lower()}" not in self.attacked:
                mine[name.lower()] = text
        headers = [(name, text.encode("utf-8").decode("latin-1")) for name, text in mine.items()]
        if cookies:
            joined = "; ".join(f"{k}={v}" for k, v in cookies.items())
            headers.append(("cookie", joined.encode("utf-8").decode("latin-1")))
        body, media_type = self._body()
        if body or media_type:
            media_type = mine.pop("content-type", media_type)
            headers = [pair for pair in headers if pair[0] != "content-type"]
            headers += [("content-type", media_type), ("content-length", str(len(body)))]
        return Request(
            method=self.operation.method,
            path=self._path(),
            query=urlencode(self.query, quote_via=quote),
            headers=tuple(headers),
            body=body,
            identity=identity.name or None if identity else None,
            client=client,
            messages=tuple(self.messages),
            number=number,
            fail=fail,
            probing=bool(self.attacked),
        )

    def _with_tokens(self, identity: Identity) -> Draft:
        """A copy with the identity's form tokens where they belong, but in attacked slots."""

        def better(where: str, name: str, given: Any) -> Any:
            token = None if f"{where}:{name}" in self.attacked else token_for(name, identity)
            return given if token is None else token

        data = self.json
        if isinstance(data, dict):
            data = {name: better("json", name, given) for name, given in data.items()}
        return replace(
            self,
            headers={name: better("header", name, given) for name, given in self.headers.items()},
            form=[(name, better("form", name, given)) for name, given in self.form],
            json=data,
        )

    def _path(self) -> str:
        def filled(matched: re.Match[str]) -> str:
            name, convertor = matched.group(1), matched.group(2)
            return quote(self.path.get(name, "1"), safe="/" if convertor == "path" else "")

        template = self.operation.template or self.operation.path
        return _PARAMETER.sub(filled, template)

    def _body(self) -> tuple[bytes, str]:
        body = self.operation.body
        if self.raw is not None:
            return self.raw, "application/octet-stream" if self.json is None else "application/json"
        if self.files or (body is not None and body.media_type == "multipart/form-data"):
            return _multipart(self.form, self.files), f"multipart/form-data; boundary={BOUNDARY}"
        if self.form or (body is not None and not body.is_json):
            return urlencode(self.form).encode(), "application/x-www-form-urlencoded"
        if self.json is not None or body is not None:
            return json.dumps(self.json).encode(), "application/json"
        return b"", ""


def benign(
    operation: Operation,
    *,
    host: str = "app.test",
    variant: int = 0,
    full: bool = True,
    known: Mapping[str, str] | None = None,
) -> Draft:
    """A request that should pass validation.

    Args:
        operation: Which one.
        host: Value of the Host header.
        variant: Other valid values.
        full: Whether optional inputs are filled in.
        known: Values for path, query and body names that are better than made-up ones,
            e.g. ids that other operations answered.
    """
    known = known or {}
    draft = Draft(operation, host=host)
    for parameter in operation.parameters:
        schema = resolve(parameter.schema)
        if parameter.model:
            for name, child in (schema.get("properties") or {}).items():
                inner = {**child, "$defs": schema["$defs"]} if "$defs" in schema else child
                if full or name in (schema.get("required") or ()):
                    _fill(
                        draft, parameter.where, name, value(inner, name, variant=variant, full=full)
                    )
            continue
        if not parameter.required and (not full or parameter.name in CREDENTIAL_HEADERS):
            continue
        made = known.get(parameter.name) if parameter.where in ("path", "query") else None
        if made is None:
            made = value(schema, parameter.name, variant=variant, full=full)
        _fill(draft, parameter.where, parameter.name, made)
    if operation.body is not None:
        _fill_body(draft, operation.body, variant, full, known)
    if operation.is_websocket:
        draft.messages = ["sample"]
    return draft


def _fill(draft: Draft, where: str, name: str, made: Any) -> None:
    items = made if isinstance(made, list) else [made]
    texts = [plain(item) for item in items if item is not None]
    if not texts:
        return
    if where == "path":
        draft.path[name] = texts[0]
    elif where == "query":
        draft.query += [(name, text) for text in texts]
    elif where == "header":
        draft.headers[name] = texts[0]
    elif where == "cookie":
        draft.cookies[name] = _cookie(texts[0])


def _fill_body(
    draft: Draft, body: Body, variant: int, full: bool, known: Mapping[str, str]
) -> None:
    if body.is_json:
        made = {
            f.name: value(f.schema, f.name, variant=variant, full=full)
            for f in body.fields
            if full or f.required
        }
        draft.json = made if body.embed else next(iter(made.values()), None)
        if isinstance(draft.json, dict):
            _use_known(draft.json, known)
        return
    for item in body.fields:
        schema = resolve(item.schema)
        children = schema.get("properties") if item.model else None
        for name, child in (children or {item.name: schema}).items():
            inner = resolve({**child, "$defs": schema["$defs"]} if "$defs" in schema else child)
            needed = name in (schema.get("required") or ()) if children else item.required
            _fill_form(draft, name, inner, needed, variant, full, item.file)


def _fill_form(
    draft: Draft,
    name: str,
    schema: Mapping[str, Any],
    needed: bool,
    variant: int,
    full: bool,
    is_file: bool,
) -> None:
    items = resolve(schema.get("items") or {}) if schema.get("type") == "array" else schema
    if is_file or items.get("format") == "binary" or "contentMediaType" in items:
        draft.files.append(File(name, "sample.txt", FILE_CONTENT))
        return
    if not (needed or full):
        return
    made = value(schema, name, variant=variant, full=full)
    for one in made if isinstance(made, list) else [made]:
        if one is not None:
            draft.form.append((name, plain(one)))


def _use_known(target: dict[str, Any], known: Mapping[str, str]) -> None:
    """Put harvested identifiers where a body names one (``product_id``)."""
    for key, current in target.items():
        if key in known and key.lower().endswith(("id", "_id", "slug", "sku")):
            better = known[key]
            if isinstance(current, int) and not isinstance(current, bool) and better.isdigit():
                target[key] = int(better)
            elif isinstance(current, str):
                target[key] = better
        elif isinstance(current, list) and current and isinstance(current[0], dict):
            _use_known(current[0], known)
        elif isinstance(current, dict):
            _use_known(current, known)


def plain(made: Any) -> str:
    """A value as it stands in a query or form."""
    if isinstance(made, bool):
        return "true" if made else "false"
    return json.dumps(made) if isinstance(made, dict | list) else str(made)


def _pairs(cookies: str) -> list[tuple[str, str]]:
    parts = (part.strip().partition("=") for part in cookies.split(";"))
    return [(key, own) for key, found, own in parts if found]


def _sendable(text: str) -> str:
    if _UNSENDABLE.search(text):
        raise CannotCarry("a header cannot hold control characters")
    return text


def _cookie(text: str) -> str:
    """A cookie's value: quoted where RFC 6265 does not allow it bare."""
    _sendable(text)
    if re.search(r'[\s",;\\]', text):
        escaped = re.sub(r'[",;\\]', lambda m: f"\\{ord(m.group()):03o}", text)
        return f'"{escaped}"'
    return text


def _put_file(files: list[File], slot: Slot, payload: str | bytes) -> list[File]:
    chosen = next(
        (f for f in files if f.field == slot.name), File(slot.name, "sample.txt", FILE_CONTENT)
    )
    others = [f for f in files if f.field != slot.name]
    if slot.where == "file":
        content = payload if isinstance(payload, bytes) else payload.encode()
        # As whoever uploads a page would say; what is said of the sample stays for all other contents.
        said = "text/html" if content.lstrip()[:1] == b"<" else chosen.media_type
        return [*others, replace(chosen, content=content, media_type=said)]
    name = payload.decode("latin-1") if isinstance(payload, bytes) else payload
    if _UNSENDABLE.search(name):
        raise CannotCarry("a file name cannot hold control characters")
    return [*others, replace(chosen, name=name)]


def _put(tree: Any, path: str, text: Any) -> Any:
    """Replace the leaf at a dotted path; list items are all those of ``[]``."""
    if not path:
        return text
    head, _, rest = path.partition(".")
    name, brackets = head.rstrip("[]"), head.count("[]")
    if brackets and not name:
        return _put_list(tree, brackets, rest, text)
    if name == "*":
        return {"sample": text}
    made = dict(tree) if isinstance(tree, dict) else {}
    made[name] = (
        _put_list(made.get(name), brackets, rest, text)
        if brackets
        else _put(made.get(name), rest, text)
    )
    return made


def _put_list(tree: Any, brackets: int, rest: str, text: Any) -> Any:
    items = tree if isinstance(tree, list) and tree else [None]
    first = (
        _put_list(items[0], brackets - 1, rest, text)
        if brackets > 1
        else _put(items[0], rest, text)
    )
    return [first, *items[1:]]


def _message(text: Any, name: str, current: list[str]) -> str:
    """A websocket message; with a name it is an object with that key."""
    if not name:
        return text if isinstance(text, str) else json.dumps(text)
    try:
        tree = json.loads(current[0]) if current else {}
    except ValueError:
        tree = {}
    return json.dumps(_put(tree, name, text))


def _multipart(form: list[tuple[str, str]], files: list[File]) -> bytes:
    parts = bytearray()
    for name, text in form:
        parts += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        parts += text.encode() + b"\r\n"
    for file in files:
        filename = file.name.replace("\\", "\\\\").replace('"', '\\"')
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{filename}"\r\n'
        parts += head.encode() + f"Content-Type: {file.media_type}\r\n\r\n".encode()
        parts += file.content + b"\r\n"
    return bytes(parts + f"--{BOUNDARY}--\r\n".encode())
