"""CFG009: bodies of any size are read."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.limits import BODY_SIZE
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.applications import (
    application_at,
    of_main,
    serving_application,
)
from buckler.scan.rules._support.evidence import at, at_main, shown
from buckler.scan.rules._support.guarding import is_added, middleware_added


class BodySizeUnlimited(Rule):
    """A body is read into memory however large it is.

    ## What it is
    Neither the application nor a layer around it limits the size of a body. FastAPI reads JSON as a whole before
    it validates; ``await request.body()`` reads all there is.

    ## Why it matters
    A few requests with hundreds of megabytes, or one without an end, take the memory of the process and stop it
    for everybody.

    ## How to fix
    ``FastAPI(max_body_size=1_000_000)`` where your version has it, or a layer that counts the bytes as they come
    and answers 413. Give texts ``max_length`` and lists ``max_length``, too.
    ``buckler.guard.Guard`` and ``BodyLimit`` do so.

    ## How to check
    Send three megabytes: it must answer 413.

    ## Roll-out
    See in the access log how large bodies are today, and give routes for files a limit of their own.

    ## References
    CWE-770; OWASP API4:2023 Unrestricted Resource Consumption; ASVS 5.0 V2.4.1.
    """

    id = "CFG009"
    name = "body-size-unlimited"
    title = "Unlimited body size"
    severity = Severity.MEDIUM
    cwe = (770, 400)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V2.4.1",)
    control = "guard.BodyLimit"
    fix = Fix(
        "limit the body", before="app = FastAPI()", after="app = FastAPI(max_body_size=1_000_000)"
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel, Field

            app = FastAPI()


            class Note(BaseModel):
                text: str = Field(max_length=200)


            @app.post("/notes")
            def write(note: Note) -> dict[str, int]:
                return {"length": len(note.text)}
            """,
            line=4,
        ),
        Example(
            """
            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/dumps")
            async def dump(request: Request) -> dict[str, int]:
                return {"size": len(await request.body())}
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, HTTPException, Request
            from pydantic import BaseModel, Field

            LIMIT = 100_000


            class BodyLimit:
                def __init__(self, app):
                    self.app = app

                async def __call__(self, scope, receive, send):
                    seen = 0

                    async def count():
                        nonlocal seen
                        message = await receive()
                        seen += len(message.get("body", b""))
                        if seen > LIMIT:
                            raise HTTPException(413)
                        return message

                    await self.app(scope, count if scope["type"] == "http" else receive, send)


            app = FastAPI()
            app.add_middleware(BodyLimit)


            class Note(BaseModel):
                text: str = Field(max_length=200)


            @app.post("/notes")
            def write(note: Note) -> dict[str, int]:
                return {"length": len(note.text)}


            @app.post("/dumps")
            async def dump(request: Request) -> dict[str, int]:
                return {"size": len(await request.body())}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """One finding for the application, and one for each handler that takes much more than it needs."""
        first = None
        for key, kept in seen.large.items():
            operation = app.find(key)
            for slot, exchange in kept:
                refused = exchange.answer.status in (None, 413) or not exchange.reached
                if operation is None or slot.startswith("file:") or refused:
                    continue
                first = first or exchange
                if slot and exchange.answer.ok:
                    found = self.found(
                        f"{operation.key} takes {BODY_SIZE // 1_000_000} MB in {slot.removesuffix(':')}.",
                        confidence=Confidence.PROVED,
                        severity=Severity.LOW,
                        location=at(operation, slot),
                        proof=(shown(exchange, seen.identities, why="the handler got it"),),
                    )
                    yield of_main(found, app, operation)
        if first is not None:
            yield self.found(
                f"Bodies of any size are read: {BODY_SIZE // 1_000_000} MB reached a handler.",
                confidence=Confidence.PROVED,
                location=at_main(app),
                anchor="body",
                proof=(shown(first, seen.identities, why="the handler was entered"),),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``BodyLimit`` of guard around the application."""
        made = application_at(draft, finding)
        home = draft
        if made is None and finding.location.slot:
            home, made = serving_application(draft, finding) or (draft, None)
        if made is None or is_added(home, "BodyLimit") or is_added(home, "Guard"):
            return None
        middleware_added(home, made, "buckler.guard.BodyLimit", f"upload={home.quote(UPLOAD)}")
        return draft.repair(
            "refuses bodies above 1 MB",
            safe=False,
            changes="bodies above 1 MB, and uploads above 10 MB, are answered 413; buckler is needed where "
            "the application runs",
        )


UPLOAD = "10 MB"
