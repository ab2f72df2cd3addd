"""INJ006: input that becomes the source of a template."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.objects import External, Instance
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.templates import as_context


class TemplateInjection(Rule):
    """Input becomes part of a template's source instead of one of its values.

    ## What it is
    ``Template(f"Hello {name}")`` or ``from_string(text)`` compiles what came with the request.
    ``{{ … }}`` in it is run by the template engine.

    ## Why it matters
    Jinja2 and Mako expressions reach Python's objects, and from there any program:
    ``{{ cycler.__init__.__globals__.os.popen('id').read() }}``.

    ## How to fix
    Keep the template constant and hand the value over: ``template.render(name=name)``. Where users
    really write templates, use ``jinja2.sandbox.SandboxedEnvironment`` and give it nothing to hold.

    ## How to check
    Send ``{{7*7}}``: the answer must show it as it is and not ``49``.

    ## Roll-out
    None for ordinary text. Users who rely on expressions need the sandbox.

    ## References
    CWE-1336; OWASP A05:2025 Injection; ASVS 5.0 V1.3.7.
    """

    id = "INJ006"
    name = "template-injection"
    title = "Server-side template injection"
    severity = Severity.CRITICAL
    cwe = (1336, 94)
    owasp = ("A03:2021", "A05:2025")
    asvs = ("V1.3.7",)
    sinks = ("template",)
    flows = Flows(
        "template",
        """
        jinja2.Template(0,source) jinja2.Environment.from_string(0,source) mako.template.Template(0,text)
        flask.{render_template_string,stream_template_string}(0,source) django.template.Template(0)
        chameleon.PageTemplate(0) tornado.template.Template(0)
        starlette.templating.Jinja2Templates.env.from_string(0) *.from_string(0) builtins.str.format(self) jinja2.DictLoader(0)
        """,
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        "hand it over as a value: template.render(name=name)",
        before='Template(f"Hello {name}").render()',
        after='Template("Hello {{ name }}").render(name=name)',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from jinja2 import Template

            app = FastAPI()


            @app.get("/greet")
            def greet(name: str) -> str:
                return Template("Hello " + name).render()
            """,
            line=9,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from jinja2 import Environment

            app = FastAPI()
            environment = Environment(autoescape=True)
            GREETING = environment.from_string("Hello {{ name }}")


            @app.get("/greet")
            def greet(name: str) -> str:
                return GREETING.render(name=name)
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in the source of a template."""
        if not flow.taints:
            return None
        if flow.call == "builtins.str.format":
            return _format(flow)
        return told(
            flow, "becomes part of a template's source, so what it says in braces is executed."
        )

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """An expression of Jinja2 and Django, a block, and one of Mako."""
        for before, after in (("{{", "}}"), ("${", "}"), ("{%set x=", "%}")):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, "an expression of a template")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The expression stands in the source with its braces."""
        value = str(probe.payload.value)
        if hit.more.get("sandboxed"):
            return None
        if value not in hit.text and value not in hit.text.lower():
            return None
        if ("mako" in hit.call and not value.startswith("${")) or (
            "mako" not in hit.call and value.startswith("${")
        ):
            return None
        return Verdict(
            "Text from the request is compiled as a template.", mark=probe.payload.canary.text
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A constant source, and the values as its context."""
        for call in draft.calls_at(finding):
            if as_context(draft, call):
                return draft.repair("hands the values to the template by name")
        return None


def _format(flow: Flow) -> Verdict | None:
    """``template.format(order=order)``: ``{order.__init__.__globals__}`` reads whatever the object leads to."""
    given = [flow.other(n, "") for n in range(8)]
    every = [*given, *flow.others()]
    if not any(type(t) in (Instance, External) for v in every if v is not None for t in v.objs):
        return None
    return told(
        flow, "is a format string: its fields read any attribute of the objects it is given."
    )
