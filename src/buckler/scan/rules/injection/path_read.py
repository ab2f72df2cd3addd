"""INJ004: a file name from input that leads out of its folder, for reading."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flow_paths import harmful_in_path, read_verdict, writes
from buckler.scan.rules.injection._fixes.inside import kept_inside
from buckler.scan.rules.injection._paths import climbing, escaped


class PathTraversalRead(Rule):
    """A file name from the request leads out of the folder that is meant.

    ## What it is
    A path is put together from a folder and a name from the request. ``..`` or an absolute path
    in the name leads somewhere else: ``Path("files") / "/etc/passwd"`` is ``/etc/passwd``.

    ## Why it matters
    Any file that the application can read can be fetched: its source, its ``.env`` with the
    secrets, keys, other customers' documents.

    ## How to fix
    Resolve the path and check that it is still inside: ``path = (BASE / name).resolve()`` and
    ``if not path.is_relative_to(BASE): raise HTTPException(404)``. Better: keep names in the
    database and let the request give an id. ``startswith`` on texts lets ``/files-old`` through.
    ``buckler.guard.SafePath`` is a parameter that does so.

    ## How to check
    Ask for ``../main.py`` and for ``/etc/hostname``; a ``{name:path}`` parameter takes both.

    ## Roll-out
    Names with slashes that were meant to work need sub-folders that are allowed by name.

    ## References
    CWE-22; OWASP A01:2025 Broken Access Control; ASVS 5.0 V5.3.2.
    """

    id = "INJ004"
    name = "path-traversal-read"
    title = "Path traversal (reading)"
    severity = Severity.HIGH
    cwe = (22,)
    owasp = ("A01:2021", "A01:2025")
    asvs = ("V5.3.2",)
    control = "guard.SafePath"
    sinks = ("open", "stat")
    flows = Flows(
        "path",
        """
        builtins.open(0,file) io.open(0,file) aiofiles.open(0,file) anyio.open_file(0,file) codecs.open(0,filename)
        starlette.responses.FileResponse(0,path) flask.send_file(0,path_or_file)
        os.{open,listdir,scandir,walk,readlink}(0,path) linecache.getlines(0) gzip.open(0,filename) zipfile.ZipFile(0,file)
        pathlib.Path.{open,read_text,read_bytes,iterdir,glob,rglob}(self) tarfile.open(0,name) sqlite3.connect(0,database)
        django.http.FileResponse(0) shutil.{copyfileobj,make_archive}(0) shutil.{copy,copyfile,copy2}(0,src)
        pandas.{read_csv,read_json,read_excel}(0) PIL.Image.open(0) json.load(0) jinja2.Environment.get_template(0,name)
        """,
        sanitizers="werkzeug.utils.safe_join werkzeug.utils.secure_filename buckler.guard.validate.safe_path",
    )
    fix = Fix(
        "resolve it and check: path.resolve().is_relative_to(BASE)",
        before="return FileResponse(BASE / name)",
        after="path = (BASE / name).resolve()\nif not path.is_relative_to(BASE):\n    raise HTTPException(404)\nreturn FileResponse(path)",
        safe=True,
    )
    bad = (
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI

            app = FastAPI()
            BASE = Path(__file__).parent / "files"


            @app.get("/files")
            def read(name: str) -> str:
                return (BASE / name).read_text()
            """,
            line=11,
        ),
        Example(
            """
            import os

            from fastapi import FastAPI, HTTPException
            from fastapi.responses import FileResponse

            app = FastAPI()
            os.makedirs("files", exist_ok=True)


            @app.get("/files/{name:path}")
            async def read(name: str) -> FileResponse:
                path = os.path.join("files", name)
                if not os.path.exists(path):
                    raise HTTPException(404)
                return FileResponse(path)
            """,
        ),
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            BASE = (Path(__file__).parent / "files").resolve()


            @app.get("/files")
            def read(name: str, other: str = "") -> str:
                paths = [BASE / name, BASE / other]
                if not any(path.resolve().is_relative_to(BASE) for path in paths):
                    raise HTTPException(404)
                return (BASE / name).resolve().read_text()
            """,
        ),
    )
    good = (
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            BASE = (Path(__file__).parent / "files").resolve()


            @app.get("/files")
            def read(name: str) -> str:
                path = (BASE / name).resolve()
                if not path.is_relative_to(BASE) or not path.is_file():
                    raise HTTPException(404)
                return path.read_text()


            @app.get("/notes")
            def note(name: str) -> str:
                path = BASE / Path(name).name
                if not path.is_file():
                    raise HTTPException(404)
                return path.read_text()
            """,
        ),
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            BASES = [Path(__file__).parent / "files", Path(__file__).parent / "notes"]


            @app.get("/files")
            def read(name: str) -> str:
                path = (BASES[0] / name).resolve()
                if not any(path.is_relative_to(base.resolve()) for base in BASES) or not path.is_file():
                    raise HTTPException(404)
                return path.read_text()
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in the path of a file that is read."""
        dirty = harmful_in_path(flow)
        if not dirty or writes(flow):
            return None
        return read_verdict(flow)

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """Climbing and absolute paths, and what gets past a filter that runs once."""
        return climbing(slot, mint)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """A planted file outside of every folder of the application was asked for."""
        if hit.sink != "open" or hit.more.get("write") or not escaped(hit, probe):
            return None
        return Verdict(
            "A path in the request leads out of the folder that is meant, and the file there is read.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A check that the path stays in the folder it begins with."""
        for call in draft.calls_at(finding):
            if kept_inside(draft, call):
                return draft.repair("refuses a path that leads out of its folder with 404")
        return None
