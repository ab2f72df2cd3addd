"""CFG021: databases that a compose file opens to every network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Project
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.compose import Service, services

_COMPOSE = re.compile(r"^(docker-)?compose([.-][\w.-]+)?\.ya?ml$", re.IGNORECASE)
_DEVELOPMENT = re.compile(r"dev|local|test|override|ci\b", re.IGNORECASE)
_STORES: Mapping[str, int] = {
    "postgres": 5432,
    "postgis": 5432,
    "timescaledb": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mongo": 27017,
    "redis": 6379,
    "valkey": 6379,
    "memcached": 11211,
    "elasticsearch": 9200,
    "opensearch": 9200,
    "rabbitmq": 5672,
    "clickhouse-server": 8123,
    "cassandra": 9042,
    "mssql": 1433,
    "neo4j": 7687,
}
_PORT = re.compile(
    r"^(?:(?P<host>\d+(?:\.\d+){3}|\[[0-9a-fA-F:]+\]):)?(?P<outer>\d+(?:-\d+)?)?:?(?P<inner>\d+)(?:/tcp)?$"
)


class PublishedDatabase(Rule):
    """A compose file publishes the port of a database on every network of the machine.

    ## What it is
    ``ports: ["5432:5432"]`` of a service that is a database, a cache or a queue. Docker opens the port on all
    addresses, and past the rules of most firewalls of the machine.

    ## Why it matters
    Databases that can be reached are found within hours. Redis and Memcached have no password by default; that of
    PostgreSQL stands in the same file.

    ## How to fix
    Leave ``ports`` out: services of one file reach each other without it. For a developer's tools,
    ``"127.0.0.1:5432:5432"``.

    ## How to check
    ``docker compose ps`` must not show ``0.0.0.0:5432``.

    ## Roll-out
    Whoever connects from outside now needs a tunnel.

    ## References
    CWE-668, CWE-1327; OWASP API8:2023, A02:2025; ASVS 5.0 V13.2.4.
    """

    id = "CFG021"
    name = "published-database-port"
    title = "Database port published"
    severity = Severity.MEDIUM
    cwe = (668, 1327)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.2.4",)
    fix = Fix(
        "leave ports out, or bind it to this machine",
        before='ports: ["5432:5432"]',
        after='ports: ["127.0.0.1:5432:5432"]',
    )
    bad = (
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "docker-compose.yml": """
                services:
                  web:
                    build: .
                    ports: ["80:8000"]
                  db:
                    image: postgres:18
                    ports:
                      - "5432:5432"
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "deploy/compose.yaml": """
                services:
                  cache:
                    image: docker.io/library/redis:8-alpine
                    ports: [ "0.0.0.0:6379:6379" ]
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "compose.production.yml": """
                services:
                  documents:
                    ports:
                      - 27017
                      - 28000:27017/tcp
                    image: "mongo:8"
                """,
            },
        ),
    )
    good = (
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "docker-compose.yml": """
                services:
                  web:
                    build: .
                    ports: ["80:8000"]
                  db:
                    image: postgres:18
                    ports:
                      - "127.0.0.1:5432:5432"
                      # - "5432:5432"
                    expose: ["5432"]
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "docker-compose.dev.yml": """
                services:
                  db:
                    image: postgres:18
                    ports: ["5432:5432"]
                """,
            },
        ),
        Example(
            "from fastapi import FastAPI\n\napp = FastAPI()",
            files={
                "compose.yml": """
                services:
                  redis-ui:
                    image: example/redis-browser:2
                    ports: ["8081:8081"]
                  queue:
                    image: rabbitmq:4-management
                """,
            },
        ),
    )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """Published ports of stores in compose files that are not for development."""
        for path in project.files:
            name = PurePosixPath(path).name
            if not _COMPOSE.match(name) or _DEVELOPMENT.search(name):
                continue
            for service in services(project.read(path)):
                for _, line in _published(service):
                    yield self.found(
                        f"The port of {service.image} is open on every network of the machine.",
                        confidence=Confidence.OBSERVED,
                        location=Location(path, line),
                    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """This machine alone, in the notation of the file."""
        line = finding.location.line or 0
        start = sum(len(text) for text in draft.text.splitlines(keepends=True)[: line - 1])
        written = draft.text[start:].partition("\n")[0]
        for port in {p for s in services(draft.text) for p, n in _published(s) if n == line}:
            found = _PORT.match(port)
            at = written.find(port)
            if found is None or written.count(port) != 1:
                return None
            host = found.group("host")
            draft.edit(start + at, start + at + (len(host) + 1 if host else 0), "127.0.0.1:")
        told = "whoever connects from another machine needs a tunnel"
        return draft.repair("opens the port to this machine alone", safe=False, changes=told)


def _published(service: Service) -> Iterator[tuple[str, int]]:
    image = re.split(r"[:@]", service.image.rpartition("/")[2])[0].lower()
    inner = _STORES.get(image)
    for text, line in service.ports if inner else ():
        found = _PORT.match(text)
        if found is None or int(found.group("inner")) != inner:
            continue
        host = found.group("host") or ""
        if not found.group("outer") and not host:
            continue  # a port of the machine's choosing
        if not host.startswith(("127.", "[::1")):
            yield text, line
