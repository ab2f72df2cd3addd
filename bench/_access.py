"""What access costs: one permission among a thousand, a request with a rule, two hundred sign-ins at once."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import casbin
import cedarpy
from _table import Figure, figure
from casbin.model import Model
from fastapi import FastAPI

from buckler.guard import Argon2Parameters, AuthPolicy, Guard, Principal, User, public
from buckler.guard.access.requirement import Requirement
from buckler.guard.access.roles import rights, stated

PERMISSIONS = [f"thing{n}:read" for n in range(1000)]
CHECK_MICROSECONDS = 0.5
CASBIN = """
[request_definition]
r = sub, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.act == p.act
"""
AT_ONCE = 200
STALL_MS = 30.0
PASSWORD = "correct horse battery staple"
"""Of accounts that are made and gone in a scratch folder."""


def best(work: Any, times: int, rounds: int = 9) -> float:
    """CPU time of one call in microseconds: the least of the rounds."""
    took = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(times):
            work()
        took.append((time.process_time() - begun) / times * 1e6)
    return min(took)


def permissions(scale: float) -> list[Figure]:
    """Whether somebody with a role of a thousand permissions has the last one."""
    last = PERMISSIONS[-1]
    found = rights(stated({"all": PERMISSIONS}), {"all"}, PERMISSIONS)
    who = Principal(id="u", name="u", permissions=found.permissions, scheme="bearer")
    rule = Requirement(permissions=(last,))
    enforcer = casbin.Enforcer(_casbin(), enable_log=False)
    for one in PERMISSIONS:
        enforcer.add_policy("all", one)
    enforcer.add_grouping_policy("u", "all")
    policies = "\n".join(
        f'permit(principal in Role::"all", action == Action::"{one}", resource);'
        for one in PERMISSIONS
    )
    entities = json.dumps(
        [
            {
                "uid": {"type": "User", "id": "u"},
                "attrs": {},
                "parents": [{"type": "Role", "id": "all"}],
            }
        ]
    )
    asked = {
        "principal": 'User::"u"',
        "action": f'Action::"{last}"',
        "resource": 'App::"shop"',
        "context": "{}",
    }
    if not (
        rule.allows(who)
        and enforcer.enforce("u", last)
        and cedarpy.is_authorized(asked, policies, entities).allowed
    ):
        raise SystemExit("they do not agree, so nothing is measured")
    mine = best(lambda: rule.allows(who), 100_000)
    casbins = best(lambda: enforcer.enforce("u", last), 20, 3)
    cedars = best(lambda: cedarpy.is_authorized(asked, policies, entities), 20, 3)
    print(
        f"casbin {casbins:,.0f} us, cedarpy {cedars:,.0f} us for the same question", file=sys.stderr
    )
    return [
        figure("one permission of 1,000", mine, "us", CHECK_MICROSECONDS, scale=scale),
        figure("the same, casbin", casbins / mine, "x", 1, at_most=False),
        figure("the same, cedarpy", cedars / mine, "x", 1, at_most=False),
    ]


def _casbin() -> Model:
    model = Model()
    model.load_model_from_text(CASBIN)
    return model


def sign_ins() -> list[Figure]:
    """All at once, through the ready-made route: half of them for accounts that do not exist."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_sign_ins(folder))


async def _sign_ins(folder: str) -> list[Figure]:
    app = FastAPI(openapi_url=None)
    guard = Guard(
        app,
        secret=secrets.token_urlsafe(48),
        database=f"sqlite+aiosqlite:///{folder}/shop.db",
        auth=AuthPolicy(password_queue=AT_ONCE, hashing=Argon2Parameters()),
        rate=None,
        sign_in_rate=None,
        timeout=None,
    )
    app.include_router(guard.identities.router())
    app.get("/open", dependencies=[public])(_nothing)
    identities = guard.identities
    await identities.ready()
    stored = await identities.passwords.hash(PASSWORD)
    for number in range(1, AT_ONCE, 2):
        name = f"somebody{number}@shop.example"
        await identities.stores.users.add(User(id=f"u{number}", name=name, password=stored))
    await _enter(app, 0)  # without start-up the first request makes the plans
    gc.collect()
    gc.freeze()  # what a collection of all that was imported takes is Python's, not the sign-in's
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.perf_counter()
    with steps() as longest:
        statuses = await asyncio.gather(*(_enter(app, n) for n in range(AT_ONCE)))
    took = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    await identities.close()
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    print(f"{AT_ONCE} sign-ins at once: {took:.1f} s, answers {counts}", file=sys.stderr)
    stated_mib = identities.passwords.memory / 2**20
    return [
        figure(f"{AT_ONCE} sign-ins at once, longest step of the loop", longest(), "ms", STALL_MS),
        figure(f"{AT_ONCE} sign-ins at once, memory", memory, "MiB", stated_mib),
    ]


@contextmanager
def steps() -> Iterator[Callable[[], float]]:
    """The longest that one step of a task or one callback holds the loop meanwhile, in ms of CPU."""
    took = [0.0]
    run = asyncio.events.Handle._run  # type: ignore[attr-defined]

    def measured(handle: Any) -> None:
        begun = time.thread_time()
        run(handle)
        took[0] = max(took[0], (time.thread_time() - begun) * 1000)

    asyncio.events.Handle._run = measured  # type: ignore[attr-defined]
    try:
        yield lambda: took[0]
    finally:
        asyncio.events.Handle._run = run  # type: ignore[attr-defined]


async def _nothing() -> None:
    """Answers nothing."""


async def _enter(app: Any, number: int) -> int:
    """One sign-in, straight into the application; each comes from an address of its own."""
    name = f"{'some' if number % 2 else 'no'}body{number}@shop.example"
    body = json.dumps({"name": name, "password": PASSWORD}).encode()
    got: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got.append(message["status"])

    headers = [
        (b"host", b"shop.example"),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/auth/sign-in",
        "raw_path": b"/auth/sign-in",
        "query_string": b"",
        "root_path": "",
        "scheme": "https",
        "headers": headers,
        "client": (f"198.51.{number // 250}.{number % 250}", 50_000),
        "server": ("shop.example", 443),
    }
    await app(scope, receive, send)
    return got[0]
