"""CFG004: a cookie that stands for a person, without the attributes that protect it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Verdict
from buckler.scan.engines.observations import Observations
from buckler.scan.engines.source.flow.interface import About, Call
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import text, truth
from buckler.scan.python.index import argument, last, unpacks
from buckler.scan.rules._support.cookie_calls import CALLS, cookies_in, give
from buckler.scan.rules._support.cookies import Cookie, cookies_of, exchanges
from buckler.scan.rules._support.evidence import at, middlewares, shown
from buckler.scan.rules._support.only_https import only_https


class InsecureCookie(Rule):
    """A session cookie lacks ``Secure``, ``HttpOnly`` or ``SameSite``.

    ## What it is
    ``response.set_cookie("session", …)`` sets ``Secure`` and ``HttpOnly`` only when asked to, and
    ``SameSite=lax``. A ``Set-Cookie`` header that is written by hand has nothing at all.

    ## Why it matters
    Without ``Secure`` the cookie is sent where no TLS is and can be read on the way; without ``HttpOnly`` every
    script of the page can take it; with ``SameSite=None`` other sites send requests in the visitor's name.

    ## How to fix
    ``set_cookie("__Host-session", value, secure=True, httponly=True, samesite="lax", path="/")``.
    ``buckler.guard.SecurityHeaders`` and ``Guard`` add what a cookie lacks.

    ## How to check
    The ``Set-Cookie`` header of the proof has all three.

    ## Roll-out
    ``Secure`` cookies are not sent to a development server without TLS; ``localhost`` is an exception in most
    browsers.

    ## References
    CWE-614, CWE-1004, CWE-1275; RFC 6265bis; ASVS 5.0 V3.3.1, V3.3.2, V3.3.4.
    """

    id = "CFG004"
    name = "insecure-cookie"
    title = "Insecure cookie"
    severity = Severity.MEDIUM
    cwe = (614, 1004, 1275)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.3.1", "V3.3.2", "V3.3.4")
    control = "guard.headers.cookies.Cookies"
    calls = CALLS
    fix = Fix(
        'secure=True, httponly=True, samesite="lax"',
        before='response.set_cookie("session", token)',
        after='response.set_cookie("session", token, secure=True, httponly=True, samesite="lax")',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI, Response

            app = FastAPI()


            @app.post("/enter")
            def enter(response: Response) -> dict[str, bool]:
                response.set_cookie("session", "4f1c9a", httponly=True)
                return {"ok": True}
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.responses import JSONResponse

            app = FastAPI()


            @app.post("/remember")
            def remember() -> JSONResponse:
                answer = JSONResponse({})
                answer.headers.append("Set-Cookie", "remember_me=4f1c9a; Path=/; Secure; HttpOnly; SameSite=None")
                return answer
            """,
        ),
        Example(
            """
            import secrets

            from fastapi import Depends, FastAPI
            from fastapi.responses import RedirectResponse

            from site_cookies import Cookies

            app = FastAPI()


            @app.post("/enter")
            def enter(cookies: Cookies = Depends()) -> RedirectResponse:
                answer = RedirectResponse("/", status_code=303)
                cookies.remember(answer, secrets.token_urlsafe(32))
                return answer
            """,
            files={
                "settings.py": """
                from pydantic_settings import BaseSettings


                class Settings(BaseSettings):
                    cookie_name: str = "session"
                    cookie_secure: bool = False
                """,
                "site_cookies.py": """
                from fastapi import Response

                from settings import Settings

                settings = Settings()


                class Cookies:
                    def remember(self, answer: Response, value: str) -> None:
                        answer.set_cookie(
                            settings.cookie_name, value, secure=settings.cookie_secure, httponly=True
                        )
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI, Response

            app = FastAPI()


            @app.post("/enter")
            def enter(response: Response) -> dict[str, bool]:
                response.set_cookie("session", "4f1c9a", secure=True, httponly=True, samesite="lax")
                response.set_cookie("theme", "dark")
                response.set_cookie("csrf_token", "91ab", secure=True, samesite="strict")
                return {"ok": True}


            @app.post("/leave")
            def leave(response: Response) -> dict[str, bool]:
                response.delete_cookie("session")
                return {"ok": True}
            """,
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI, Response

            from flags import FLAGS

            app = FastAPI()


            @app.post("/enter")
            def enter(response: Response) -> dict[str, bool]:
                response.set_cookie("session", secrets.token_urlsafe(32), **FLAGS)
                return {"ok": True}


            @app.post("/leave")
            def leave(response: Response) -> dict[str, bool]:
                response.set_cookie("session", "", max_age=0)
                return {"ok": True}
            """,
            files={"flags.py": 'FLAGS = {"secure": True, "httponly": True, "samesite": "lax"}\n'},
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Cookies as they are set, whatever becomes of the answer."""
        for cookie in cookies_in(call):
            lacks = _lacks(cookie) if cookie.is_credential else []
            if lacks:
                return About(
                    f"The cookie {cookie.name} {' and '.join(lacks)}.",
                    severity=_severity(cookie),
                    subject=cookie.name,
                )
        return None

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Cookies of every answer; those of SessionMiddleware are CFG005's."""
        managed = {
            str(item.options.get("session_cookie") or "session")
            for _, item in middlewares(app)
            if item.name == "SessionMiddleware"
        }
        known: set[tuple[str, str]] = set()
        for exchange, cookie in _credentials(seen):
            # A site may set it on every page: from outside that is one cookie, not one for each handler.
            inside = exchange.operation if not exchange.request.origin else None
            key = (inside.key if inside else "", cookie.name)
            lacks = _lacks(cookie, exchange.request.scheme)
            if not lacks or key in known or (cookie.name in managed and not cookie.where):
                continue
            known.add(key)
            yield self.found(
                f"The cookie {cookie.name} {' and '.join(lacks)}.",
                confidence=Confidence.PROVED,
                severity=_severity(cookie),
                location=_where(exchange, cookie),
                subject=cookie.name,
                proof=(shown(exchange, seen.identities, why=f"sets {cookie.name}"),),
            )

    def refuted(self, finding: Finding, app: AppModel, seen: Observations) -> bool:
        """Whether the cookie was seen and lacked nothing: a layer around the application sees to it."""
        sent = [cookie for _, cookie in _credentials(seen) if cookie.name == finding.subject]
        return bool(sent) and not any(_lacks(cookie) for cookie in sent)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The attributes that the cookie lacks; a header written by hand is for a person."""
        for call in draft.calls_at(finding):
            if last(call.func) == "set_cookie" and not unpacks(call):
                changes = _protect(draft, call)
                if not changes:
                    return None
                safe = list(changes) == ["Secure"] and only_https(draft)
                told = "" if safe else "; ".join(changes.values())
                return draft.repair(f"sets {', '.join(changes)}", safe=safe, changes=told)
        return None


def _protect(draft: Draft, call: ast.Call) -> dict[str, str]:
    """Set what is lacking; by option, what that changes."""
    changes = {}
    secure = argument(call, "secure", 6)
    if truth(draft.index, secure) is not True:
        give(draft, call, "secure", secure, "True")
        changes["Secure"] = "the cookie is not sent over http"
    http_only = argument(call, "httponly", 7)
    if truth(draft.index, http_only) is not True:
        give(draft, call, "httponly", http_only, "True")
        changes["HttpOnly"] = "scripts of the page cannot read the cookie"
    same_site = argument(call, "samesite", 8)
    if same_site is not None and (text(draft.index, same_site) or "none").lower() == "none":
        give(draft, call, "samesite", same_site, draft.quote("lax"))
        changes["SameSite=Lax"] = "other sites' requests and frames come without the cookie"
    return changes


def _credentials(seen: Observations) -> Iterator[tuple[Exchange, Cookie]]:
    used = {
        pair.partition("=")[0].strip()
        for identity in seen.identities
        for name, value in identity.headers
        if name.lower() == "cookie"
        for pair in value.split(";")
    }
    for exchange in exchanges(seen):
        for cookie in cookies_of(exchange.answer):
            if cookie.is_credential or cookie.name in used:
                yield exchange, cookie


def _severity(cookie: Cookie) -> Severity:
    grave = not (cookie.secure and cookie.http_only) or cookie.same_site == "none"
    return Severity.MEDIUM if grave else Severity.LOW


def _lacks(cookie: Cookie, scheme: str = "https") -> list[str]:
    """What a cookie lacks; a site without TLS cannot set one for TLS alone, which is another finding."""
    found = []
    if not cookie.secure and scheme == "https":
        found.append("is sent without TLS (no Secure)")
    if not cookie.http_only:
        found.append("can be read by scripts (no HttpOnly)")
    if cookie.same_site == "none":
        found.append("is sent by other sites (SameSite=None)")
    elif not cookie.same_site:
        found.append("says nothing of other sites (no SameSite)")
    return found


def _where(exchange: Exchange, cookie: Cookie) -> Location:
    path, _, line = cookie.where.rpartition(":")
    operation = exchange.operation
    if path and line.isdigit():
        return Location(path, int(line), operation.key if operation else None)
    return at(operation) if operation else Location()
