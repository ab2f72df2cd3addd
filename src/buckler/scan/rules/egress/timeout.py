"""EGR003: requests that wait for ever."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import value_of
from buckler.scan.python.index import Index, argument, index_of, last, unpacks
from buckler.scan.rules._support.source import here
from buckler.scan.rules.egress._fixes.waited_for import READING, nobody_waits_longer

SECONDS = 10
"""What a reviewed repair sets."""
_METHODS = "get|post|put|patch|delete|head|options|request"
_REQUESTS = re.compile(
    rf"^requests\.(?:(?:api\.)?(?:{_METHODS})|(?:sessions\.)?(?:Session|session)\(\)\.(?:{_METHODS}|send))$"
)
READ = re.compile(
    r"^(?:requests\.(?:(?:api\.)?(?:get|head)|(?:sessions\.)?(?:Session|session)\(\)\.(?:get|head))|urllib\.request\.urlopen)$"
)
"""Calls that only read, and have no end of their own."""
_POSITIONS = {
    "urllib.request.urlopen": 2,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": 2,
    "smtplib.SMTP": 3,
    "smtplib.SMTP_SSL": 5,
    "ftplib.FTP": 4,
    "urllib3.PoolManager().request": None,
}
_CLIENTS = re.compile(
    rf"^(?:httpx\.(?:Client|AsyncClient|{_METHODS}|stream|Timeout)|httpx\.(?:Async)?Client\(\)\.(?:{_METHODS}|stream|send|build_request)|aiohttp\.(?:ClientSession|ClientTimeout)|aiohttp\.ClientSession\(\)\.(?:{_METHODS}))$"
)
_CALLED = (
    *(
        *_METHODS.split("|"),
        "send",
        "stream",
        "Timeout",
        "Client",
        "AsyncClient",
        "ClientSession",
        "ClientTimeout",
    ),
    *(name.rpartition(".")[2] for name in _POSITIONS),
    *("build_request", "to_thread", "run_in_threadpool", "run_in_executor", "run_sync", "submit"),
)
_THREADS = frozenset({"to_thread", "run_in_threadpool", "run_in_executor", "run_sync", "submit"})


class OutboundWithoutTimeout(Rule):
    """Another server is called, and the answer is waited for without an end.

    ## What it is
    ``requests`` and ``urllib`` wait for ever unless they are told otherwise; ``timeout=None`` tells httpx and
    aiohttp to do the same.

    ## Why it matters
    When the other side hangs, so do all workers that wait for it, one after the other, until nobody is
    served. It need not be an attack, and is easily made into one where the address can be chosen.

    ## How to fix
    ``timeout=10`` on every call, or a client that has one. httpx without the option has 5 seconds.
    ``buckler.guard.safe_client`` has one for the whole call.

    ## How to check
    Call a server that accepts the connection and says nothing (``nc -l 8080``).

    ## Roll-out
    Calls that took longer begin to fail: measure first, and handle the error.

    ## References
    CWE-400, CWE-1088; OWASP API4:2023; ASVS 5.0 V13.1.3 and V13.2.6.
    """

    id = "EGR003"
    name = "outbound-without-timeout"
    title = "Outbound request without a timeout"
    severity = Severity.LOW
    cwe = (400, 1088)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V13.2.6", "V13.1.3")
    confirmed = "reached"
    control = "guard.safe_client"
    fix = Fix(
        "give it an end: timeout=10",
        before="requests.get(url)",
        after="requests.get(url, timeout=10)",
        safe=True,
    )
    bad = (
        Example(
            """
            import urllib.request

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/weather")
            def weather() -> str:
                try:
                    with urllib.request.urlopen("https://weather.example/daily") as answer:
                        return str(answer.status)
                except OSError:
                    return "none"
            """,
            line=11,
        ),
        Example(
            """
            import asyncio

            import httpx2 as http
            import requests
            from fastapi import FastAPI

            app = FastAPI()
            session = requests.Session()


            @app.get("/weather")
            async def weather() -> str:
                try:
                    await asyncio.to_thread(session.get, "https://weather.example/daily")
                    async with http.AsyncClient(timeout=None) as client:
                        return (await client.get("https://weather.example/daily")).text
                except (OSError, http.HTTPError):
                    return "none"
            """,
            line=14,
        ),
    )
    good = (
        Example(
            """
            import urllib.request

            import httpx2
            import requests
            from fastapi import FastAPI

            app = FastAPI()
            OPTIONS = {"timeout": 3}


            @app.get("/weather")
            def weather() -> str:
                try:
                    requests.get("https://weather.example/daily", **OPTIONS)
                    requests.get("https://weather.example/daily", timeout=(1, 3))
                    urllib.request.urlopen("https://weather.example/daily", None, 3)
                    return httpx2.get("https://weather.example/daily").text
                except (OSError, httpx2.HTTPError):
                    return "none"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls that have no timeout by default, and those whose timeout is taken away."""
        index = index_of(module)
        for call in _endless(index):
            yield self.found(
                "The answer of the other server is waited for without an end.",
                confidence=Confidence.SUSPECTED,
                location=here(index, call),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Sixty seconds where nobody waits longer; else ten, which somebody may notice."""
        endless = list(_endless(draft.index))
        for call in draft.calls_at(finding):
            name = draft.index.name(call.func)
            if call not in endless or last(call.func) in _THREADS or name.endswith("Timeout"):
                continue
            if nobody_waits_longer(draft, call, READ, _POSITIONS.get(name)):
                draft.set_keyword(call, "timeout", str(READING))
                return draft.repair(f"gives up after {READING} seconds without an answer")
            if name.startswith("aiohttp."):
                limit = draft.name_for("aiohttp.ClientTimeout", call)
                draft.set_keyword(call, "timeout", f"{limit}(total={SECONDS})")
            else:
                _set_timeout(draft, call, _POSITIONS.get(name))
            return draft.repair(
                f"gives up after {SECONDS} seconds",
                safe=False,
                changes=f"calls of another server that take longer than {SECONDS} seconds raise an error",
            )
        return None


