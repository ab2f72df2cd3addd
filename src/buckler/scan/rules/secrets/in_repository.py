"""SEC003: secrets in the files that travel with the source."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.secrets import (
    is_digest,
    is_placeholder,
    known_format,
    looks_random,
    url_password,
)
from buckler.scan.python.words import ends, kind
from buckler.scan.rules.secrets._fixes.files import kept_out_of_git, never_committed, value_left_out

_ENV = re.compile(r"(^|/)(\.env[\w.-]*|[\w.-]*\.env|\.envrc|env\.list)$", re.IGNORECASE)
_SAMPLE = re.compile(
    r"\.(example|sample|template|dist|tmpl|tpl|j2|jinja2?)$|example|sample|template", re.IGNORECASE
)
_DOCKER = re.compile(r"(^|/)(Dockerfile|Containerfile)[\w.-]*$|\.dockerfile$", re.IGNORECASE)
_COMPOSE = re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$", re.IGNORECASE)
_SETTINGS = re.compile(
    r"\.(ya?ml|ini|cfg|conf|properties|toml|json|tfvars|service|sh|xml)$|(^|/)(\.pypirc|\.netrc|\.npmrc|\.pgpass|Procfile)$",
    re.IGNORECASE,
)
_SKIPPED = re.compile(
    r"(^|/)(pyproject\.toml|package(-lock)?\.json|[\w.-]+\.lock|poetry\.lock|uv\.lock|pylock[\w.-]*\.toml|expected\.json|"
    r"[\w.-]*\.(md|rst|html?|css|js|map|svg|csv|ipynb|min\.\w+|po|pot))$",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"\.(pem|key|txt|crt|ppk|asc|md|rst|ipynb)$|(^|/)(id_(rsa|dsa|ecdsa|ed25519)|[\w.-]*_rsa)$",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"^\s*(?:export\s+|set\s+|-\s+)?[\"']?([A-Za-z_][\w.-]*)[\"']?\s*(?:=|:(?=\s))\s*(.*?)\s*,?\s*$"
)
_ENV_LINE = re.compile(r"^\s*(?:ENV|ARG)\s+(.*)$", re.IGNORECASE)
_ENV_PAIR = re.compile(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S*)")
_DEFAULT = re.compile(r"^\$\{\w+:?-([^}]*)\}$")
_NOT = re.compile(
    r"hash|sha\d*|digest|public|fingerprint|checksum|url$|uri$|path$|file$|name$|id$|expire|minutes|seconds|ttl|algorithm|type$|length|policy|integrity",
    re.IGNORECASE,
)
MAX_BYTES = 200_000


class SecretInRepository(Rule):
    """A secret lies in a file of the repository: an .env, a Dockerfile, a compose file, a key.

    ## What it is
    Passwords, keys and tokens with real values stand in files that are kept and passed on together
    with the source, or are built into the image.

    ## Why it matters
    The repository is on every laptop and on the build server, and the image on every machine that
    pulls it: ``docker history`` shows ENV and ARG to anybody. What was committed once stays in the
    history.

    ## How to fix
    Keep values in the environment or a secret store; put ``.env`` into .gitignore and an ``.env.example``
    without values beside it; give build secrets with ``RUN --mount=type=secret``. Then change what was
    there, because it is known.

    ## How to check
    ``git log -p -- .env`` and ``docker history --no-trunc IMAGE`` show nothing.

    ## Roll-out
    Change the secret first; taking the line away alone closes nothing.

    ## References
    CWE-798, CWE-540; OWASP A07:2025; ASVS 5.0 V13.3.1.
    """

    id = "SEC003"
    name = "secret-in-repository"
    title = "Secret in the repository"
    severity = Severity.HIGH
    cwe = (798, 540)
    owasp = ("API8:2023", "A07:2021", "A07:2025")
    asvs = ("V13.3.1",)
    fix = Fix(
        "take the value from the environment or a secret store, and change it",
        before="ENV MAIL_PASSWORD=Nw4cY8rTf6Ms2Vj9",
        after="# given at start: docker run --env-file /run/secrets/shop …",
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/")
            def home() -> str:
                return "open"
            """,
            files={
                ".env": """
                TITLE=Shop
                PAYMENT_API_KEY=pay_8c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua
                """,
                "Dockerfile": """
                FROM python:3.13-slim
                ARG PIP_TOKEN=Qm3vX8pLw2Zt6Rk9Jd5
                ENV MODE=live MAIL_PASSWORD="Nw4cY8rTf6Ms2Vj9"
                CMD ["uvicorn", "main:app"]
                """,
                "compose.yaml": """
                services:
                  db:
                    image: postgres
                    environment:
                      POSTGRES_PASSWORD: ${DB_PASSWORD:-Vt5nB8kQ2xLm}
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/")
            def home() -> str:
                return "open"
            """,
            files={
                ".env": """
                MAIL_PASSWORD=Nw4cY8rTf6Ms2Vj9
                """,
                ".gitignore": """
                .env
                """,
                ".env.example": """
                MAIL_PASSWORD=
                PAYMENT_API_KEY=your-key-here-1234567890
                """,
                "Dockerfile": """
                FROM python:3.13-slim
                ARG PIP_TOKEN
                ENV MODE=live TOKEN_MINUTES=30 SECRET_FILE=/run/secrets/shop
                CMD ["uvicorn", "main:app"]
                """,
                "compose.yaml": """
                services:
                  shop:
                    environment:
                      - MAIL_PASSWORD=${MAIL_PASSWORD:?is needed}
                      - DATABASE_URL=postgresql://shop:${DB_PASSWORD}@db/shop
                """,
            },
        ),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Values with the name or the form of a secret, in files that are not kept out of git."""
        ignored = _ignored(project)
        for path in project.files:
            if ignored(path) or PurePosixPath(path).name.startswith("test_"):
                continue
            for line, what in _look(project, path):
                yield self.found(
                    f"{what} lies in {path}.",
                    confidence=Confidence.OBSERVED,
                    location=Location(path, line),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """No value in the file, or a file that git leaves out."""
        line = finding.location.line or 0
        if _ENV.search(draft.path):
            kept_out_of_git(draft)
            if never_committed(draft):
                return draft.repair(f"keeps {draft.path} out of git")
            return draft.repair(
                f"keeps {draft.path} out of git",
                safe=False,
                changes=f"`git rm --cached {draft.path}` is needed besides, and a new secret, since the history "
                "keeps the old one; whoever clones the project needs a file of their own",
            )
        if not value_left_out(draft, line, docker=_DOCKER.search(draft.path) is not None):
            return None
        return draft.repair(
            "leaves the value out",
            safe=False,
            changes="the value has to be given at start; change it, since the history keeps the old one",
        )


def _look(project: Project, path: str) -> Iterator[tuple[int, str]]:
    named = bool(
        _ENV.search(path) or _DOCKER.search(path) or _COMPOSE.search(path) or _SETTINGS.search(path)
    )
    if not named and not _TEXT.search(path):
        return
    if (_SKIPPED.search(path) and not _TEXT.search(path)) or (
        _SAMPLE.search(PurePosixPath(path).name)
    ):
        return
    text = project.read(path, MAX_BYTES)
    for number, line in enumerate(text.split("\n"), 1):
        label = known_format(line) or (
            known_format("\n".join(text.split("\n")[number - 1 : number + 2]))
            if "PRIVATE KEY" in line
            else ""
        )
        if label:
            yield number, f"{label[0].upper()}{label[1:]}"
            continue
        for name, value in _pairs(path, line) if named and not _SKIPPED.search(path) else ():
            if _is_secret(
                name,
                value,
                plain=bool(_ENV.search(path) or _DOCKER.search(path) or _COMPOSE.search(path)),
            ):
                yield number, f"A secret ({name})"
                break


def _pairs(path: str, line: str) -> Iterator[tuple[str, str]]:
    if line.lstrip().startswith(("#", ";", "//")):
        return
    if _DOCKER.search(path):
        matched = _ENV_LINE.match(line)
        if matched is None:
            return
        rest = matched.group(1)
        found = [(n, _clean(v)) for n, v in _ENV_PAIR.findall(rest)]
        if not found and len(parts := rest.split(None, 1)) == 2:
            found = [(parts[0], _clean(parts[1]))]
        yield from found
        return
    matched = _PAIR.match(line)
    if matched is not None:
        yield matched.group(1), _clean(matched.group(2))


def _clean(value: str) -> str:
    value = re.sub(r"\s+#.*$", "", value).strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    default = _DEFAULT.match(value)
    return default.group(1) if default else value


def _is_secret(name: str, value: str, *, plain: bool) -> bool:
    if not value or "${" in value or value.startswith(("$", "{{", "<")) or is_digest(value):
        return False
    if "://" in value or "host=" in value:
        return bool(url_password(value))
    if (
        _NOT.search(name)
        or is_placeholder(value)
        or value.startswith(("/", "./", "~"))
        or re.search(r"\s", value)
    ):
        return False
    what = kind(name)
    if what in ("password", "secret"):
        return len(value) >= 8 and (
            looks_random(value) or bool(re.search(r"\d", value)) or (plain and not value.isalpha())
        )
    if what in ("token", "key"):
        return looks_random(value) or (plain and len(value) >= 12 and bool(re.search(r"\d", value)))
    return plain and ends(name, "key") and looks_random(value)


def _ignored(project: Project) -> Callable[[str], bool]:
    """Whether git leaves a file out, by the plain patterns of the .gitignore files."""
    rules: list[tuple[str, str]] = []
    for path in project.files:
        if PurePosixPath(path).name == ".gitignore":
            base = str(PurePosixPath(path).parent)
            for line in project.read(path).splitlines():
                if line.strip() and not line.startswith("#"):
                    rules.append(("" if base == "." else base + "/", line.strip()))

    def check(path: str) -> bool:
        verdict = False
        for base, pattern in rules:
            wanted = not pattern.startswith("!")
            bare = pattern.lstrip("!").strip("/")
            if not path.startswith(base):
                continue
            inner = path[len(base) :]
            parts = inner.split("/")
            anchored = pattern.lstrip("!").startswith("/") or "/" in bare
            hit = fnmatch.fnmatchcase(inner, bare) or inner.startswith(bare + "/")
            if hit or (not anchored and any(fnmatch.fnmatchcase(part, bare) for part in parts)):
                verdict = wanted
        return verdict

    return check
