"""INJ023: uploads that are unpacked without a limit."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.values import bit
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.unpacking import unpacked_with_limit

_UNPACKS = frozenset({"file", "body", "message", "json", "form"})


class UnlimitedDecompression(Rule):
    """Compressed input is unpacked whole, however much comes out of it.

    ## What it is
    ``gzip.decompress``, ``zlib.decompress`` and their like take an upload and give back all of it. A thousand
    bytes of zeros, packed, are a million unpacked; packed again, a thousand millions.

    ## Why it matters
    A request of some kilobytes takes all memory, and the worker is killed; a few of them stop the service.

    ## How to fix
    Unpack with a limit: ``zlib.decompressobj().decompress(data, MOST)``, or ``GzipFile(…).read(MOST + 1)`` and refuse
    what is longer. The limit of the request's size is no limit of what comes out.

    ## How to check
    Send 10 MB of zeros, packed to 10 KB, and look at the memory of the worker.

    ## Roll-out
    Choose the limit from the largest real upload.

    ## References
    CWE-409; OWASP API4:2023; ASVS 5.0 V5.2.3.
    """

    id = "INJ023"
    name = "unlimited-decompression"
    title = "Decompression without a limit"
    severity = Severity.MEDIUM
    cwe = (409, 400)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V5.2.3",)
    flows = Flows(
        "unpack",
        """
        {gzip,bz2,lzma,zlib,brotli,snappy,zstd,lz4.frame,compression.zstd,compression.gzip,compression.zlib}.decompress(0,data)
        codecs.decode(0,obj)
        zlib.Decompressor.decompress(0)
        """,
        sources=_UNPACKS,
    )
    fix = Fix(
        "unpack with a limit: zlib.decompressobj(31).decompress(data, MOST)",
        before="text = gzip.decompress(data)",
        after="unpacker = zlib.decompressobj(31)\ntext = unpacker.decompress(data, MOST)",
        safe=True,
    )
    bad = (
        Example(
            """
            import gzip

            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/events")
            async def events(request: Request) -> int:
                data = gzip.decompress(await request.body())
                return data.count(b"\\n")
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import FastAPI, UploadFile

            from importing import Import

            app = FastAPI()


            @app.post("/import")
            async def imported(table: UploadFile) -> int:
                return Import(await table.read()).lines()
            """,
            files={
                "importing.py": """
                import bz2


                class Import:
                    def __init__(self, packed: bytes) -> None:
                        self.packed = packed

                    def lines(self) -> int:
                        return len(bz2.decompress(self.packed).splitlines())
                """,
            },
        ),
        Example(
            """
            import base64
            import zlib

            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class Diagram(BaseModel):
                packed: str


            @app.post("/diagrams")
            def diagram(body: Diagram) -> int:
                unpacker = zlib.decompressobj()
                return len(unpacker.decompress(base64.b64decode(body.packed)))
            """,
        ),
    )
    good = (
        Example(
            """
            import zlib

            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()
            MOST = 1_000_000


            @app.post("/events")
            async def events(request: Request) -> int:
                unpacker = zlib.decompressobj(31)
                data = unpacker.decompress(await request.body(), MOST)
                if unpacker.unconsumed_tail:
                    raise HTTPException(413)
                return data.count(b"\\n")
            """,
        ),
        Example(
            """
            import gzip
            from pathlib import Path

            from fastapi import FastAPI

            app = FastAPI()
            WORDS = gzip.decompress(Path("words.gz").read_bytes()) if Path("words.gz").exists() else b""


            @app.get("/words/{word}")
            def known(word: str) -> bool:
                return word.encode() in gzip.decompress(gzip.compress(WORDS))
            """,
        ),
        Example(
            """
            import base64

            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/echo")
            async def echo(request: Request) -> int:
                return len(base64.b64decode(await request.body()))
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Compressed input in a call that has no limit."""
        if not flow.taints or not all(
            flow.cleared(t) & bit("length_256") == 0 for t in flow.taints
        ):
            return None
        if flow.call == "codecs.decode" and not _unpacks(flow):
            return None
        if flow.call == "zlib.Decompressor.decompress" and flow.other(1, "max_length") is not None:
            return None
        return told(flow, "is unpacked whole: a few kilobytes can become gigabytes.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """No more than the limit that the code has; one of a hundred megabytes where it has none."""
        for call in draft.calls_at(finding):
            how = unpacked_with_limit(draft, call)
            if how == "alike":
                return draft.repair("unpacks no more than the limit that is looked at afterwards")
            if how:
                told = "input that becomes more than 100 MB, and an empty one of bz2, is refused"
                return draft.repair("unpacks 100 MB at most", safe=False, changes=told)
        return None


def _unpacks(flow: Flow) -> bool:
    given = flow.other(1, "encoding")
    names = given.alts if given is not None else ()
    return any(isinstance(n, str) and n in ("zlib", "bz2", "zip") for n in names or ())
