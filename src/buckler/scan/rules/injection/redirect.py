"""INJ011: input that decides where the browser goes next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import SLOTS, UNKNOWN, Taint, join, one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.urls import target_host
from buckler.scan.rules._support.flows import decides_redirect, has, told
from buckler.scan.rules.injection._fixes.onward import kept_on_site

NEXT = re.compile(
    r"next|return|redirect|back|continue|forward|dest|goto|url|^to$|target", re.IGNORECASE
)


class OpenRedirect(Rule):
    """A redirect leads to whatever address the request names.

    ## What it is
    ``RedirectResponse(next)`` with ``next`` from the request sends the visitor to any site. A check
    for a leading slash does not help: ``//evil.example`` and ``/\\evil.example`` start with one.

    ## Why it matters
    A link that begins with the name of a trusted site ends at a copy of its sign-in page; in
    OAuth flows, codes and tokens go along.

    ## How to fix
    Take a path only: refuse what has a scheme or a host, what begins with ``//`` or holds a
    backslash. Or map short names to addresses. For other sites, an exact list.
    ``buckler.guard.RelativeUrl`` is a parameter that takes such a path only.

    ## How to check
    Ask with ``//example.org``: the answer must not point there.

    ## Roll-out
    Links to other sites that were used on purpose belong on the list first.

    ## References
    CWE-601; OWASP A01:2025 Broken Access Control; ASVS 5.0 V3.7.2.
    """

    id = "INJ011"
    name = "open-redirect"
    title = "Open redirect"
    severity = Severity.MEDIUM
    cwe = (601,)
    owasp = ("A01:2021", "A01:2025")
    asvs = ("V3.7.2",)
    control = "guard.RelativeUrl"
    sinks = ("location",)
    flows = Flows(
        "redirect",
        """
        starlette.responses.RedirectResponse(0,url) flask.redirect(0,location) django.shortcuts.redirect(0)
        web.headers.__setitem__(1)
        starlette.responses.{Response,HTMLResponse,JSONResponse,PlainTextResponse}(headers)
        django.http.{HttpResponseRedirect,HttpResponsePermanentRedirect}(0)
        """,
        sanitizers="django.utils.http.url_has_allowed_host_and_scheme",
        sources=SLOTS,
    )
    fix = Fix(
        "follow paths of this site only",
        before="return RedirectResponse(next)",
        after='if urlsplit(next).netloc or not next.startswith("/") or next.startswith(("//", "/\\\\")):\n    next = "/"\nreturn RedirectResponse(next)',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/leave")
            async def leave(next: str = "/") -> RedirectResponse:
                return RedirectResponse(next)
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI, HTTPException
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/leave")
            async def leave(next: str = "/") -> RedirectResponse:
                if not next.startswith("/"):
                    raise HTTPException(400)
                return RedirectResponse(next)
            """,
        ),
    )
    good = (
        Example(
            """
            from urllib.parse import urlsplit

            from fastapi import FastAPI
            from fastapi.responses import RedirectResponse

            app = FastAPI()


            @app.get("/leave")
            async def leave(next: str = "/") -> RedirectResponse:
                parts = urlsplit(next)
                if parts.scheme or parts.netloc or not next.startswith("/") or next.startswith(("//", "/\\\\")):
                    next = "/"
                return RedirectResponse(next)


            @app.get("/search")
            async def search(q: str) -> RedirectResponse:
                return RedirectResponse(f"https://search.example/?q={q}")
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that decides which site an answer leads to."""
        if flow.call.startswith("web.headers."):
            key = flow.other(0, "")
            if key is None or (one_text(key) or "").lower() not in ("location", "refresh"):
                return None
        if flow.argument == "headers":
            flow = _location(flow)
        for before, taints, _ in flow.places():
            if decides_redirect(before) and any(not _relative(flow, t, before) for t in taints):
                return told(flow, "decides which site the answer sends the browser to.")
        return None

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """Addresses of another site, in the spellings that get past common checks."""
        for before, after, note in (
            ("https://", "/", "an absolute address"),
            ("//", "/", "an address without a scheme"),
            ("/\\", "/", "a backslash for a slash"),
            ("/%09/", "/", "a tab between the slashes"),
            ("https:", "/", "a scheme without slashes"),
            ("@", "/", "makes what stands before it a user name"),
            (".", "/", "makes what stands before it a part of the name"),
            ("///", "/", "three slashes"),
            ("https:///", "/", "three slashes after a scheme"),
        ):
            canary = mint()
            text = f"{before}{canary.host}{after}".replace("%09", "\t")
            yield Payload(text, canary, note, raw=True)
        for hint in slot.hints:
            for shape in (
                "https://{hint}.{host}/",
                "https://{host}/{hint}",
                "https://{hint}@{host}/",
            ):
                canary = mint()
                yield Payload(
                    shape.format(host=canary.host, hint=hint),
                    canary,
                    "holds the name of a known host",
                    raw=True,
                )

    def likes(self, slot: Slot) -> bool:
        """A slot that is named like the place to go to next."""
        return bool(NEXT.search(slot.leaf))

    def check_exchange(self, exchange: Exchange, probe: Probe) -> Verdict | None:
        """A browser would go to the canary's host."""
        if not 300 <= (exchange.answer.status or 0) < 400:
            return None
        location = exchange.answer.header("location") or ""
        canary = probe.payload.canary
        host = target_host(location)
        if host != canary.host and not host.endswith(f".{canary.host}"):
            return None
        return Verdict("The request decides to which site the visitor is sent.", mark=canary.text)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Paths of this site alone; others lead to its start."""
        for call in draft.calls_at(finding):
            if kept_on_site(draft, call):
                return draft.repair(
                    "follows paths of this site alone",
                    safe=False,
                    changes="a full address, one of this site included, leads to the start page",
                )
        return None


def _location(flow: Flow) -> Flow:
    """The flow into the Location among several headers."""
    found = [
        value
        for thing in things(flow.value, Container)
        for key, value in thing.items.items()
        if str(key).lower() == "location"
    ]
    return replace(flow, value=join(found) if found else UNKNOWN, elements=())


def _relative(flow: Flow, taint: Taint, before: str) -> bool:
    """Whether checks have shown that the address has no host of its own.

    That a parser finds no host is not enough: browsers take ``///host`` and ``/\\host`` for one.
    """
    if has(flow, taint, "rooted", "doubleslash"):
        return True
    if before == "/" and (has(flow, taint, "no_root") or has(flow, taint, "segment")):
        return True
    return before == "" and has(flow, taint, "segment")
