"""EXP007: the documentation page keeps tokens in the browser."""

from __future__ import annotations

import ast
import re

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import argument, last
from buckler.scan.rules._support.mentions import mentioned

CHANGES = "the documentation page asks for the token again after it was closed"
_CREDENTIALS = re.compile(
    r"(?<!persist)auth|security|credential|api_?key|httpb|openid|sign_?in|log_?in\b|login_",
    re.IGNORECASE,
)
_OPTION = "persistAuthorization"


class PersistedAuthorization(Rule):
    """The Swagger page keeps the token that was typed into it in the browser's storage.

    ## What it is
    ``FastAPI(swagger_ui_parameters={"persistAuthorization": True})``: what is entered under "Authorize" is written to
    ``localStorage`` and is there the next time.

    ## Why it matters
    Every script of the same address reads it, for as long as the browser exists: one hole in any page is a token
    of a developer or administrator. On a shared machine the next person is signed in.

    ## How to fix
    Leave the option out. The page asks again after it was closed.

    ## How to check
    Enter a token at ``/docs`` and look for ``authorized`` in the browser's local storage.

    ## Roll-out
    Tell developers to delete the storage of the site.

    ## References
    CWE-922; OWASP API8:2023; ASVS 5.0 V14.3.3.
    """

    id = "EXP007"
    name = "persisted-authorization"
    title = "Documentation keeps tokens"
    severity = Severity.LOW
    cwe = (922,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V14.3.3",)
    calls = "fastapi.FastAPI fastapi.openapi.docs.get_swagger_ui_html"
    fix = Fix(
        "leave it out",
        before='FastAPI(swagger_ui_parameters={"persistAuthorization": True})',
        after="FastAPI()",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI(swagger_ui_parameters={"persistAuthorization": True})
            """,
            line=3,
        ),
        Example(
            """
            from fastapi import FastAPI

            from options import PAGE

            app = FastAPI(title="Shop", swagger_ui_parameters=PAGE)
            """,
            files={
                "options.py": 'PAGE = {"docExpansion": "none", "persistAuthorization": True}',
            },
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.openapi.docs import get_swagger_ui_html
            from fastapi.responses import HTMLResponse

            app = FastAPI(docs_url=None)


            @app.get("/help")
            def shown() -> HTMLResponse:
                options = dict(persistAuthorization=True)
                return get_swagger_ui_html(openapi_url="/openapi.json", title="Shop", swagger_ui_parameters=options)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI(swagger_ui_parameters={"docExpansion": "none"})
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            PAGE = {"persistAuthorization": False, "filter": True}
            app = FastAPI(swagger_ui_parameters=PAGE)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            REMEMBERED = {"persistAuthorization": True}


            @app.get("/remembered")
            def remembered() -> dict[str, bool]:
                return REMEMBERED
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Parameters of the page that say so."""
        given = call.given(-1, "swagger_ui_parameters")
        for thing in things(given, Container) if given is not None else ():
            option = thing.items.get(_OPTION)
            if option is not None and truth(option) is True:
                return Verdict(
                    "The page keeps tokens that are typed into it in the browser's storage."
                )
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The option left out, where it is written in the call."""
        for call in draft.calls_at(finding):
            given = argument(call, "swagger_ui_parameters")
            if last(call.func) not in ("FastAPI", "get_swagger_ui_html") or not isinstance(
                given, ast.Dict
            ):
                continue
            numbers = [
                n
                for n, key in enumerate(given.keys)
                if isinstance(key, ast.Constant) and key.value == _OPTION
            ]
            if len(given.keys) == len(numbers):
                draft.remove_keyword(call, "swagger_ui_parameters")
            else:
                draft.remove_items(given, *numbers)
            safe = _nobody_signs_in(draft, call)
            return draft.repair(
                "keeps no tokens in the browser", safe=safe, changes="" if safe else CHANGES
            )
        return None


def _nobody_signs_in(draft: Draft, call: ast.Call) -> bool:
    """Whether the page has nothing to ask for: no file of the project speaks of credentials."""
    address = argument(call, "openapi_url", 0 if last(call.func) != "FastAPI" else None)
    given = address is None or (
        isinstance(address, ast.Constant) and str(address.value).startswith("/")
    )
    return given and not mentioned(draft.folder, _CREDENTIALS)
