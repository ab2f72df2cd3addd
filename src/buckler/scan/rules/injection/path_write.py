"""INJ005: a file name from input that leads out of its folder, for writing."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flow_paths import harmful_in_path, write_verdict, writes
from buckler.scan.rules.injection._fixes.inside import kept_inside
from buckler.scan.rules.injection._paths import climbing, escaped


class PathTraversalWrite(Rule):
    """A file name from the request decides where something is written or deleted.

    ## What it is
    The name of an upload, or another part of the request, becomes part of a path that is
    opened for writing, renamed or removed. ``..`` in it leads out of the folder that is meant.

    ## Why it matters
    Overwriting a module, a template or ``~/.ssh/authorized_keys`` is running code; deleting a
    file can be as bad.

    ## How to fix
    Never use the name that was sent: store under ``secrets.token_hex(16)`` and keep the name as
    data. Where a name has to be kept, take ``Path(name).name`` and check ``is_relative_to``.
    ``buckler.guard.Upload`` stores so.

    ## How to check
    Upload a file called ``../../x``; it must land in the upload folder under another name.

    ## Roll-out
    Files that are already stored keep their names; only new ones are random.

    ## References
    CWE-22, CWE-73; OWASP A01:2025 Broken Access Control; ASVS 5.0 V5.3.2.
    """

    id = "INJ005"
    name = "path-traversal-write"
    title = "Path traversal (writing)"
    severity = Severity.CRITICAL
    cwe = (22, 73)
    owasp = ("A01:2021", "A01:2025")
    asvs = ("V5.3.2",)
    control = "guard.Upload"
    sinks = ("open", "stat")
    flows = Flows(
        "path",
        """
        builtins.open(0,file) io.open(0,file) aiofiles.open(0,file) anyio.open_file(0,file) codecs.open(0,filename)
        pathlib.Path.{open,write_text,write_bytes,unlink,mkdir,rmdir,touch,rename,replace,symlink_to}(self)
        os.{remove,unlink,mkdir,makedirs,rmdir,removedirs,rename,replace,symlink,link,truncate,chmod}(0,path)
        os.{rename,replace}(1,dst) shutil.{rmtree,move}(0,path) shutil.{copy,copyfile,copy2,move,copytree}(1,dst)
        aiofiles.os.{remove,unlink,mkdir,makedirs,rmdir,rename}(0) flask.request.files.save(0) *.save(0)
        """,
        sanitizers="werkzeug.utils.safe_join werkzeug.utils.secure_filename buckler.guard.validate.safe_path",
    )
    fix = Fix(
        "store it under a name of your own: secrets.token_hex(16)",
        before="path = UPLOADS / file.filename",
        after="path = UPLOADS / secrets.token_hex(16)",
        safe=True,
    )
    bad = (
        Example(
            """
            import os

            from fastapi import FastAPI, UploadFile

            app = FastAPI()
            os.makedirs("uploads", exist_ok=True)


            @app.post("/upload")
            async def upload(file: UploadFile) -> dict[str, str]:
                path = f"uploads/{file.filename}"
                with open(path, "wb") as target:
                    target.write(await file.read())
                return {"stored": path}
            """,
            line=12,
        ),
    )
    good = (
        Example(
            """
            import os
            import secrets
            from pathlib import Path

            from fastapi import FastAPI, UploadFile

            app = FastAPI()
            os.makedirs("uploads", exist_ok=True)


            @app.post("/upload")
            async def upload(file: UploadFile) -> dict[str, str]:
                path = Path("uploads") / secrets.token_hex(8)
                path.write_bytes(await file.read())
                return {"stored": path.name, "name": file.filename or ""}


            @app.post("/avatar")
            async def avatar(file: UploadFile) -> dict[str, str]:
                path = Path("uploads") / Path(file.filename or "avatar").name
                path.write_bytes(await file.read())
                return {"stored": path.name}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in the path of a file that is written or removed."""
        dirty = harmful_in_path(flow)
        if not dirty or not writes(flow):
            return None
        return write_verdict(flow)

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """As for reading; a file name may carry slashes too."""
        return climbing(slot, mint)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The planted folder was about to be changed."""
        if hit.sink != "open" or not hit.more.get("write") or not escaped(hit, probe):
            return None
        what = {"os.remove": "deleted", "shutil.rmtree": "deleted", "os.rmdir": "deleted"}.get(
            hit.call, "written"
        )
        return Verdict(
            f"A path in the request leads out of the folder that is meant, and what lies there is {what}.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A check that the path stays in the folder it begins with."""
        for call in draft.calls_at(finding):
            if kept_inside(draft, call):
                return draft.repair("refuses a path that leads out of its folder with 404")
        return None
