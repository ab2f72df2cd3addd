"""Texts, names of files, identifiers, HTML, orders, numbers, the strict model: through a real application."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from buckler.guard import (
    GuardError,
    Identifier,
    Money,
    Page,
    PageSize,
    PlainText,
    ProblemDetails,
    SafeFilename,
    SafeHtml,
    SortField,
    StrictModel,
)
from buckler.guard.validate import Amount, Filename, Name, PlainLine, Sort, Text
from tests.guard.validate.application import client_for, everywhere, schema, send

GOOD: list[tuple[Any, str]] = [
    (PlainText, "hello"),
    (PlainLine, "hello"),
    (SafeFilename, "report.pdf"),
    (Identifier, "order_7"),
    (SafeHtml, "plain"),
    (Money, "12.30"),
    (Page, "3"),
    (PageSize, "100"),
    (Annotated[Sort, SortField({"name": "users.name"})], "-name"),
]
BAD: list[tuple[Any, str]] = [
    (PlainText, "x" * 2001),
    (PlainLine, "x" * 201),
    (SafeFilename, "con.txt"),
    (Identifier, "7up!"),
    (Money, "1e3"),
    (Page, "0"),
    (PageSize, "101"),
    (Annotated[Sort, SortField({"name": "users.name"})], "password"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD, ids=lambda v: str(v)[:30])
def test_every_type_works_in_every_place(kind: Any, value: str) -> None:
    assert everywhere(client_for(kind), value) == [200] * 5


@pytest.mark.parametrize(("kind", "value"), BAD, ids=lambda v: str(v)[:30])
def test_what_is_wrong_is_refused_in_every_place(kind: Any, value: str) -> None:
    assert everywhere(client_for(kind), value) == [422] * 5


def test_the_documentation_tells_the_bounds() -> None:
    assert schema(client_for(PlainText))["maxLength"] == 2000
    assert schema(client_for(SafeFilename))["maxLength"] == 255
    assert schema(client_for(Identifier))["pattern"] == "^[A-Za-z_][A-Za-z0-9_-]*$"
    assert schema(client_for(Annotated[Sort, SortField(["a", "b"])]))["enum"] == [
        "a",
        "-a",
        "b",
        "-b",
    ]
    assert schema(client_for(SafeHtml))["contentMediaType"] == "text/html"
    page = schema(client_for(PageSize))
    assert (page["minimum"], page["maximum"]) == (1, 100)
    text, number = schema(client_for(Money))["anyOf"]
    assert text["pattern"] == r"^-?[0-9]{1,10}(\.[0-9]{1,2})?$"
    assert (number["minimum"], number["maximum"]) == (0, 9_999_999_999.99)


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "a\x1b[31m",
        "a\x7f",
        "a\x85b",
        "\u202egpj.exe",
        "a\u2066b\u2069",
        "\u200f",
        "\ufeffa",
        "a\u2028b",
        "\ue000",
        "\U0010ffff",
        "a\rb",
    ],
)
def test_control_and_direction_are_refused_in_text(text: str) -> None:
    assert send(client_for(PlainText), text).status_code == 422


def test_text_is_normalised_and_keeps_what_people_write() -> None:
    client = client_for(PlainText)
    assert send(client, "Cafe\u0301\r\nzwei\tdrei").json() == "Caf\xe9\nzwei\tdrei"
    for text in ("", "日本語", "👩‍👩‍👧", "<b>&amp;", "فارسی\u200cها"):
        assert send(client, text).json() == text
    assert send(client_for(PlainLine), "a\nb").status_code == 422
    assert send(client_for(PlainLine), "a\tb").status_code == 422
    assert send(client_for(Annotated[str, Text(min_length=2)]), "e\u0301").status_code == 422
    # U+1D160 becomes three characters in NFC.
    assert send(client_for(Annotated[str, Text(max_length=2)]), "\U0001d160").status_code == 422


@given(st.text(max_size=100))
def test_text_that_is_taken_is_stable_and_harmless(text: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(PlainLine)
    try:
        taken = adapter.validate_python(text)
    except ValidationError:
        return
    assert taken == unicodedata.normalize("NFC", text)
    assert adapter.validate_python(taken) == taken
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in taken)
    assert not any(
        unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "RLI") for c in taken
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "...",
        "a/b",
        "a\\b",
        "../a",
        "/etc/passwd",
        "C:x",
        "a:stream",
        "a\x00.png",
        "a\n.png",
        "CON",
        "con.txt",
        "NUL",
        "nul.tar.gz",
        "Aux.c",
        "COM1",
        "lpt9.log",
        "com¹",
        "conin$",
        "con .txt",
        "a.",
        "a ",
        " a",
        "a?",
        "a*",
        'a"',
        "a<b",
        "a|b",
        ".htaccess",
        "a\u202egnp.exe",
        "a／b",
        "a＼b",
        "℀",
        "x" * 256,
        "é" * 128,
    ],
)
def test_names_that_are_not_safe_everywhere_are_refused(name: str) -> None:
    assert send(client_for(SafeFilename), name).status_code == 422


@pytest.mark.parametrize(
    "name",
    ["a", "a.b.c", "console.txt", "com10", "Übersicht 2026 (1).pdf", "é" * 127, "日本.txt", "-rf"],
)
def test_ordinary_names_of_files_are_taken(name: str) -> None:
    assert send(client_for(SafeFilename), unicodedata.normalize("NFD", name)).json() == (
        unicodedata.normalize("NFC", name)
    )


def test_bounds_of_names_can_be_set() -> None:
    assert send(client_for(Annotated[str, Filename(hidden=True)]), ".env").json() == ".env"
    assert send(client_for(Annotated[str, Filename(max_bytes=3)]), "abcd").status_code == 422
    assert send(client_for(Annotated[str, Name(max_length=3)]), "abcd").status_code == 422


@pytest.mark.parametrize("text", ["", "1a", "a b", "a.b", "a;", "é", "a\n", "-a", "a" * 65])
def test_what_is_no_identifier(text: str) -> None:
    assert send(client_for(Identifier), text).status_code == 422


@pytest.mark.parametrize(
    ("module", "make", "extra"),
    [("nh3", "Html()", "html"), ("puremagic", "Upload('.', types={'image/png'})", "upload")],
)
def test_a_missing_extra_names_the_command(module: str, make: str, extra: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None\nfrom buckler.guard import GuardError\ntry:\n from buckler.guard.validate import Upload, Html; {make}\nexcept GuardError as e: print(e.hint)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == f"pip install 'buckler[{extra}]'", done.stderr


@pytest.mark.parametrize(
    "value",
    [
        "NaN", "Infinity", "-Infinity", "sNaN", "1e2", "1E2", "1_000", " 1", "1 ", "+1", "1.", ".5", "0x10", "١٢", "12.345",
        "10000000000", "1" * 5000, "-0.01", "", "1,5", 1e300, 0.1 + 0.2, 12345678901, 10**4000, True, None, [1], "1\n",
    ],
)  # fmt: skip
def test_amounts_that_are_none(value: Any) -> None:
    client = client_for(Money)
    assert send(client, value).status_code == 422


def test_numbers_of_json_that_no_json_allows_are_refused() -> None:
    client = client_for(Money)
    kind = {"content-type": "application/json"}
    for text in ("NaN", "Infinity", "1e400", "1e2147483647"):
        answer = client.post("/body", content=f'{{"value": {text}}}', headers=kind)
        assert answer.status_code == 422


def test_amounts_are_exact_and_bounded() -> None:
    client = client_for(Money)
    for value, wanted in (
        ("12.30", "12.30"),
        (12, "12"),
        (12.5, "12.5"),
        (3.0, "3"),
        ("-0", "0"),
        ("9999999999.99", "9999999999.99"),
    ):
        assert send(client, value).json() == wanted
    price = Annotated[Decimal, Amount(minimum="0.01", maximum=500, places=3)]
    assert [
        send(client_for(price), v).status_code for v in ("0.01", "0.009", "500", "500.001")
    ] == [200, 422, 200, 422]
    debt = Annotated[Decimal, Amount(minimum=-5, maximum=5, places=0)]
    assert [send(client_for(debt), v).status_code for v in ("-5", "-6", "1.0")] == [200, 422, 422]

    class Bill(StrictModel):
        total: Money

    assert Bill(total=Decimal("1.50")).model_dump_json() == '{"total":"1.50"}'
    for bad in (Decimal("NaN"), Decimal("1e999999"), Decimal("Infinity")):
        with pytest.raises(ValidationError):
            Bill(total=bad)


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.floats() | st.integers() | st.text())
def test_any_amount_that_is_taken_is_within_bounds(value: Any) -> None:
    try:
        taken = TypeAdapter(Money).validate_python(value)
    except ValidationError:
        return
    assert isinstance(taken, Decimal)
    assert 0 <= taken <= Decimal("9999999999.99")
    assert taken == taken.quantize(Decimal("0.01"))


def test_wrong_bounds_are_told_when_the_type_is_made() -> None:
    makers: list[Any] = [
        lambda: Amount(minimum="x"),
        lambda: Amount(minimum=2, maximum=1),
        lambda: Amount(places=12),
        lambda: Amount(minimum="1e3"),
        lambda: Text(max_length=0),
        lambda: Text(min_length=5, max_length=4),
        lambda: SortField([]),
        lambda: SortField("name"),
        lambda: SortField(["-name"]),
    ]
    for make in makers:
        with pytest.raises(GuardError):
            make()


class Person(StrictModel):
    name: str
    bio: Annotated[str, Field(max_length=20_000)] = ""
    height: float = 1.0


def strict() -> TestClient:
    app = FastAPI()
    ProblemDetails(app)

    @app.post("/people")
    async def people(person: Person) -> str:
        return repr(person)

    return TestClient(app)


def test_the_strict_model_takes_what_it_declares_and_shows_no_values() -> None:
    client = strict()
    assert client.post("/people", json={"name": "Ann"}).json() == "Person(name=…)"
    assert client.post("/people", json={"name": "Ann", "is_admin": True}).status_code == 422
    assert client.post("/people", json={"name": "x" * 10_001}).status_code == 422
    assert (
        client.post("/people", json={"name": "x" * 10_000, "bio": "x" * 20_000}).status_code == 200
    )
    kind = {"content-type": "application/json"}
    for number in ("NaN", "Infinity", "1e999"):
        body = f'{{"name": "a", "height": {number}}}'
        assert client.post("/people", content=body, headers=kind).status_code == 422

    class Secret(StrictModel):
        token: int

    with pytest.raises(ValidationError) as caught:
        Secret(token="hunter2")  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value) + repr(caught.value)


BY = SortField({"name": "users.name", "since": "users.created"})


class Listed(StrictModel):
    order: Annotated[Sort, BY] = BY.check("-since")


def test_an_order_has_a_default_and_is_written_as_it_is_sent() -> None:
    assert Listed().model_dump_json() == '{"order":"-since"}'
    assert Listed(order=BY.check("name")).order.column == "users.name"
    with pytest.raises(ValidationError):
        Listed(order=Sort("password", "users.password"))
    app = FastAPI()

    def listed(order: Any = BY.check("-since")) -> str:  # noqa: B008
        return f"{order.column} {order.descending}"

    listed.__annotations__["order"] = Annotated[Sort, BY]
    app.get("/")(listed)
    client = TestClient(app)
    assert client.get("/").json() == "users.created True"
    assert client.get("/?order=name").json() == "users.name False"
    assert client.get("/openapi.json").status_code == 200


def test_no_error_repeats_the_value() -> None:
    for kind, value in BAD:
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(kind).validate_python(value)
        for error in caught.value.errors(include_input=False):
            assert value not in error["msg"] or len(value) < 4


def test_asking_for_guard_imports_none_of_it() -> None:
    code = "import sys, buckler.guard, buckler.guard.validate, buckler.guard.validate.sql; sys.exit(any(m in sys.modules for m in ('pydantic', 'fastapi', 'sqlalchemy', 'nh3', 'puremagic')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
