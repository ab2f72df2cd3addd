"""Sends what is too large: bodies, uploads, single values and pages (CWE-770)."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from buckler.scan.engines.attack.drafts import FILE_CONTENT, Draft
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.faults import replaced
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.values import resolve
from buckler.scan.engines.interface import Exchange, Request
from buckler.scan.model.application import Operation, Schema

BODY_SIZE = 3_000_000
"""Bytes of a body or of one value of it."""
UPLOAD_SIZE = 26_000_000
"""Bytes of a file."""
PAGE = "1000000"
"""Objects that are asked for at once."""
PAGE_NAME = re.compile(
    r"^(page_?)?(limit|size|count|length)$|^per_?page$|^(first|last|take|top|n|num|rows|max_?results|items)$",
    re.IGNORECASE,
)
MARK = "buckler-fills-this"


class Limits:
    """Finds out how much the application takes.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Send large bodies, uploads and values, and ask for large pages."""
        for operation in self._run.operations:
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or operation.is_websocket or not self._worked(operation):
                continue
            self._pages(operation, draft)
            if operation.method in ("POST", "PUT", "PATCH"):
                self._large(operation, draft)

    def _worked(self, operation: Operation) -> bool:
        cells = self._run.seen.matrix.get(operation.key, {}).values()
        lost = self._run.states[operation.key].lost
        return not lost and any(cell.reached and cell.answer.ok for cell in cells)

    def _send(self, operation: Operation, request: Request) -> Exchange | None:
        exchange = exchanged(self._run, operation, request)
        if exchange is None:
            return None
        if exchange.answer.status == 413:
            self._run.seen.kinds.setdefault("413", []).append(exchange)
        return exchange

    def _request(self, draft: Draft, **more: Any) -> Request:
        identity = self._run.identity(self._explorer.best_identity(draft.operation))
        return draft.request(identity, self._run.client(), **more)

    def _large(self, operation: Operation, draft: Draft) -> None:
        kept = self._run.seen.large.setdefault(operation.key, [])
        for slot, request in self._requests(draft):
            exchange = self._send(operation, request)
            if exchange is not None and exchange.reached:
                kept.append((slot, exchange))
                if exchange.answer.ok and slot:
                    break

    def _requests(self, draft: Draft) -> Iterator[tuple[str, Request]]:
        request = self._request(draft)
        if draft.files:
            at = request.body.find(FILE_CONTENT)
            if at >= 0:
                yield f"file:{draft.files[0].field}", padded(request, at, UPLOAD_SIZE, "a")
            return
        found = {slot.where for slot in self._explorer.found.get(draft.operation.key, [])}
        if "body" in found and draft.json is None and not draft.form:
            yield "body:", padded(request, len(request.body), BODY_SIZE, "a")
            return
        if draft.json is None:
            return
        yield "", padded(request, len(request.body), BODY_SIZE, " ")
        for name, path, filler in unbounded(draft.operation):
            made = copy.deepcopy(draft)
            value: Any = MARK if filler == "a" else [MARK]
            made.json = replaced(draft.json, path, value)
            filled = self._request(made)
            body = filled.body
            at = body.find(MARK.encode())
            if at < 0:
                continue
            if filler != "a":
                first = filler.removeprefix(",").encode()
                body = body.replace(f'"{MARK}"'.encode(), first)
                at = at - 1 + len(first)
            filled = replace(filled, body=body)
            yield f"json:{name}", padded(filled, at, BODY_SIZE // len(filler), filler)

    def _pages(self, operation: Operation, draft: Draft) -> None:
        for name in page_parameters(operation):
            rest = [(k, v) for k, v in draft.query if k != name]
            answers = []
            for value in ("1", PAGE):
                made = copy.deepcopy(draft)
                made.query = [*rest, (name, value)]
                request = self._request(made, number=value if value == PAGE else "")
                answers.append(self._send(operation, request))
            one, many = answers
            if one is not None and many is not None and many.reached:
                self._run.seen.pages.setdefault(operation.key, []).append(
                    (f"query:{name}", one, many)
                )


def page_parameters(operation: Operation) -> Iterator[str]:
    """Whole numbers without an upper bound that are named like the size of a page."""
    for parameter in operation.parameters:
        schema = resolve(parameter.schema)
        fields = (schema.get("properties") or {}) if parameter.model else {parameter.name: schema}
        for name, child in fields.items():
            inner = resolve({**child, "$defs": schema.get("$defs", {})})
            bounded = "maximum" in inner or "exclusiveMaximum" in inner or "enum" in inner
            if parameter.where == "query" and inner.get("type") == "integer" and not bounded:
                if PAGE_NAME.search(name):
                    yield name


def unbounded(operation: Operation) -> Iterator[tuple[str, tuple[str | int, ...], str]]:
    """Texts and lists of a JSON body without an upper bound: slot, way to it, what to repeat."""
    body = operation.body
    for field in body.fields if body is not None else ():
        start: tuple[str | int, ...] = (field.name,) if body is not None and body.embed else ()
        yield from _unbounded(field.schema, start, 0)


def _unbounded(
    schema: Schema, path: tuple[str | int, ...], depth: int
) -> Iterator[tuple[str, tuple[str | int, ...], str]]:
    schema = resolve(schema)
    if depth > 3:
        return
    name = ".".join(map(str, path))
    for key, child in (schema.get("properties") or {}).items():
        yield from _unbounded({**child, "$defs": schema.get("$defs", {})}, (*path, key), depth + 1)
    if schema.get("type") == "string" and not {
        "maxLength",
        "enum",
        "const",
        "format",
        "pattern",
    } & set(schema):
        yield name, path, "a"
    if schema.get("type") == "array" and "maxItems" not in schema:
        kind = resolve({**(schema.get("items") or {}), "$defs": schema.get("$defs", {})}).get(
            "type"
        )
        filler = {"string": ',"a"', "number": ",1.0", "integer": ",1"}.get(str(kind))
        if filler:
            yield name, path, filler


def padded(request: Request, at: int, count: int, filler: str) -> Request:
    """The request with filler in its body, put there by the agent so that the pipe stays free."""
    size = len(request.body) + count * len(filler)
    headers = tuple((n, str(size)) if n == "content-length" else (n, v) for n, v in request.headers)
    return replace(request, headers=headers, pad=(at, count, filler))
