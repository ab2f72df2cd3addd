"""CFG016: files that every user of the machine may write."""

from __future__ import annotations

import ast

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import External
from buckler.scan.engines.source.flow.values import Value, only
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import number
from buckler.scan.python.index import argument, last
from buckler.scan.rules.config._fixes.written_here import only_written_here

_WRITE = 0o002
_NAMES = {"stat.S_IWOTH": 0o002, "stat.S_IRWXO": 0o007}


class WorldWritable(Rule):
    """A file or folder is made writable for every user of the machine.

    ## What it is
    ``os.chmod(path, 0o777)``, ``path.chmod(0o666)``, ``os.makedirs(path, mode=0o777)`` after ``os.umask(0)``.

    ## Why it matters
    Any other process of the machine, and whoever takes one over, changes what the application reads: uploads,
    settings, code.

    ## How to fix
    ``0o600`` for files, ``0o700`` for folders; ``0o640`` and a group where another service has to read them.

    ## How to check
    ``find . -perm -002`` must find nothing.

    ## Roll-out
    Find out who writes to the file besides the application, and give those a group.

    ## References
    CWE-732, CWE-276; OWASP A02:2025; ASVS 5.0 V13.2.2.
    """

    id = "CFG016"
    name = "world-writable-file"
    title = "File writable for everybody"
    severity = Severity.LOW
    cwe = (732, 276)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.2.2",)
    calls = "os.{chmod,fchmod,lchmod,umask} pathlib.Path.chmod"
    fix = Fix(
        "let the owner write only: 0o600",
        before="os.chmod(path, 0o777)",
        after="os.chmod(path, 0o700)",
        safe=True,
    )
    bad = (
        Example(
            """
            import os

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/export")
            def export() -> str:
                with open("export.csv", "w") as stream:
                    stream.write("a;b")
                os.chmod("export.csv", 0o777)
                return "done"
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI

            from storage import Storage

            app = FastAPI()


            @app.put("/files/{number}")
            def put(number: int) -> str:
                return Storage().keep(number, b"text")
            """,
            files={
                "modes.py": "FILES = 0o666",
                "storage.py": """
                from pathlib import Path

                import modes


                class Storage:
                    def keep(self, number: int, data: bytes) -> str:
                        path = Path(f"{number}.bin")
                        path.write_bytes(data)
                        path.chmod(modes.FILES)
                        return path.name
                """,
            },
        ),
        Example(
            """
            import os
            import stat

            from fastapi import FastAPI

            app = FastAPI()
            os.umask(0)


            @app.post("/share")
            def share() -> str:
                os.chmod("shared", stat.S_IRWXU | stat.S_IRWXO)
                return "done"
            """,
            line=7,
        ),
    )
    good = (
        Example(
            """
            import os
            from pathlib import Path

            from fastapi import FastAPI

            app = FastAPI()


            @app.post("/export")
            def export() -> str:
                with open("export.csv", "w") as stream:
                    stream.write("a;b")
                os.chmod("export.csv", 0o600)
                Path("export.csv").chmod(0o755)
                return "done"
            """,
        ),
        Example(
            """
            import os
            import stat

            from fastapi import FastAPI

            app = FastAPI()
            os.umask(0o077)


            @app.post("/share")
            def share() -> str:
                os.chmod("shared", stat.S_IRUSR | stat.S_IROTH)
                os.chmod("copy", os.stat("shared").st_mode)
                return "done"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            class Door:
                def chmod(self, mode: int) -> int:
                    return mode


            @app.get("/door")
            def door() -> int:
                return Door().chmod(0o777)
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """A mode that lets everybody write."""
        if call.name == "os.umask":
            mask = call.given(0, "mask")
            if mask is None or only(mask) != 0 or isinstance(only(mask), bool):
                return None
            return Verdict("Files that are made from now on are writable for everybody.")
        mode = call.given(0 if call.name.startswith("pathlib.") else 1, "mode")
        if mode is None or not _mode(mode) & _WRITE:
            return None
        return Verdict("Every user of the machine may write to it.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The same mode without what others may write."""
        for call in draft.calls_at(finding):
            if last(call.func) not in ("chmod", "fchmod", "lchmod"):
                continue
            path_method = not draft.index.name(call.func).startswith("os.")
            given = argument(call, "mode", 0 if path_method else 1)
            mode = number(draft.index, given)
            if not isinstance(given, ast.Constant) or not isinstance(mode, int):
                return None
            if only_written_here(draft, call):
                draft.replace(given, f"0o{mode & ~_WRITE & 0o7777:03o}")
                return draft.repair("keeps other users from writing")
            draft.replace(given, f"0o{mode & ~0o022 & 0o7777:03o}")
            return draft.repair(
                "lets nobody but the owner write",
                safe=False,
                changes="other users of the machine can no longer write to the file",
            )
        return None


def _mode(value: Value) -> int:
    known = only(value)
    if isinstance(known, int) and not isinstance(known, bool):
        return known
    found = 0
    for thing in value.objs:
        if type(thing) is External:
            found |= _NAMES.get(thing.name, 0)
    return found
