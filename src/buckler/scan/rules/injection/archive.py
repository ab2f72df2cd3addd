"""INJ013: archives whose entries land outside of the folder they are unpacked to."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Canary, Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import DIRECT, Flow, Flows
from buckler.scan.engines.source.flow.objects import External, deep_taints, things
from buckler.scan.engines.source.flow.values import Value, one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import last, unpacks
from buckler.scan.rules._support.flow_paths import harmful_in_path
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.inside import kept_inside
from buckler.scan.rules.injection._fixes.tars import is_tar, is_unpacking
from buckler.scan.rules.injection._paths import DEPTH, escaped


class ArchiveExtraction(Rule):
    """An uploaded archive is unpacked, and its entries choose where they go.

    ## What it is
    The names of an archive's entries are input. ``tarfile.extractall`` follows ``..`` and absolute
    paths unless it is given a filter (the default before Python 3.14), and so does every loop
    that joins ``entry.filename`` to a folder.

    ## Why it matters
    One upload overwrites any file that the application may write: code, templates, keys.

    ## How to fix
    ``archive.extractall(folder, filter="data")`` for tar; ``ZipFile.extractall`` drops the dots by
    itself; in a loop of your own check ``(folder / name).resolve().is_relative_to(folder)``. Limit
    the number and size of entries.

    ## How to check
    Upload an archive with an entry ``../../x``: it must be refused or land inside.

    ## Roll-out
    The filter drops owners, devices and links that leave the folder.

    ## References
    CWE-22; PEP 706; OWASP A01:2025; ASVS 5.0 V5.3.3.
    """

    id = "INJ013"
    name = "archive-extraction"
    title = "Archive entries leave their folder"
    severity = Severity.CRITICAL
    cwe = (22,)
    owasp = ("A01:2021", "A01:2025", "A08:2021")
    asvs = ("V5.3.3",)
    sinks = ("open",)
    lead = 3
    flows = Flows(
        "archive",
        """
        tarfile.TarFile.{extract,extractall}(self) shutil.unpack_archive(0,filename)
        builtins.open(0,file) pathlib.Path.{open,write_text,write_bytes}(self) shutil.{copy,copyfile,move}(1,dst)
        """,
        sources=DIRECT | {"entry"},
    )
    fix = Fix(
        'filter the entries: archive.extractall(folder, filter="data")',
        before="archive.extractall(folder)",
        after='archive.extractall(folder, filter="data")',
        safe=True,
    )
    bad = (
        Example(
            """
            import io
            import os
            import zipfile

            from fastapi import FastAPI, UploadFile

            app = FastAPI()


            @app.post("/import")
            async def import_archive(archive: UploadFile) -> dict[str, int]:
                try:
                    unpacked = zipfile.ZipFile(io.BytesIO(await archive.read()))
                except zipfile.BadZipFile:
                    return {"files": 0}
                for entry in unpacked.infolist():
                    path = os.path.join("imported", entry.filename)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "wb") as target:
                        target.write(unpacked.read(entry))
                return {"files": len(unpacked.infolist())}
            """,
        ),
        Example(
            """
            import io
            import tarfile

            from fastapi import FastAPI, UploadFile

            app = FastAPI()


            @app.post("/import")
            async def import_archive(archive: UploadFile) -> dict[str, int]:
                try:
                    unpacked = tarfile.open(fileobj=io.BytesIO(await archive.read()))
                except tarfile.TarError:
                    return {"files": 0}
                unpacked.extractall("imported", filter="fully_trusted")
                return {"files": len(unpacked.getmembers())}
            """,
        ),
    )
    good = (
        Example(
            """
            import io
            import zipfile

            from fastapi import FastAPI, UploadFile

            app = FastAPI()


            @app.post("/import")
            async def import_archive(archive: UploadFile) -> dict[str, int]:
                try:
                    unpacked = zipfile.ZipFile(io.BytesIO(await archive.read()))
                except zipfile.BadZipFile:
                    return {"files": 0}
                unpacked.extractall("imported")
                return {"files": len(unpacked.infolist())}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """A tar archive of the request that is unpacked without a filter (PEP 706)."""
        if not flow.taints:
            return None
        if not flow.call.startswith(("tarfile.", "shutil.unpack")):
            entry = flow.source.kind == "entry" and harmful_in_path(flow)
            return told(flow, "is written where the entry's own name says.") if entry else None
        chosen = flow.other(2 if "unpack" not in flow.call else 3, "filter")
        members = flow.other(1, "members") if flow.call.endswith("extractall") else None
        for tar in things(flow.receiver, External):
            chosen = tar.fields.get("extraction_filter", chosen)
        if chosen is not None and one_text(chosen) != "fully_trusted":
            return None
        if members is not None and _checked(flow, members):
            return None
        return told(flow, "is unpacked with whatever paths and links its entries name.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """Archives with one entry that climbs out."""
        if slot.where not in ("file", "body"):
            return
        for make, note in ((_zip, "a zip"), (_tar, "a tar"), (_tar_gz, "a compressed tar")):
            canary = mint()
            yield Payload(make(canary), canary, note, raw=True)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The entry was about to be written outside."""
        if not hit.more.get("write") or not escaped(hit, probe):
            return None
        return Verdict(
            "An entry of an uploaded archive is written outside of the folder that it is unpacked to.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``filter="data"`` (PEP 706), or a check of the path that an entry names."""
        for call in draft.calls_at(finding):
            if last(call.func) in ("extract", "extractall", "unpack_archive"):
                if unpacks(call) or len(call.args) > 2 + is_unpacking(call):
                    return None
                if is_unpacking(call) and not is_tar(draft.index, call):
                    return None
                draft.set_keyword(call, "filter", draft.quote("data"))
                return draft.repair("unpacks plain files alone, into the folder alone")
            if kept_inside(draft, call):
                return draft.repair("refuses an entry that leads out of its folder with 404")
        return None


def _entry(canary: Canary) -> str:
    return "../" * DEPTH + canary.plant.lstrip("/")


def _zip(canary: Canary) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # A date of its own: the same seed gives the same bytes.
        archive.writestr(zipfile.ZipInfo(_entry(canary), (2024, 5, 17, 12, 30, 0)), "sample")
    return buffer.getvalue()


def _tar(canary: Canary, mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(_entry(canary))
        member.size = 6
        archive.addfile(member, io.BytesIO(b"sample"))
    return buffer.getvalue()


def _tar_gz(canary: Canary) -> bytes:
    return _tar(canary, "w:gz")


def _checked(flow: Flow, members: Value) -> bool:
    """Whether the entries that are chosen have all been shown to stay in a folder."""
    taints = [t for value in deep_taints(members) for t in value.taints]
    return all(flow.is_clean(t) for t in taints)
