"""Which fields of a resource a body does not declare, as the application names them itself."""

from __future__ import annotations

import json
from dataclasses import replace

from buckler.scan.engines.attack.undeclared import tables_of, undeclared
from buckler.scan.engines.interface import Answer, Exchange, Request
from buckler.scan.model.application import AppModel, Body, BodyField, Operation, Response, Table

TEXT = {"type": "string"}
DECLARED = {"town": TEXT}
READERS = Table("Reader", {"town": TEXT, "loans": {"type": "integer"}, "email": TEXT})
SHELVES = Table("Shelf", {"title": TEXT, "height": {"type": "integer"}})


def body(*names: str, more: bool = False) -> Body:
    schema = {"type": "object", "properties": dict.fromkeys(names, TEXT)}
    field = BodyField("payload", True, {**schema, "additionalProperties": more}, model=True)
    return Body("application/json", False, (field,))


def operation(method: str, path: str, given: Body | None = None, *shown: str) -> Operation:
    schema = {"type": "object", "properties": dict.fromkeys(shown, TEXT)} if shown else None
    return Operation(method, path, "x", None, "x", (), given, (), (), Response(schema))


CHANGE = operation("PATCH", "/readers/me", body("town", more=True))


def found(*operations: Operation, tables: tuple[Table, ...] = (), data: object = None) -> list[str]:
    app = AppModel("x", "3.13", {}, (CHANGE, *operations), tables=tables)
    answer = Answer(status=200, headers=(), body=json.dumps(data).encode())
    exchange = Exchange(CHANGE, Request("PATCH", "/readers/me"), answer, True)
    return sorted(undeclared(CHANGE, DECLARED, app, exchange, frozenset({"alice"})))


def test_answers_and_bodies_of_the_same_resource_name_fields() -> None:
    alike = operation("GET", "/readers/{number}", None, "town", "grade", "username")
    other = operation("PUT", "/readers/{number}", body("town", "limit"))
    far = operation("GET", "/shelves", None, "height")
    assert found(alike, other, far) == ["grade", "limit"]


def test_the_table_that_has_the_declared_fields_names_fields() -> None:
    assert found(tables=(READERS, SHELVES)) == ["loans"]
    assert tables_of({"town"}, set(), (SHELVES,)) == []
    many = tuple(replace(READERS, name=name) for name in "abc")
    assert len(tables_of({"town"}, set(), many)) == 2


def test_an_answer_names_flags_and_numbers_but_no_texts() -> None:
    assert found(data={"town": "x", "loans": 3, "open": True, "theme": "dark"}) == ["loans", "open"]


def test_what_somebody_signs_in_with_is_left_alone() -> None:
    alike = operation("GET", "/readers/{number}", None, "nick", "grade")
    assert found(alike, data={"nick": "alice"}) == ["grade"]
