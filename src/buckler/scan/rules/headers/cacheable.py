"""HDR006: answers for one person that caches may keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.access import done, open_to_nobody
from buckler.scan.rules._support.applications import application_at
from buckler.scan.rules._support.evidence import at_main, shown
from buckler.scan.rules._support.guarding import guarded

_KEPT_BACK = re.compile(r"(^|[,\s])(no-store|private|no-cache)\b", re.IGNORECASE)
SHOWN = 3


class PersonalAnswersCacheable(Rule):
    """Answers to somebody who is signed in do not say that they must not be kept.

    ## What it is
    Without ``Cache-Control`` every cache decides by itself. Browsers keep such answers, and so do proxies
    and content networks where no ``Authorization`` header is sent (cookies do not stop them).

    ## Why it matters
    On a shared computer the next person reads them with the back button; a content network that is set
    wrong gives them to somebody else.

    ## How to fix
    Send ``Cache-Control: no-store`` with every answer that is not public, best as the default for all, and let
    public ones say otherwise.
    ``buckler.guard.Guard`` does so for answers to somebody.

    ## How to check
    ``curl -i`` with a credential: the answer has ``Cache-Control: no-store``.

    ## Roll-out
    Nothing breaks; pages that relied on the browser's cache ask more often.

    ## References
    CWE-525; RFC 9111; OWASP API8:2023; ASVS 5.0 V14.3.2.
    """

    id = "HDR006"
    name = "personal-answers-cacheable"
    title = "Personal answers may be cached"
    severity = Severity.LOW
    cwe = (525,)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V14.3.2", "V14.2.2")
    control = "guard.headers.cache_control.CacheControl"
    fix = Fix(
        "send Cache-Control: no-store by default",
        before="return account",
        after='response.headers["Cache-Control"] = "no-store"\nreturn account',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()


            def user(x_key: str = Header("")) -> str:
                if x_key != "alice-key-1":
                    raise HTTPException(401)
                return "alice"


            @app.get("/me")
            def me(name: str = Depends(user)) -> dict[str, str]:
                return {"name": name}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\n',
            line=3,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException, Response

            app = FastAPI()


            def user(x_key: str = Header("")) -> str:
                if x_key != "alice-key-1":
                    raise HTTPException(401)
                return "alice"


            @app.get("/me")
            def me(response: Response, name: str = Depends(user)) -> dict[str, str]:
                response.headers["Cache-Control"] = "no-store"
                return {"name": name}


            @app.get("/products")
            def products() -> list[str]:
                return ["spade"]
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\n',
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """One finding for the application, with the operations that it is about."""
        found = list(_cacheable(app, seen))
        if not found:
            return
        names = [e.operation.key for e in found if e.operation][:SHOWN]
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        yield self.found(
            f"Answers for one person may be cached: {', '.join(names)}{more} have no Cache-Control.",
            confidence=Confidence.OBSERVED,
            location=at_main(app),
            anchor="cache-control",
            proof=(
                shown(
                    found[0],
                    seen.identities,
                    why="answered to somebody signed in, without Cache-Control",
                ),
            ),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A guard around the application, which stands outside of its error handling too."""
        return guarded(
            draft, application_at(draft, finding), "keeps personal answers out of caches, by Guard"
        )


def _cacheable(app: AppModel, seen: Observations) -> Iterator[Exchange]:
    for operation in app.operations:
        if operation.method != "GET" or open_to_nobody(operation, seen) is not None:
            continue
        cells = seen.matrix.get(operation.key, {})
        for name, cell in cells.items():
            answer = cell.answer
            if name is None or done(cell) is None or not answer.body:
                continue
            text = ("json" in answer.media_type) or ("html" in answer.media_type)
            if text and not _KEPT_BACK.search(answer.header("cache-control") or ""):
                yield cell
                break
