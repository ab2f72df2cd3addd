"""CFG013: calls that stop the whole event loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import Index, index_of
from buckler.scan.rules._support.source import here

_VERBS = "get|post|put|patch|delete|head|options|request"
_BLOCKING = re.compile(
    rf"^(?:time\.sleep|requests\.(?:{_VERBS})|requests\.(?:sessions\.)?(?:Session|session)\(\)\.(?:{_VERBS}|send)"
    rf"|httpx2?\.(?:{_VERBS}|stream)|httpx2?\.Client\(\)\.(?:{_VERBS}|send)|urllib\.request\.(?:urlopen|urlretrieve)"
    r"|subprocess\.(?:run|call|check_call|check_output|getoutput|getstatusoutput)|os\.(?:system|waitpid)"
    r"|socket\.(?:create_connection|gethostbyname|getaddrinfo)|bcrypt\.(?:hashpw|checkpw)|argon2\.PasswordHasher\(\)\.(?:hash|verify)"
    r"|hashlib\.(?:pbkdf2_hmac|scrypt)|smtplib\.SMTP(?:_SSL)?|psycopg2?\.connect|pymysql\.connect|MySQLdb\.connect)$"
)
_NAMES = (
    *_VERBS.split("|"),
    *(
        "sleep",
        "send",
        "stream",
        "urlopen",
        "urlretrieve",
        "run",
        "call",
        "check_call",
        "check_output",
    ),
    *(
        "getoutput",
        "getstatusoutput",
        "system",
        "waitpid",
        "create_connection",
        "gethostbyname",
        "getaddrinfo",
    ),
    *(
        "hashpw",
        "checkpw",
        "hash",
        "verify",
        "pbkdf2_hmac",
        "scrypt",
        "SMTP",
        "SMTP_SSL",
        "connect",
    ),
)


class BlockingCall(Rule):
    """A call that waits stands in an ``async def``: while it waits, nobody else is served.

    ## What it is
    ``time.sleep``, ``requests.get``, ``subprocess.run``, a password hash: they give the event loop back only when they
    are done. FastAPI runs ``def`` handlers in threads, ``async def`` ones on the loop itself.

    ## Why it matters
    One slow answer of another server, or a dozen sign-ins at once, stop every request of the process. Whoever
    can choose what is waited for stops the service with a few requests.

    ## How to fix
    Use the asynchronous counterpart (``asyncio.sleep``, ``httpx2.AsyncClient``), hand the call to a thread
    (``await run_in_threadpool(requests.get, url)``), or make the handler a plain ``def``.

    ## How to check
    Ask the route and, while it waits, a health check: the second one must answer at once.

    ## Roll-out
    Threads are limited to 40 by default; give slow calls a limit of time as well.

    ## References
    CWE-400, CWE-834; OWASP API4:2023; ASVS 5.0 V15.1.3 and V15.2.2.
    """

    id = "CFG013"
    name = "blocking-call-in-async"
    title = "Blocking call in async code"
    severity = Severity.LOW
    cwe = (400, 834)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V15.1.3", "V15.2.2")
    words = ("async def",)
    fix = Fix(
        "hand it to a thread: await run_in_threadpool(requests.get, url)",
        before="answer = requests.get(url, timeout=5)",
        after="answer = await run_in_threadpool(requests.get, url, timeout=5)",
        safe=True,
    )
    bad = (
        Example(
            """
            import time

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/wait")
            async def wait() -> str:
                time.sleep(2)
                return "done"
            """,
            line=10,
        ),
        Example(
            """
            import requests
            from fastapi import Depends, FastAPI

            app = FastAPI()
            session = requests.Session()


            async def rates() -> str:
                answer = session.get("https://rates.example/daily", timeout=5)
                return answer.text


            @app.get("/rates")
            async def shown(text: str = Depends(rates)) -> str:
                return text
            """,
            line=9,
        ),
        Example(
            """
            from fastapi import FastAPI

            from pictures import smaller

            app = FastAPI()


            @app.post("/pictures")
            async def picture() -> int:
                return await smaller("in.png")
            """,
            files={
                "pictures.py": """
                from subprocess import run


                async def smaller(path: str) -> int:
                    return run(["convert", path, "-resize", "50%", "out.png"], check=False).returncode
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import asyncio
            import time

            import requests
            from fastapi import FastAPI
            from fastapi.concurrency import run_in_threadpool

            app = FastAPI()


            @app.get("/wait")
            def wait() -> str:
                time.sleep(1)
                return "done"


            @app.get("/rates")
            async def rates() -> str:
                await asyncio.sleep(0.1)
                answer = await run_in_threadpool(requests.get, "https://rates.example/daily", timeout=5)
                return answer.text
            """,
        ),
        Example(
            """
            import asyncio
            import subprocess

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/pictures")
            async def picture() -> int:
                def smaller() -> int:
                    return subprocess.run(["convert", "in.png", "out.png"], check=False).returncode

                return await asyncio.to_thread(smaller)
            """,
        ),
        Example(
            """
            import asyncio
            import time

            import httpx2
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/rates")
            async def rates() -> str:
                await asyncio.to_thread(lambda: time.sleep(1))
                async with httpx2.AsyncClient() as client:
                    return (await client.get("https://rates.example/daily")).text
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls that wait, directly in an ``async def``."""
        index = index_of(module)
        for call in _blocking(index):
            yield self.found(
                "The call stops the event loop: while it waits, this process serves nobody.",
                confidence=Confidence.SUSPECTED,
                location=here(index, call),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``asyncio.sleep`` for a pause, a thread for what else waits."""
        for call in _blocking(draft.index):
            if call.lineno != finding.location.line or _in_comprehension(draft.index, call):
                continue
            if draft.index.name(call.func) == "time.sleep":
                draft.set_callee(call, draft.name_for("asyncio.sleep", call))
                draft.wrap(call, *_awaited(draft, call))
                return draft.repair("pauses without stopping the event loop")
            if not call.args:
                return None
            threads = draft.name_for("fastapi.concurrency.run_in_threadpool", call)
            called = draft.of(call.func)
            draft.set_callee(call, threads)
            first = draft.source.span(call.args[0])[0]
            draft.edit(first, first, f"{called}, ")
            draft.wrap(call, *_awaited(draft, call))
            return draft.repair("hands the call to a thread")
        return None


def _blocking(index: Index) -> Iterator[ast.Call]:
    for call in index.called(*_NAMES):
        function = index.function_of(call)
        if not isinstance(function, ast.AsyncFunctionDef) or _in_lambda(index, call, function):
            continue
        if not _BLOCKING.match(index.name(call.func)):
            continue
        if not isinstance(index.parents.get(call), ast.Await):
            yield call


def _in_lambda(index: Index, call: ast.Call, function: ast.AST) -> bool:
    for node in index.around(call):
        if node is function:
            return False
        if isinstance(node, ast.Lambda):
            return True
    return False


def _in_comprehension(index: Index, call: ast.Call) -> bool:
    kinds = (ast.GeneratorExp, ast.withitem)
    return any(isinstance(node, kinds) for node in index.around(call)) or isinstance(
        index.parents.get(call), ast.withitem
    )


def _awaited(draft: Draft, call: ast.Call) -> tuple[str, str]:
    """``await``, in parentheses where something is done with the result at once."""
    above = draft.index.parents.get(call)
    if isinstance(above, ast.Attribute | ast.Subscript | ast.BinOp | ast.Call) and not (
        isinstance(above, ast.Call) and above.func is not call
    ):
        return "(await ", ")"
    return "await ", ""
