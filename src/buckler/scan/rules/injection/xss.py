"""INJ010: input that becomes markup or script of a page."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.html import Page
from buckler.scan.rules._support.flow_pages import escaped_elsewhere, is_page, named_kind
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.escaping import AS_TEXT, shown_as_text, templates_escaped
from buckler.scan.rules.injection._fixes.markup import escaped_in_page

MARKUP = ("text/html", "application/xhtml+xml", "image/svg+xml")


class CrossSiteScripting(Rule):
    """Input comes out of a page as markup or script.

    ## What it is
    A page is put together as text, or rendered by a template that does not escape, and part of
    it comes from a request: from this one (reflected) or from an earlier one (stored). Or a file is
    answered under the media type that whoever sent it has named, ``text/html`` for one.

    ## Why it matters
    The script runs in the visitor's browser as if the site had sent it: it acts as the
    visitor, reads what they see, and changes what they do.

    ## How to fix
    Render with a template that escapes (``autoescape=True``), or ``markupsafe.escape`` each value.
    Values in scripts go through ``|tojson``. Mark nothing as safe that came from outside; clean
    HTML from users with ``nh3``. Answer files of others as downloads (``FileResponse(path, filename=name)``), or under
    one of a few media types. A Content-Security-Policy is the second wall.
    ``buckler.guard.SafeHtml`` is a field that takes that HTML cleaned.

    ## How to check
    Send ``<b>x</b>``: the page must show the tags as text.

    ## Roll-out
    Text that was stored escaped will show its escapes; store text as it is and escape when it
    is shown.

    ## References
    CWE-79; OWASP A05:2025 Injection; ASVS 5.0 V1.2.1, V3.2.2.
    """

    id = "INJ010"
    name = "cross-site-scripting"
    title = "Cross-site scripting"
    severity = Severity.HIGH
    cwe = (79,)
    owasp = ("A03:2021", "A05:2025")
    asvs = ("V1.2.1", "V3.2.2")
    control = "guard.SafeHtml"
    sinks = ("html",)
    flows = Flows(
        "html",
        """
        starlette.responses.HTMLResponse(0,content) web.answer.html(0) web.template(0) markupsafe.Markup(0) django.utils.safestring.mark_safe(0)
        django.http.HttpResponse(0,content) flask.make_response(0) flask.Response(0,response)
        starlette.responses.{Response,StreamingResponse}(0,content) starlette.responses.{Response,StreamingResponse}(media_type)
        """,
        sanitizers="""
        script:json.dumps
        html.escape markupsafe.escape nh3.clean nh3.clean_text bleach.clean cgi.escape xml.sax.saxutils.escape
        django.utils.html.escape django.utils.html.conditional_escape markupsafe.escape_silent urllib.parse.quote urllib.parse.quote_plus
        markupsafe.Markup.format markupsafe.Markup.escape django.utils.html.format_html
        buckler.guard.validate.SafeHtml flask.render_template
        """,
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        "escape it: markupsafe.escape(value), or a template that does",
        before='return HTMLResponse(f"<h1>{title}</h1>")',
        after='return HTMLResponse(f"<h1>{escape(title)}</h1>")',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse

            app = FastAPI()


            @app.get("/hello")
            async def hello(name: str) -> HTMLResponse:
                return HTMLResponse(f"<h1>Hello {name}</h1>")
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI, Form
            from fastapi.responses import HTMLResponse

            app = FastAPI()
            entries: list[str] = []


            @app.post("/guestbook")
            async def sign(entry: str = Form()) -> dict[str, int]:
                entries.append(entry)
                return {"entries": len(entries)}


            @app.get("/guestbook", response_class=HTMLResponse)
            async def guestbook() -> str:
                return "".join(f"<p>{entry}</p>" for entry in entries)
            """,
        ),
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, Request
            from fastapi.templating import Jinja2Templates

            app = FastAPI()
            templates = Jinja2Templates(directory=Path(__file__).parent)


            @app.get("/hello")
            async def hello(request: Request, name: str):
                return templates.TemplateResponse(request, "hello.html", {"names": [name]})
            """,
            files={"hello.html": '{% for name in names %}<a href="{{ name }}">on</a>{% endfor %}'},
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, UploadFile
            from fastapi.responses import Response

            app = FastAPI()
            SHELF: dict[int, tuple[bytes, str | None]] = {}


            @app.post("/sheets")
            async def put(sheet: UploadFile) -> dict[str, int]:
                number = len(SHELF) + 1
                SHELF[number] = (await sheet.read(), sheet.content_type)
                return {"id": number}


            @app.get("/sheets/{id}")
            async def get(id: int) -> Response:
                if id not in SHELF:
                    raise HTTPException(404)
                data, kind = SHELF[id]
                return Response(data, media_type=kind)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Form, UploadFile
            from starlette.responses import StreamingResponse

            app = FastAPI()


            @app.post("/turn")
            async def turned(picture: UploadFile, angle: int = Form(90)) -> StreamingResponse:
                return StreamingResponse(iter([await picture.read()]), headers={"content-type": picture.content_type})


            @app.post("/show")
            async def shown(text: str = Form(""), kind: str = Form("text/plain")) -> StreamingResponse:
                return StreamingResponse(iter([text]), media_type=kind)
            """,
        ),
    )
    good = (
        Example(
            """
            from html import escape

            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse, PlainTextResponse

            app = FastAPI()


            @app.get("/hello")
            async def hello(name: str) -> HTMLResponse:
                return HTMLResponse(f'<h1 title="{escape(name)}">Hello {escape(name)}</h1>')


            @app.get("/plain")
            async def plain(name: str) -> PlainTextResponse:
                return PlainTextResponse(f"<h1>Hello {name}</h1>")


            @app.get("/json")
            async def as_json(name: str) -> dict[str, str]:
                return {"name": f"<h1>{name}</h1>"}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException, UploadFile
            from fastapi.responses import Response

            app = FastAPI()
            SHELF: dict[int, tuple[bytes, str | None]] = {}
            PICTURES = ("image/png", "image/jpeg")


            @app.post("/sheets")
            async def put(sheet: UploadFile) -> dict[str, int]:
                number = len(SHELF) + 1
                SHELF[number] = (await sheet.read(), sheet.content_type)
                return {"id": number}


            @app.get("/sheets/{id}")
            async def get(id: int, as_file: bool = False) -> Response:
                if id not in SHELF:
                    raise HTTPException(404)
                data, kind = SHELF[id]
                if kind in PICTURES and not as_file:
                    return Response(data, media_type=kind)
                return Response(data, media_type=kind, headers={"content-disposition": "attachment"})


            @app.get("/charts")
            async def charts(kind: str = "image/png") -> Response:
                return Response(b"chart", media_type=kind)
            """,
        ),
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, Request
            from fastapi.templating import Jinja2Templates

            app = FastAPI()
            templates = Jinja2Templates(directory=Path(__file__).parent)


            @app.get("/hello")
            async def hello(request: Request, name: str):
                return templates.TemplateResponse(request, "hello.html", {"name": name, "pages": ["/a", "/b"]})
            """,
            files={
                "hello.html": """{% for name in pages %}<a href="{{ name }}">on</a>{% endfor %}
                {% for name, text in [("/a", "A")] %}<a href="{{ name }}">{{ text }}</a>{% endfor %}
                <p>{{ name }}</p>"""
            },
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in a page, not escaped, or escaped for another place than the one it stands in."""
        if flow.argument == "media_type":
            return named_kind(flow)
        if flow.call.endswith((".Response", ".StreamingResponse")) and not is_page(flow):
            return None
        if flow.taints:
            return told(flow, "becomes part of a page without being escaped.")
        return escaped_elsewhere(flow)

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """An element, and a way out of each kind of attribute and script."""
        for before, after, note in (
            ("<", ">", "an element"),
            ("\"'><", ">", "ends an attribute and begins an element"),
            ('" ', '="1', "adds an attribute"),
            ("';", ";'", "ends a text of a script"),
            ('";', ';"', "ends a double-quoted text of a script"),
            ("</script><", ">", "ends the script"),
            ("javascript:", "", "an address that is a script"),
            ("' ", "='1", "adds an attribute after a single quote"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, note)

    def likes(self, slot: Slot) -> bool:
        """A file: it is a page where it is said to be one, whoever gets it later."""
        return slot.where == "file"

    def check_exchange(self, exchange: Exchange, probe: Probe) -> Verdict | None:
        """A browser would make an element, an attribute or a script of it."""
        answer = exchange.answer
        download = "attachment" in (answer.header("content-disposition") or "").lower()
        if answer.media_type not in MARKUP or download:
            return None
        canary = probe.payload.canary.text
        page = Page(answer.text, canary)
        if not (page.element or page.attribute or page.handler or page.script or page.url):
            return None
        stored = exchange.operation is not None and exchange.operation.key != probe.operation.key
        what = "an element" if page.element else "an attribute" if page.attribute else "a script"
        origin = (
            f"stored by {probe.operation.key} becomes" if stored else "from the request becomes"
        )
        return Verdict(f"Text {origin} {what} of the page.", mark=canary)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """An escape around values that stand in the text or a quoted attribute of a page."""
        if escaped_in_page(draft, finding.location.line or 0):
            return draft.repair("escapes the values in the page")
        if templates_escaped(draft, finding):
            what = "escapes values in all of these templates"
            return draft.repair(what, safe=False, changes=AS_TEXT)
        if shown_as_text(draft, finding.location.line or 0):
            return draft.repair("shows the value as text", safe=False, changes=AS_TEXT)
        return None
