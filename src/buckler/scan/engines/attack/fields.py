"""Sets fields that the caller ought not to set, and values that the schema forbids.

CWE-915 and CWE-20. A field counts as set when its value reaches a statement of the database
together with its name, or when the answer changes with it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import UNIQUE, Explorer
from buckler.scan.engines.attack.faults import leaves, replaced
from buckler.scan.engines.attack.identities import all_known
from buckler.scan.engines.attack.people import Reference, likely, who_is
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.undeclared import undeclared
from buckler.scan.engines.attack.values import resolve
from buckler.scan.engines.interface import Exchange, Slot
from buckler.scan.model.application import BodyField, Operation, Schema

NUMBER = 98765431
RIGHTS = re.compile(
    r"^(user_?)?(roles?|groups?)$|^(is_?)?(admin|administrator|superuser|root|moderator)$|^is_?staff$|"
    r"^(\w+_)?(verified|approved)(_\w+)?$|^permissions?$|^scopes?$|^privileges?$|^access_?level$|"
    r"^(hashed_password|password_hash)$",
    re.IGNORECASE,
)
MONEY = re.compile(r"(^|_)(balance|credits?|wallet|funds|overdraft)(_|$)", re.IGNORECASE)
OWNER = re.compile(r"^(owner|created_by|creator|tenant|organi[sz]ation|org)(_?id)?$", re.IGNORECASE)
SELF = re.compile(
    r"(^|/)(me|self|profiles?|accounts?|users?|people|members?|sign-?up|register|registration)(/|$)",
    re.IGNORECASE,
)
GUESSES: Mapping[str, Schema] = {
    "role": {"type": "string"},
    "is_admin": {"type": "boolean"},
    "is_superuser": {"type": "boolean"},
    "is_verified": {"type": "boolean"},
    "owner_id": {"type": "integer"},
}
"""What rights and owners are commonly called; tried where the application does not name them."""


class Fields:
    """Sends bodies that say more than they should.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._fresh = 0
        self._taken: set[str] = set()

    def collect(self) -> None:
        """Forbidden values first; what sets rights comes last, because it does."""
        chosen = [
            op
            for op in self._run.operations
            if op.body is not None and op.body.is_json and op.changes_state
        ]
        for operation in chosen:
            if operation.body and any(field.table for field in operation.body.fields):
                self._unvalidated(operation)
        for operation in chosen:
            self._assign(operation)

    def _caller(self, operation: Operation) -> tuple[bool, str | None]:
        """Somebody without special rights whom the operation answered."""
        cells = self._run.seen.matrix.get(operation.key, {})
        for name in (None, *(i.name for i in self._run.identities.values() if i.role != "admin")):
            cell = cells.get(name)
            if cell is not None and cell.reached and cell.answer.ok:
                return True, name
        return False, None

    def _another(self, operation: Operation) -> tuple[str | None, Exchange | None]:
        """The same, where the first values were refused as taken: with values of their own."""
        cells = self._run.seen.matrix.get(operation.key, {})
        draft = self._explorer.drafts.get(operation.key)
        for name in (None, *(i.name for i in self._run.identities.values() if i.role != "admin")):
            cell = cells.get(name)
            if draft is not None and cell is not None and _is_taken(cell):
                self._taken.add(operation.key)
                exchange = self._send(operation, draft.json, name)
                if exchange is not None and exchange.reached and exchange.answer.ok:
                    return name, exchange
        return None, None

    def _send(
        self, operation: Operation, body: Any, name: str | None, number: str = ""
    ) -> Exchange | None:
        """Send a body; where it is refused because it is there already, one with other names."""
        if operation.key not in self._taken:
            exchange = self._once(operation, body, name, number)
            if exchange is None or not _is_taken(exchange):
                return exchange
        other = self._freshened(operation, body)
        if other == body:
            return None if operation.key in self._taken else exchange
        self._taken.add(operation.key)
        return self._once(operation, other, name, number)

    def _freshened(self, operation: Operation, body: Any) -> Any:
        """The body with values that nobody has; what may stay as it is, is left out of a change."""
        required = {
            name
            for field in (operation.body.fields if operation.body else ())
            for name in resolve(field.schema).get("required") or ()
        }
        self._fresh += 1
        for way, value in list(leaves(body)):
            last = way[-1]
            if not isinstance(value, str) or not isinstance(last, str) or not UNIQUE.search(last):
                continue
            if operation.method in ("PATCH", "PUT") and last not in required and len(way) == 1:
                body = {key: item for key, item in body.items() if key != last}
                continue
            text = f"casey{self._fresh}"
            mail = "mail" in last.lower() or "@" in value
            body = replaced(body, way, f"{text}@example.com" if mail else text)
        return body

    def _once(
        self, operation: Operation, body: Any, name: str | None, number: str
    ) -> Exchange | None:
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or self._run.states[operation.key].lost:
            return None
        made = copy.deepcopy(draft)
        made.json = body
        request = made.request(self._run.identity(name), self._run.client(), number=number)
        return exchanged(self._run, operation, request)

    def _unvalidated(self, operation: Operation) -> None:
        may, name = self._caller(operation)
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or operation.body is None:
            return
        if not may:
            name = self._explorer.best_identity(operation)
        for field in operation.body.fields:
            start: tuple[str | int, ...] = (field.name,) if operation.body.embed else ()
            for key, value in _forbidden(field) if field.table else ():
                exchange = self._send(operation, replaced(draft.json, (*start, key), value), name)
                if exchange is not None and exchange.reached:
                    self._run.seen.unvalidated[operation.key] = exchange
                    return

    def _assign(self, operation: Operation) -> None:
        may, name = self._caller(operation)
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or operation.body is None or not isinstance(draft.json, dict):
            return
        before: Exchange | None = None
        if may:
            before = self._run.seen.matrix[operation.key][name]
        else:
            name, before = self._another(operation)
        if before is None:
            return
        spoilt = operation.key in self._taken and operation.method != "POST"
        for path, values, declared in self._privileged(operation, before):
            exchange = self._try(operation, draft.json, path, values, name, before, declared)
            if exchange is None and OWNER.match(str(path[-1])):
                values = self._others(path, draft.json, name)
                if values:
                    exchange = self._try(
                        operation, draft.json, path, values, name, before, declared
                    )
            if exchange is not None:
                spoilt = spoilt or not declared
                slot = "json:" + ".".join(map(str, path))
                self._run.seen.assigned.setdefault(operation.key, []).append(
                    (slot, values[-1], exchange)
                )
        if spoilt and not all_known(self._run):
            self._run.fresh()

    def _others(self, path: tuple[str | int, ...], body: Any, name: str | None) -> list[Any]:
        """Somebody else as the owner: one who exists, where others are refused."""
        present = next((value for way, value in leaves(body) if way == path), None)
        number = isinstance(present, int)
        reference = Reference(Slot("json", str(path[-1])), path, number)
        for other in self._run.identities:
            known = likely(reference, who_is(self._run, other)) if other != name else []
            if known:
                return [int(known[0]) if number else known[0]]
        return []

    def _signed_in_with(self) -> frozenset[str]:
        logins = [i.login for i in self._run.settings.identities if i.login]
        given = [value for login in logins for value in (login.json or login.form or {}).values()]
        return frozenset(value for value in given if isinstance(value, str))

    def _privileged(
        self, operation: Operation, before: Exchange
    ) -> Iterator[tuple[tuple[str | int, ...], list[Any], bool]]:
        body = operation.body
        for field in body.fields if body is not None else ():
            start: tuple[str | int, ...] = (field.name,) if body is not None and body.embed else ()
            schema = resolve(field.schema)
            properties: Mapping[str, Schema] = schema.get("properties") or {}
            for key, child in properties.items():
                inner = resolve({**child, "$defs": schema.get("$defs", {})})
                if _is_privileged(key, inner, operation, field.table):
                    yield from self._tries((*start, key), inner, True)
            if schema.get("additionalProperties") is True and properties:
                more = undeclared(
                    operation, properties, self._run.model, before, self._signed_in_with()
                )
                for key, guess in {**GUESSES, **more}.items():
                    if key not in properties:
                        yield from self._tries((*start, key), guess, False)

    def _tries(
        self, path: tuple[str | int, ...], schema: Schema, declared: bool
    ) -> Iterator[tuple[tuple[str | int, ...], list[Any], bool]]:
        values = self._values(schema)
        if values:
            yield path, values, declared

    def _values(self, schema: Schema) -> list[Any]:
        """Values that can be told from all others; none where the type cannot hold one."""
        if schema.get("enum"):
            return list(schema["enum"])[:3]
        kind = schema.get("type")
        if kind == "boolean":
            return [False, True]
        if kind in ("integer", "number"):
            most = schema.get("maximum")
            return [NUMBER if most is None or most > NUMBER else most]
        if kind not in (None, "string", "array") or {"format", "pattern"} & set(schema):
            return []
        text = self._run.canaries.new().text
        return [[text]] if kind == "array" else [text]

    def _try(
        self,
        operation: Operation,
        body: Any,
        path: tuple[str | int, ...],
        values: list[Any],
        name: str | None,
        before: Exchange,
        declared: bool,
    ) -> Exchange | None:
        followed: list[Exchange] = []
        for value in values:
            exchange = self._send(
                operation, replaced(body, path, value), name, str(value) if value == NUMBER else ""
            )
            if exchange is None or not exchange.reached or not exchange.answer.ok:
                return None
            if _stored(exchange, str(path[-1]), value):
                return exchange
            known = declared or _field(before, str(path[-1])) is not None
            if known and _field(exchange, str(path[-1])) == value:
                followed.append(exchange)
        changed = len(followed) == len(values) and (
            len(values) > 1 or _field(before, str(path[-1])) != values[0]
        )
        return followed[-1] if followed and changed else None


