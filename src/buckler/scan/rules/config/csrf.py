"""CFG012: another site can send requests in the name of a visitor."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import text
from buckler.scan.python.index import argument, unpacks
from buckler.scan.rules._support.access import is_public
from buckler.scan.rules._support.applications import of_main, serving_application
from buckler.scan.rules._support.cookies import cookies_of, exchanges
from buckler.scan.rules._support.evidence import at, middlewares, shown
from buckler.scan.rules._support.guarding import guarded


class CsrfUnprotected(Rule):
    """A form of another site is taken, with the visitor's cookie.

    ## What it is
    The operation changes something, knows its user by a cookie, and asks for nothing that another site could not
    send: no token of the form, no check of ``Origin``, and the cookie is sent from other sites
    (``SameSite=None`` or nothing).

    ## Why it matters
    A page that a signed-in visitor opens changes the visitor's address, orders, or pays, without a click.

    ## How to fix
    Set the cookie with ``samesite="lax"`` or ``"strict"``; check a token bound to the session in forms, or compare
    ``Origin`` with your own. JSON with its content type is protected by the browser's preflight.
    ``buckler.guard.CsrfProtection`` and ``Guard`` compare the origin; ``FormToken`` is a token for forms.

    ## How to check
    Send the request of the proof with the foreign ``Origin``: it must answer 403.

    ## Roll-out
    Sites that embed yours in a frame lose the session with ``lax``: give them a way of their own.

    ## References
    CWE-352; OWASP API8:2023, A01:2025; ASVS 5.0 V3.5.1, V3.3.2.
    """

    id = "CFG012"
    name = "csrf-unprotected"
    title = "Cross-site request forgery"
    severity = Severity.HIGH
    cwe = (352,)
    owasp = ("API8:2023", "A01:2021", "A01:2025")
    asvs = ("V3.5.1", "V3.3.2")
    control = "guard.CsrfProtection"
    fix = Fix(
        'samesite="lax" for the cookie, and a token in the form',
        before='response.set_cookie("session", token, samesite="none", secure=True)',
        after='response.set_cookie("session", token, samesite="lax", secure=True, httponly=True)',
    )
    bad = (
        Example(
            """
            from typing import Annotated

            from fastapi import Cookie, Depends, FastAPI, Form, HTTPException, Response

            app = FastAPI()


            @app.post("/login")
            def login(response: Response, name: Annotated[str, Form()]) -> dict[str, bool]:
                response.set_cookie("session", "alice-session", secure=True, httponly=True, samesite="none")
                return {"ok": True}


            def user(session: Annotated[str, Cookie()] = "") -> str:
                if session != "alice-session":
                    raise HTTPException(401)
                return "alice"


            @app.post("/profile/email")
            def change(email: Annotated[str, Form()], name: str = Depends(user)) -> dict[str, str]:
                return {"email": email}
            """,
            settings='identities.alice.login = { request = "POST /login", form = { name = "alice" } }\n',
            line=21,
        ),
    )
    good = (
        Example(
            """
            from typing import Annotated

            from fastapi import Cookie, Depends, FastAPI, Form, Header, HTTPException, Response
            from pydantic import BaseModel

            app = FastAPI()


            class Email(BaseModel):
                email: str


            @app.post("/login")
            def login(response: Response, name: Annotated[str, Form()]) -> dict[str, bool]:
                response.set_cookie("session", "alice-session", secure=True, httponly=True, samesite="none")
                response.set_cookie("pages", "alice-pages", secure=True, httponly=True, samesite="lax")
                return {"ok": True}


            def user(session: Annotated[str, Cookie()] = "", origin: Annotated[str, Header()] = "") -> str:
                if session != "alice-session":
                    raise HTTPException(401)
                if origin and origin != "https://www.shop.example":
                    raise HTTPException(403)
                return "alice"


            def reader(pages: Annotated[str, Cookie()] = "") -> str:
                if pages != "alice-pages":
                    raise HTTPException(401)
                return "alice"


            @app.post("/profile/email")
            def change(email: Annotated[str, Form()], name: str = Depends(user)) -> dict[str, str]:
                return {"email": email}


            @app.post("/account/mail")
            def change_json(payload: Email, name: str = Depends(reader)) -> dict[str, str]:
                return {"email": payload.email}
            """,
            settings='identities.alice.login = { request = "POST /login", form = { name = "alice" } }\n',
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Requests of a foreign site that were taken, and whose cookie a browser would send."""
        same_site = _same_site(app, seen)
        for key, exchange in seen.cross_site.items():
            operation = app.find(key)
            if operation is None or operation.method != "POST" or is_public(operation, app):
                continue
            sent = {
                p.partition("=")[0].strip()
                for p in (exchange.request.header("cookie") or "").split(";")
            }
            weak = [name for name in sorted(sent) if same_site.get(name, "?") in ("none", "")]
            strong = [name for name in sent if same_site.get(name, "?") in ("lax", "strict")]
            if weak and not strong:
                none = same_site[weak[0]] == "none"
                found = self.found(
                    f"{operation.key} takes a request of another site with the visitor's cookie {weak[0]}.",
                    confidence=Confidence.PROVED,
                    severity=Severity.HIGH if none else Severity.MEDIUM,
                    location=at(operation),
                    proof=(
                        shown(
                            exchange,
                            seen.identities,
                            why="a foreign Origin, no token, only the cookie",
                        ),
                    ),
                )
                yield of_main(found, app, operation)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``SameSite=Lax`` where the file sets the cookie, else a guard, which compares the origin."""
        named = finding.message.rpartition(" ")[2].rstrip(".")
        for call in draft.index.called("set_cookie"):
            key = text(draft.index, argument(call, "key", 0))
            if key == named and not unpacks(call) and len(call.args) <= 2:
                draft.set_keyword(call, "samesite", draft.quote("lax"))
        lax = draft.repair(
            "keeps the cookie from requests of other sites",
            safe=False,
            changes="pages of other sites that show this one in a frame, or send forms to it, come without "
            "the cookie",
        )
        if lax is not None:
            return lax
        home, made = serving_application(draft, finding) or (draft, None)
        return guarded(draft, made, "refuses requests that another site caused, by Guard", home)


def _same_site(app: AppModel, seen: Observations) -> dict[str, str]:
    """SameSite of every cookie that the application sets, by name."""
    found: dict[str, str] = {}
    for _, item in middlewares(app):
        if item.name == "SessionMiddleware":
            name = str(item.options.get("session_cookie") or "session")
            found[name] = str(item.options.get("same_site") or "lax").lower()
    for exchange in exchanges(seen):
        for cookie in cookies_of(exchange.answer):
            found[cookie.name] = cookie.same_site
    return found
