"""INJ024: temporary files whose name somebody else can know."""

from __future__ import annotations

import re

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules.injection._fixes.temporary import made_with_its_name

_SHARED = re.compile(r"^/(var/)?tmp/[\w.-]+$|^/dev/shm/[\w.-]+$")


class PredictableTemporaryFile(Rule):
    """A file is written in a folder that all users share, under a name that can be known.

    ## What it is
    ``tempfile.mktemp()`` gives a name and makes no file; ``open("/tmp/report.csv", "w")`` has the same name for
    ever. Between the name and the file somebody else can put a link there.

    ## Why it matters
    Another user of the machine makes the program overwrite a file of its own, reads what is written, or gives
    it something to read that is not its own.

    ## How to fix
    ``tempfile.NamedTemporaryFile()`` or ``TemporaryDirectory()``: the file is made with a name that nobody knows,
    and nobody else may read it.

    ## How to check
    ``ln -s ~/x /tmp/report.csv`` before the program starts: ``~/x`` must stay as it is.

    ## Roll-out
    Programs that look for the file at the old name need to be told the new one.

    ## References
    CWE-377, CWE-379; OWASP A01:2025; ASVS 5.0 V5.3.2.
    """

    id = "INJ024"
    name = "predictable-temporary-file"
    title = "Temporary file with a known name"
    severity = Severity.LOW
    cwe = (377, 379)
    owasp = ("API8:2023", "A01:2021", "A01:2025")
    asvs = ("V5.3.2",)
    calls = "tempfile.mktemp os.tempnam os.tmpnam builtins.open io.open aiofiles.open"
    fix = Fix(
        "let the system make it: tempfile.NamedTemporaryFile()",
        before='with open(tempfile.mktemp(), "w") as stream:',
        after='with tempfile.NamedTemporaryFile("w") as stream:',
        safe=True,
    )
    bad = (
        Example(
            """
            import tempfile

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/report")
            def report() -> str:
                path = tempfile.mktemp(suffix=".csv")
                with open(path, "w") as stream:
                    stream.write("a;b")
                return "made"
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import FastAPI

            from exporting import export

            app = FastAPI()


            @app.post("/export")
            def exported() -> int:
                return export(["a", "b"])
            """,
            files={
                "paths.py": 'EXPORT = "/tmp/export.csv"',
                "exporting.py": """
                from paths import EXPORT


                def export(lines: list[str]) -> int:
                    with open(EXPORT, mode="w") as stream:
                        return stream.write("\\n".join(lines))
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            FOLDER = "/var/tmp"


            @app.put("/state")
            def state() -> None:
                stream = open(f"{FOLDER}/state", "ab")
                stream.write(b"on")
                stream.close()
            """,
        ),
    )
    good = (
        Example(
            """
            import tempfile

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/report")
            def report() -> str:
                with tempfile.NamedTemporaryFile("w", suffix=".csv") as stream:
                    stream.write("a;b")
                return "made"
            """,
        ),
        Example(
            """
            import os
            import tempfile

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/report")
            def report() -> str:
                with tempfile.TemporaryDirectory() as folder:
                    with open(os.path.join(folder, "report.csv"), "w") as stream:
                        stream.write("a;b")
                return "made"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/state")
            def state() -> str:
                with open("/tmp/state") as stream:
                    read = stream.read()
                with open("/srv/shop/tmp/state", "w") as stream:
                    stream.write(read)
                with open("/tmp/lock", "x") as stream:
                    return read
            """,
        ),
    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The system makes name and file at once; a name that others look for is for a person."""
        for call in draft.calls_at(finding):
            how = made_with_its_name(draft, call)
            if how == "alike":
                return draft.repair("has the system make the file under a name that nobody knows")
            if how:
                return draft.repair(
                    "has the system make the file together with its name",
                    safe=False,
                    changes="the file is there, empty, before it is written, and only this user may read it",
                )
        return None

    def check_call(self, call: Call) -> Verdict | None:
        """A name without a file, and a constant name in a shared folder that is written to."""
        if not call.name.endswith(".open"):
            return Verdict("The name is made before the file: somebody else can be faster.")
        path, mode = call.given(0, "file"), call.given(1, "mode")
        where = one_text(path) if path is not None else None
        how = one_text(mode) if mode is not None else None
        if where is None or how is None or not re.search("[wa+]", how) or "x" in how:
            return None
        if not _SHARED.match(where):
            return None
        return Verdict(
            "The file lies in a folder that all users share, under a name that is known."
        )