def _set_timeout(draft: Draft, call: ast.Call, position: int | None) -> None:
    given = argument(call, "timeout", position)
    if given is None or any(keyword.value is given for keyword in call.keywords):
        draft.set_keyword(call, "timeout", str(SECONDS))
    else:
        draft.replace_argument(call, given, str(SECONDS))


def _endless(index: Index) -> Iterator[ast.Call]:
    general = bool(index.called("setdefaulttimeout"))
    adapted = any("ession()" in index.name(call.func) for call in index.called("mount"))
    replaced = _replaced(index)
    for call in index.called(*_CALLED):
        name = index.name(call.func)
        if unpacks(call) or name in replaced or ("ession()" in name and "ession()" in replaced):
            continue
        if _REQUESTS.match(name):
            if not (adapted and "()" in name) and _is_open(index, call, None):
                yield call
        elif name in _POSITIONS:
            if not general and _is_open(index, call, _POSITIONS[name]):
                yield call
        elif _CLIENTS.match(name) and _is_none(index, call, name):
            yield call
        elif last(call.func) in _THREADS and argument(call, "timeout") is None:
            if any(
                _REQUESTS.match(index.name(a)) or index.name(a) in _POSITIONS for a in call.args
            ):
                yield call


def _replaced(index: Index) -> set[str]:
    """Functions that the file puts others in the place of; ``ession()`` where they are methods of sessions."""
    found = set()
    for assign in index.all(ast.Assign):
        for target in assign.targets:
            if isinstance(target, ast.Attribute) and target.attr in (*_METHODS.split("|"), "send"):
                owner = index.name(target.value)
                found.add("ession()" if "ession" in owner else f"{owner}.{target.attr}")
    return found


def _is_open(index: Index, call: ast.Call, position: int | None) -> bool:
    given = argument(call, "timeout", position)
    if given is None:
        return True
    value = value_of(index, given)
    return value is not None and value.value is None


def _is_none(index: Index, call: ast.Call, name: str) -> bool:
    if name.endswith("ClientTimeout"):
        given = argument(call, "total", 0)
    else:
        given = argument(call, "timeout", 0 if name.endswith("Timeout") else None)
    if given is None:
        return False
    if name.endswith("Timeout") and len(call.keywords) > 1:
        return False
    value = value_of(index, given)
    return value is not None and value.value is None
