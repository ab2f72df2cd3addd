"""CFG010: uploads of any size are taken."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack.limits import UPLOAD_SIZE
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.python.index import last, parameter
from buckler.scan.rules._support.applications import annotation_parts, handler_around
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.statements import refusal


class UploadUnbounded(Rule):
    """A file is taken however large it is.

    ## What it is
    ``await file.read()`` reads the whole upload into memory, ``shutil.copyfileobj`` writes all of it to the disk;
    nothing looks at the size.

    ## Why it matters
    A few large uploads fill the memory or the disk, and the service stops for everybody.

    ## How to fix
    Read in pieces and stop: ``while piece := await file.read(65_536)``, count, answer 413. ``file.size`` is known
    before the first byte is read. Limit the whole body, too.
    ``buckler.guard.Upload`` counts, looks at the content and stores; ``Guard(app, upload=…)`` bounds the body.

    ## How to check
    Upload a file of the size in the proof: it must answer 413.

    ## Roll-out
    See how large files are today, and say the limit in the page with the form.

    ## References
    CWE-770; OWASP API4:2023 Unrestricted Resource Consumption; ASVS 5.0 V5.2.1.
    """

    id = "CFG010"
    name = "upload-unbounded"
    title = "Unbounded upload"
    severity = Severity.MEDIUM
    cwe = (770, 400)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V5.2.1",)
    control = "guard.Upload"
    fix = Fix(
        "read in pieces and stop",
        before="content = await file.read()",
        after="if (file.size or 0) > LIMIT:\n    raise HTTPException(413)\ncontent = await file.read(LIMIT)",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, UploadFile

            app = FastAPI()


            @app.post("/files")
            async def add(file: UploadFile) -> dict[str, int]:
                content = await file.read()
                return {"size": len(content)}
            """,
            line=8,
        ),
        Example(
            """
            import shutil
            import tempfile

            from fastapi import FastAPI, UploadFile

            app = FastAPI()


            @app.post("/files")
            def add(file: UploadFile) -> dict[str, bool]:
                with tempfile.TemporaryFile() as target:
                    shutil.copyfileobj(file.file, target)
                return {"ok": True}
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, HTTPException, UploadFile

            app = FastAPI()
            LIMIT = 5_000_000


            @app.post("/files")
            async def add(file: UploadFile) -> dict[str, int]:
                seen = 0
                while piece := await file.read(65_536):
                    seen += len(piece)
                    if seen > LIMIT:
                        raise HTTPException(413)
                return {"size": seen}


            @app.post("/portraits")
            async def picture(file: UploadFile) -> dict[str, int]:
                if (file.size or 0) > LIMIT:
                    raise HTTPException(413)
                return {"size": len(await file.read())}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Uploads that were taken, or read into memory in one piece."""
        for key, kept in seen.large.items():
            operation = app.find(key)
            for slot, exchange in kept:
                if operation is None or not slot.startswith("file:"):
                    continue
                line = _read_at(exchange)
                if exchange.answer.ok or line:
                    how = "is read into memory in one piece" if line else "is taken"
                    yield self.found(
                        f"An upload of {UPLOAD_SIZE // 1_000_000} MB to {operation.key} {how}.",
                        confidence=Confidence.PROVED,
                        location=_where(operation, slot, line),
                        proof=(shown(exchange, seen.identities, why="the upload was taken"),),
                    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A look at the size, which is known before the first byte is read."""
        found = handler_around(draft, finding)
        name = (finding.location.slot or "").removeprefix("file:")
        given = parameter(found[0], name) if found is not None else None
        if found is None or given is None or given.annotation is None:
            return None
        first = found[0].body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if documented and len(found[0].body) > 1:
            first = found[0].body[1]
        if _is_one(given.annotation):
            draft.insert_before(
                first, f"if ({name}.size or 0) > 10_000_000:", f"    {refusal(draft, 413, first)}"
            )
        return draft.repair(
            "refuses uploads above 10 MB", safe=False, changes="files above 10 MB are answered 413"
        )


def _read_at(exchange: Exchange) -> str:
    return next(
        (e.split(" ", 1)[1] for e in exchange.answer.effects if e.startswith("upload-read ")), ""
    )


def _where(operation: Operation, slot: str, line: str) -> Location:
    path, _, number = line.rpartition(":")
    return (
        Location(path, int(number), operation.key, slot)
        if path and number.isdigit()
        else at(operation, slot)
    )


def _is_one(annotation: ast.expr) -> bool:
    """Whether a parameter is one upload that has to be there."""
    return last(annotation_parts(annotation)[0] or annotation) == "UploadFile"
