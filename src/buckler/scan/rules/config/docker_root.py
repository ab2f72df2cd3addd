"""CFG019: containers whose application runs as root."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.dockerfiles import Instruction, instructions, is_dockerfile

_SERVES = re.compile(r"\b(uvicorn|gunicorn|hypercorn|fastapi|granian|daphne|python3?|flask|uv)\b")
_UNPRIVILEGED = re.compile(
    r"nonroot|unprivileged|rootless|distroless.*:.*nonroot|chainguard", re.IGNORECASE
)


class ContainerAsRoot(Rule):
    """The container's last stage names no user, so the application runs as root.

    ## What it is
    A Dockerfile without ``USER``, or with ``USER root`` at its end: the process in the container has the user id
    0, which is the one of the machine's root unless the runtime changes that.

    ## Why it matters
    Whoever takes the application over writes to every file of the container and every mounted one, and is one
    mistake of the runtime away from the machine.

    ## How to fix
    ``RUN useradd --system --uid 10001 app`` and ``USER 10001`` before ``CMD``. Ports above 1024 need no root.

    ## How to check
    ``docker run --rm IMAGE id -u`` must not print 0.

    ## Roll-out
    Mounted folders need to belong to the new user.

    ## References
    CWE-250, CWE-269; OWASP A02:2025; ASVS 5.0 V13.2.2.
    """

    id = "CFG019"
    name = "container-as-root"
    title = "Container runs as root"
    severity = Severity.LOW
    cwe = (250, 269)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.2.2",)
    fix = Fix(
        "name a user: USER 10001",
        before='CMD ["fastapi", "run", "main.py"]',
        after='RUN useradd --system --uid 10001 app\nUSER 10001\nCMD ["fastapi", "run", "main.py"]',
    )
    bad = (
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "Dockerfile": """
                FROM python:3.13-slim
                COPY . /srv
                WORKDIR /srv
                RUN pip install --require-hashes -r requirements.lock
                CMD ["fastapi", "run", "main.py"]
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "Dockerfile": """
                FROM python:3.13-slim AS build
                RUN useradd app
                USER app
                RUN python -m venv /tmp/env

                FROM python:3.13-slim
                COPY --from=build /tmp/env /env
                ENTRYPOINT exec /env/bin/uvicorn main:app \\
                    --host 0.0.0.0
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "deploy/Dockerfile.web": """
                FROM python:3.13-slim
                USER app
                USER root
                CMD gunicorn -k uvicorn.workers.UvicornWorker main:app
                """,
            },
        ),
    )
    good = (
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "Dockerfile": """
                FROM python:3.13-slim
                RUN useradd --system --uid 10001 app
                COPY . /srv
                USER 10001:10001
                CMD ["fastapi", "run", "main.py"]
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "Dockerfile": """
                FROM python:3.13-slim AS base
                RUN useradd app
                USER app

                FROM base
                CMD ["fastapi", "run", "main.py"]
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "tools/Dockerfile": """
                FROM node:24
                RUN npm ci
                CMD ["npm", "run", "build"]
                """,
                "Dockerfile.run": """
                FROM gcr.io/distroless/python3-debian12:nonroot
                COPY . /srv
                CMD ["/srv/main.py"]
                """,
            },
        ),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Dockerfiles that serve and whose last stage has no user but root."""
        for path in project.files:
            if not is_dockerfile(PurePosixPath(path).name):
                continue
            line = _as_root(list(instructions(project.read(path))))
            if line:
                yield self.found(
                    "The application in the container runs as root.",
                    confidence=Confidence.OBSERVED,
                    location=Location(path, line),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A user of its own before the instruction that starts the application."""
        line = finding.location.line or 0
        start = sum(len(text) for text in draft.text.splitlines(keepends=True)[: line - 1])
        new = "\r\n" if "\r\n" in draft.text else "\n"
        draft.edit(start, start, f"USER 10001{new}")
        told = "the application cannot write to files of root: folders that it writes to have to belong to user 10001"
        return draft.repair("runs as user 10001", safe=False, changes=told)


def _as_root(every: list[Instruction]) -> int:
    """The line that starts the application as root; 0 where none does."""
    users: dict[str, str] = {}
    user, stage, start = "", "", None
    for item in every:
        if item.name == "FROM":
            image, _, name = re.sub(r"--\S+\s+", "", item.text).partition(" ")
            user = users.get(image.lower(), "app" if _UNPRIVILEGED.search(image) else "")
            stage = name.strip().rpartition(" ")[2].lower() if " " in item.text else ""
            start = None
            users[stage] = user
        elif item.name == "USER":
            user = item.text.split(":")[0].strip()
            users[stage] = user
        elif item.name in ("CMD", "ENTRYPOINT"):
            start = item
    if start is None or not _SERVES.search(start.text):
        return 0
    return start.line if user in ("", "0", "root") else 0
