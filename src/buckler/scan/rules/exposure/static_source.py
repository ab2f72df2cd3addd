"""EXP004: a folder of files that holds source, data or secrets."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import SiteSeen
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.model.files import tells_of_source
from buckler.scan.rules._support.evidence import at_place, shown

SHOWN = 4


class StaticFilesExposeSource(Rule):
    """``StaticFiles`` serves a folder that holds more than the site.

    ## What it is
    The folder that is mounted has source, configuration, a database, keys or ``.git`` in it; often it is the
    folder of the application itself.

    ## Why it matters
    Everything in the folder can be fetched by its name: passwords in settings, the customers' data, the code
    with all of its holes.

    ## How to fix
    Mount a folder that holds only what is to be seen, ``StaticFiles(directory="static")``, and put
    nothing else there. Leave ``follow_symlink`` off. ``requires(…)(StaticFiles(…))`` of ``buckler.guard``
    lets in only those who may.

    ## How to check
    ``curl`` the address of the proof: it must answer 404.

    ## Roll-out
    Change every secret that was in the folder: it must be taken as known.

    ## References
    CWE-552; OWASP API8:2023; ASVS 5.0 V13.4.1, V13.4.7.
    """

    id = "EXP004"
    name = "static-files-expose-source"
    title = "Static files expose source"
    severity = Severity.HIGH
    cwe = (552, 538)
    owasp = ("API8:2023", "A01:2021", "A01:2025")
    asvs = ("V13.4.1", "V13.4.7")
    control = "guard.access"
    fix = Fix(
        "mount a folder with nothing but the site",
        before='app.mount("/files", StaticFiles(directory="."))',
        after='app.mount("/files", StaticFiles(directory="static"))',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.staticfiles import StaticFiles

            app = FastAPI()
            app.mount("/files", StaticFiles(directory="."))
            """,
            line=5,
        ),
        Example(
            """
            from fastapi import FastAPI
            from fastapi.staticfiles import StaticFiles

            app = FastAPI()
            app.mount("/files", StaticFiles(directory="public"))
            """,
            files={
                "public/site.css": "body {}\n",
                "public/backup/shop.sql": "CREATE TABLE users (id INT);\n",
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from fastapi.staticfiles import StaticFiles

            app = FastAPI()
            app.mount("/static", StaticFiles(directory="static"))
            """,
            files={
                "static/site.css": "body {}\n",
                "static/config.js": "export const lang = 'en';\n",
                "static/data/prices.json": "[]\n",
                "static/.env.example": "KEY=\n",
            },
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Mounts whose folder holds what is no part of a site."""
        for mount in app.mounts:
            files = [
                name for name in (mount.static or {}).get("files", []) if tells_of_source(name)
            ]
            if not files:
                if mount.static and mount.static.get("follow_symlink"):
                    yield self.found(
                        f"{mount.path} follows symbolic links out of its folder.",
                        confidence=Confidence.OBSERVED,
                        severity=Severity.LOW,
                        location=at_place(mount.added or app.main),
                        subject=mount.path,
                        proof=(proofs.setting("follow_symlink", True, expected="False"),),
                    )
                continue
            fetched = next(
                (
                    e
                    for e in seen.kinds.get("static", ())
                    if e.answer.status == 200
                    and e.request.path.startswith(mount.path + "/")
                    and tells_of_source(e.request.path.removeprefix(mount.path + "/"))
                ),
                None,
            )
            more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            listed = proofs.setting(f"files under {mount.path}", files[:20])
            yield self.found(
                f"{mount.path} serves {', '.join(files[:SHOWN])}{more}.",
                confidence=Confidence.PROVED if fetched else Confidence.OBSERVED,
                location=at_place(mount.added or app.main),
                subject=mount.path,
                proof=(
                    (shown(fetched, seen.identities, why="fetched by its name"), listed)
                    if fetched
                    else (listed,)
                ),
            )

    def check_site(self, site: SiteSeen) -> Iterable[Finding]:
        """Files of a running site that were fetched by their usual names."""
        for file in site.exposed:
            yield self.found(
                f"{file.path} gives {file.what} to anybody.",
                confidence=Confidence.PROVED,
                location=Location(operation=f"GET {file.path}"),
                subject=file.path,
                proof=(shown(file.exchange, (), why="fetched by its name; values are left out"),),
            )
