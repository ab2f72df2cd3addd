"""INJ012: input that adds headers, or parts of them, to an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import SLOTS, one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flow_lines import ends_removed
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.header_values import quoted_in_header

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
STRUCTURED = ("content-disposition", "set-cookie", "content-type", "link")


class HeaderInjection(Rule):
    """Input ends a header of the answer, or a part of it, and begins another.

    ## What it is
    A line break in a header's value ends the header. A quote or semicolon in
    ``Content-Disposition`` or ``Set-Cookie`` ends the file name or the value, and what follows is
    another parameter.

    ## Why it matters
    With a line break the sender adds headers and, on servers that pass it on, a whole answer of
    their own (cookies, scripts, poisoned caches). With a parameter they choose the file's name
    and type, or the cookie's domain.

    ## How to fix
    ``FileResponse(path, filename=name)`` and ``response.set_cookie`` quote for you. For other headers,
    refuse control characters: ``if not value.isprintable(): raise HTTPException(400)``.
    ``buckler.guard.validate.PlainLine`` is a text without them.

    ## How to check
    Send ``x%0d%0aX-Test: 1``: the answer must not have that header.

    ## Roll-out
    Names with quotes or umlauts arrive quoted as RFC 6266 has it; browsers read that.

    ## References
    CWE-113, CWE-93; RFC 9110 section 5.5; RFC 6266; ASVS 5.0 V1.2.3.
    """

    id = "INJ012"
    name = "header-injection"
    title = "Header injection"
    severity = Severity.MEDIUM
    cwe = (113, 93)
    owasp = ("A03:2021", "A05:2025")
    asvs = ("V1.2.3",)
    control = "guard.validate.PlainLine"
    sinks = ("header", "location")
    flows = Flows(
        "header",
        """
        web.headers.{__setitem__,append,setdefault}(1) web.raw_headers.append(0)
        starlette.responses.{Response,HTMLResponse,JSONResponse,PlainTextResponse,StreamingResponse,FileResponse,RedirectResponse}(headers)
        smtplib.SMTP.sendmail(2,msg) http.client.HTTPConnection.putheader(1) *.putheader(1) wsgiref.headers.Headers.add_header(1)
        """,
        sanitizers="json.dumps urllib.parse.quote urllib.parse.quote_plus email.header.Header",
        sources=SLOTS,
    )
    fix = Fix(
        "let the framework quote it: FileResponse(path, filename=name)",
        before='headers={"Content-Disposition": f\'attachment; filename="{name}"\'}',
        after="FileResponse(path, filename=name)",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Response

            app = FastAPI()


            @app.get("/language")
            async def language(code: str, response: Response) -> dict[str, str]:
                response.headers["Content-Language"] = code
                return {"language": code}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Response

            app = FastAPI()


            @app.get("/export")
            async def export(name: str) -> Response:
                headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
                return Response("a;b", media_type="text/csv", headers=headers)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, HTTPException, Response

            app = FastAPI()


            @app.get("/language")
            async def language(code: str, response: Response) -> dict[str, str]:
                if not code.isalpha():
                    raise HTTPException(400)
                response.headers["Content-Language"] = code
                return {"language": code}


            @app.get("/palette")
            async def palette(name: str, response: Response) -> dict[str, str]:
                response.set_cookie("palette", name, secure=True, httponly=True)
                return {"palette": name}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in a header's value: line ends, or a quote that ends a parameter."""
        key = flow.other(0, "") if flow.call.startswith("web.headers.") else None
        if key is not None and (one_text(key) or "").lower() in ("location", "refresh"):
            return None  # the rule about redirects looks at those
        if flow.argument == "headers" and all(
            str(k).lower() == "location" for t in things(flow.value, Container) for k in t.items
        ):
            return None
        for before, taints, _ in flow.places():
            if all(ends_removed(flow, t) for t in taints):
                continue
            if "sendmail" in flow.call and re.search(r"\r?\n\r?\n", before):
                continue
            return told(flow, "becomes part of a header's value as it is.")
        return None

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A line break, and the end of a quoted or bare parameter."""
        for before, after, note in (
            ("sample\r\n", ": 1", "ends the header"),
            ('sample"; ', '="1', "ends a quoted parameter"),
            ("sample; ", "=1", "ends a bare parameter"),
            ("sample\n", ": 1", "ends the header with a line feed"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, note)

    def check_exchange(self, exchange: Exchange, probe: Probe) -> Verdict | None:
        """The canary begins a line, or a parameter of a header that has parameters."""
        canary = probe.payload.canary.text
        for name, value in exchange.answer.headers:
            lowered = value.lower()
            if canary not in lowered:
                continue
            if re.search(rf"[\r\n]{canary}", lowered):
                return Verdict(
                    f"A line break in the request ends the header {name} and begins another.",
                    mark=canary,
                    severity=Severity.HIGH,
                )
            if name.lower() in STRUCTURED and re.search(
                rf";\s*{canary}\s*=", _QUOTED.sub('""', lowered)
            ):
                return Verdict(
                    f"Text from the request adds a parameter to the header {name}.", mark=canary
                )
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A file name as RFC 6266 writes it, any other value without line ends."""
        if how := quoted_in_header(draft, finding.location.line or 0):
            return draft.repair(
                "quotes what stands in the header",
                safe=how == "alike",
                changes=""
                if how == "alike"
                else "clients that read filename= alone see no name of the file",
            )
        return None
