"""CFG005: SessionMiddleware as it comes."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import one_text
from buckler.scan.engines.source.flow.values import truth as known
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel, Middleware
from buckler.scan.python.constants import truth
from buckler.scan.python.index import argument, last, unpacks
from buckler.scan.rules._support.cookie_calls import give
from buckler.scan.rules._support.evidence import at_middleware, middlewares
from buckler.scan.rules._support.only_https import only_https

MIDDLEWARE = "starlette.middleware.sessions.SessionMiddleware"

_SAME_SITE, _HTTPS_ONLY = 5, 6
"""Places among the arguments, behind the application or the class that stands for it."""

WITHOUT_TLS = "without TLS, for instance in development, sessions do not work"


class SessionCookieDefaults(Rule):
    """``SessionMiddleware`` sends its cookie without TLS unless it is told not to.

    ## What it is
    Without ``https_only=True`` the session cookie has no ``Secure``. By default it also lives for 14 days and is
    signed, not encrypted: whoever has it can read what the session holds.

    ## Why it matters
    One request without TLS, to an old link or a mistyped address, gives the session to whoever listens.

    ## How to fix
    ``SessionMiddleware, secret_key=…, https_only=True, same_site="lax", max_age=…``, and keep nothing
    secret in the session. ``AuthPolicy(ways=["session"])`` of ``buckler.guard`` keeps sessions on the
    server, under a ``__Host-`` cookie that changes at every sign-in.

    ## How to check
    The ``Set-Cookie`` header of the session has ``secure``.

    ## Roll-out
    Without TLS in front, for instance in development, sessions stop working: set it by the settings.

    ## References
    CWE-614; RFC 6265bis; ASVS 5.0 V3.3.1.
    """

    id = "CFG005"
    name = "session-cookie-defaults"
    title = "Session cookie without TLS"
    severity = Severity.MEDIUM
    cwe = (614,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V3.3.1", "V3.3.2")
    control = "guard.auth.session"
    calls = f"fastapi.APIRouter.add_middleware starlette.middleware.Middleware {MIDDLEWARE}"
    fix = Fix(
        "https_only=True",
        before="app.add_middleware(SessionMiddleware, secret_key=key)",
        after="app.add_middleware(SessionMiddleware, secret_key=key, https_only=True)",
        safe=True,
    )
    bad = (
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from starlette.middleware.sessions import SessionMiddleware

            app = FastAPI()
            app.add_middleware(SessionMiddleware, secret_key=secrets.token_urlsafe(48))
            """,
            line=7,
        ),
        Example(
            """
            from fastapi import FastAPI

            from layers import install

            app = FastAPI()
            install(app)
            """,
            files={
                "layers.py": """
                import secrets

                from fastapi import FastAPI
                from starlette.middleware.sessions import SessionMiddleware

                OVER_TLS = False


                def install(app: FastAPI) -> None:
                    app.add_middleware(
                        SessionMiddleware, secret_key=secrets.token_urlsafe(48), https_only=OVER_TLS
                    )
                """,
            },
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from starlette.middleware import Middleware
            from starlette.middleware.sessions import SessionMiddleware

            layers = [
                Middleware(
                    SessionMiddleware,
                    secret_key=secrets.token_urlsafe(48),
                    https_only=True,
                    same_site="none",
                )
            ]
            app = FastAPI(middleware=layers)
            """,
        ),
    )
    good = (
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from starlette.middleware.sessions import SessionMiddleware

            app = FastAPI()
            app.add_middleware(
                SessionMiddleware, secret_key=secrets.token_urlsafe(48), https_only=True, max_age=3600
            )
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """The options as the source gives them."""
        first = call.given(0, "middleware_class" if call.name.endswith("add_middleware") else "cls")
        wraps = call.name == MIDDLEWARE
        named = first is not None and any(t.name == MIDDLEWARE for t in things(first, External))
        if call.open or not (wraps or named):
            return None
        https, same_site = (
            call.given(_HTTPS_ONLY, "https_only"),
            call.given(_SAME_SITE, "same_site"),
        )
        if https is None or known(https) is False:
            return Verdict("The session cookie is sent without TLS: https_only is off.")
        if same_site is not None and (one_text(same_site) or "").lower() == "none":
            return Verdict("The session cookie is sent by other sites: same_site is none.")
        return None

    def check_app(self, app: AppModel) -> Iterable[Finding]:
        """The options of every SessionMiddleware."""
        for mounted, item in middlewares(app):
            if item.name == "SessionMiddleware" and (weak := _weak(item)):
                option, value, expected, text = weak
                yield self.found(
                    f"The session cookie {text}.",
                    confidence=Confidence.OBSERVED,
                    location=at_middleware(item, app),
                    subject=mounted,
                    proof=(
                        proofs.setting(f"SessionMiddleware {option}", value, expected=expected),
                    ),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The option that is off."""
        return _repaired(draft, finding)


def _weak(item: Middleware) -> tuple[str, object, str, str] | None:
    if not item.options.get("https_only"):
        return (
            "https_only",
            bool(item.options.get("https_only")),
            "True",
            "is sent without TLS: https_only is off",
        )
    if str(item.options.get("same_site") or "lax").lower() == "none":
        return "same_site", "none", "lax", "is sent by other sites: same_site is none"
    return None


def _repaired(draft: Draft, finding: Finding) -> Repair | None:
    for call in draft.calls_at(finding):
        named = any(last(item) == "SessionMiddleware" for item in (call.func, *call.args[:1]))
        if not named or unpacks(call):
            continue
        https = argument(call, "https_only", _HTTPS_ONLY)
        if truth(draft.index, https) is not True:
            give(draft, call, "https_only", https, "True")
            safe = only_https(draft)
            return draft.repair(
                "sends the session cookie over TLS only",
                safe=safe,
                changes="" if safe else WITHOUT_TLS,
            )
        same_site = argument(call, "same_site", _SAME_SITE)
        give(draft, call, "same_site", same_site, draft.quote("lax"))
        return draft.repair(
            "keeps the session cookie from other sites",
            safe=False,
            changes="other sites' requests and frames come without the session",
        )
    return None
