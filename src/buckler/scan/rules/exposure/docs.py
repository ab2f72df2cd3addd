"""EXP001: the documentation of the interface is open to everybody."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import text
from buckler.scan.python.index import argument
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.evidence import at_main, shown


class DocsExposed(Rule):
    """``/docs``, ``/redoc`` or ``/openapi.json`` answer everybody.

    ## What it is
    FastAPI serves the description of every operation, its fields and their bounds, and pages to try them.
    They are on by default, and dependencies of the application are not run for them.

    ## Why it matters
    It is a map for an attacker: every address, every field, also those that no page uses. For an interface
    that is meant for the public it is wanted; for others it is not.

    ## How to fix
    Turn it off where it is not wanted: ``FastAPI(openapi_url="/openapi.json" if settings.development else
    None)``. Or answer it from a route of your own that asks for a user. ``Guard(app, docs="signed_in")``
    of ``buckler.guard`` does the latter.

    ## How to check
    ``curl`` the three addresses: they answer 404 or 401.

    ## Roll-out
    Programs that load the document to make clients need a copy of it, for instance from the build.

    ## References
    CWE-1059; OWASP API9:2023 Improper Inventory Management; ASVS 5.0 V13.4.5.
    """

    id = "EXP001"
    name = "docs-exposed"
    title = "Documentation exposed"
    severity = Severity.LOW
    cwe = (1059, 200)
    owasp = ("API9:2023", "A05:2021", "A02:2025")
    asvs = ("V13.4.5",)
    control = "guard.access.docs"
    fix = Fix(
        "turn it off outside of development",
        before="app = FastAPI()",
        after='app = FastAPI(openapi_url="/openapi.json" if settings.development else None)',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            """,
            line=3,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI(docs_url=None, redoc_url=None, openapi_url="/v1/schema.json")
            """,
            line=3,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from fastapi.openapi.utils import get_openapi


            def user(x_key: str = Header("")) -> None:
                if x_key != "alice-key-1":
                    raise HTTPException(401)


            app = FastAPI(openapi_url=None)


            @app.get("/openapi.json", dependencies=[Depends(user)])
            def document() -> dict[str, object]:
                return get_openapi(title="Shop", version="1", routes=app.routes)
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Documents and pages that nobody got."""
        opened = [e for e in seen.kinds.get("docs", ()) if e.answer.status == 200]
        if opened:
            paths = ", ".join(dict.fromkeys(e.request.path for e in opened))
            yield self.found(
                f"The documentation answers everybody: {paths}.",
                confidence=Confidence.OBSERVED,
                location=at_main(app),
                anchor="docs",
                proof=(shown(opened[0], seen.identities, why="answered without any credential"),),
            )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The schema, and with it the pages, where a setting names its address."""
        made = application_at(draft, finding)
        if made is None:
            return None
        given = argument(made.call, "openapi_url")
        usual = text(draft.index, given) if given is not None else "/openapi.json"
        if usual is None:
            return None
        environ = draft.name_for("os.environ", made.statement)
        draft.set_keyword(made.call, "openapi_url", f"{environ}.get({draft.quote(SETTING)})")
        return draft.repair(
            f"shows the documentation where {SETTING} is set",
            safe=False,
            changes=f"the documentation is gone unless the environment variable {SETTING} is set, e.g. "
            f"to {usual}",
        )


SETTING = "OPENAPI_URL"
