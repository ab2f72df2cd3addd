"""LOG002: input that begins a line of the log."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.facts import LOGS_ESCAPED
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flow_lines import ends_removed, shown_as_repr
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.logging._fixes.lines import kept_on_one_line


class LogInjection(Rule):
    """A line break in the input begins a new line of the log.

    ## What it is
    Text from the request is written to a log of lines as it is. A line break in it ends the
    entry, and what follows looks like an entry of its own.

    ## Why it matters
    Whoever can write entries can hide an attack among false ones, or make somebody else look
    guilty; programs that read the log believe them.

    ## How to fix
    Log with ``%r`` or ``repr``, or better, one JSON object a line, where line breaks are escaped.
    ``buckler.guard.Audit`` writes security events so.

    ## How to check
    Send ``x%0aINFO signed in``: the log must show one line.

    ## Roll-out
    Programs that read the log need to know the new shape.

    ## References
    CWE-117; OWASP A09:2025 Security Logging and Alerting Failures; ASVS 5.0 V16.4.1.
    """

    id = "LOG002"
    name = "log-injection"
    title = "Log injection"
    severity = Severity.LOW
    cwe = (117,)
    owasp = ("A09:2021", "A09:2025")
    asvs = ("V16.4.1",)
    control = "guard.Audit"
    sinks = ("log",)
    excused = LOGS_ESCAPED
    flows = Flows(
        "log",
        """
        logging.{debug,info,warning,warn,error,critical,exception,log}(*)
        builtins.print(*) sys.{stderr,stdout}.write(0)
        logging.Logger.{debug,info,warning,warn,error,critical,exception,log}(*)
        """,
        sanitizers="builtins.repr builtins.ascii json.dumps urllib.parse.quote",
    )
    fix = Fix(
        'log it escaped: logger.info("search %r", text)',
        before='logger.info("search %s", text)',
        after='logger.info("search %r", text)',
        safe=True,
    )
    bad = (
        Example(
            """
            import logging

            from fastapi import FastAPI

            logging.basicConfig(level=logging.INFO)
            logger = logging.getLogger("shop")
            app = FastAPI()


            @app.get("/search")
            async def search(q: str) -> dict[str, str]:
                logger.info("search for %s", q)
                return {"q": q}
            """,
            line=12,
        ),
    )
    good = (
        Example(
            """
            import logging

            from fastapi import FastAPI

            logging.basicConfig(level=logging.INFO)
            logger = logging.getLogger("shop")
            app = FastAPI()


            @app.get("/search")
            async def search(q: str) -> dict[str, str]:
                logger.info("search for %r", q)
                return {"q": q}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in a line of the log, line ends and all."""
        if flow.call == "builtins.print" and flow.other(-1, "file") is None:
            return None
        dirty = [t for t in flow.taints if not ends_removed(flow, t)]
        if (
            not dirty
            or (flow.argument not in ("msg", "more") and not flow.argument.isdigit())
            or shown_as_repr(flow)
        ):
            return None
        return told(
            flow,
            "is written to the log with its line ends: whoever sends it can write lines of their own.",
        )

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A line break."""
        canary = mint()
        yield Payload(f"sample\n{canary}", canary, "begins a new line")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The canary begins a line of what the handler wrote."""
        canary = probe.payload.canary.text
        if not re.search(rf"[\r\n]{canary}", hit.text.lower()):
            return None
        return Verdict("A line break in the request begins a new line of the log.", mark=canary)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The value without its line ends where it is text, else as ``%r`` shows it."""
        for call in draft.calls_at(finding):
            how = kept_on_one_line(draft, call)
            if how == "escaped":
                return draft.repair("writes line ends of the value as \\r and \\n")
            if how:
                return draft.repair(
                    "writes the value as %r shows it",
                    safe=False,
                    changes="the value stands in quotes in the log",
                )
        return None
