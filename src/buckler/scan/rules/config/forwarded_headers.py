"""CFG008: anybody may say where a request comes from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Project
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import texts, value_of
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.python.words import name_of
from buckler.scan.rules._support.forwarded import believed, pretended
from buckler.scan.rules._support.source import here

_CALLED = (
    "ProxyHeadersMiddleware",
    "add_middleware",
    "Middleware",
    "setdefault",
    "setenv",
    "putenv",
)
LOCAL = "127.0.0.1"
ANYBODY = frozenset({"*", "0.0.0.0/0", "::/0"})
_COMMAND = re.compile(r"--forwarded-allow-ips[=\s\"',\[\]]+[\\\"']*(\*|0\.0\.0\.0/0|::/0)(?![\w.])")
_SETTING = re.compile(
    r"\bFORWARDED_ALLOW_IPS[\"']?\s*[=:\s]\s*[\"']?(\*|0\.0\.0\.0/0|::/0)(?![\w.])", re.IGNORECASE
)
_FILES = re.compile(
    r"(^|/)(Dockerfile[\w.-]*|[\w.-]+\.dockerfile|Containerfile[\w.-]*|Procfile|Makefile|justfile|\.env[\w.-]*|[\w.-]*\.env|"
    r"[\w.-]+\.(ya?ml|sh|bash|service|conf|ini|cfg|toml|json|bat|ps1))$"
)
_LOCK = re.compile(r"(lock|expected\.json|package\.json)", re.IGNORECASE)


class ForwardedHeadersFromAnyone(Rule):
    """``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed whoever sends them.

    ## What it is
    uvicorn or gunicorn takes the address and the scheme of a request from headers, and trusts
    everybody to set them: ``forwarded_allow_ips="*"``. Or the application's own code reads ``X-Forwarded-For`` and takes
    what stands there, first of all, for the address of the client.

    ## Why it matters
    Anybody can look like any address: limits by address, allow-lists and the log are worth nothing, and
    ``X-Forwarded-For: 127.0.0.1`` passes whatever is open to the machine itself.

    ## How to fix
    Name the proxy: ``--forwarded-allow-ips 10.0.0.9`` or its network, ``10.0.0.0/24``. Without a proxy, leave
    the option out.
    In your own code use ``request.client.host``, which the server has set right by then.
    ``Guard(app, proxies=[…])`` of ``buckler.guard`` believes these networks alone.

    ## How to check
    ``curl -H 'X-Forwarded-For: 127.0.0.1' …`` must show your own address in the log.

    ## Roll-out
    Find out the proxy's address first; a wrong one shows the proxy as everybody's address.

    ## References
    CWE-348, CWE-290; OWASP API8:2023; ASVS 5.0 V4.1.3 and V15.3.4.
    """

    id = "CFG008"
    name = "forwarded-headers-from-anyone"
    title = "Forwarded headers trusted from anyone"
    severity = Severity.MEDIUM
    cwe = (348, 290)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V4.1.3", "V15.3.4")
    control = "guard.limits.proxies.Proxies"
    fix = Fix(
        "name the proxy: --forwarded-allow-ips 10.0.0.9",
        before='uvicorn.run(app, proxy_headers=True, forwarded_allow_ips="*")',
        after='uvicorn.run(app, proxy_headers=True, forwarded_allow_ips="10.0.0.9")',
    )
    bad = (
        Example(
            """
            import uvicorn
            from fastapi import FastAPI
            from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

            app = FastAPI()
            app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=["*"])


            @app.get("/")
            def home() -> str:
                return "open"


            if __name__ == "__main__":
                uvicorn.run(app, forwarded_allow_ips="*")
            """,
            line=6,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/")
            def home() -> str:
                return "open"
            """,
            files={
                "Procfile": """
                web: gunicorn main:app -k uvicorn.workers.UvicornWorker --forwarded-allow-ips="*"
                """,
                "compose.yaml": """
                services:
                  shop:
                    command: ["uvicorn", "main:app", "--forwarded-allow-ips", "*"]
                    environment:
                      FORWARDED_ALLOW_IPS: "*"
                """,
                "gunicorn.conf.py": """
                forwarded_allow_ips = "*"
                """,
            },
        ),
        Example(
            """
            import ipaddress

            from fastapi import Depends, FastAPI, HTTPException, Request

            app = FastAPI()
            MILL = ipaddress.ip_network("192.168.0.0/16")


            def whence(request: Request) -> str:
                told = request.headers.get("X-Forwarded-For")
                return told.split(",")[0].strip() if told else request.client.host


            def of_the_mill(address: str = Depends(whence)) -> None:
                if ipaddress.ip_address(address) not in MILL:
                    raise HTTPException(403)


            @app.get("/stones", dependencies=[Depends(of_the_mill)])
            def stones() -> dict[str, int]:
                return {"turning": 2}
            """,
            line=10,
        ),
        Example(
            """
            from collections import Counter

            from fastapi import FastAPI, Form, Header, HTTPException

            app = FastAPI()
            tries: Counter[str] = Counter()


            @app.post("/login")
            def login(username: str = Form(), password: str = Form(), x_forwarded_for: str = Header(default="")) -> bool:
                tries[x_forwarded_for] += 1
                if tries[x_forwarded_for] > 6:
                    raise HTTPException(429)
                raise HTTPException(401)
            """,
            line=10,
        ),
        Example(
            """
            import logging

            from fastapi import FastAPI, Request

            app = FastAPI()
            log = logging.getLogger("ledger")


            class Visits:
                async def __call__(self, request: Request) -> None:
                    sender = (request.headers["x-forwarded-for"] if "x-forwarded-for" in request.headers else "").split(",")[0]
                    log.info("seen from %r", sender)


            @app.get("/pages")
            async def pages(request: Request) -> int:
                await Visits()(request)
                return 7
            """,
            line=11,
        ),
    )
    good = (
        Example(
            """
            import uvicorn
            from fastapi import FastAPI
            from fastapi.middleware.trustedhost import TrustedHostMiddleware
            from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

            app = FastAPI()
            app.add_middleware(ProxyHeadersMiddleware, trusted_hosts="10.0.0.9")
            app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*"])


            @app.get("/")
            def home() -> str:
                return "open"


            if __name__ == "__main__":
                uvicorn.run(app, forwarded_allow_ips="10.0.0.0/24")
            """,
            files={
                "Dockerfile": """
                FROM python:3.13-slim
                # not --forwarded-allow-ips "*"
                CMD ["uvicorn", "main:app", "--forwarded-allow-ips", "10.0.0.9"]
                """,
            },
        ),
        Example(
            """
            from collections import Counter

            import httpx2
            from fastapi import Depends, FastAPI, Form, HTTPException, Request

            app = FastAPI()
            OURS = {"10.0.0.9"}
            tries: Counter[str] = Counter()


            def first_hop(request: Request) -> str:
                peer = request.client.host if request.client else ""
                told = request.headers.get("x-forwarded-for")
                if told and peer in OURS:
                    return told.split(",")[0].strip()
                return peer


            def last_hop(request: Request) -> str:
                return request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()


            @app.post("/login")
            def login(username: str = Form(), password: str = Form(), sender: str = Depends(first_hop)) -> bool:
                tries[sender] += 1
                if tries[sender] > 6:
                    raise HTTPException(429)
                raise HTTPException(401)


            @app.get("/mirror")
            async def mirror(request: Request, sender: str = Depends(last_hop)) -> str:
                passed = {"X-Forwarded-For": request.headers.get("x-forwarded-for", "")}
                async with httpx2.AsyncClient(timeout=2) as client:
                    return (await client.get("https://mirror.example", headers=passed)).text
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls of uvicorn, its middleware, and settings of gunicorn."""
        index = index_of(module)
        for node in (*_calls(index), *_settings(index)):
            yield self._made(here(index, node))
        for node in believed(index, module.text):
            yield self.found(
                "The client's address is taken from X-Forwarded-For, which whoever sends a request writes as he likes.",
                confidence=Confidence.SUSPECTED,
                location=here(index, node),
            )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Command lines and environment variables in Dockerfiles, compose files and scripts."""
        for path in project.files:
            if not _FILES.search(path) or _LOCK.search(path):
                continue
            for number, line in enumerate(project.read(path).splitlines(), 1):
                plain = line.lstrip()
                if not plain.startswith(("#", ";", "//")) and (
                    _COMMAND.search(line) or _SETTING.search(line)
                ):
                    yield self._made(Location(path, number))

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Doors that opened, and limits that ended, because of what a header said."""
        return pretended(self, app, seen)

    def _made(self, location: Location) -> Finding:
        return self.found(
            "Headers that say where a request comes from are believed whoever sends them.",
            confidence=Confidence.OBSERVED,
            location=location,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The machine itself, which is the servers' own default."""
        line = finding.location.line or 0
        if draft.path.endswith(".py"):
            _trust_this_machine(draft, line)
        else:
            _trust_in_text(draft, line)
        return draft.repair(
            "believes the machine itself alone",
            safe=False,
            changes="behind a proxy on another machine, requests seem to come from the proxy, by http, "
            "until its address is named",
        )


def _calls(index: Index) -> Iterator[ast.AST]:
    for call, given in _given(index):
        yield given if getattr(given, "lineno", 0) != call.lineno else call


def _given(index: Index) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls that trust everybody, and the argument that says so."""
    wanted = {index.parents[k] for k in index.all(ast.keyword) if k.arg == "forwarded_allow_ips"}
    wanted.update(index.called(*_CALLED))
    for call in (node for node in wanted if isinstance(node, ast.Call)):
        short = last(call.func)
        given = argument(call, "forwarded_allow_ips")
        if short == "ProxyHeadersMiddleware" or (
            short in ("add_middleware", "Middleware")
            and call.args
            and last(call.args[0]) == "ProxyHeadersMiddleware"
        ):
            given = argument(call, "trusted_hosts", 1)
        elif (
            short in ("setdefault", "setenv", "putenv")
            and len(call.args) == 2
            and "FORWARDED_ALLOW_IPS" in texts(index, call.args[0])
        ):
            given = call.args[1]
        if given is not None and _trusts_all(index, given):
            yield call, given


def _settings(index: Index) -> Iterator[ast.AST]:
    for assign in index.all(ast.Assign):
        named = name_of(assign.targets[0]).lower()
        if named == "forwarded_allow_ips" and _trusts_all(index, assign.value):
            yield assign


def _trusts_all(index: Index, node: ast.expr) -> bool:
    found = [part.strip() for item in texts(index, node) for part in item.split(",")]
    return bool(ANYBODY.intersection(found))


def _trust_this_machine(draft: Draft, line: int) -> None:
    for call, given in _given(draft.index):
        if line in (call.lineno, given.lineno) and value_of(draft.index, given) is not None:
            if isinstance(given, ast.Constant | ast.List | ast.Tuple):
                draft.replace(given, draft.quote(LOCAL))
    for assign in draft.index.all(ast.Assign):
        named = name_of(assign.targets[0]).lower() == "forwarded_allow_ips"
        if assign.lineno == line and named and isinstance(assign.value, ast.Constant):
            draft.replace(assign.value, draft.quote(LOCAL))


def _trust_in_text(draft: Draft, line: int) -> None:
    start = 0
    for number, text in enumerate(draft.text.splitlines(keepends=True), 1):
        if number == line:
            for pattern in (_COMMAND, _SETTING):
                for found in pattern.finditer(text):
                    draft.edit(start + found.start(1), start + found.end(1), LOCAL)
            return
        start += len(text)
