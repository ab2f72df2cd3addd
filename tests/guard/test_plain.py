"""Requests that are seen to be fine in one call, and the checks one by one: no difference that anybody could see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.guard import Cors, Csrf, Guard, Policy, Rate
from buckler.guard.inbound import Inbound
from buckler.guard.limits.memory import MemoryCounter, MemoryStore
from buckler.guard.limits.plain import UNSURE
from buckler.guard.plans import Plan, Plans
from tests.guard.asgi import ask, scope

PLAIN: dict[str, Any] = {"method": "GET", "path": "/", "headers": [], "http_version": "1.1"}
PROXY, OTHER = "10.0.0.7", "198.51.100.7"
VALUES = {
    "host": ["shop.example", "SHOP.example:80", "evil.example", "", "a.shop.example"],
    "origin": ["https://app.example", "https://evil.example", "null"],
    "sec-fetch-site": ["same-origin", "none", "cross-site", "same-site", ""],
    "content-length": [
        *("0", "24", "999", "1000", "1001", "0024", "+1", "1_0", "", "9" * 18, "9" * 19, "\xb2"),
    ],
    "content-type": ["application/json", "text/plain", "multipart/form-data; boundary=x"],
    "transfer-encoding": ["chunked"],
    "cookie": ["a=b"],
    "authorization": ["Basic a", "Bearer b"],
    "x-forwarded-for": ["203.0.113.50", PROXY, "no address"],
    "x-forwarded-proto": ["https"],
    "access-control-request-method": ["PUT"],
    "accept": ["*/*", "a" * 60],
    "x-other": ["", "b" * 20],
    "x-key": ["another"],
}
HEADER = st.sampled_from([(name, value) for name, values in VALUES.items() for value in values])
UNUSUAL = st.one_of(
    *(st.tuples(st.just("headers"), st.lists(HEADER, min_size=1, max_size=3)) for _ in range(3)),
    st.tuples(st.just("path"), st.just("/" + "p" * 30)),
    st.tuples(st.just("query"), st.sampled_from([b"a=1", b"a&b&c&d", b"q" * 40])),
    st.tuples(
        st.just("client"),
        st.sampled_from([PROXY, "2001:db8::1", "2001:db8::2", "\0overflow", "c" * 200, None]),
    ),
    st.tuples(st.just("scheme"), st.just("https")),
    st.tuples(st.just("http_version"), st.sampled_from(["1.0", "2"])),
)
"""What makes a request another one than most."""
REQUESTS = st.builds(
    lambda method, unusual: {
        "method": method,
        "path": "/",
        "headers": [],
        "http_version": "1.1",
        **dict(unusual),
    },
    st.sampled_from(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]),
    st.lists(UNUSUAL, max_size=2),
)


def _key(inbound: Inbound) -> str:
    """What some send may look like the address of others."""
    return inbound.headers.get(b"x-key", OTHER.encode()).decode()


RATES = st.sampled_from(
    [
        *("2/minute", "3/second", "2/minute", None, ["2/minute", "100/hour"]),
        *(Rate(2, 60, by="everybody"), Rate(1, 1, name="one"), Rate(2, 60, by=_key)),
    ]
)
POLICIES = st.builds(
    Policy,
    hosts=st.sampled_from([None, (), ("shop.example", "*.shop.example")]),
    https=st.sampled_from([None, None, None, "require"]),
    proxies=st.sampled_from([(), ("10.0.0.0/8",), ("10.0.0.0/8", "unix")]),
    cors=st.sampled_from([None, Cors(["https://app.example"], credentials=True), Cors(["*"])]),
    csrf=st.sampled_from([None, Csrf(), Csrf(["https://app.example"])]),
    rate=RATES,
    header_count=st.sampled_from([2, 100]),
    header_size=st.sampled_from([40, 8000]),
    address=st.sampled_from([20, 8000]),
    query_keys=st.sampled_from([3, 200]),
    body=st.sampled_from([None, 1000, 1]),
    upload=st.sampled_from([None, 2000]),
)
STEPS = st.lists(
    st.tuples(REQUESTS, st.sampled_from([0.0, 0.3, 31.0, 700.0])), min_size=1, max_size=4
)


class Way:
    """One application's plan and what it has counted."""

    def __init__(self, policy: Policy, head: bool) -> None:
        self.store = Counting()
        self.plan = Plans((), policy, self.store, head=head).default

    def seen(self, given_: dict[str, Any], now: float, *, plain: bool) -> tuple[Any, ...]:
        """What a request gets: refused or not, its answer's headers, whose it is, what was counted."""
        inbound = Inbound(scope(**given_), self.plan, nowhere, nowhere)
        inbound.arrived = now
        named = {name.lower() for name, _ in given_["headers"]}
        bare = (
            given_["method"] == "GET"
            and given_["http_version"] == "1.1"
            and named.isdisjoint(("content-length", "transfer-encoding", "origin"))
            and named.isdisjoint(("cookie", "authorization", "x-api-key"))
        )
        refusal = self.plan.plain(inbound, bare) if plain else UNSURE
        if refusal is UNSURE:
            refusal = one_by_one(self.plan, inbound, bare)
        counted = [dict(counter.arrivals) for counter in self.store.counters]
        return refusal, inbound.more, inbound.client, inbound.flags, counted


