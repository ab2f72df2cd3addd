"""CFG020: the development server, open to the network."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Project
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import text, truth
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.rules._support.dockerfiles import instructions, is_dockerfile
from buckler.scan.rules._support.source import here
from buckler.scan.rules.config._fixes.image_command import files_stay, without_reload

_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - what is looked for
CHANGES = "the server no longer starts anew when a file changes"
_OPTIONS = ("reload", "debug", "use_reloader", "use_debugger")
_COMMAND = re.compile(
    r"\buvicorn\b.*\s--reload\b|\bfastapi\b[\s\",\[\]]+dev\b|\bflask\b.*(--debug\b|--reload\b)|\bhypercorn\b.*\s--(reload|debug)\b"
    r"|\bgunicorn\b.*\s--reload\b|manage\.py[\s\",]+runserver\b"
)


class DevelopmentServer(Rule):
    """A server with options for development listens on every network.

    ## What it is
    ``uvicorn.run(host="0.0.0.0", reload=True)``, ``app.run(host="0.0.0.0", debug=True)``, or an image that starts
    ``fastapi dev``, ``uvicorn --reload`` or ``flask --debug``.

    ## Why it matters
    The debugger of Werkzeug runs code for whoever finds its PIN, tracebacks show values and paths, and whoever
    can write a file has it run at once.

    ## How to fix
    ``fastapi run`` or ``uvicorn main:app`` in the image; ``reload`` only with ``host="127.0.0.1"``.

    ## How to check
    The first lines of the log must not say "Started reloader process" or "Debugger is active".

    ## Roll-out
    Give developers a command of their own, such as ``fastapi dev``.

    ## References
    CWE-489, CWE-215; OWASP A02:2025; ASVS 5.0 V13.4.2.
    """

    id = "CFG020"
    name = "development-server"
    title = "Development server open to the network"
    severity = Severity.MEDIUM
    cwe = (489, 215)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.4.2",)
    words = ("run(",)
    fix = Fix(
        "leave reload and debug out where the network can reach it",
        before='uvicorn.run("main:app", host="0.0.0.0", reload=True)',
        after='uvicorn.run("main:app", host="0.0.0.0")',
        safe=True,
    )
    bad = (
        Example(
            """
            import uvicorn
            from fastapi import FastAPI

            app = FastAPI()

            if __name__ == "__main__":
                uvicorn.run("main:app", host="0.0.0.0", port=8000, reload=True)
            """,
            line=7,
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "Dockerfile": """
                FROM python:3.13-slim
                USER 10001
                CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--reload"]
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI

            from admin import serve

            app = FastAPI()
            """,
            files={
                "options.py": 'HOST = "0.0.0.0"\nDEBUG = True',
                "admin.py": """
                from flask import Flask

                from options import DEBUG, HOST

                pages = Flask(__name__)


                def serve() -> None:
                    pages.run(host=HOST, debug=DEBUG)
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import uvicorn
            from fastapi import FastAPI

            app = FastAPI()

            if __name__ == "__main__":
                uvicorn.run("main:app", host="127.0.0.1", reload=True)
            """,
            files={
                "Dockerfile": """
                FROM python:3.13-slim
                USER 10001
                # CMD ["fastapi", "dev"]
                CMD ["fastapi", "run", "main.py", "--port", "80"]
                """,
            },
        ),
        Example(
            """
            import os

            import uvicorn
            from fastapi import FastAPI

            app = FastAPI()
            DEVELOPMENT = bool(os.environ.get("DEVELOPMENT"))

            if __name__ == "__main__":
                uvicorn.run("main:app", host="0.0.0.0", reload=DEVELOPMENT)
                uvicorn.run(app, host="0.0.0.0", port=80)
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            class Job:
                def run(self, host: str, debug: bool) -> str:
                    return host if debug else ""


            @app.post("/job")
            def job() -> str:
                return Job().run(host="0.0.0.0", debug=True)
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Servers that are started with both."""
        index = index_of(module)
        for call in index.called("run"):
            name = index.name(call.func)
            if name != "uvicorn.run" and not name.startswith(("flask.Flask()", "uvicorn.main.run")):
                continue
            if _everywhere(index, call) and _option(index, call):
                yield self.found(
                    f"The server listens on every network with {_option(index, call)}=True.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Images that start a server for development."""
        for path in project.files:
            name = PurePosixPath(path).name
            if not is_dockerfile(name) or "dev" in name.lower():
                continue
            found = [
                item
                for item in instructions(project.read(path))
                if item.name in ("FROM", "CMD", "ENTRYPOINT")
            ]
            stages = [n for n, item in enumerate(found) if item.name == "FROM"]
            for item in found[stages[-1] if stages else 0 :]:
                if item.name != "FROM" and _COMMAND.search(_flat(item.text)):
                    yield self.found(
                        "The image starts a server for development.",
                        confidence=Confidence.OBSERVED,
                        location=Location(path, item.line),
                    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The options left out."""
        if is_dockerfile(PurePosixPath(draft.path).name):
            return _image(draft, finding)
        for call in draft.calls_at(finding):
            if last(call.func) != "run":
                continue
            name = _option(draft.index, call)
            if name:
                draft.remove_keyword(call, name)
                return draft.repair(
                    f"leaves {name} out",
                    safe=False,
                    changes=CHANGES,
                )
        return None


def _image(draft: Draft, finding: Finding) -> Repair | None:
    if not without_reload(draft, finding.location.line or 0):
        return None
    safe = files_stay(draft)
    return draft.repair("leaves --reload out", safe=safe, changes="" if safe else CHANGES)


def _flat(command: str) -> str:
    """A list of words as one line."""
    return command.replace('", "', " ").replace('","', " ").replace('"', " ").replace("[", " ")


def _everywhere(index: Index, call: ast.Call) -> bool:
    given = argument(call, "host")
    return given is not None and text(index, given) in _EVERYWHERE


def _option(index: Index, call: ast.Call) -> str:
    return next((n for n in _OPTIONS if truth(index, argument(call, n)) is True), "")
