"""Reads recordings: HAR, cassettes of VCR and of ``responses``, mappings of WireMock."""

from __future__ import annotations

import base64
import binascii
import importlib
import json
import zlib
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import urlsplit

ENDINGS = (".har", ".json", ".yaml", ".yml")
MAX_BODY = 1_000_000
MAX_HEADERS = 50
MAX_HEADER = 4000
MAX_YAML = 400_000
MAX_SLOW_YAML = 40_000
HEAD = 4000
MAX_VALUES = 50_000
_DROPPED = frozenset(
    "content-length content-encoding transfer-encoding connection keep-alive alt-svc"
    " strict-transport-security".split()
)
_budget = {"yaml": 800_000, "slow": 80_000}


@dataclass(frozen=True)
class Example:
    """One recorded answer.

    Attributes:
        method: In upper case; ``ANY`` for every one.
        host: In lower case; empty for every one.
        path: With its leading slash.
        query: As recorded.
        status: 200 to 599.
        headers: Those that are not about the transfer.
        body: Neither compressed nor in chunks.
    """

    method: str
    host: str
    path: str
    query: str
    status: int
    headers: Tuple[Tuple[str, str], ...]
    body: bytes


def promises(path: str) -> bool:
    """Whether the beginning of a file looks like a recording."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    if path.endswith(".har"):
        return True
    if path.endswith(".json"):
        return b'"request"' in head and (b'"response"' in head or b'"interactions"' in head)
    return head.startswith((b"interactions:", b"responses:", b"version:")) or (
        b"\ninteractions:" in head or b"\nresponses:" in head
    )


def read(path: str, size: int) -> List[Example]:
    """The examples in a file; none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            text = file.read(size)
        data = json.loads(text) if path.endswith((".har", ".json")) else _yaml(text)
    except (OSError, ValueError, RecursionError, MemoryError):
        return []
    found: List[Example] = []
    for item in _items(data):
        try:
            example = _example(*item)
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, zlib.error):
            continue  # not of the shape that its format has
        if example is not None:
            found.append(example)
    return found


def _yaml(text: bytes) -> Any:
    """Parsed by the project's own YAML library, if it has one."""
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        return None
    loader = getattr(yaml, "CSafeLoader", None)
    kind, most = ("yaml", MAX_YAML) if loader is not None else ("slow", MAX_SLOW_YAML)
    if len(text) > most or _budget[kind] < len(text):
        return None
    _budget[kind] -= len(text)
    try:
        return yaml.load(text, Loader=loader or yaml.SafeLoader)
    except yaml.YAMLError:
        return None


_Item = Tuple[Any, Any, Any, Any, Any]


def _items(data: Any) -> Iterator[_Item]:
    """Method, address, status, headers and body of each, whatever the format."""
    if not isinstance(data, dict):
        return
    log = data.get("log")
    if isinstance(log, dict):
        for entry in _dicts(log.get("entries")):
            asked, given = _part(entry, "request"), _part(entry, "response")
            content = _part(given, "content")
            body = content.get("text")
            if content.get("encoding") == "base64":
                body = {"base64_string": body}
            headers = given.get("headers") or [
                {"name": "content-type", "value": content.get("mimeType") or "text/plain"}
            ]
            yield asked.get("method"), asked.get("url"), given.get("status"), headers, body
    for entry in _dicts(data.get("interactions")):
        asked, given = _part(entry, "request"), _part(entry, "response")
        status = given.get("status")
        code = status.get("code") if isinstance(status, dict) else status
        address = asked.get("uri") or asked.get("url")
        body = given.get("body", given.get("content"))
        yield (
            asked.get("method"),
            address,
            code or given.get("status_code"),
            given.get("headers"),
            body,
        )
    for entry in _dicts(data.get("responses")):
        given = _part(entry, "response")
        headers = given.get("headers") or {"content-type": given.get("content_type")}
        yield given.get("method"), given.get("url"), given.get("status"), headers, given.get("body")
    for entry in [*_dicts(data.get("mappings")), data]:
        asked, given = _part(entry, "request"), _part(entry, "response")
        address = asked.get("url") or asked.get("urlPath")
        if isinstance(address, str):
            body = given.get("body", given.get("jsonBody"))
            method = asked.get("method") or "ANY"
            yield method, address, given.get("status", 200), given.get("headers"), body


def _dicts(value: Any) -> List[Dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _part(entry: Dict[str, Any], name: str) -> Dict[str, Any]:
    part = entry.get(name)
    return part if isinstance(part, dict) else {}


def _example(method: Any, address: Any, status: Any, headers: Any, body: Any) -> Optional[Example]:
    if not isinstance(method, str) or not isinstance(address, str):
        return None
    code = int(status)
    if not 200 <= code <= 599:
        return None
    parts = urlsplit(address)
    data = _body(body)
    kept = tuple(_headers(headers))
    if not any(name.lower() == "content-type" for name, _ in kept):
        likely = "application/json" if data[:1] in (b"{", b"[") else "text/plain"
        kept = (*kept, ("content-type", likely))
    return Example(
        method.upper(),
        (parts.hostname or "").lower(),
        parts.path or "/",
        parts.query,
        code,
        kept,
        data,
    )


def _body(body: Any) -> bytes:
    if isinstance(body, dict) and ("string" in body or "base64_string" in body):
        packed = body.get("base64_string")
        body = _unpacked(packed) if packed is not None else body["string"]
    if isinstance(body, (dict, list)):
        _counted(body)
        body = json.dumps(body)
    data = body if isinstance(body, bytes) else str("" if body is None else body).encode("utf-8")
    if data[:2] == b"\x1f\x8b":
        data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, MAX_BODY)
    if len(data) > MAX_BODY:
        raise ValueError("longer than what is kept")
    return data


def _counted(body: Any) -> None:
    """Refuse what grows when it is written out: in YAML one list may stand at many places."""
    waiting, count = [body], 0
    while waiting:
        part = waiting.pop()
        count += 1
        if count > MAX_VALUES:
            raise ValueError("more values than are kept")
        if isinstance(part, (dict, list)):
            inner = list(part.values()) if isinstance(part, dict) else part
            if len(inner) > MAX_VALUES:
                raise ValueError("more values than are kept")
            waiting += inner


def _unpacked(packed: Any) -> bytes:
    try:
        return base64.b64decode(packed)
    except binascii.Error as error:
        raise ValueError("not base 64") from error


def _headers(headers: Any) -> Iterator[Tuple[str, str]]:
    pairs: List[Tuple[Any, Any]] = []
    if isinstance(headers, dict):
        pairs = list(headers.items())
    elif isinstance(headers, list):
        pairs = [(h.get("name"), h.get("value")) for h in headers if isinstance(h, dict)]
    for name, values in pairs[:MAX_HEADERS]:
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(name, str) or not isinstance(value, str):
                continue
            plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
            if plain and name.lower() not in _DROPPED and _sendable(value):
                yield name, value


def _sendable(value: str) -> bool:
    return len(value) <= MAX_HEADER and value.isprintable() and value.isascii()