class Counting(MemoryStore):
    """Keeps the counters that it made, to look at them."""

    def __init__(self) -> None:
        super().__init__()
        self.counters: list[MemoryCounter] = []

    def counter(self, rate: Rate, scope: str) -> MemoryCounter:
        self.counters.append(super().counter(rate, scope))
        return self.counters[-1]


def one_by_one(plan: Plan, inbound: Inbound, bare: bool) -> Any:
    for check in plan.reading if inbound.scope["method"] == "GET" else plan.checks:
        refusal = check(inbound)
        if refusal is not None:
            return refusal
    return None if bare or plan.body is None else plan.body.check(inbound)


def nowhere(*messages: Any) -> Any:
    raise AssertionError(f"nothing is sent here: {messages}")


@settings(max_examples=300, deadline=None)
@given(policy=POLICIES, head=st.booleans(), steps=STEPS)
def test_one_call_says_what_all_checks_say(
    policy: Policy, head: bool, steps: list[tuple[dict[str, Any], float]]
) -> None:
    quick, slow = Way(policy, head), Way(policy, head)
    now = 1000.0
    # A host and a caller are known when somebody came before.
    for given_, later in ((PLAIN, 0.0), (PLAIN, 700.0), *steps):
        now += later
        assert quick.seen(given_, now, plain=True) == slow.seen(given_, now, plain=False)


LENGTH = ("content-length", "24")
REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "many headers": (431, {"headers": [(f"x-{n}", "") for n in range(4)]}),
    "large headers": (431, {"headers": [("accept", "a" * 100)]}),
    "two hosts": (400, {"headers": [("host", "shop.example"), ("host", "shop.example")]}),
    "an unknown host": (400, {"headers": [("host", "evil.example")]}),
    "a long path": (414, {"path": "/" + "p" * 30}),
    "many keys": (400, {"query": b"a&b&c&d"}),
    "a large body": (413, {"method": "POST", "headers": [("content-length", "1001")]}),
    "a length that is none": (400, {"method": "POST", "headers": [("content-length", "+1")]}),
    "two lengths": (400, {"method": "POST", "headers": [LENGTH, ("transfer-encoding", "chunked")]}),
    "another site": (
        403,
        {"method": "POST", "headers": [("cookie", "a"), ("sec-fetch-site", "cross-site")]},
    ),
    "another origin": (
        403,
        {"method": "POST", "headers": [("cookie", "a"), ("origin", "https://evil.example")]},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_plain_is_refused_although_host_and_caller_are_known(name: str) -> None:
    status, unusual = REFUSED[name]
    policy = Policy(
        hosts=["shop.example"],
        rate="10/minute",
        header_count=4,
        header_size=90,
        address=20,
        query_keys=3,
        body=1000,
    )
    way = Way(policy, head=True)
    assert [way.seen(PLAIN, now, plain=True)[0] for now in (1000.0, 2000.0)] == [None, None]
    assert way.seen({**PLAIN, **unusual}, 3000.0, plain=True)[0].status == status


def test_a_known_proxy_is_asked_for_the_caller_each_time() -> None:
    way = Way(Policy(proxies=["10.0.0.0/8"], rate="10/minute"), head=True)
    behind = {**PLAIN, "client": PROXY, "headers": [("x-forwarded-for", "203.0.113.50")]}
    for now in (1000.0, 2000.0):
        way.seen({**PLAIN, "client": PROXY}, now, plain=True)
        assert way.seen(behind, now, plain=True)[2] == "203.0.113.50"


def test_a_key_that_looks_like_an_address_is_no_address() -> None:
    way = Way(Policy(rate=Rate(2, 60, by=_key)), head=True)
    way.seen(PLAIN, 1000.0, plain=True)
    other = {**PLAIN, "headers": [("x-key", "another")]}
    assert "another" in way.seen(other, 2000.0, plain=True)[4][0]


def test_one_call_is_enough_for_a_plain_request_that_came_before() -> None:
    way = Way(Policy(hosts=["shop.example"], rate="10/minute", proxies=["10.0.0.0/8"]), head=True)
    plain: dict[str, Any] = {"method": "GET", "headers": [], "http_version": "1.1"}
    for number, (method, more) in enumerate((("GET", []), ("POST", [("content-length", "24")]))):
        asked = {**plain, "method": method, "headers": more}
        way.seen(asked, 1000.0 * (2 * number + 1), plain=True)
        inbound = Inbound(scope(**asked), way.plan, nowhere, nowhere)
        inbound.arrived = 1000.0 * (2 * number + 2)
        assert way.plan.plain(inbound, method == "GET") is None
        assert inbound.more is way.plan.usual, "the very list that the writer knows"


def test_each_request_is_counted_once() -> None:
    app = FastAPI()

    @app.get("/")
    @app.post("/")
    async def nothing() -> dict[str, str]:
        return {}

    Guard(app, rate="4/hour", answers=None)

    async def asked() -> list[int]:
        return [
            (await ask(app, method, "/", headers)).status
            for method, headers in (
                *(("GET", ()), ("POST", ()), ("GET", {"origin": "https://app.example"})),
                *(("POST", {"content-length": "0"}), ("GET", ()), ("POST", ())),
            )
        ]

    # Each route has a rate of its own.
    assert asyncio.run(asked()) == [200, 200, 200, 200, 200, 200]
    assert asyncio.run(asked()) == [200, 200, 429, 429, 429, 429]
