"""What a body is, whatever its type says: the bounds of JSON hold for what can be it, and for nothing else."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

import pytest
from fastapi import FastAPI, Request
from hypothesis import example, given, settings
from hypothesis import strategies as st

from buckler.guard import Guard
from buckler.guard.limits.json_beginning import BEGINNING, beginning
from buckler.guard.limits.json_shape import JsonShape
from buckler.guard.limits.outside import FEW_QUOTES, outside_of_texts
from tests.guard.asgi import ask, post

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
TYPES = ["text/plain", "application/octet-stream", FORM, MULTIPART, "nonsense"]
DEEP = b"[" * 500 + b"]" * 500
KEYS = b"{" + b",".join(b'"k%d":1' % n for n in range(12_000)) + b"}"
MARK = b"\xef\xbb\xbf"


def taker(**options: Any) -> FastAPI:
    app = FastAPI()

    @app.post("/take")
    async def take(request: Request) -> dict[str, Any]:
        try:
            return {"json": type(await request.json()).__name__}
        except ValueError:
            return {"json": None}

    Guard(app, **{"rate": None, **options})
    return app


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "chunks",
    [
        DEEP,
        KEYS,
        MARK + DEEP,
        [MARK, DEEP],
        [b"\xef", b"\xbb\xbf" + DEEP],
        [b"\xef", b"\xbb", b"\xbf", b"", b"[", DEEP[1:]],
        [b" \r\n", b"\t", KEYS],
        [b"", KEYS],
        b"[1,2]\n" + DEEP,
        b'{"a":1}\n' * 12_000,
        b"[" + b" " * BEGINNING + DEEP + b"]",
        b'["' + b"x" * BEGINNING + b'",' + DEEP + b"]",
        # Its end is not JSON, and a parser comes there last.
        DEEP[:-1] + b"x",
    ],
    ids=lambda chunks: repr(chunks)[:24],
)
def test_the_bounds_of_json_hold_whatever_the_type_says(
    kind: str, chunks: bytes | list[bytes]
) -> None:
    answer = post(taker(), "/take", chunks, {"content-type": kind})
    assert (answer.status, b"The JSON" in answer.body) == (400, True), answer.body


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_that_is_not_in_utf_8_is_refused_and_other_text_is_not(coding: str) -> None:
    app = taker()
    kind = {"content-type": "text/plain"}
    assert post(app, "/take", DEEP.decode().encode(coding), kind).status == 400
    settings_file = "[Version]\r\n" + "a: [b]\r\n" * 20_000
    assert post(app, "/take", settings_file.encode(coding)[:900_000], kind).status == 200


TEXTS: dict[str, bytes] = {
    "log": b"".join(b"[2026-01-01 10:00:%02d] a: b\n" % (n % 60) for n in range(11_000)),
    "log of levels": b"[INFO] a: [b]\n" * 11_000,
    "log of numbers": b"[1] a: [b]\n" * 11_000,
    "log of names": b'["worker"] a: [b]\n' * 11_000,
    "page": b"[link](https://shop.example)\n" + b"- a: [b](c)\n" * 20_000,
    "list of tasks": b"[ ] a: [b]\n[x] c: d\n" * 9000,
    "notes": b"[^1]: a\n" * 11_000,
    "settings": b"[a]\n" + b"[" * 39,
    "template": b"{{ name }}: {% for a in b %}\n" * 11_000,
    "program": b"{a: [b]}\n" * 11_000,
    "style": b"{color: red}\n" * 11_000,
    "matrices": b"[[1 2]\n [3 4]]\n[[5: \n" * 9000,
    "nested names": b"[[page]] a: b\n" * 11_000,
}


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "text/csv", "x/y"])
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("step", [7000, 1_000_000])
def test_text_that_no_parser_of_json_reads_is_not_refused(kind: str, name: str, step: int) -> None:
    body = TEXTS[name]
    with pytest.raises(ValueError, match="char"):
        json.loads(body)
    chunks = [body[at : at + step] for at in range(0, len(body), step)]
    answer = post(taker(), "/take", chunks, {"content-type": kind})
    assert (answer.status, answer.body) == (200, b'{"json":null}')


WIDE = dict.fromkeys(("json_depth", "json_keys", "parts", "files", "body"), 40)
PIECES = st.sampled_from(
    [
        *'[]{}":,\\ \n-+.',
        *('"a"', '"a\\""', "1", "-1.5e3", "1.", "tru", "true", "null", "NaN", "-Infinity", "é"),
        *('{"a":', "[1,", "2026-01", "link", "\ufeff", '"\\u00e9"', "[[", "]]", "},"),
    ]
)


@settings(max_examples=500, deadline=None)
@example(text="[1,2] x", step=0)
@example(text='["\\', step=0)
@given(text=st.lists(PIECES, max_size=30).map("".join), step=st.integers(0, 3))
def test_no_parser_reads_on_where_the_beginning_ends(text: str, step: int) -> None:
    body = (text if step else "[" + text).encode()
    part = beginning(body)
    if part is None:
        return
    try:
        json.loads(body)
    except json.JSONDecodeError as refused:
        read = len(body.decode("utf-8-sig")[: refused.pos].encode())
        mark = len(MARK) if body.startswith(MARK) else 0
        behind = body[len(part) : mark + read]
        # One token more at most, of which nothing follows: a value, a bracket, a comma, a colon.
        marks = outside_of_texts(behind.replace(b'\\"', b""))
        assert sum(marks.count(mark) for mark in b"[]{},:") <= 1
    except UnicodeDecodeError:
        pass  # it is not read at all
    else:
        pytest.fail("a parser reads all of it")


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    indent=st.sampled_from([None, 1]),
    cut=st.integers(0, 400),
)
def test_json_goes_on_to_its_end_wherever_it_is_cut(
    value: Any, indent: int | None, cut: int
) -> None:
    text = json.dumps([value], indent=indent).encode()
    assert beginning(text) is None
    assert beginning(text[: cut or None]) is None


def test_only_a_form_that_begins_with_its_delimiter_is_an_upload() -> None:
    app = taker(body="100 KB", upload="5 MB")
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    large = part + b"x" * 900_000 + b"\r\n--b--\r\n"
    kind = {"content-type": MULTIPART}
    for body in (large, b"\r\n" + large, [large[:1], large[1:2], b"", large[2:]]):
        assert post(app, "/take", body, kind).status == 200
    for lead in (b"[],", b" ", b"preamble\r\n", b"--c\r\n", b"-", b"\r\n-"):
        assert post(app, "/take", lead + large, kind).status == 413, lead
        assert post(app, "/take", [lead, large], kind).status == 413, lead
        small = lead + part + b"x\r\n--b--\r\n"
        assert post(app, "/take", small, kind).status == 200, lead
    array = b"[" + b"[]," * 300_000 + b"1]"
    assert post(app, "/take", array, kind).status == 413


def test_a_text_that_is_no_json_is_not_kept() -> None:
    meter = JsonShape(32, 10_000, sure=False)
    tracemalloc.start()
    try:
        assert meter.feed(b"[link](a: b)\n" * 40_000, last=False) is None
        for _ in range(2000):
            assert meter.feed(b"[link](a: b)\n" * 100, last=False) is None
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 2 * BEGINNING


def test_others_have_their_turn_while_a_large_message_is_looked_at() -> None:
    app = taker()
    line = b"\r\n--bx"
    body = b"--b\r\n\r\n" + line * (9_000_000 // len(line))

    async def turns(size: int) -> int:
        taken = 0

        async def take() -> None:
            nonlocal taken
            while True:
                taken += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(take())
        answer = await ask(app, "POST", "/take", {"content-type": MULTIPART}, body[:size])
        other.cancel()
        assert answer.status == 200
        return taken

    async def run() -> tuple[int, int]:
        return await turns(10_000), await turns(len(body))

    few, many = asyncio.run(run())
    assert many - few >= len(body) // 2**20


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from([b'"', b"[", b":", b'""', b"]]", b'"[']), max_size=40))
def test_what_is_outside_of_texts_is_the_same_however_many_quotes_there_are(
    pieces: list[bytes],
) -> None:
    few = b"".join(pieces)
    if few.count(b'"') % 2:
        few += b'"'
    more = b'"[":' * FEW_QUOTES
    plain = b"".join(few.split(b'"')[::2])
    assert outside_of_texts(few) == plain
    assert outside_of_texts(few + more) == plain + b":" * FEW_QUOTES
    assert outside_of_texts(more + few) == b":" * FEW_QUOTES + plain


@pytest.mark.parametrize("text", [b'"[[', b'"[', b'"', b'":"[', b'"[]{}:'])
def test_a_text_of_quotes_is_not_cut_into_pieces(text: bytes) -> None:
    marks = text * (1_000_000 // len(text))
    outside_of_texts(b"")
    tracemalloc.start()
    try:
        outside_of_texts(marks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Copies of all of it, one after another; a piece for each quote would take forty times as much.
    assert peak < 8 * len(marks)


WIDE = dict.fromkeys(("json_depth", "json_keys", "parts", "files", "body"), 40)
PIECES = st.sampled_from(
    [b"{", b"[", b"}", b"]", b'"a":', b"1", b",", b"&", b"a=", b" ", b"-", b"--b\r\n\r\n", b"\r\n"]
)


@settings(max_examples=300, deadline=None)
@given(
    body=st.lists(PIECES, max_size=12).map(b"".join),
    kind=st.sampled_from([*TYPES, "application/json"]),
    bounds=st.fixed_dictionaries(dict.fromkeys(WIDE, st.integers(1, 40))),
)
@example(body=b"--b\r\n\r\n\r\n--b\r\n\r\n", kind=MULTIPART, bounds={**WIDE, "parts": 1})
@example(body=b"[[[[1]]]]", kind="application/json", bounds={**WIDE, "json_depth": 3})
@example(body=b'{"a":1,"a":1}', kind="application/json", bounds={**WIDE, "json_keys": 1})
def test_a_short_body_that_comes_whole_is_judged_as_one_that_is_counted(
    body: bytes, kind: str, bounds: dict[str, int]
) -> None:
    app = taker(**bounds, upload=40)
    whole = post(app, "/take", [body], {"content-type": kind})
    counted = post(app, "/take", [body, b""], {"content-type": kind})
    assert whole.status == counted.status
