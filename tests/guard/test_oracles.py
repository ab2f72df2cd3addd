"""Guard's own readers against somebody else's: what they disagree on is a way past a bound."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from buckler.guard.inbound import Inbound
from buckler.guard.limits.json_shape import LISTS_PER_KEY, TOO_DEEP, TOO_MANY, JsonShape
from buckler.guard.limits.memory import MemoryCounter, MemoryStore
from buckler.guard.limits.multipart import (
    HEADER_LIMIT,
    TOO_MANY_FILES,
    MultipartShape,
    boundary,
)
from buckler.guard.limits.proxies import Proxies
from buckler.guard.limits.rate import Rate
from buckler.guard.plans import Plans
from buckler.guard.policy import Policy
from tests.guard.asgi import scope

MANY = 10**6
TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.text('\\"[]{}:,', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=40,
)


PLAN = Plans((), Policy(), MemoryStore()).default


async def unused(*_: Any) -> None:
    """What nothing is sent to."""


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((depth_of(one) for one in inner), default=0)


def containers_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return 0
    return 1 + sum(map(containers_of, inner))


def keys_of(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(keys_of(one) for one in value.values())
    return sum(keys_of(one) for one in value) if isinstance(value, list) else 0


def cut(body: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(body) + 1) for place in places} | {0, len(body)})
    return [body[a:b] for a, b in zip(marks, marks[1:], strict=False)] or [b""]


def fed(meter: Any, chunks: list[bytes]) -> Any:
    for index, chunk in enumerate(chunks):
        refusal = meter.feed(chunk, last=index + 1 == len(chunks))
        if refusal is not None:
            return refusal
    return None


@settings(max_examples=300, deadline=None)
@example(
    value=[[], [[], [], [], [[], [], [], {"": ":"}]]],
    ascii_only=True,
    indent=None,
    bom=False,
    places=[],
)
@given(
    value=JSON,
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    bom=st.booleans(),
    places=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_depth_and_keys_of_json_are_what_the_parsed_value_has(
    value: Any, ascii_only: bool, indent: int | None, bom: bool, places: list[int]
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8")
    chunks = cut(b"\xef\xbb\xbf" + text if bom else text, places)
    depth, keys = depth_of(value), keys_of(value)
    if depth:
        assert fed(JsonShape(depth, MANY), chunks) is None
    if depth > 1:
        assert fed(JsonShape(depth - 1, MANY), chunks) is TOO_DEEP
    # Ten arrays and objects are allowed for each key.
    enough = max(keys, -(-containers_of(value) // LISTS_PER_KEY))
    if enough:
        assert fed(JsonShape(MANY, enough), chunks) is None
    if keys > 1:
        assert fed(JsonShape(MANY, keys - 1), chunks) is TOO_MANY


@settings(max_examples=200, deadline=None)
@given(text=st.text('[]{}":,\\1 ', max_size=60))
def test_no_text_that_json_reads_is_deeper_than_was_told(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    for bound in (1, 2, 3, 5):
        refusal = JsonShape(bound, MANY).feed(text.encode(), last=True)
        assert (refusal is TOO_DEEP) == (depth_of(value) > bound) or value is None


@settings(max_examples=200, deadline=None)
@given(
    limit=st.integers(1, 6),
    period=st.sampled_from([1.0, 7.0, 60.0]),
    steps=st.lists(st.floats(0, 90, allow_nan=False, width=32), min_size=1, max_size=60),
    callers=st.lists(st.sampled_from("ab"), min_size=60, max_size=60),
)
def test_rates_follow_the_definition_of_the_algorithm(
    limit: int, period: float, steps: list[float], callers: list[str]
) -> None:
    """GCRA as the virtual scheduling algorithm says it (ITU-T I.371, annex A)."""
    increment, tolerance = period / limit, period - period / limit
    due: dict[str, float] = {}
    now = 1000.0
    counter = MemoryCounter(Rate(limit, period))
    for step, caller in zip(steps, callers, strict=False):
        now += step * period / 60
        arrival = due.get(caller, now)
        # Where both sides stand on the edge, rounding decides; nothing is told by it.
        assume(abs(now - (arrival - tolerance)) > 1e-6)
        conforming = now >= arrival - tolerance
        if conforming:
            due[caller] = max(arrival, now) + increment
        ahead = counter.take(caller, now)
        assert (ahead >= 0) == conforming
        if conforming:
            assert ahead == pytest.approx(due[caller] - now)
        else:
            assert -ahead == pytest.approx(arrival - tolerance - now)


def test_a_burst_is_as_long_as_the_limit_and_then_one_comes_each_interval() -> None:
    counter = MemoryCounter(Rate(10, 60.0))
    assert sum(counter.take("a", 5.0) >= 0 for _ in range(50)) == 10
    admitted = sum(counter.take("a", 5.0 + second) >= 0 for second in range(1, 601))
    assert admitted == 100


ADDRESS = st.ip_addresses().map(str) | st.sampled_from(
    ["10.0.0.1", "10.9.9.9", "2001:db8::1", "203.0.113.5", "::ffff:10.0.0.7"]
)
ENTRY = st.one_of(
    ADDRESS,
    ADDRESS.filter(lambda a: "." in a and ":" not in a).map(lambda a: f"{a}:443"),
    ADDRESS.filter(lambda a: ":" in a).map(lambda a: f"[{a}]:8443"),
    ADDRESS.filter(lambda a: ":" in a).map(lambda a: f"[{a}]"),
    st.sampled_from(["unknown", "_hidden", "", "999.1.1.1", "1.2.3.4.5", "10.0.0.1 evil", "é"]),
)
OURS = ["10.0.0.0/8", "2001:db8::/32"]


def plain(entry: str) -> Any:
    """The address of an entry, or None; written without a look at guard's."""
    host = entry.strip()
    if host[:1] == "[":
        host = host[1:].split("]")[0]
    elif host.count(":") == 1:
        host = host.split(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_ours(address: Any) -> bool:
    nets = [ipaddress.ip_network(n) for n in OURS]
    return any(address.version == n.version and address in n for n in nets)


@settings(max_examples=400, deadline=None)
@given(
    peer=ADDRESS,
    lines=st.lists(st.lists(ENTRY, max_size=4), max_size=3),
)
def test_the_caller_is_the_rightmost_hop_that_is_no_proxy_of_ours(
    peer: str, lines: list[list[str]]
) -> None:
    headers = [("x-forwarded-for", ", ".join(line)) for line in lines]
    found = Inbound(scope(headers=headers, client=peer), PLAN, unused, unused)
    Proxies(OURS).check(found)
    expected: Any = peer
    if is_ours(plain(peer)):
        hops = [entry for line in lines for entry in line if entry.strip()]
        for hop in reversed(hops):
            address = plain(hop)
            if address is None:
                break
            expected = str(address)
            if not is_ours(address):
                break
    assert found.client == expected


LINES = st.sampled_from(
    [
        *(b"\r\n--bound\r\n", b"--bound\r\n", b"\r\n--bound--", b"--bound--\r\n", b"\r\n--bound"),
        *(
            b"\r\n--boundary\r\n",
            b"\r\n--bou",
            b"\r\n",
            b"\r\n\r\n",
            b"\r",
            b"\n",
            b"--",
            b"-",
            b"x",
        ),
        b'Content-Disposition: form-data; name="a"\r\n',
        b'Content-Disposition: form-data; name="a"\r\n\r\n',
        b'Content-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\n',
        b"content-disposition:form-data;name=f;FILENAME=x\r\n\r\n",
        b'Content-Disposition: form-data; name="; filename=no"\r\n\r\n',
        b'Content-Type: text/plain; filename="not here"\r\n',
        b"data data",
    ]
)
FIELD = b'\r\n--bound\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'\r\n--bound\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
FORM = st.lists(
    st.sampled_from([FIELD, FILE, b"data", b"\r\n--bou", b"\r\n--bound-", b"\r\n--boundX\r\n"]),
    max_size=8,
).map(lambda parts: b"".join(parts)[2:] + b"\r\n--bound--\r\n")


def as_python_multipart(body: bytes) -> tuple[int, int, bool]:
    """Parts, files among them, and whether the parser found nothing wrong."""
    seen = {"parts": 0, "files": 0}
    name, value, last = bytearray(), bytearray(), bytearray()

    def begin() -> None:
        seen["parts"] += 1
        last.clear()

    def ended() -> None:
        if bytes(name).lower() == b"content-disposition":
            last[:] = value
        name.clear()
        value.clear()

    def finished() -> None:
        seen["files"] += b"filename" in parse_options_header(bytes(last))[1]

    parser = MultipartParser(
        b"bound",
        {
            "on_part_begin": begin,
            "on_header_field": lambda data, a, b: name.extend(data[a:b]),
            "on_header_value": lambda data, a, b: value.extend(data[a:b]),
            "on_header_end": ended,
            "on_headers_finished": finished,
        },
    )
    fine = True
    with contextlib.suppress(FormParserError):
        fine = False
        parser.write(body)
        fine = True
    return seen["parts"], seen["files"], fine


@settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(
    body=st.lists(LINES, max_size=20).map(b"".join) | FORM,
    places=st.lists(st.integers(0, 10_000), max_size=8) | st.just(list(range(600))),
)
def test_parts_and_files_of_a_form_are_as_python_multipart_reads_them(
    body: bytes, places: list[int]
) -> None:
    parts, files, fine = as_python_multipart(body)
    meter = MultipartShape(b"multipart/form-data; boundary=bound", MANY, MANY)
    assert fed(meter, cut(body, places)) is None
    counted = MANY - meter._parts, MANY - meter._files
    if fine:
        assert counted == (parts, files)
    else:
        # The form is refused anyway; until there no part went past.
        assert counted[0] >= parts and counted[1] >= files


@pytest.mark.parametrize(
    ("content_type", "found"),
    [
        (b"multipart/form-data; boundary=abc", b"abc"),
        (b'multipart/form-data; boundary="abc def"; charset=utf-8', b"abc def"),
        (b"multipart/form-data;BOUNDARY=----WebKitFormBoundary7MA4", b"----WebKitFormBoundary7MA4"),
        (b'multipart/form-data; x="; boundary=fake"; boundary=real', b"real"),
        (b"multipart/form-data; boundary=" + b"b" * 70, b"b" * 70),
        (b"multipart/form-data; boundary=" + b"b" * 71, b""),
        (b"multipart/form-data; boundary=a; boundary=b", b""),
        (b"multipart/form-data; boundary*=utf-8''a; boundary=b", b""),
        (b"multipart/form-data; boundary*0=a; boundary=b", b""),
        (b"multipart/form-data; boundary=", b""),
        (b"multipart/form-data", b""),
        (b'multipart/form-data; boundary="open', b""),
    ],
)
def test_a_boundary_that_two_readers_could_read_differently_is_none(
    content_type: bytes, found: bytes
) -> None:
    assert boundary(content_type) == found
    if found:
        assert parse_options_header(content_type)[1][b"boundary"] == found


@pytest.mark.parametrize(
    "disposition",
    [
        b"form-data; name=\"f\"; filename*=utf-8''x.txt",
        b'form-data; name="f"; filename*0="x.txt"',
        b"form-data; name=f;filename = x",
    ],
)
def test_names_of_files_in_forms_that_some_parsers_read_are_counted(disposition: bytes) -> None:
    body = b"--bound\r\nContent-Disposition: " + disposition + b"\r\n\r\nx\r\n--bound--\r\n"
    meter = MultipartShape(b"multipart/form-data; boundary=bound", 9, 0)
    # python-multipart 0.0.34 reads the last one as no name; others do not.
    assert meter.feed(body, last=True) is TOO_MANY_FILES


def test_a_header_of_a_part_is_not_kept_without_bound() -> None:
    meter = MultipartShape(b"multipart/form-data; boundary=bound", 9, 9)
    assert meter.feed(b"--bound\r\nX: ", last=False) is None
    refusals = [meter.feed(b"x" * 100, last=False) for _ in range(100)]
    assert HEADER_LIMIT in refusals
    assert len(meter._rest) < 10_000


def test_what_follows_the_last_boundary_is_not_kept() -> None:
    meter = MultipartShape(b"multipart/form-data; boundary=bound", 1, 1)
    assert meter.feed(FIELD[2:] + b"\r\n--bound--\r\n", last=False) is None
    assert all(meter.feed(FIELD, last=False) is None for _ in range(50))
    assert meter._rest == b""
