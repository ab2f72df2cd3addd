"""INJ021: input that a spreadsheet program takes for a formula."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.objects import deep_taints
from buckler.scan.engines.source.flow.values import Taint, Value, one_text, texts_of
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.cells import marked

_BETWEEN = ",;\t\n\r|"


class CsvFormula(Rule):
    """Input is written to a table as it came, and may be a formula.

    ## What it is
    A cell of an exported table begins with what somebody sent. Spreadsheet programs run a cell that begins
    with ``=``, ``+``, ``-`` or ``@``, quoted or not.

    ## Why it matters
    A colleague opens the export, and the formula of a stranger sends other cells to a server, or starts
    a program. Whoever sent it needed no more than a form.

    ## How to fix
    Put an apostrophe before cells that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line end; or let
    only values through that begin with a letter or digit. Quoting the cell does not help.

    ## How to check
    Send ``=1+1`` and open the export: the cell must show the text.

    ## Roll-out
    Programs that read the export see the apostrophe; negative numbers should stay numbers.

    ## References
    CWE-1236; OWASP A05:2025 Injection; ASVS 5.0 V1.2.10.
    """

    id = "INJ021"
    name = "csv-formula-injection"
    title = "Formula in an exported table"
    severity = Severity.LOW
    cwe = (1236,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.10",)
    flows = Flows(
        "csv",
        """
        csv.writer.{writerow,writerows}(0,row,rowdict,rows)
        openpyxl.Worksheet.append(0,iterable) xlsxwriter.Worksheet.{write,write_string_or_formula}(2) xlsxwriter.Worksheet.{write_row,write_column}(2)
        starlette.responses.{Response,PlainTextResponse,StreamingResponse}(0,content) flask.Response(0,response) django.http.{HttpResponse,StreamingHttpResponse}(0,content)
        """,
        sources=DIRECT | STORED,
    )
    fix = Fix(
        'put an apostrophe before it: "\'" + value',
        before="writer.writerow([order.number, order.comment])",
        after='writer.writerow([order.number, "\'" + order.comment])',
    )
    bad = (
        Example(
            """
            import csv
            import io

            from fastapi import FastAPI, Form, Response

            app = FastAPI()


            @app.post("/list")
            def listed(title: str = Form(), amount: int = Form()) -> Response:
                out = io.StringIO()
                csv.writer(out).writerow([amount, title])
                return Response(out.getvalue(), media_type="text/csv")
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import PlainTextResponse

            app = FastAPI()


            @app.get("/members.csv")
            def members(name: str, city: str = "") -> PlainTextResponse:
                quoted = name.replace('"', '""')
                return PlainTextResponse(f'name;city\\n"{quoted}";"{city}"', headers={"Content-Type": "text/csv"})
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            from sheets import Report

            app = FastAPI()


            class Visit(BaseModel):
                page: str
                seconds: int


            @app.post("/visits")
            def visits(body: list[Visit]) -> str:
                report = Report("visits.csv")
                report.add([visit.model_dump() for visit in body])
                return report.path
            """,
            files={
                "sheets.py": """
                from csv import DictWriter


                class Report:
                    def __init__(self, path: str) -> None:
                        self.path = path

                    def add(self, rows: list[dict]) -> None:
                        with open(self.path, "a", newline="") as stream:
                            DictWriter(stream, ["page", "seconds"]).writerows(rows)
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import csv
            import io

            from fastapi import FastAPI, Form, Response

            app = FastAPI()
            BEGINNINGS = ("=", "+", "-", "@", "\\t", "\\r")


            def cell(text: str) -> str:
                return "'" + text if text.startswith(BEGINNINGS) else text


            @app.post("/list")
            def listed(title: str = Form(), amount: int = Form()) -> Response:
                out = io.StringIO()
                csv.writer(out).writerow([amount, cell(title), f"no. {title}"])
                return Response(out.getvalue(), media_type="text/csv")
            """,
        ),
        Example(
            """
            import csv
            import io
            import re

            from fastapi import FastAPI, HTTPException, Response

            app = FastAPI()


            @app.get("/members.csv")
            def members(name: str, since: float) -> Response:
                if name[:1] in ("=", "+", "-", "@", "\\t", "\\r", "\\n"):
                    raise HTTPException(422)
                out = io.StringIO()
                csv.writer(out).writerows([[name, since], ["total", str(since)]])
                return Response(out.getvalue(), media_type="text/csv")


            @app.get("/towns.csv")
            def towns(town: str) -> Response:
                if not re.match(r"\\w", town):
                    raise HTTPException(422)
                return Response(f"town\\n{town}", media_type="text/csv")
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Response
            from fastapi.responses import PlainTextResponse

            app = FastAPI()


            @app.get("/text")
            def text(name: str) -> PlainTextResponse:
                return PlainTextResponse(f"{name},{name}")


            @app.get("/json")
            def json(name: str) -> Response:
                return Response(f"{name}", media_type="application/json")
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input at the beginning of a cell."""
        by_hand = "Worksheet" not in flow.call and not flow.call.startswith("csv.")
        if by_hand and not _is_table(flow):
            return None
        dirty: list[Taint] = []
        for value in deep_taints(flow.value):
            for before, taints in _openings(value):
                if _begins(before, by_hand=by_hand):
                    dirty += [t for t in taints if t in flow.taints or not flow.is_clean(t)]
        dirty = [t for t in dirty if t.token.source.kind in self.flows.sources]
        if not dirty and not by_hand and flow.taints and not _is_seen(flow):
            dirty = list(flow.taints)
        if not dirty:
            return None
        return told(flow, "begins a cell of a table, and may be a formula.", tuple(dirty))

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """An apostrophe before the texts of a row that begin like a formula."""
        for call in draft.calls_at(finding):
            if marked(draft, call):
                told = "cells that begin with =, +, - or @ have an apostrophe, which other readers of the file see"
                return draft.repair(
                    "marks texts that begin like a formula", safe=False, changes=told
                )
        return None


def _openings(value: Value) -> list[tuple[str, tuple[Taint, ...]]]:
    """What stands in each hole of a value, and the constant text before it."""
    made = []
    for text in texts_of(value):
        before = ""
        for part in text:
            if isinstance(part, str):
                before += part
            else:
                made.append((before, part))
                before += "\0"
    return made


def _begins(before: str, *, by_hand: bool) -> bool:
    """Whether what follows a text begins a cell."""
    if not by_hand:
        return not before.strip(" \t\r\n")
    rest = before.rstrip(" ")
    rest = rest.removesuffix('"')
    return not rest or rest[-1] in _BETWEEN


def _is_seen(flow: Flow) -> bool:
    """Whether the input is in the values that were looked at one by one."""
    return any(value.taints for value in deep_taints(flow.value))


def _is_table(flow: Flow) -> bool:
    """Whether an answer says that it is CSV."""
    kinds = [
        flow.other(-1, "media_type"),
        flow.other(-1, "content_type"),
        flow.other(-1, "mimetype"),
    ]
    headers = flow.other(-1, "headers")
    kinds += deep_taints(headers) if headers is not None else ()
    return any(k is not None and (one_text(k) or "").startswith("text/csv") for k in kinds)