def _is_taken(exchange: Exchange) -> bool:
    """Whether the handler refused a body, as it does where a name must be unique."""
    status = exchange.answer.status
    return exchange.reached and (status in (None, 400, 409) or (status or 0) >= 500)


def _is_privileged(name: str, schema: Schema, operation: Operation, table: bool) -> bool:
    if OWNER.match(name) or (table and RIGHTS.match(name)) or schema.get("readOnly") is True:
        return True
    if SELF.search(operation.path) is None:
        return False
    amount = schema.get("type") in ("integer", "number") and MONEY.search(name) is not None
    return amount or RIGHTS.match(name) is not None


def _stored(exchange: Exchange, name: str, value: Any) -> bool:
    """Whether the value went into a column of that name."""
    column = re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE)
    for hit in exchange.answer.hits:
        if (
            hit.sink == "store"
            and str(value) == hit.text.strip()
            and column.search(str(hit.more.get("statement", "")))
        ):
            return True
    return value == NUMBER and {"sql-number", "sql-write"} <= set(exchange.answer.effects)


def _field(exchange: Exchange, name: str) -> Any:
    """The value of a field of that name anywhere in a JSON answer, or None."""
    return _find(exchange.answer.json, name, 0)


def _find(data: Any, name: str, depth: int) -> Any:
    if isinstance(data, dict):
        if name in data:
            return data[name]
        data = list(data.values())
    if isinstance(data, list) and depth < 4:
        return next(
            (found for item in data[:20] if (found := _find(item, name, depth + 1)) is not None),
            None,
        )
    return None


def _forbidden(field: BodyField) -> Iterator[tuple[str, Any]]:
    """Values that the schema of a table model does not allow."""
    schema = resolve(field.schema)
    for key, child in (schema.get("properties") or {}).items():
        inner = resolve({**child, "$defs": schema.get("$defs", {})})
        if "maximum" in inner:
            yield key, int(inner["maximum"]) + 1000
        elif inner.get("maxLength") is not None:
            yield key, "a" * (int(inner["maxLength"]) + 50)
        elif inner.get("type") in ("integer", "number", "boolean") and key != "id":
            yield key, "not a number"
