"""ACC005: a mount below a protected application, to which the protection does not reach."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel, Mount, Operation
from buckler.scan.rules._support.access import is_public, open_to_nobody, refuses
from buckler.scan.rules._support.evidence import at_place, shown
from buckler.scan.rules.access._fixes.mounts import keys_of, mount_protected

_ASSET = re.compile(
    r"\.(css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot)$", re.IGNORECASE
)
_ASKS = re.compile(r"auth|user|admin|login|sign|token|key|require|permission|role", re.IGNORECASE)


class MountOutsideDependencies(Rule):
    """``FastAPI(dependencies=[…])`` does not reach what is mounted.

    ## What it is
    Dependencies of the application are run for its own routes and websockets. An application or a
    folder of files that is mounted has its own stack, and the dependencies are not run for it.

    ## Why it matters
    The whole application looks protected by one line, and the mounted part is open: exports, reports,
    tools.

    ## How to fix
    Protect the mounted application itself (``FastAPI(dependencies=[…])`` there, too), answer files from a
    route that has the dependency (``FileResponse``), or check in a layer outside of everything.
    ``requires(…)(StaticFiles(…))`` of ``buckler.guard`` goes around what is mounted.

    ## How to check
    Ask for a mounted address without a credential: it must answer 401.

    ## Roll-out
    Links to files that were sent around stop working for people who are not signed in.

    ## References
    CWE-306; OWASP API5:2023, A01:2025; ASVS 5.0 V8.2.1.
    """

    id = "ACC005"
    name = "mount-outside-dependencies"
    title = "Mount outside of the application's dependencies"
    severity = Severity.HIGH
    cwe = (306,)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.1",)
    control = "guard.access"
    fix = Fix(
        "protect the mounted application itself, or answer the files from a route",
        before='app.mount("/archives", StaticFiles(directory="archives"))',
        after='@app.get("/archives/{name}")\ndef export(name: Name) -> FileResponse: …',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from fastapi.staticfiles import StaticFiles


            def require_admin(x_key: str = Header("")) -> None:
                if x_key != "admin-key-1":
                    raise HTTPException(401)


            app = FastAPI(dependencies=[Depends(require_admin)])


            @app.get("/totals")
            def totals() -> int:
                return 3


            app.mount("/archives", StaticFiles(directory="archives"))
            """,
            files={"archives/orders.csv": "id,total\n1,20\n"},
            line=18,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException


            def require_admin(x_key: str = Header("")) -> None:
                if x_key != "admin-key-1":
                    raise HTTPException(401)


            app = FastAPI(dependencies=[Depends(require_admin)])
            tools = FastAPI(openapi_url=None)


            @tools.get("/queue")
            def queue() -> int:
                return 3


            app.mount("/tools", tools)
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from fastapi.staticfiles import StaticFiles


            def require_admin(x_key: str = Header("")) -> None:
                if x_key != "admin-key-1":
                    raise HTTPException(401)


            app = FastAPI(dependencies=[Depends(require_admin)])
            tools = FastAPI(openapi_url=None, dependencies=[Depends(require_admin)])


            @tools.get("/queue")
            def queue() -> int:
                return 3


            app.mount("/tools", tools)
            app.mount("/static", StaticFiles(directory="static"))
            """,
            files={"static/site.css": "body { margin: 0 }\n"},
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Mounts of an application with dependencies, and what nobody gets from them."""
        for mount in app.mounts:
            if mount.states_public or not mount.guards or not self._asks(mount, app, seen):
                continue
            exchange = self._open(mount, app, seen)
            if exchange is not None:
                yield self.found(
                    f"The dependencies of the application are not run for what is mounted at {mount.path}.",
                    confidence=Confidence.PROVED,
                    location=at_place(mount.added or app.main),
                    subject=mount.path,
                    proof=(
                        shown(exchange, seen.identities, why="answered without any credential"),
                    ),
                )

    def _asks(self, mount: Mount, app: AppModel, seen: Observations) -> bool:
        """Whether the dependencies are there to ask who is calling."""
        covered = [
            op for op in app.operations if self._covers(mount, op) and not is_public(op, app)
        ]
        if covered:
            return any(refuses(op, seen) for op in covered)
        return any(_ASKS.search(name.rpartition(".")[2]) for name in mount.guards)

    def _covers(self, mount: Mount, operation: Operation) -> bool:
        names = {dependency.name for dependency in operation.dependencies}
        below = operation.path.startswith(mount.path + "/")
        return not below and names.issuperset(mount.guards)

    def _open(self, mount: Mount, app: AppModel, seen: Observations) -> Exchange | None:
        if mount.static is not None:
            files = mount.static.get("files", [])
            if all(_ASSET.search(str(name)) for name in files):
                return None
            kept = seen.kinds.get("static", [])
            return next(
                (e for e in kept if e.request.path.startswith(mount.path + "/") and e.answer.ok),
                None,
            )
        below = [op for op in app.operations if op.path.startswith(mount.path + "/")]
        opened = (open_to_nobody(op, seen) for op in below if not is_public(op, app))
        return next((exchange for exchange in opened if exchange is not None), None)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The dependencies of the application for the mounted one as well."""
        if not mount_protected(draft, finding):
            return None
        return draft.repair(
            "asks for the same dependencies in the mounted application",
            safe=False,
            changes=f"whoever the dependencies refuse gets nothing from {finding.subject} any more",
            wanted=Wanted(refused=keys_of(draft, finding)),
        )
