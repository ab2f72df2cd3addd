"""AUT016: the id of a session is taken from the request and given back as the session of whoever signs in."""

from __future__ import annotations

import re

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.values import one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import last
from buckler.scan.rules._support.cookie_calls import RESPONSES
from buckler.scan.rules._support.cookies import CSRF
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.auth._fixes.new_session import drawn_anew

_SESSION = re.compile(r"sess|(^|[-_])sid$|^sid", re.IGNORECASE)
_CHOSEN = frozenset({"query", "path", "cookie", "form", "header"})


class SessionFixation(Rule):
    """The session id of a sign-in is the one that the request brought.

    ## What it is
    The id comes from a cookie or parameter of the request and is set again as the session cookie, in place of a new
    one that is drawn at the sign-in.

    ## Why it matters
    Somebody who can set a cookie in another's browser, by a link, a sub-domain or a shared machine, knows the id. Once the
    victim has signed in with it, it opens the victim's account for both.

    ## How to fix
    Draw a new id at every sign-in, ``secrets.token_urlsafe(32)``, and forget the old one. With ``SessionMiddleware``:
    ``request.session.clear()`` before anything is put in. ``buckler.guard.auth.session`` does so by itself.

    ## How to check
    Send a session cookie of your own making with a sign-in: the answer must set another one.

    ## Roll-out
    Nothing changes for callers; sessions that began before may be kept.

    ## References
    CWE-384; OWASP API2:2023; ASVS 5.0 V7.2.4.
    """

    id = "AUT016"
    name = "session-fixation"
    title = "Session id chosen by the request"
    severity = Severity.HIGH
    cwe = (384,)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V7.2.4",)
    control = "guard.auth.session"
    flows = Flows("session_id", f"{RESPONSES}.set_cookie(1,value)", sources=_CHOSEN)
    fix = Fix(
        "draw a new id at the sign-in: secrets.token_urlsafe(32)",
        before='response.set_cookie("session", request.cookies["session"])',
        after='response.set_cookie("session", secrets.token_urlsafe(32))',
        safe=True,
    )
    bad = (
        Example(
            """
            import secrets

            from fastapi import Cookie, FastAPI, Form, Response

            app = FastAPI()
            SESSIONS: dict[str, str] = {}


            @app.post("/login")
            def login(response: Response, name: str = Form(), session: str | None = Cookie(default=None)) -> str:
                number = session or secrets.token_urlsafe(32)
                SESSIONS[number] = name
                response.set_cookie("session", number, secure=True, httponly=True)
                return "welcome"
            """,
            line=13,
        ),
        Example(
            """
            from fastapi import FastAPI, Request
            from fastapi.responses import RedirectResponse

            from visits import begin

            app = FastAPI()


            @app.get("/enter")
            def enter(request: Request) -> RedirectResponse:
                answer = RedirectResponse("/")
                begin(answer, request.query_params.get("sid", ""), "ann")
                return answer
            """,
            files={
                "visits.py": """
                from fastapi import Response

                VISITS: dict[str, str] = {}


                def begin(answer: Response, number: str, name: str) -> None:
                    VISITS[number] = name
                    answer.set_cookie("session_id", number, secure=True, httponly=True)
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI, Header, Response

            app = FastAPI()
            SESSIONS: dict[str, str] = {}


            @app.post("/sign-in")
            def sign_in(response: Response, name: str, x_session: str = Header()) -> str:
                SESSIONS[x_session] = name
                response.set_cookie(key="session", value=x_session, secure=True, httponly=True)
                return "welcome"
            """,
        ),
    )
    good = (
        Example(
            """
            import secrets

            from fastapi import Cookie, FastAPI, Form, Response

            app = FastAPI()
            SESSIONS: dict[str, str] = {}


            @app.post("/login")
            def login(response: Response, name: str = Form(), session: str | None = Cookie(default=None)) -> str:
                SESSIONS.pop(session or "", None)
                number = secrets.token_urlsafe(32)
                SESSIONS[number] = name
                response.set_cookie("session", number, secure=True, httponly=True)
                response.set_cookie("last_name", name)
                return "welcome"
            """,
        ),
        Example(
            """
            from fastapi import Cookie, FastAPI, HTTPException, Response

            app = FastAPI()
            SESSIONS: dict[str, str] = {}


            @app.post("/login/again")
            def extend(response: Response, session: str = Cookie()) -> str:
                if session not in SESSIONS:
                    raise HTTPException(401)
                response.set_cookie("session", session, max_age=3600, secure=True, httponly=True)
                return "as before"
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Response

            app = FastAPI()


            @app.post("/settings")
            def settings(response: Response, theme: str) -> str:
                response.set_cookie("theme", theme)
                response.set_cookie("session_theme_csrf", theme, secure=True)
                return "kept"
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """A whole value that becomes the cookie of a session, in what looks like a sign-in."""
        key = flow.other(0, "key")
        name = (one_text(key) or "") if key is not None else ""
        if not flow.taints or not _SESSION.search(name) or CSRF.search(name):
            return None
        if not all(t.token.parent is None or t.token.how in ("strip", "str") for t in flow.taints):
            return None  # something was made of it
        if any(before or after for before, _, after in flow.places()):
            return None
        return told(flow, f"becomes the cookie {name}: whoever chose it knows the session.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A new id at every sign-in, where the old one is only the key of what is written anew."""
        for call in draft.calls_at(finding):
            how = drawn_anew(draft, call) if last(call.func) == "set_cookie" else ""
            if how == "alike":
                return draft.repair("draws a new session id at the sign-in")
            if how:
                told = "what was kept under the id from before the sign-in is not found under the new one"
                return draft.repair(
                    "draws a new session id at the sign-in", safe=False, changes=told
                )
        return None
