"""INJ015: templates that put values into HTML as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Module, Payload, Probe, Project, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.jinja import EVERY_VALUE, escapes_itself, unescaped_values
from buckler.scan.python.constants import text, texts, truth
from buckler.scan.python.index import Index, argument, index_of, last, unpacks
from buckler.scan.python.markup import is_harmless
from buckler.scan.python.modules import made_by
from buckler.scan.rules._support.flows import told
from buckler.scan.rules._support.source import here
from buckler.scan.rules.injection._fixes.escaping import AS_TEXT, shown_as_text, templates_escaped
from buckler.scan.rules.injection._fixes.markup import escaped_in_page
from buckler.scan.rules.injection._fixes.sent_text import only_sent_text

_ENVIRONMENTS = (
    "jinja2.Environment",
    "jinja2.sandbox.SandboxedEnvironment",
    "jinja2.sandbox.ImmutableSandboxedEnvironment",
)
_HTML = re.compile(
    r"\.(html?|xhtml|xml|svg)(\.(j2|jinja2?|tmpl|tpl))?$|\.(j2|jinja2?|tpl|tmpl)$", re.IGNORECASE
)
_ESCAPED = re.compile(r"\.(html?|xml)$", re.IGNORECASE)
_OTHER = re.compile(
    r"\.(txt|md|sql|ya?ml|json|toml|ini|conf|cfg|py|tex|csv|eml|sh|css|js)(\.(j2|jinja2?))?$",
    re.IGNORECASE,
)
_TEMPLATES = re.compile(r"\.(html?|xhtml|svg|j2|jinja2?|tpl|tmpl)$", re.IGNORECASE)
MARKUP = "Markup() says that a text is safe that is put together from values."


class TemplateAutoescapeOff(Rule):
    """A template puts values into HTML as they are.

    ## What it is
    Jinja2 escapes only where it is told to: ``Environment()`` does not. Starlette's ``Jinja2Templates`` goes by
    the end of the file's name: ``.html``, ``.htm`` and ``.xml`` are escaped, ``.html.j2``, ``.jinja`` and ``.txt``
    are not. ``|safe`` and ``Markup(f"…")`` turn it off for one value.

    ## Why it matters
    A value with ``<script>`` in it runs in the browser of whoever looks at the page, with that person's
    session.

    ## How to fix
    ``Environment(loader=…, autoescape=True)``, also for Starlette: ``Jinja2Templates(env=Environment(…,
    autoescape=True))``. Give ``Markup("<b>{}</b>").format(name)`` the values. HTML that users write is cleaned
    with nh3 before it is marked as safe.

    ## How to check
    Put ``<i>x</i>`` into every field and look at every page: it must be shown, not obeyed.

    ## Roll-out
    HTML that was put in on purpose is shown as text from now on; mark those values, one by one.

    ## References
    CWE-79, CWE-116; OWASP A05:2025 Injection; ASVS 5.0 V1.2.1.
    """

    id = "INJ015"
    name = "template-autoescape-off"
    title = "Template without escaping"
    severity = Severity.HIGH
    cwe = (79, 116)
    owasp = ("A03:2021", "A05:2025")
    asvs = ("V1.2.1",)
    sinks = ("render",)
    flows = Flows("html", "web.unescaped(0)", sources=DIRECT | STORED | ANSWERS)
    fix = Fix(
        "turn it on: Environment(loader=…, autoescape=True); drop |safe, or clean the value with nh3",
        before="Environment(loader=FileSystemLoader(FOLDER))",
        after="Environment(loader=FileSystemLoader(FOLDER), autoescape=True)",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse
            from jinja2 import DictLoader, Environment

            app = FastAPI()
            pages = Environment(loader=DictLoader({"card.html": "<h1>For {{ name }}</h1>"}))


            @app.get("/card", response_class=HTMLResponse)
            def card(name: str = "you") -> str:
                return pages.get_template("card.html").render(name=name)
            """,
        ),
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, Request, Response
            from fastapi.templating import Jinja2Templates

            app = FastAPI()
            templates = Jinja2Templates(directory=Path(__file__).parent / "pages")


            @app.get("/notice")
            def notice(request: Request, note: str = "thanks") -> Response:
                return templates.TemplateResponse(request, "notice.html.j2", {"note": note})
            """,
            files={"pages/notice.html.j2": "<p>{{ note }}</p>\n"},
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import HTMLResponse
            from markupsafe import Markup

            app = FastAPI()


            @app.get("/hello")
            def hello(name: str = "you") -> HTMLResponse:
                return HTMLResponse(Markup(f"<b>{name}</b>"))
            """,
            files={"pages/review.html": "<p>{{ review.body|safe }}</p>\n"},
        ),
    )
    good = (
        Example(
            """
            from pathlib import Path

            from fastapi import FastAPI, Request, Response
            from fastapi.responses import HTMLResponse, PlainTextResponse
            from fastapi.templating import Jinja2Templates
            from jinja2 import DictLoader, Environment, FileSystemLoader
            from markupsafe import Markup, escape

            app = FastAPI()
            FOLDER = Path(__file__).parent / "pages"
            templates = Jinja2Templates(directory=FOLDER)
            strict = Jinja2Templates(env=Environment(loader=FileSystemLoader(FOLDER), autoescape=True))
            mails = Environment(loader=DictLoader({"welcome.txt": "Hello {{ name }}"}))
            RULE = "<hr>"


            @app.get("/notice")
            def notice(request: Request, note: str = "thanks") -> Response:
                return strict.TemplateResponse(request, "notice.html.j2", {"note": note})


            @app.get("/page")
            def page(request: Request, note: str = "thanks") -> Response:
                return templates.TemplateResponse(request, "page.html", {"note": note})


            @app.get("/mail", response_class=PlainTextResponse)
            def mail(name: str = "you") -> str:
                return mails.get_template("welcome.txt").render(name=name)


            @app.get("/hello")
            def hello(name: str = "you") -> HTMLResponse:
                return HTMLResponse(Markup("<b>{}</b>").format(name) + Markup(f"<i>{escape(name)}</i>") + Markup(RULE))
            """,
            files={
                "pages/notice.html.j2": "<p>{{ note }}</p>\n",
                "pages/page.html": "<p>{{ note }}</p>{{ '<hr>'|safe }}<script>let a = {{ note|tojson|safe }}</script>\n",
            },
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that a template shows whose environment does not escape."""
        if not flow.taints:
            return None
        return told(flow, "is shown by a template whose environment does not escape.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """An element of its own."""
        canary = mint()
        yield Payload(f"<{canary}>", canary, "begins an element")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The element came out of a template that does not escape, into an answer in HTML."""
        element = f"<{probe.payload.canary}>"
        if element not in hit.text.lower() or "html" not in str(hit.more.get("media_type", "")):
            return None
        named = str(hit.more.get("template", "")) or "without a name"
        return Verdict(f"The template {named} puts what is sent into HTML as it is.", mark=element)

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Environments, file names and markup that are not escaped."""
        index = index_of(module)
        for node, why in (*_environments(index), *_names(index), *_markup(index)):
            yield self.found(why, confidence=Confidence.SUSPECTED, location=here(index, node))

    def check_project(self, project: Project) -> Iterable[Finding]:
        """``|safe`` on values, and blocks with escaping off, in templates."""
        for path in project.files:
            if _TEMPLATES.search(path) and not _OTHER.search(path):
                for line, what in unescaped_values(project.read(path)):
                    yield self.found(
                        f"The template puts {what} into HTML as it is: {_advice(what)}.",
                        confidence=Confidence.SUSPECTED,
                        location=Location(path, line),
                    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Values of the request escaped in ``Markup``, or escaping turned on for an environment of this file."""
        line = finding.location.line or 0
        if finding.message == MARKUP:
            if not escaped_in_page(draft, line):
                return None
            sent = only_sent_text(draft, line)
            return draft.repair(
                "escapes the values in Markup", safe=sent, changes="" if sent else AS_TEXT
            )
        for call in draft.calls_at(finding):
            made = _environment_behind(draft.index, call)
            if made is None or unpacks(made) or argument(made, "autoescape", 6):
                continue
            draft.set_keyword(made, "autoescape", "True")
            return draft.repair(
                "escapes values in the templates of this environment",
                safe=False,
                changes=AS_TEXT,
            )
        if templates_escaped(draft, finding):
            what = "escapes values in all of these templates"
            return draft.repair(what, safe=False, changes=AS_TEXT)
        if shown_as_text(draft, line):
            return draft.repair("shows the value as text", safe=False, changes=AS_TEXT)
        return None


def _environment_behind(index: Index, call: ast.Call) -> ast.Call | None:
    """The environment that a call makes, or takes a template from."""
    if index.name(call.func) in _ENVIRONMENTS:
        return call
    if not isinstance(call.func, ast.Attribute):
        return None
    values = index.values(call.func.value)
    only = values[0] if len(values) == 1 else call.func.value
    found = isinstance(only, ast.Call) and index.name(only.func) in _ENVIRONMENTS
    return only if found and isinstance(only, ast.Call) else None


def _advice(what: str) -> str:
    if what == EVERY_VALUE:
        return "take the block with autoescape false away"
    return "drop |safe, or clean the value before with nh3.clean"


def _environments(index: Index) -> Iterator[tuple[ast.AST, str]]:
    """Environments that do not escape and whose templates are HTML."""
    why = "The templates of this environment put values into HTML as they are."
    for call in index.called(
        "Environment", "SandboxedEnvironment", "ImmutableSandboxedEnvironment"
    ):
        if index.name(call.func) not in _ENVIRONMENTS or _escapes(index, call, "page.html"):
            continue
        used = _used_names(index, call)
        html = [node for name, node in used if _HTML.search(name) and not _OTHER.search(name)]
        yield from ((node, why) for node in html)
        if not used and "HTMLResponse" in " ".join(index.imports):
            yield call, why


def _escapes(index: Index, call: ast.Call, name: str) -> bool:
    """Whether an environment escapes a template of that name."""
    given = argument(call, "autoescape")
    if given is None:
        return any(k.arg is None for k in call.keywords)
    if isinstance(given, ast.Call) and last(given.func) == "select_autoescape":
        enabled = argument(given, "enabled_extensions", 0)
        listed = texts(index, enabled) if enabled is not None else ["html", "htm", "xml"]
        ending = any(name.endswith("." + item.lstrip(".")) for item in listed)
        return ending or truth(index, argument(given, "default")) is True
    known = truth(index, given)
    return True if known is None else known


def _used_names(index: Index, call: ast.Call) -> list[tuple[str, ast.Call]]:
    """The names of the templates that are taken from an environment in this module, and where."""
    parent = index.parents.get(call)
    targets = parent.targets if isinstance(parent, ast.Assign) else []
    names = {last(t) for t in targets}
    found = []
    for other in index.called("get_template", "select_template", "TemplateResponse"):
        if isinstance(other.func, ast.Attribute):
            owner = other.func.value
            if owner is call or last(owner) in names:
                found += [(t, other) for a in other.args for t in texts(index, a)]
    return found


def _names(index: Index) -> Iterator[tuple[ast.AST, str]]:
    """Answers from templates whose names Starlette does not escape."""
    for call in index.called("TemplateResponse"):
        if not isinstance(call.func, ast.Attribute):
            continue
        name = text(index, argument(call, "name")) or next(
            (t for a in call.args[:2] if (t := text(index, a))), None
        )
        media = text(index, argument(call, "media_type"))
        if (
            name is None
            or _ESCAPED.search(name)
            or "." not in name
            or (media and "html" not in media)
        ):
            continue
        if not _own_environment(index, call.func.value, name) and not escapes_itself(
            index.folder, name
        ):
            yield call, f"Templates whose names end like {name} are not escaped."


def _own_environment(index: Index, node: ast.expr, name: str) -> bool:
    """Whether the templates were given an environment that escapes this name."""
    found = made_by(index, node)
    if found is None:
        return False
    other, made = found
    for assign in other.all(ast.Assign):
        target = ast.unparse(assign.targets[0])
        if target.endswith("env.autoescape") and truth(other, assign.value) is not False:
            return True
    if truth(other, argument(made, "autoescape")) is True:
        return True
    environment = argument(made, "env")
    if environment is None:
        return False
    leads = made_by(other, environment)
    return True if leads is None else _escapes(leads[0], leads[1], name)


def _markup(index: Index) -> Iterator[tuple[ast.AST, str]]:
    for call in index.called("Markup"):
        if (
            index.name(call.func) in ("markupsafe.Markup", "jinja2.utils.markupsafe.Markup")
            and call.args
        ):
            if not is_harmless(index, call.args[0], 0):
                yield call, MARKUP
